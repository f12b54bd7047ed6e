"""Measured values and answers in a patient's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.follow_up.plans import Question
from integrations.hospital.follow_up.reading import Read
from integrations.language.measurements import MeasurementKind


def number(value: float | str) -> str:
    """135, 6.1"""
    return f"{float(value):g}"


def measured(turn: Turn, kind: str, value: Mapping[str, Any]) -> str:
    """血压 135/85; 血糖 6.1（空腹）"""
    texts = turn.words.texts
    match kind:
        case MeasurementKind.BLOOD_PRESSURE:
            parts = [number(value[part]) if part in value else "–" for part in ("systolic", "diastolic")]
            told = texts.text("word_value_blood_pressure", value="/".join(parts))
            pulse = value.get("pulse")
            return told + (texts.text("word_value_pulse", value=number(pulse)) if pulse else "")
        case MeasurementKind.GLUCOSE:
            when = texts.text(f"word_{value['when']}") if value.get("when") else ""
            return texts.text("word_value_glucose", value=number(value["value"]), when=when)
    return texts.text(f"word_value_{kind}", value=number(value["value"]))


def value(turn: Turn, question: Question, told: Any) -> str:
    """What was understood of an answer; empty for words, which need not be repeated."""
    if question.measures:
        return measured(turn, question.kind, told)
    match question.kind:
        case "pain":
            return turn.words.texts.text("word_value_pain", value=number(told))
        case "number":
            return f"{number(told)} {question.unit.text(turn.language) if question.unit else ''}".strip()
    return ""


def all_values(turn: Turn, reads: list[Read]) -> str:
    """What a message told, to be repeated in one breath."""
    return turn.words.all_of(said for read in reads if (said := value(turn, read.question, read.value)))


def offer_answers(turn: Turn, reply: Reply, question: Question) -> None:
    match question.kind:
        case "yes_no":
            reply.offer(turn.words.texts.text("word_yes"), "/affirm")
            reply.offer(turn.words.texts.text("word_no"), "/deny")
        case "choice":
            for option in question.options:
                payload = f'/answer_follow_up{{"field": "{option.id}"}}'
                reply.offer(option.text.text(turn.language), payload)


async def own_patient(turn: Turn) -> UUID | None:
    """The account's owner, as a patient."""
    async with turn.runtime.database.begin() as session:
        own = await patients.self_patient(session, await account_of(session, turn))
        return own.id if own else None
