"""A value that was told by itself: whose it is, and whether it is meant so, is asked where it is not clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from actions import measured_doubt
from actions.follow_up_times import taken_at
from actions.forms import Outcome
from actions.measured_doubt import DOUBT, MEANT
from actions.measurements import ask_whose, log_for, log_own, log_settled, relative_of
from actions.relations import related
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.follow_up.plans import Plans
from integrations.hospital.follow_up.wording import measured
from integrations.hospital.patients import PatientView
from integrations.language.measurements import Measured, MeasurementKind

WHOSE = "follow_up_whose"  # the question
MEASURED = ("measured", "taken", "people", MEANT)  # what waits in the draft for its answer
_LEAVES = frozenset({"cancel", "go_back", "goodbye"})
_DONT = _LEAVES | {"deny"}


async def log(turn: Turn, reply: Reply, known: Plans, draft: Mapping[str, Any]) -> Outcome:
    """Keeps what the message tells, or asks whose it is, or whether it is meant so."""
    meant, doubt = await log_own(turn, reply, known)
    if not meant:
        return Outcome.closed()
    waiting = (turn.text, taken_at(turn).isoformat(), [str(one.id) for one in meant], doubt)
    draft = {**draft, **dict(zip(MEASURED, waiting, strict=True))}
    if doubt:
        reply.expects = str(doubt["kind"])
        return Outcome(draft, DOUBT)
    ask_whose(turn, reply, meant)
    return Outcome(draft, WHOSE)


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
    doubt = await log_for(turn, reply, known, meant[0], draft["measured"], moment)
    if doubt is None:
        return Outcome.closed()
    reply.expects = str(doubt["kind"])
    return Outcome({**draft, "people": [str(meant[0].id)], MEANT: doubt}, DOUBT)


async def settle(turn: Turn, reply: Reply, draft: Mapping[str, Any], known: Plans) -> Outcome:
    """The answer to what was likelier meant: one of both, another value, or none."""
    waiting, people = draft[MEANT], await _offered(turn, draft)
    meant = measured_doubt.told_anew(turn, waiting)
    answers, value = (True, meant.value) if meant else measured_doubt.settled(turn, waiting)
    if turn.intent in _LEAVES or (answers and value is None) or not people:
        reply.say("say_measurement_dropped")
        return Outcome.closed()
    if value is None:
        return doubt_again(turn, reply, draft, known, understood=False)
    unclear = meant and not meant.with_unit and waiting["stands"]
    if meant and unclear and value == waiting["told"]:  # nothing new
        reply.say("say_measurement_unit", value=measured(turn.words.texts, meant.kind, value))
        return Outcome.closed()
    kind, moment = MeasurementKind(waiting["kind"]), datetime.fromisoformat(draft["taken"])
    settled = meant or Measured(kind, value, 0, 0, with_unit=True)
    words = draft["measured"]
    again = await log_settled(turn, reply, known, people[0], words, moment, waiting, settled)
    if again is None:
        return Outcome.closed()
    reply.expects = kind.value
    return Outcome({**draft, MEANT: again}, DOUBT)


def doubt_again(
    turn: Turn, reply: Reply, draft: Mapping[str, Any], known: Plans, *, understood: bool = True
) -> Outcome:
    """The question once more."""
    rule = known.rules.of(MeasurementKind(draft[MEANT]["kind"]))
    measured_doubt.ask_again(turn, reply, rule, rule.ranges, draft[MEANT])
    return Outcome(draft, DOUBT, understood=understood)


async def ask_again(
    turn: Turn, reply: Reply, draft: Mapping[str, Any], *, understood: bool = True
) -> Outcome:
    ask_whose(turn, reply, await _offered(turn, draft))
    return Outcome(draft, WHOSE, understood=understood)


async def of_another(turn: Turn, patient_id: UUID) -> bool:
    """Whether the message tells a value of a relative who is not this patient, known here or not."""
    relative = relative_of(turn)
    if not (relative and turn.facts.measurement):
        return False
    people = related(await _people(turn), relative)
    return patient_id not in {one.id for one in people}


async def _offered(turn: Turn, draft: Mapping[str, Any]) -> list[PatientView]:
    """Those who were offered, as far as the account still acts for them."""
    return [one for one in await _people(turn) if str(one.id) in draft["people"]]


async def _people(turn: Turn) -> list[PatientView]:
    async with turn.runtime.database.begin() as session:
        return await patients.acting_for(session, await account_of(session, turn))
