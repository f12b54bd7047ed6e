"""Departments that are not booked online: one simply goes there. Or calls, while nobody can say by what rules a
department is booked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from actions.directory import Directory
from actions.turn import Reply, Turn

log = logging.getLogger(__name__)


def bookable(directory: Directory, department: str) -> bool:
    return department in directory.departments and directory.departments[department].bookable


def not_booked(directory: Directory, departments: Sequence[str]) -> str:
    """The first of these departments when none of them is booked online, else ""."""
    return "" if any(bookable(directory, one) for one in departments) else next(iter(departments), "")


async def told_the_way(turn: Turn, reply: Reply) -> bool:
    """Says where to go when the message names only such a department; nobody is asked for a consent for that."""
    directory = await turn.directory()
    department = not_booked(directory, turn.facts.departments)
    if department:
        say_the_way(turn, reply, directory, department)
    return bool(department)


def say_the_way(turn: Turn, reply: Reply, directory: Directory, department: str) -> None:
    found = directory.departments[department]
    if found.fault:
        log.error("nobody can book %s: %s", found.name, found.fault)
        reply.say("say_booking_unclear", department=found.name, phone=turn.runtime.settings.hospital_phone)
        return
    place = reply.words.place(found.campus, found.location)
    reply.say("say_booking_walk_in", department=found.name, place=place)
