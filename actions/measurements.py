"""What patients measure without being asked, and how it went on: in words, with a picture that follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions import measured_doubt, passed_on
from actions.booking_people import whom
from actions.consent import may_go_on
from actions.follow_up_times import taken_at
from actions.relations import related
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import events, operations, patients
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import alerts, measuring, reading
from integrations.hospital.follow_up.aside import duty_unasked
from integrations.hospital.follow_up.correcting import corrects, not_taken_back
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import MeasurementRule, Plans, plans
from integrations.hospital.follow_up.wording import in_full, measured, number
from integrations.hospital.models import Level, Method
from integrations.hospital.patients import PatientView
from integrations.language.measurements import Measured, MeasurementKind, find_measurements, named_kind
from integrations.language.people import told_of

TREND = timedelta(days=90)
_JUST_NOTED = timedelta(minutes=15)  # so long "不对" means the one before
_FOR_ME = re.compile(
    r"[给帮替为]我(?:自己|本人)?[量测称]|\b(?:measured|took|checked) (?:my|mine)\b", re.IGNORECASE
)
_ENOUGH = 2  # values that make a picture
# How what was noted wrongly is put right.
_EXAMPLES = {
    MeasurementKind.GLUCOSE: "5.8",
    MeasurementKind.WEIGHT: "62",
    MeasurementKind.TEMPERATURE: "36.8",
}


@dataclass(frozen=True, slots=True)
class _Noted:
    kind: MeasurementKind
    value: measuring.Value
    level: Level
    low: bool
    rule: MeasurementRule


async def answer_log(turn: Turn, reply: Reply) -> None:
    """In the middle of something else, whose question stays open: nothing is asked beside it."""
    if not find_measurements(turn.text):
        reply.say("say_measurement_how")
        return
    known, meant = plans(turn.runtime.settings), await _meant(turn, reply)
    if len(meant) > 1:
        reply.say("say_measurement_whose_later")
    elif meant:
        told = not_taken_back(find_measurements(turn.text), turn.text)
        doubtful = await _log_sure(
            turn, reply, known, meant[0], told, taken_at(turn), instead=corrects(turn.text)
        )
        for wrong in doubtful:
            if not await _stands_by(turn, reply, known, meant[0], wrong):
                _say_doubt(turn, reply, known, wrong)


async def log_own(turn: Turn, reply: Reply, known: Plans) -> tuple[list[PatientView], dict[str, Any] | None]:
    """Keeps what the message tells, and says what to make of it. Else gives those whom the message may mean, and, when
    it is one, what was asked about the value (measured_doubt); of several the patient is to be asked (`ask_whose`)."""
    if not find_measurements(turn.text):
        reply.say("say_measurement_how")
        return [], None
    meant = await _meant(turn, reply)
    if len(meant) != 1:
        return meant, None
    waiting = await log_for(turn, reply, known, meant[0], turn.text, taken_at(turn))
    return (meant, waiting) if waiting else ([], None)


def ask_whose(turn: Turn, reply: Reply, people: Iterable[PatientView]) -> None:
    reply.say("ask_follow_up_whose")
    for one in people:
        reply.offer(whom(turn, one), f'/inform{{"patient": "{one.id}"}}')


async def log_for(
    turn: Turn, reply: Reply, known: Plans, patient: PatientView, words: str, moment: datetime
) -> dict[str, Any] | None:
    """What these words tell, for this patient. Gives what was asked about the first value of which something else is
    likelier; that one and the doubtful ones behind it are not kept yet."""
    told, instead = not_taken_back(find_measurements(words), words), corrects(words)
    doubtful = await _log_sure(turn, reply, known, patient, told, moment, instead=instead)
    return await _ask_doubts(turn, reply, known, patient, doubtful)


async def log_settled(
    turn: Turn,
    reply: Reply,
    known: Plans,
    patient: PatientView,
    words: str,
    moment: datetime,
    doubted: Mapping[str, Any],
    settled: Measured,
) -> dict[str, Any] | None:
    """What turned out to be meant by the value of these words that was asked about, and the doubtful ones behind it:
    the rest was kept before. Gives what was asked about the next one, as `log_for` does."""
    found = not_taken_back(find_measurements(words), words)
    left = [one for one in found if _is_doubtful(known, one)]
    places = [place for place, one in enumerate(left) if one.kind is settled.kind]
    asked = [place for place in places if left[place].value == doubted["told"]] or places
    told = [settled, *left[asked[-1] + 1 :]]
    kept = any(one.kind is settled.kind for one in found if not _is_doubtful(known, one))
    instead = corrects(words) and not kept and asked[-1] == places[0]
    doubtful = await _log_sure(turn, reply, known, patient, told, moment, instead=instead)
    return await _ask_doubts(turn, reply, known, patient, doubtful)


async def _log_sure(
    turn: Turn,
    reply: Reply,
    known: Plans,
    patient: PatientView,
    told: list[Measured],
    moment: datetime,
    *,
    instead: bool,
) -> list[Measured]:
    """Keeps what is sure and says what to make of it; nobody who has to act waits for the rest. Gives what is
    doubtful."""
    doubtful = [one for one in told if _is_doubtful(known, one)]
    for one in doubtful:
        rule = known.rules.of(one.kind)
        if alarm := _alarms_untold(known, one):
            taken, duty = Taken(one.kind, one.value, rule.unit, moment), duty_unasked(rule, Level.ALARM)
            advice = rule.advice.words(Level.ALARM, low=alarm.low)
            await measured_doubt.pass_on_untold(turn, reply, patient.id, taken, advice, duty)
            break
    noted = [_graded(known, one) for one in told if not _is_doubtful(known, one)]
    if not noted:
        return doubtful
    await _keep(turn, patient, noted, moment, instead=instead)
    what = turn.words.all_of(measured(turn.words.texts, one.kind, one.value) for one in noted)
    example = _EXAMPLES.get(noted[0].kind, "128/80")
    reply.say("say_measurement_noted", name=patient.name, what=what, example=example)
    gravest = max(noted, key=lambda one: list(Level).index(one.level))
    if advice := gravest.rule.advice.words(gravest.level, low=gravest.low):
        reply.parts.append(advice.text(turn.language))
    if gravest.level is Level.ALARM:
        passed_on.say(turn, reply)
    elif not doubtful:
        offer_trends(turn, reply, [one.kind for one in noted])
    return doubtful


async def _stands_by(turn: Turn, reply: Reply, known: Plans, patient: PatientView, wrong: Measured) -> bool:
    """Whether it can hardly be and comes for the second time: then it is with staff."""
    if _half(wrong) or not _hardly(known, wrong):
        return False
    rule = known.rules.of(wrong.kind)
    taken = Taken(wrong.kind, wrong.value, rule.unit, turn.now)
    if not await measured_doubt.told_before(turn, patient.id, taken):
        return False
    duty = duty_unasked(rule, rule.ranges.grade(wrong.value)[0])
    await measured_doubt.stand_by(turn, reply, patient.id, taken, duty)
    return True


async def _ask_doubts(
    turn: Turn, reply: Reply, known: Plans, patient: PatientView, doubtful: Iterable[Measured]
) -> dict[str, Any] | None:
    """One after the other, until one is a question; what stands behind it waits for its answer."""
    for wrong in doubtful:
        if waiting := await _ask_doubt(turn, reply, known, patient, wrong):
            return waiting
    return None


async def _ask_doubt(
    turn: Turn, reply: Reply, known: Plans, patient: PatientView, wrong: Measured
) -> dict[str, Any] | None:
    """Asks what was likelier meant; gives what the draft keeps of it. None: there is nothing likelier, and the patient
    was told to send it once more, or has done so."""
    if await _stands_by(turn, reply, known, patient, wrong):
        return None
    rule, waiting = known.rules.of(wrong.kind), None
    if not _half(wrong) and not _open(known, wrong):
        stands = not _hardly(known, wrong)
        waiting = measured_doubt.ask(turn, reply, rule, rule.ranges, wrong.kind, wrong.value, stands=stands)
    if waiting is None:
        _say_doubt(turn, reply, known, wrong)
    return waiting


def _say_doubt(turn: Turn, reply: Reply, known: Plans, wrong: Measured) -> None:
    """What is wrong with a value, and to send it once more."""
    if _open(known, wrong):
        reply.say(
            "say_measurement_open", example=in_full(turn.words.texts, wrong.kind, wrong.value, wrong.bound)
        )
        return
    key = "say_measurement_implausible" if _hardly(known, wrong) else "say_measurement_unit"
    key = "say_pressure_partial" if _half(wrong) else key
    reply.say(key, value=measured(turn.words.texts, wrong.kind, wrong.value))


async def answer_measurements(turn: Turn, reply: Reply) -> None:
    """The last weeks of one kind in words; the picture comes as an event of its own."""
    patient = await _patient(turn, reply)
    if patient is None:
        return
    async with turn.runtime.database.begin() as session:
        counted = await measuring.kinds_of(session, patient.id)
    kind = MeasurementKind(turn.facts.measurement) if turn.facts.measurement else named_kind(turn.text)
    if kind is None and len(counted) == 1:
        kind = next(iter(counted))
    if not counted or (kind and kind not in counted):
        reply.say("say_measurement_none")
    elif kind is None:
        reply.say("ask_measurement_kind")
        offer_trends(turn, reply, counted)
    else:
        await _trend(turn, reply, patient, kind)


def offer_trends(turn: Turn, reply: Reply, kinds: Iterable[MeasurementKind]) -> None:
    for kind in kinds:
        title = turn.words.texts.text("word_trend", kind=turn.words.texts.text(f"word_{kind}"))
        reply.offer(title, f'/my_measurements{{"measurement": "{kind}"}}')


async def _trend(turn: Turn, reply: Reply, patient: PatientView, kind: MeasurementKind) -> None:
    async with turn.runtime.database.begin() as session:
        taken = await measuring.series(session, turn.runtime.crypto, patient.id, kind, turn.now - TREND)
        if len(taken) >= _ENOUGH:
            await operations.once(
                session, turn.key("trend"), lambda: _picture(session, turn, patient.id, kind)
            )
    if not taken:
        reply.say("say_measurement_none")
        return
    values = {
        "name": patient.name,
        "last": measured(turn.words.texts, kind, taken[-1].value),
        "day": turn.words.day(taken[-1].taken_at.astimezone(turn.runtime.zone).date()),
        "count": len(taken),
        "mean": _mean(taken),
    }
    reply.say("say_trend" if len(taken) >= _ENOUGH else "say_trend_one", **values)


async def _picture(
    session: AsyncSession, turn: Turn, patient_id: UUID, kind: MeasurementKind
) -> operations.Result:
    await events.emit(
        session,
        EventKind.TREND_ASKED,
        account_id=await account_of(session, turn),
        contact_id=turn.contact_id,
        payload={"patient_id": str(patient_id), "kind": kind.value},
    )
    return {}


def _mean(taken: list[Taken]) -> str:
    """135/85, 6.1: of all values of the weeks shown."""
    parts = ("systolic", "diastolic") if taken[0].kind is MeasurementKind.BLOOD_PRESSURE else ("value",)
    digits = 0 if len(parts) == 2 else 1
    means = [sum(float(one.value[part]) for one in taken) / len(taken) for part in parts]
    return "/".join(number(round(mean, digits)) for mean in means)


async def _patient(turn: Turn, reply: Reply) -> PatientView | None:
    """Whose series is asked for. None: nobody's, and the reply says why."""
    people = await _meant(turn, reply)
    return people[0] if people else None


