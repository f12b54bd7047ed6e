"""How a place on the waitlist (候补) is said."""

from __future__ import annotations

from bot.desk.desk import Desk
from integrations.hospital.waitlist import EntryView


def said(desk: Desk, one: EntryView) -> str:
    """In a line."""
    whom = desk.named(" ".join(filter(None, (one.department, one.practitioner))))
    return f"{whom} · {days(desk, one)} · {state(desk, one)}"


def days(desk: Desk, one: EntryView) -> str:
    """The days on which a number would do."""
    wanted = " ".join(f"{day:%m-%d}" for day in one.days)
    return f"{wanted} {desk.words(f'schedules.{one.period}')}" if one.period else wanted


def state(desk: Desk, one: EntryView) -> str:
    """Which place it is, or that the patient is being asked."""
    if one.offered_until:
        return desk.words("waitlist.offered")
    return desk.words("waitlist.place", place=one.ahead + 1)
