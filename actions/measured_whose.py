"""A value that was told of a relative: kept for the only one who can be meant, else the patient chooses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from actions.follow_up_times import taken_at
from actions.forms import Outcome
from actions.measurements import ask_whose, log_for, log_own, relative_of
from actions.relations import related
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.follow_up.plans import Plans
from integrations.hospital.patients import PatientView

WHOSE = "follow_up_whose"  # the question
MEASURED = ("measured", "taken", "people")  # what waits in the draft for its answer
_DONT = frozenset({"cancel", "go_back", "deny", "goodbye"})


async def log(turn: Turn, reply: Reply, known: Plans, draft: Mapping[str, Any]) -> Outcome:
    """Keeps what the message tells, or asks whose it is."""
    meant = await log_own(turn, reply, known)
    if not meant:
        return Outcome.closed()
    ask_whose(turn, reply, meant)
    waiting = (turn.text, taken_at(turn).isoformat(), [str(one.id) for one in meant])
    return Outcome({**draft, **dict(zip(MEASURED, waiting, strict=True))}, WHOSE)


async def take(turn: Turn, reply: Reply, draft: Mapping[str, Any], known: Plans) -> Outcome:
    """The answer: one of those who were offered."""
    if turn.intent in _DONT:
        reply.say("say_measurement_dropped")
        return Outcome.closed()
    people = await _offered(turn, draft)
    meant = [one for one in people if str(one.id) == turn.facts.patient]
    if not meant and turn.facts.relative:
        meant = related(people, turn.facts.relative)
    if len(meant) != 1:
        return await ask_again(turn, reply, draft, understood=False)
    moment = datetime.fromisoformat(draft["taken"])
    await log_for(turn, reply, known, meant[0], draft["measured"], moment)
    return Outcome.closed()


async def ask_again(
    turn: Turn, reply: Reply, draft: Mapping[str, Any], *, understood: bool = True
) -> Outcome:
    ask_whose(turn, reply, await _offered(turn, draft))
    return Outcome(draft, WHOSE, understood=understood)


async def of_another(turn: Turn, patient_id: UUID) -> bool:
    """Whether the message tells a value of a relative who is not this patient."""
    relative = relative_of(turn)
    if not (relative and turn.facts.measurement):
        return False
    people = related(await _people(turn), relative)
    return bool(people) and patient_id not in {one.id for one in people}


async def _offered(turn: Turn, draft: Mapping[str, Any]) -> list[PatientView]:
    """Those who were offered, as far as the account still acts for them."""
    return [one for one in await _people(turn) if str(one.id) in draft["people"]]


async def _people(turn: Turn) -> list[PatientView]:
    async with turn.runtime.database.begin() as session:
        return await patients.acting_for(session, await account_of(session, turn))