async def _meant(turn: Turn, reply: Reply) -> list[PatientView]:
    """Whose it is: the relatives whom the message can mean; else the one of a moment ago, when that is put right;
    else the account's owner. Nobody: nothing may be kept, and the reply says why."""
    if not await may_go_on(turn):
        reply.say("say_measurement_consent")
        return []
    relative = relative_of(turn)
    async with turn.runtime.database.begin() as session:
        people = await patients.acting_for(session, await account_of(session, turn))
        before = None
        if not relative and corrects(turn.text):
            since = turn.now - _JUST_NOTED
            before = await measuring.noted_last(session, [one.id for one in people], since)
    if relative:
        people = related(people, relative)
    if not people:
        reply.say("say_measurement_unknown" if relative else "say_measurement_unregistered")
    if relative:
        return people
    return [one for one in people if one.id == before] or people[:1]


def relative_of(turn: Turn) -> str:
    """The word for somebody else of whom the message tells; "" for oneself, whoever measured."""
    if _FOR_ME.search(turn.text):
        return ""
    return turn.facts.relative or told_of(turn.text)


def _half(found: Measured) -> bool:
    return found.kind is MeasurementKind.BLOOD_PRESSURE and not {"systolic", "diastolic"} <= set(found.value)


def _is_doubtful(known: Plans, one: Measured) -> bool:
    """Whether it cannot be kept as it was told."""
    bare = not one.with_unit and known.rules.of(one.kind).ranges.unlikely(one.value)
    return bare or _hardly(known, one) or _open(known, one)


