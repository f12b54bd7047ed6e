"""The hospital's own calendar: one time zone (TIMEZONE), whatever zone the machine is in."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from integrations.settings import Settings


@cache
def hospital_zone() -> ZoneInfo:
    return Settings().zone


def local_date(now: datetime) -> date:
    """The hospital's date at an aware moment."""
    return now.astimezone(hospital_zone()).date()


def local_time(now: datetime) -> time:
    """The hospital's time of day at an aware moment."""
    return now.astimezone(hospital_zone()).time()
