"""Ranges with one end (2018年以前, 从3月1日起), and those that reach to now (去年到现在)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from integrations.language.dates.calendar import Lean
from integrations.language.dates.periods import BEGINNING, COUNT, Stretch, find_period
from integrations.language.dates.reading import Resolution, parse


@dataclass(frozen=True, slots=True)
class OpenRange:
    """A range with one end: `side` says which."""

    side: Literal["start", "end"]
    at: date | datetime
    mod: Literal["before", "until", "after", "since"]


_NOW = re.compile(r"^(?P<core>.+?)(?:起|开始)?(?:到|至)(?:今天?|现在|目前|如今)(?:为止)?$")
_SIDES = (
    ("until", re.compile(r"^(?P<core>.+?)(?:及|或|和)(?:以|之)?前$")),
    ("since", re.compile(r"^(?P<core>.+?)(?:及|或|和)(?:以|之)?后$")),
    ("before", re.compile(r"^(?:截止?到?|截至|直到)(?P<core>.+?)(?:为止|止)?$")),
    ("before", re.compile(r"^(?P<core>.+?)(?:之前|以前|前)$")),
    ("after", re.compile(r"^(?P<core>.+?)(?:之后|以后|往后)$")),
    ("since", re.compile(r"^(?:从|自从|自|打)(?P<core>.+?)(?:以来|起|开始|之后)?$")),
    ("since", re.compile(r"^(?P<core>.+?)(?:以来|起|开始)$")),
)
_INSIDE = re.compile(r"[到至~]|[日号月年]-|\d{4}.*-\d{4}")  # a range: what stands before it is no beginning


def _core(text: str, now: datetime) -> Stretch | Resolution | None:
    """What stands before 以前 or 起; None where it is nothing, or a number of days (三天前)."""
    if COUNT.fullmatch(text):
        return None
    return find_period(text, now) or parse(text, now, Lean.SPOKEN)


def _edges(found: Stretch | Resolution, today: date) -> tuple[date | datetime, date | datetime, bool] | None:
    """First, last, and whether it is one point."""
    if isinstance(found, Stretch):
        return found.start, found.end, False
    if found.at and not found.until:
        at = datetime.combine(found.first or today, found.at)
        return at, at, True
    if found.first is None or found.last is None or found.until:
        return None
    return found.first, found.last, found.first == found.last


def find_to_now(text: str, now: datetime) -> Stretch | None:
    """去年到现在, seen from `now`. Raises NoSuchDay."""
    match = _NOW.fullmatch(BEGINNING.sub("", text))
    found = match and _core(match["core"], now)
    edges = found and _edges(found, now.date())
    if not edges:
        return None
    begin = edges[0]
    start = begin if isinstance(begin, datetime) else datetime.combine(begin, datetime.min.time())
    return Stretch(start, now) if start < now else None


def find_open_range(text: str, now: datetime) -> OpenRange | None:
    """2018年以前, 从3月1日起, seen from `now`. Raises NoSuchDay."""
    for mod, pattern in _SIDES:
        if mod == "since" and _INSIDE.search(text):
            continue
        match = pattern.fullmatch(text)
        found = match and _core(match["core"].rstrip("的,， "), now)
        edges = found and _edges(found, now.date())
        if edges:
            first, last, point = edges
            after = last if point or isinstance(last, datetime) else last + timedelta(days=1)
            if mod == "before":
                return OpenRange("end", first, "before")
            if mod == "until":
                return OpenRange("end", after, "until")
            if mod == "after":
                return OpenRange("start", after, "after")
            return OpenRange("start", first, "since")
    return None