def _alarms_untold(known: Plans, found: Measured) -> reading.Alarm | None:
    """What alarms already, though the value has still to be told: one high number of a pressure, a bound."""
    ranges = known.rules.of(found.kind).ranges
    if _half(found):
        return reading.Alarm(low=False) if reading.half_alarms(ranges, found.value) else None
    return reading.alarms_anyway(ranges, found) if found.bound and _open(known, found) else None


def _open(known: Plans, found: Measured) -> bool:
    """Whether the value has still to be told: a digit of it (8点多), or what lies beyond a bound (低于3.9)."""
    if not reading.is_open(found) or _hardly(known, found):
        return False
    return bool(found.bound) or reading.alarms_anyway(known.rules.of(found.kind).ranges, found) is None


def _hardly(known: Plans, found: Measured) -> bool:
    """Whether somebody has to look again."""
    return _half(found) or reading.implausible(known.rules.of(found.kind).ranges, found.value)


def _graded(known: Plans, found: Measured) -> _Noted:
    rule = known.rules.of(found.kind)
    level, low = rule.ranges.grade(found.value)
    if reading.is_open(found) and (alarm := reading.alarms_anyway(rule.ranges, found)):
        level, low = Level.ALARM, alarm.low
    return _Noted(found.kind, found.value, level, low, rule)


