"""Which number of a half day is meant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from actions.booking_draft import Wish
from integrations.hospital.booking import SlotView


def pick(wish: Wish, slots: Sequence[SlotView]) -> tuple[SlotView, str]:
    """The number that was picked or whose time was named, else the earliest; and a text when it is another one."""
    if wish.slot:
        for slot in slots:
            if str(slot.id) == wish.slot:
                return slot, ""
        return slots[0], "say_booking_slot_gone"
    if wish.time:
        wanted = _minutes(read_clock(wish.time))
        nearest = min(slots, key=lambda slot: abs(_minutes(slot.time) - wanted))
        same = nearest.time.isoformat("minutes") == wish.time
        return nearest, "" if same else "say_booking_other_time"
    return slots[0], ""


def read_clock(clock: str) -> time:
    return time.fromisoformat(clock or "00:00")


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
