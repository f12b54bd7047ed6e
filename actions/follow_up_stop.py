"""A patient who does not want to be asked any more: confirmed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions import follow_up_words as words
from actions.forms import Outcome
from actions.turn import Reply, Turn
from integrations.hospital import operations
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.models import StopReason

STOP = "follow_up_stop"  # the question


async def confirm(turn: Turn, reply: Reply, draft: Mapping[str, Any], task: OpenTask | None) -> Outcome:
    patient = task.patient_id if task else await words.own_patient(turn)
    if patient is None:
        reply.say("say_follow_up_none")
        return Outcome.closed()
    reply.say("ask_follow_up_stop")
    return Outcome({**draft, "stop": str(patient)}, STOP)


async def stop_or_not(turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
    if turn.intent == "affirm":
        await _stop(turn, UUID(str(draft["stop"])))
        reply.say("say_follow_up_stopped")
        return Outcome.closed()
    if turn.intent in {"deny", "cancel", "go_back"}:
        reply.say("say_follow_up_kept")
        return Outcome.closed()
    reply.say("ask_follow_up_stop")
    return Outcome(draft, STOP, understood=False)


async def _stop(turn: Turn, patient_id: UUID) -> None:
    async with turn.runtime.database.begin() as session:

        async def effect() -> operations.Result:
            await enrolment.stop_all(session, patient_id, StopReason.OPTED_OUT, actor="patient", now=turn.now)
            return {}

        await operations.once(session, turn.key("stop follow-up"), effect)
