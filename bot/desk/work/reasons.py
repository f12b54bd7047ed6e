"""What most actions ask, and how moments are written."""

from __future__ import annotations

from datetime import datetime

from bot.desk.desk import Desk
from bot.desk.queue import Ask
from bot.desk.registry import refusals

REASON = Ask("reason", "queue.reason", hint="queue.reason_hint")
NOTE = Ask("note", "queue.note", kind="words", hint="queue.reason_hint")


class Gone(Exception):
    """A colleague has dealt with it."""


refusals({Gone: "queue.gone"})


def moment(desk: Desk, when: datetime | None) -> str:
    """2026-11-22 09:05, by the hospital's clock."""
    return f"{when.astimezone(desk.rt.zone):%Y-%m-%d %H:%M}" if when else "–"


def who(actor: str | None) -> str:
    """A member of staff, by login."""
    return (actor or "–").removeprefix("staff:")
