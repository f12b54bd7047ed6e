"""A value that can hardly be, or hardly in its unit, is asked about with what was likelier meant: 是不是 130/80？"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions import passed_on
from actions.turn import Reply, Turn
from integrations.hospital import operations
from integrations.hospital.follow_up import aside
from integrations.hospital.follow_up.alerts import Duty
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import MeasurementRule
from integrations.hospital.follow_up.ranges import Ranges, Said
from integrations.hospital.follow_up.reading import likelier
from integrations.hospital.follow_up.wording import measured
from integrations.hospital.models import Method
from integrations.language.clauses import yes_or_no
from integrations.language.measurements import Measured, MeasurementKind, find_measurements

DOUBT = "follow_up_doubt"  # the question
MEANT = "meant"  # what waits in the draft for its answer
Value = dict[str, float | str]
_SHORT = 8  # characters of a yes or a no
_OWN_UNIT = frozenset({"公斤", "千克", "kg", "是公斤", "就是公斤", "kilos"})


def ask(
    turn: Turn,
    reply: Reply,
    rule: MeasurementRule,
    ranges: Ranges,
    kind: MeasurementKind,
    value: Value,
    *,
    stands: bool,
) -> dict[str, Any] | None:
    """Asks back; gives what the draft keeps of it. `stands`: as told it may be as well. None, and nothing is asked,
    where nothing is likelier."""
    found = likelier(rule, ranges, value, turn.language)
    if found is None:
        return None
    texts = turn.words.texts
    told, meant = measured(texts, kind, value), measured(texts, kind, found.value)
    written = texts.text("word_measured_written", written=found.written, meant=meant)
    reply.say("ask_measurement_meant", value=told, meant=written if found.written else meant)
    reply.offer(found.written or meant, "/affirm")
    reply.offer(told if stands else texts.text("word_not_so"), "/deny")
    return {
        "kind": str(kind),
        "value": found.value,
        "unit": found.written.rpartition(" ")[2],
        "told": value,
        "stands": stands,
    }


def ask_again(
    turn: Turn, reply: Reply, rule: MeasurementRule, ranges: Ranges, waiting: Mapping[str, Any]
) -> None:
    """The same question, after something else was said."""
    kind = MeasurementKind(waiting["kind"])
    ask(turn, reply, rule, ranges, kind, dict(waiting["told"]), stands=bool(waiting["stands"]))
    reply.expects = kind.value


def told_anew(turn: Turn, waiting: Mapping[str, Any]) -> Measured | None:
    """The value that the message brings instead of a yes or a no."""
    found = find_measurements(turn.text, waiting["kind"])
    return next((one for one in found if one.kind == waiting["kind"]), None)


def settled(turn: Turn, waiting: Mapping[str, Any]) -> tuple[bool, Value | None]:
    """Whether the message is an answer, and the value that it means: None for another one than both."""
    said = _said(turn, str(waiting["unit"]))
    if said is None:
        return False, None
    return True, waiting["value"] if said else waiting["told"] if waiting["stands"] else None


async def pass_on_untold(
    turn: Turn, reply: Reply, patient_id: UUID, taken: Taken, advice: Said | None, duty: Duty
) -> None:
    """What alarms though it was not told whole, one number of a pressure or a bound: advice and the alert, before the
    value is asked for."""
    await _pass_on(turn, patient_id, taken, duty)
    if advice:
        reply.parts.append(advice.text(turn.language))
    passed_on.say(turn, reply)


async def stand_by(turn: Turn, reply: Reply, patient_id: UUID, taken: Taken, duty: Duty) -> None:
    """A value that can hardly be, told twice: it is not noted, and staff see it."""
    await _pass_on(turn, patient_id, taken, duty)
    reply.say("say_measurement_stood_by", value=measured(turn.words.texts, taken.kind, taken.value))
    passed_on.say_when(turn, reply)


async def told_before(turn: Turn, patient_id: UUID, taken: Taken) -> bool:
    """Whether the patient told the same a moment ago, unasked."""
    async with turn.runtime.database.begin() as session:

        async def effect() -> operations.Result:
            again = await aside.told_before(
                session, turn.runtime.crypto, patient_id, taken, method=Method.CHAT, now=turn.now
            )
            return {"again": again}

        return bool((await operations.once(session, turn.key(f"{taken.kind} doubted"), effect))["again"])


async def _pass_on(turn: Turn, patient_id: UUID, taken: Taken, duty: Duty) -> None:
    async with turn.runtime.database.begin() as session:

        async def effect() -> operations.Result:
            await aside.pass_on(
                session, turn.runtime.crypto, patient_id, taken, duty, method=Method.CHAT, now=turn.now
            )
            return {}

        await operations.once(session, turn.key(f"{taken.kind} aside"), effect)


def _said(turn: Turn, unit: str) -> bool | None:
    """Yes, no, or the unit alone: 斤."""
    words = turn.text.strip().lower()
    if unit and unit.lower() in words.replace("公斤", ""):
        return True
    if words in _OWN_UNIT:
        return False
    if turn.intent in {"affirm", "deny"}:
        return turn.intent == "affirm"
    return yes_or_no(words) if words and len(words) <= _SHORT else None
