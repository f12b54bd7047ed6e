"""The structured template of an intake and what is known of it: pure, and JSON for the draft."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from integrations.hospital.ages import FERTILE
from integrations.hospital.models import Sex
from integrations.language.health import (
    Onset,
    is_none,
    is_unknown,
    read_onset,
    read_pregnant,
    read_severity,
)

NONE = "none"  # asked, and there is nothing of the kind
UNKNOWN = "unknown"  # asked, and the patient cannot or will not say
COMPLAINT, ONSET, SEVERITY, ACCOMPANYING = "complaint", "onset", "severity", "accompanying"
HISTORY, ALLERGIES, MEDICINES, PREGNANCY = "history", "allergies", "medicines", "pregnancy"
PICTURES = "pictures"
# In the order in which they are asked.
FIELDS = (COMPLAINT, ONSET, SEVERITY, ACCOMPANYING, HISTORY, ALLERGIES, MEDICINES, PREGNANCY)
_LONGEST = 600  # characters of one answer
_ADDED = "；"
_NARROW = re.compile(r"(?<=[㐀-鿿]) ?, ?(?=[㐀-鿿])")


@dataclass(frozen=True, slots=True)
class Story:
    """What was answered so far, by field: the patient's words, or NONE or UNKNOWN. `since` is the day (ISO) that the
    onset comes to, counted from the day on which it was told; "" where it comes to none. `messages` are ids of those
    that brought pictures; `pictured`: whether they were asked for."""

    answers: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    pictured: bool = False
    since: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Story:
        return cls(
            dict(kept.get("answers") or {}),
            tuple(kept.get("messages") or ()),
            bool(kept.get("pictured")),
            str(kept.get("since") or ""),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "answers": dict(self.answers),
            "messages": list(self.messages),
            "pictured": self.pictured,
            "since": self.since,
        }

    @property
    def onset_day(self) -> date | None:
        return date.fromisoformat(self.since) if self.since else None

    def with_answer(self, name: str, said: str) -> Story:
        return replace(self, answers={**self.answers, name: said})

    def without(self, name: str) -> Story:
        left = {key: said for key, said in self.answers.items() if key != name}
        return replace(self, answers=left, since="" if name == ONSET else self.since)

    def with_picture(self, message: str) -> Story:
        return replace(self, messages=tuple(dict.fromkeys((*self.messages, message))))

    def told(self, words: str, today: date) -> Story:
        """With what a patient told freely: the main complaint, and in it since when, how bad, whether pregnant."""
        words = _written(words)
        if not words:
            return self
        before = self.answers.get(COMPLAINT, "")
        known = self.with_answer(
            COMPLAINT, f"{before}{_ADDED}{words}" if before not in ("", UNKNOWN) else words
        )
        return _noticed(known, words, today)

    def answered(self, name: str, words: str, today: date) -> Story:
        """With the answer to one question; what it says of the following ones is not asked again."""
        words = _written(words)
        if is_unknown(words):
            return self.with_answer(name, UNKNOWN)
        if name == PREGNANCY:
            pregnant = read_pregnant(words, asked=True)
            return self.with_answer(name, NONE if pregnant is False else words)
        if name not in (COMPLAINT, ONSET, SEVERITY) and is_none(words):
            return self.with_answer(name, NONE)
        known = self.with_answer(name, words)
        if name == ONSET:
            return replace(known, since=_day(read_onset(words, today)))
        return _noticed(known, words, today) if name in (COMPLAINT, ACCOMPANYING) else known

    def open_fields(self, sex: Sex | None, age: int | None) -> tuple[str, ...]:
        """What is still to be asked of this person, in order."""
        return tuple(name for name in applying(sex, age) if name not in self.answers)


def applying(sex: Sex | None, age: int | None) -> tuple[str, ...]:
    """The questions that make sense for a person; pregnancy for women of 12 to 55."""
    may_be = sex is Sex.FEMALE and (age is None or age in FERTILE)
    return FIELDS if may_be else FIELDS[:-1]


def severity_of(answer: str) -> int | None:
    """0 to 10, of the answer to that question."""
    return None if answer in ("", NONE, UNKNOWN) else read_severity(answer, asked=True)


def readable(name: str, words: str) -> bool:
    """Whether an answer says what was asked: only the severity has to be a number or a word for one."""
    return name != SEVERITY or is_unknown(words) or severity_of(words) is not None


def _noticed(known: Story, words: str, today: date) -> Story:
    """With what the words say of other questions."""
    if ONSET not in known.answers and (onset := read_onset(words, today)):
        known = replace(known.with_answer(ONSET, onset.words), since=_day(onset))
    if SEVERITY not in known.answers and (severity := read_severity(words)) is not None:
        known = known.with_answer(SEVERITY, str(severity))
    if PREGNANCY not in known.answers and read_pregnant(words):
        known = known.with_answer(PREGNANCY, words)
    return known


def _day(onset: Onset | None) -> str:
    return onset.since.isoformat() if onset and onset.since else ""


def _written(words: str) -> str:
    """With Chinese commas between Chinese characters, which reading has made narrow."""
    return _NARROW.sub("，", words.strip()[:_LONGEST])