async def _keep(
    turn: Turn, patient: PatientView, noted: list[_Noted], moment: datetime, *, instead: bool
) -> None:
    """`instead`: of what was noted just now, once for each kind, before anything of this message is."""
    async with turn.runtime.database.begin() as session:

        async def effect() -> operations.Result:
            for kind in {one.kind for one in noted} if instead else ():
                await _take_back(session, turn, patient.id, kind)
            for one in noted:
                taken = Taken(one.kind, one.value, one.rule.unit, moment)
                made = await measuring.note(
                    session, turn.runtime.crypto, patient.id, taken, method=Method.CHAT, now=turn.now
                )
                if one.level is Level.ALARM:
                    duty = duty_unasked(one.rule, one.level)
                    await alerts.raise_for_measurement(
                        session, patient.id, made, duty, turn.now, kind=one.kind
                    )
                elif corrects(turn.text):
                    await alerts.withdraw_aside(session, patient.id, one.kind, turn.now)
            return {}

        await operations.once(session, turn.key("measurements"), effect)


async def _take_back(session: AsyncSession, turn: Turn, patient_id: UUID, kind: MeasurementKind) -> None:
    before = await measuring.just_noted(session, patient_id, kind, turn.now - _JUST_NOTED)
    if before:
        await measuring.take_back(session, measurement_id=before, now=turn.now)
        await alerts.withdraw(session, measurement_id=before, now=turn.now)
