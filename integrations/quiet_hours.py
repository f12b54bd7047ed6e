"""The local hours in which nobody is written to without need: "22:00-07:30", or "none"."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def after_quiet_hours(hours: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours are over. None: they are not now."""
    quiet = _around(hours, now, zone)
    return quiet[1] if quiet else None


def awake(hours: str, moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment, or when the quiet hours that it falls into are over."""
    return after_quiet_hours(hours, moment, zone) or moment


def still_awake(hours: str, moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment, or when the quiet hours that it falls into began."""
    quiet = _around(hours, moment, zone)
    return quiet[0] if quiet else moment


def _around(hours: str, moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Begin and end of the quiet hours that the moment falls into."""
    if hours == "none":
        return None
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    local = moment.astimezone(zone)
    began = datetime.combine(local.date(), begin, zone)
    began -= timedelta() if began <= local else _DAY
    over = datetime.combine(began.date(), end, zone)
    over += timedelta() if over > began else _DAY
    return (began.astimezone(moment.tzinfo), over.astimezone(moment.tzinfo)) if local < over else None
