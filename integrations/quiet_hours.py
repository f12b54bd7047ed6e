"""The local hours in which nobody is written to without need."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def after_quiet_hours(hours: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours ("22:00-07:30", local) are over. None: they are not now."""
    if hours == "none":
        return None
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    local = now.astimezone(zone)
    quiet = begin <= local.time() < end if begin < end else not end <= local.time() < begin
    if not quiet:
        return None
    over = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return (over if over > local else over + timedelta(days=1)).astimezone(now.tzinfo)


def awake(hours: str, moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment, or when the quiet hours that it falls into are over."""
    return after_quiet_hours(hours, moment, zone) or moment
