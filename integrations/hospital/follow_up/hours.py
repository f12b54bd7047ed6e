"""When somebody looks at what alarms, for patients who tell it at another hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.hospital.office_hours import office_hours
from integrations.settings import Settings

_SKILL = "follow_up"
_INSTEAD = "service"  # where a file of office hours says nothing of it


@dataclass(frozen=True, slots=True)
class Shut:
    """`key` of what is said; `opens`: when the staff of follow-up are back (UTC)."""

    key: str
    opens: datetime


def shut(settings: Settings, now: datetime) -> Shut | None:
    """None while they are at work."""
    hours = office_hours(settings.office_hours)
    opens = hours.opens(_SKILL if _SKILL in hours.spans else _INSTEAD, now, settings.zone)
    if opens <= now:
        return None
    return Shut("say_follow_up_shut" if settings.oncall_phones else "say_follow_up_shut_alone", opens)
