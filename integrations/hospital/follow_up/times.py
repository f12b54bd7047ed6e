"""When is asked: some time after the event, or in a rhythm, at the plan's local hour."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

_SAID = re.compile(r"(\d{1,3}) (day|week|month)s?")
MOST_TIMES = 60
SPREAD = 3600  # seconds: the whole of the hour


class Delay(BaseModel):
    """Written as "1 week", "3 months", "2 days"."""

    model_config = ConfigDict(frozen=True)
    count: int
    unit: str

    @model_validator(mode="before")
    @classmethod
    def _read(cls, said: Any) -> Any:
        if isinstance(said, cls | dict):
            return said
        match = _SAID.fullmatch(str(said))
        if not match or not int(match[1]):
            raise ValueError('write it like "1 week", "3 months" or "2 days"')
        return {"count": int(match[1]), "unit": match[2]}

    def after(self, day: date, times: int = 1) -> date:
        """The day so much later; of a shorter month its last day."""
        count = self.count * times
        if self.unit != "month":
            return day + timedelta(days=count * (7 if self.unit == "week" else 1))
        months = day.month - 1 + count
        year, month = day.year + months // 12, months % 12 + 1
        return date(year, month, min(day.day, monthrange(year, month)[1]))


class Rhythm(BaseModel):
    """Again and again: every so often, so many times."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    every: Delay
    count: int = Field(ge=1, le=MOST_TIMES)


def days(times: list[Delay] | Rhythm, start: date) -> list[date]:
    """The days on which is asked, the first one first."""
    if isinstance(times, Rhythm):
        return [times.every.after(start, number) for number in range(1, times.count + 1)]
    return sorted({delay.after(start) for delay in times})


def due_at(day: date, hour: int, about: UUID, zone: ZoneInfo) -> datetime:
    """A moment within the hour, always the same for the same subject: thousands are not asked in one second."""
    begins = datetime.combine(day, time(hour), zone)
    return begins + timedelta(seconds=crc32(about.bytes) % SPREAD)
