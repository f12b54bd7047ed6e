"""The hospital's own calendar: one time zone, whatever zone the machine is in."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

ZONE_NAME = "Asia/Shanghai"


@cache
def hospital_zone() -> ZoneInfo:
    return ZoneInfo(ZONE_NAME)


def local_date(now: datetime) -> date:
    """The hospital's date at an aware moment."""
    return now.astimezone(hospital_zone()).date()
