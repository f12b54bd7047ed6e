"""Working days in mainland China: weekdays, without the days off and with the days worked instead that are announced
for each year (working_days.yml, or the operator's own file)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import yaml
from borax.calendars.lunardate import LunarDate, TermUtils  # type: ignore[import-untyped]

from integrations.settings import Settings

log = structlog.get_logger()

PUBLISHED = Path(__file__).with_name("working_days.yml")
AHEAD = timedelta(
    days=45
)  # before a year begins staff hear that its days are missing: announced each November
_SATURDAY = 5


class BadWorkingDays(ValueError):
    """The file of working days cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """`rest` and `work` by year, for the years that have been announced."""

    rest: Mapping[int, frozenset[date]]
    work: Mapping[int, frozenset[date]]

    def knows(self, year: int) -> bool:
        return year in self.rest

    def works(self, day: date) -> bool:
        if day in self.work.get(day.year, ()):
            return True
        off = self.rest[day.year] if self.knows(day.year) else statutory(day.year)
        return day.weekday() < _SATURDAY and day not in off

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after a day, which is not counted itself."""
        while count:
            day += timedelta(days=1)
            count -= self.works(day)
        if not self.knows(day.year):
            _tell_unknown(day.year)
        return day

    def missing(self, today: date) -> list[int]:
        """The years that deadlines counted now, or in some weeks, reach into and whose days nobody filled in."""
        return [year for year in sorted({today.year, (today + AHEAD).year}) if not self.knows(year)]

    def before(self, day: date) -> date:
        """The last working day before a day."""
        day -= timedelta(days=1)
        while not self.works(day):
            day -= timedelta(days=1)
        return day


@cache
def working_days() -> WorkingDays:
    """Those of the operator's file (WORKING_DAYS), or those known to us: no complaint fails because of a slip in a
    file."""
    if own := Settings().working_days:
        try:
            return read(own)
        except BadWorkingDays as error:
            log.error("WORKING_DAYS cannot be read: ours are counted", reason=str(error))
    return read(PUBLISHED)


@cache
def _tell_unknown(year: int) -> None:
    """Once in a process."""
    log.warning(
        "the working days of a year are not filled in (WORKING_DAYS): Monday to Friday without the law's days off",
        year=year,
    )


def read(path: Path) -> WorkingDays:
    """Raises BadWorkingDays."""
    try:
        years: Mapping[int, Mapping[str, Any]] = yaml.safe_load(path.read_text("utf-8")) or {}
        rest = {year: frozenset(_days(year, said.get("rest") or ())) for year, said in years.items()}
        work = {year: frozenset(_days(year, said.get("work") or ())) for year, said in years.items()}
    except (OSError, yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise BadWorkingDays(f"{path}: {error}") from None
    return WorkingDays(rest, work)


def _days(year: int, said: Any) -> Iterator[date]:
    for span in said:
        first, _, last = str(span).partition("..")
        day, end = (date.fromisoformat(f"{year}-{one}") for one in (first, last or first))
        if end < day:
            raise ValueError(f"{span} of {year} ends before it begins")
        while day <= end:
            yield day
            day += timedelta(days=1)


@cache
def statutory(year: int) -> frozenset[date]:
    """The days off that the law names for everybody (全国年节及纪念日放假办法, as of 2025)."""
    spring = _solar(LunarDate(year, 1, 1))
    return frozenset(
        {
            date(year, 1, 1),
            *(spring + timedelta(days=number) for number in range(-1, 3)),
            TermUtils.day_start_from_term(year, "清明"),
            date(year, 5, 1),
            date(year, 5, 2),
            _solar(LunarDate(year, 5, 5)),
            _solar(LunarDate(year, 8, 15)),
            *(date(year, 10, number) for number in (1, 2, 3)),
        }
    )


def _solar(day: Any) -> date:
    found: date = day.to_solar_date()
    return found
