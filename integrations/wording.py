"""Numbers, days and people in a patient's words, in the chat and on pages. The words themselves stand in domain.yml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from integrations.catalogue import Texts
from integrations.hospital.models import Relation, Sex
from integrations.money import yuan


@dataclass(frozen=True, slots=True)
class Wording:
    texts: Texts
    zone: ZoneInfo

    def speaking(self, language: str, *, elder: bool = False) -> Self:
        """The same in another language, and in elder mode."""
        texts = self.texts.speaking(language, elder=elder)
        return self if texts is self.texts else replace(self, texts=texts)

    def day(self, day: date) -> str:
        """11月25日（周三）; Wed, Nov 25"""
        return self.texts.text("word_day", month=self.month(day), day=day.day, weekday=self.weekday(day))

    def short_day(self, day: date) -> str:
        """周三 11月25日, for a button"""
        return self.texts.text(
            "word_short_day", month=self.month(day), day=day.day, weekday=self.weekday(day)
        )

    def month(self, day: date) -> str:
        return self.texts.text("word_months").split()[day.month - 1]

    def weekday(self, day: date) -> str:
        return self.texts.text("word_weekdays").split()[day.weekday()]

    def days(self, first: date, last: date) -> str:
        """One day, or from one to another."""
        if first == last:
            return self.day(first)
        return self.texts.text("word_days", first=self.day(first), last=self.day(last))

    def period(self, period: str) -> str:
        """上午, 下午, 晚上; nothing for none"""
        return self.texts.text(f"word_{period}") if period else ""

    def clock(self, moment: time) -> str:
        """9:30, 2:30: by the twelve-hour clock, the half day stands beside it; 9:30 am"""
        clock = f"{moment.hour - 12 if moment.hour > 12 else moment.hour}:{moment.minute:02}"
        return self.texts.text("word_clock_pm" if moment.hour >= 12 else "word_clock_am", clock=clock)

    def until(self, moment: datetime) -> str:
        """14:35, in the hospital's time"""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def moment(self, moment: datetime, today: date) -> str:
        """11月24日（周二）17:00; 明天 7:00"""
        local = moment.astimezone(self.zone)
        near = {0: "word_today", 1: "word_tomorrow"}.get((local.date() - today).days)
        day = self.texts.text(near) if near else self.day(local.date())
        return self.texts.text("word_moment", day=day, time=f"{local.hour}:{local:%M}")

    def person(self, name: str, relation: Relation | None, sex: Sex) -> str:
        """*芳（母亲）; the name alone for somebody whom the account no longer acts for"""
        if relation is None:
            return name
        return self.texts.text("word_person", name=name, relation=self.kin(relation, sex))

    def kin(self, relation: Relation, sex: Sex) -> str:
        """母亲, 儿子, 您本人"""
        words = self.texts.text(f"word_kin_{relation}").split()
        return words[-1 if sex is Sex.FEMALE else 0]

    def money(self, fen: int) -> str:
        """¥35, ¥35.50, 免费"""
        return yuan(fen) if fen else self.texts.text("word_free")

    def count(self, number: int) -> str:
        """两, 三; digits from eleven on"""
        words = self.texts.text("word_counts").split()
        return words[number] if number < len(words) else str(number)

    def all_of(self, names: Iterable[str]) -> str:
        return self.texts.text("word_and").join(names)

    def place(self, campus: str, location: str) -> str:
        """本部院区门诊楼3层"""
        return self.texts.text("word_place", campus=campus, location=location)

    def doctor(self, name: str, title: str) -> str:
        """李静 副主任医师"""
        return self.texts.text("word_doctor", name=name, title=title)
