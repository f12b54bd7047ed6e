"""When people are there to help in the chat (office_hours.yml, or the operator's own file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
import yaml

from integrations.hospital.working_days import WorkingDays, working_days

log = structlog.get_logger()

PUBLISHED = Path(__file__).with_name("office_hours.yml")
_FAR = 30  # days in which a skill that ever opens does
_DAYS = frozenset({"every_day", "working_days", "rest_days"})
_DAY_ENDS = "24:00"


class BadOfficeHours(ValueError):
    """The file of office hours cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Span:
    """`ends` None: at midnight."""

    begins: time
    ends: time | None


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Spans by skill and kind of day."""

    spans: Mapping[str, Mapping[str, tuple[Span, ...]]]
    days: WorkingDays

    def opens(self, skill: str, now: datetime, zone: ZoneInfo) -> datetime:
        """From when on somebody is there: `now` itself while it is open. A skill of which nothing is said is always
        open."""
        if skill not in self.spans:
            return now
        local = now.astimezone(zone)
        for ahead in range(_FAR):
            day = local.date() + timedelta(days=ahead)
            for begins, ends in self._of(skill, day, zone):
                if local < ends:
                    return max(begins, local).astimezone(now.tzinfo)
        return now + timedelta(days=_FAR)

    def _of(self, skill: str, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        kind = "working_days" if self.days.works(day) else "rest_days"
        said = self.spans[skill]
        spans = said.get(kind, said.get("every_day", ()))
        midnight = datetime.combine(day + timedelta(days=1), time(), zone)
        return sorted(
            (
                datetime.combine(day, one.begins, zone),
                midnight if one.ends is None else datetime.combine(day, one.ends, zone),
            )
            for one in spans
        )


def read(path: Path) -> OfficeHours:
    """Raises BadOfficeHours."""
    try:
        said: Mapping[str, Mapping[str, Any]] = yaml.safe_load(path.read_text("utf-8")) or {}
        spans = {
            skill: {_day(kind): tuple(_span(one) for one in ones) for kind, ones in kinds.items()}
            for skill, kinds in said.items()
        }
    except (OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise BadOfficeHours(f"{path}: {error}") from None
    return OfficeHours(spans, working_days())


def _day(kind: str) -> str:
    if kind not in _DAYS:
        raise ValueError(f"{kind} is none of {', '.join(sorted(_DAYS))}")
    return kind


def _span(said: str) -> Span:
    first, _, last = str(said).partition("-")
    begins, ends = time.fromisoformat(first), None if last == _DAY_ENDS else time.fromisoformat(last)
    if ends is not None and ends <= begins:
        raise ValueError(f"{said} ends before it begins")
    return Span(begins, ends)


@cache
def office_hours(own: Path | None = None) -> OfficeHours:
    """Those of the operator's file (OFFICE_HOURS), or ours: nobody is left alone because of a slip in a file."""
    if own is not None:
        try:
            return read(own)
        except BadOfficeHours as error:
            log.error("OFFICE_HOURS cannot be read: ours are kept", reason=str(error))
    return read(PUBLISHED)
