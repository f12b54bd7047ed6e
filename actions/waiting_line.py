"""From a wish that nothing is left for to a place on the waitlist: one tap."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from actions.booking_draft import Wish
from actions.booking_people import Booker
from actions.directory import Directory
from actions.turn import Reply, Turn
from actions.waitlist import entry_values
from integrations.hospital import waitlist
from integrations.hospital.directory import DepartmentView
from integrations.hospital.models import Period


def can_wait(wish: Wish) -> bool:
    """One doctor, or one department; nobody waits while they move what they have."""
    return not wish.moving and (
        len(wish.practitioners) == 1 or (not wish.practitioners and len(wish.departments) == 1)
    )


def offer_waiting(turn: Turn, reply: Reply, wish: Wish) -> None:
    """The button; all that is wished for is taken."""
    if not can_wait(wish):
        return
    if wish.days and wish.days.last <= turn.today:
        return
    about: dict[str, Any] = {"department": wish.departments[0]} if wish.departments else {}
    if wish.practitioners:
        about["practitioner"] = wish.practitioners[0]
    if wish.days:
        about["date"] = {"days": [day.isoformat() for day in wish.days.each]}
    if wish.period:
        about["period"] = wish.period
    if wish.patient:
        about["patient"] = wish.patient
    reply.offer(turn.words.texts.text("word_join_waitlist"), f"/join_waitlist{json.dumps(about)}")


def department_of(wish: Wish, directory: Directory) -> DepartmentView:
    found = directory.department_of(wish.practitioners[0]) if wish.practitioners else wish.departments[0]
    return directory.departments[found]


async def join(
    turn: Turn, reply: Reply, wish: Wish, booker: Booker, directory: Directory, last: date
) -> None:
    """Raises what `waitlist.join` raises."""
    department = department_of(wish, directory)
    tomorrow = turn.today + timedelta(days=1)
    ahead = [tomorrow + timedelta(days=more) for more in range((last - turn.today).days)]
    days = list(wish.days.each) if wish.days else ahead
    person = booker.choose(wish.patient, wish.relative, department.rules, days[0] if days else tomorrow)
    async with turn.runtime.database.begin() as session:
        made = await waitlist.join(
            session,
            department_id=department.id,
            practitioner_id=UUID(wish.practitioners[0]) if wish.practitioners else None,
            days=days,
            period=Period(wish.period) if wish.period else None,
            patient_id=person.id,
            contact_id=turn.contact_id,
            key=turn.key("join_waitlist"),
            now=turn.now,
        )
    reply.say(
        "say_waitlist_joined",
        minutes=turn.runtime.settings.waitlist_minutes,
        **entry_values(turn, made),
    )
