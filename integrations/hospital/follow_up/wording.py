"""Measured values and answers in plain words: in the chat, on the page, and for staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.catalogue import Texts
from integrations.hospital.follow_up.plans import Plans, Question
from integrations.language.measurements import MeasurementKind


def number(value: float | str) -> str:
    """135, 6.1"""
    return f"{float(value):g}"


def measured(texts: Texts, kind: str, value: Mapping[str, Any]) -> str:
    """血压 135/85; 血糖 6.1（空腹）"""
    match kind:
        case MeasurementKind.BLOOD_PRESSURE:
            parts = [number(value[part]) if part in value else "–" for part in ("systolic", "diastolic")]
            told = texts.text("word_value_blood_pressure", value="/".join(parts))
            pulse = value.get("pulse")
            return told + (texts.text("word_value_pulse", value=number(pulse)) if pulse else "")
        case MeasurementKind.GLUCOSE:
            when = texts.text(f"word_{value['when']}") if value.get("when") else ""
            when += texts.text(f"word_meter_{value['beyond']}") if value.get("beyond") else ""
            return texts.text("word_value_glucose", value=number(value["value"]), when=when)
    return texts.text(f"word_value_{kind}", value=number(value["value"]))


def in_full(texts: Texts, kind: str, value: Mapping[str, Any], bound: str = "") -> str:
    """How a value could go on of which a digit was left open, or what it may be beyond a bound: 血糖 8.5（餐后）."""
    more = 5 if kind == MeasurementKind.BLOOD_PRESSURE else 0.5
    more = -more if bound == "below" else more
    told = {
        part: one if part == "when" else float(one) + more for part, one in value.items() if part != "pulse"
    }
    return measured(texts, kind, told)


def counted(texts: Texts, question: Question, value: Any) -> str:
    """What was measured or counted, to be repeated; empty for a choice and for words, which need not be."""
    if question.measures:
        return measured(texts, question.kind, value)
    match question.kind:
        case "pain":
            return texts.text("word_value_pain", value=number(value))
        case "number":
            unit = question.unit.text(texts.language) if question.unit else ""
            return f"{number(value)} {unit}".strip()
    return ""


def told(texts: Texts, question: Question, value: Any) -> str:
    """Any answer, for staff: the value, the option as the patient read it, yes or no, or the patient's own words."""
    match question.kind:
        case "yes_no":
            return texts.text("word_yes" if value else "word_no")
        case "choice":
            option = next((one for one in question.options if one.id == value), None)
            return option.text.text(texts.language) if option else str(value)
        case "text":
            return str(value)
    return counted(texts, question, value)


def alarming(texts: Texts, plans: Plans, plan_id: str, about: str) -> str:
    """What staff must look at, without what was told: 血压随访 · 今天的血压是多少？; 血压"""
    if not plan_id:
        return texts.text(f"word_{about}")
    plan = plans.get(plan_id)
    question = plan.question(about) if plan else None
    if plan is None or question is None:
        return f"{plan_id}/{about}"
    return f"{plan.names.text(texts.language)} · {question.ask.text(texts.language)}"


def alarmed(texts: Texts, plans: Plans, plan_id: str, about: str, value: Any) -> str:
    """What was told there."""
    if not plan_id:
        return measured(texts, about, value)
    plan = plans.get(plan_id)
    question = plan.question(about) if plan else None
    return told(texts, question, value) if question else plain(value)


def plain(value: Any) -> str:
    """An answer to a question that no plan holds any more: its parts, without signs of a programming language."""
    if isinstance(value, Mapping):
        return "/".join(plain(part) for part in value.values())
    if isinstance(value, bool):
        return "是" if value else "否"
    return number(value) if isinstance(value, int | float) else str(value)
