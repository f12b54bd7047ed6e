"""Numbers, days and people in a patient's words. The words themselves stand in domain.yml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from integrations.texts import Texts

PERIODS = ("morning", "afternoon", "evening")


def period_of(clock: time) -> str:
    """The half day that a time belongs to."""
    return "morning" if clock.hour < 12 else "afternoon" if clock.hour < 18 else "evening"


@dataclass(frozen=True, slots=True)
class Wording:
    texts: Texts
    zone: ZoneInfo

    def day(self, day: date) -> str:
        """11月25日（周三）"""
        return self.texts.text("word_day", month=day.month, day=day.day, weekday=self.weekday(day))

    def short_day(self, day: date) -> str:
        """11月25日周三, for a button"""
        return self.texts.text("word_short_day", month=day.month, day=day.day, weekday=self.weekday(day))

    def weekday(self, day: date) -> str:
        return self.texts.text("word_weekdays").split()[day.weekday()]

    def days(self, first: date, last: date) -> str:
        if first == last:
            return self.day(first)
        return self.texts.text("word_days", first=self.day(first), last=self.day(last))

    def period(self, period: str) -> str:
        return self.texts.text(f"word_{period}") if period else ""

    def clock(self, moment: datetime) -> str:
        """9:30, in the hospital's time"""
        local = moment.astimezone(self.zone)
        return f"{local.hour}:{local.minute:02}"

    def time(self, moment: datetime) -> str:
        """上午 9:30"""
        local = moment.astimezone(self.zone)
        return f"{self.period(period_of(local.time()))} {self.clock(moment)}"

    def moment(self, moment: datetime) -> str:
        """11月25日（周三）上午 9:30"""
        return f"{self.day(moment.astimezone(self.zone).date())}{self.time(moment)}"

    def money(self, fen: int) -> str:
        """¥35 or ¥35.50"""
        yuan, rest = divmod(fen, 100)
        return f"¥{yuan}.{rest:02}" if rest else f"¥{yuan}"

    def all_of(self, names: list[str]) -> str:
        return self.texts.text("word_and").join(names)
