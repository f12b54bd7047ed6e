"""Answers in patients' own words, held against the plan's questions: one at a time or several in one go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.hospital.follow_up.plans import MeasurementRule, Option, Plans, Question
from integrations.hospital.follow_up.ranges import Ranges
from integrations.hospital.models import Level
from integrations.language.clauses import about, clauses, yes_or_no
from integrations.language.measurements import Measured, find_measurements, find_number

_PAINLESS = re.compile(
    r"不[疼痛]|没(?:有|什么)?(?:感觉)?[疼痛]?|无痛|no(?: pain)?\b|not at all|none", re.IGNORECASE
)
_CORRECTS = re.compile(
    r"不对|错了|不是|应该是|说错|写错|打错|改成|改为|更正|更改|看错|记错"
    r"|\b(?:sorry|actually|i mean|wrong|mistake|correction|should be|rather)\b",
    re.IGNORECASE,
)
_UNWELL = re.compile(r"不太?(?:舒服|好|行)|难受|not (?:so |very |too )?(?:well|good|great)", re.IGNORECASE)
_NOTHING = re.compile(
    r"^(?:没有?了?|没什么了?|暂时没有|都没有|无|不用了|no|nope|nothing|none|no,? thanks?)[。.!！ ]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Read:
    """An answer understood. `implausible`: to be looked at again. `unlikely`: a bare number that may be meant in
    another unit. `partial`: the other half is missing."""

    question: Question
    value: Any = field(repr=False)
    level: Level = Level.USUAL
    low: bool = False
    implausible: bool = False
    unlikely: bool = False
    partial: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether the patient is to say more before it is kept."""
        return self.implausible or self.unlikely or self.partial


@dataclass(frozen=True, slots=True)
class Likelier:
    """What was likelier meant: the value, and the number as it was written with the unit it then has ("130 斤"); ""
    where the value says it all."""

    value: dict[str, float | str]
    written: str = ""


def corrects(text: str) -> bool:
    """Whether the patient takes back what was said before."""
    return bool(_CORRECTS.search(text))


def read_all(
    plans: Plans, questions: Sequence[Question], current: Question, text: str, before: dict[str, Any]
) -> list[Read]:
    """What a message answers: the question that is open, and others where it clearly speaks of them. `before`: what
    was answered already, by question."""
    others = [
        question
        for question in questions
        if question.id != current.id and (question.measures or current.kind != "text")
    ]
    found = [read for question in others if (read := _read_other(plans, question, text, before))]
    mine = read_one(plans, current, _rest(current, others, text), before.get(current.id))
    return [mine, *found] if mine else found


def _rest(current: Question, others: Sequence[Question], text: str) -> str:
    """The part of the message that can answer the open question."""
    if current.about and (own := about(text, current.about.all)):
        return own
    taken = [word.lower() for other in others if other.about for word in other.about.all]
    parts = [
        part
        for part in clauses(text)
        if not any(word in part.lower() for word in taken) and not _CORRECTS.fullmatch(part)
    ]
    return text if current.kind == "text" or current.measures else "，".join(parts)


def _read_other(plans: Plans, question: Question, text: str, before: dict[str, Any]) -> Read | None:
    if question.measures:
        found = [one for one in find_measurements(text) if one.kind == question.measures]
        return _measured(plans, question, found[0], before.get(question.id)) if found else None
    if question.about and (part := about(text, question.about.all)):
        return read_one(plans, question, part, None)
    return None


def read_one(plans: Plans, question: Question, text: str, before: Any = None) -> Read | None:
    """The answer to this question; None when the words say nothing to it."""
    text = text.strip()
    if not text:
        return None
    if question.measures:
        found = [one for one in find_measurements(text, question.kind) if one.kind == question.measures]
        return _measured(plans, question, found[0], before) if found else None
    match question.kind:
        case "pain" | "number":
            return _number(plans, question, text)
        case "yes_no":
            said = yes_or_no(text)
            return None if said is None else graded_yes_no(question, said=said)
        case "choice":
            option = _option(question, text)
            return Read(question, option.id, option.level) if option else None
    return Read(question, "" if _NOTHING.match(text) else text)


def graded_yes_no(question: Question, *, said: bool) -> Read:
    level = Level.WATCH if question.watch_if is said else Level.USUAL
    return Read(question, said, Level.ALARM if question.alarm_if is said else level)


def chosen(question: Question, option_id: str) -> Read | None:
    """The option of a pressed button."""
    option = next((one for one in question.options if one.id == option_id), None)
    return Read(question, option.id, option.level) if option else None


def _measured(plans: Plans, question: Question, found: Measured, before: Any) -> Read:
    value = found.value
    if isinstance(before, dict) and question.measures:  # "不对，高压是125"
        value = {**before, **value}
    if question.kind == "blood_pressure" and not {"systolic", "diastolic"} <= set(value):
        return Read(question, value, partial=True)
    read = graded(plans, question, value)
    return replace(read, unlikely=False) if found.with_unit else read


def graded(plans: Plans, question: Question, value: dict[str, float | str]) -> Read:
    ranges = plans.ranges(question)
    if ranges is None:
        return Read(question, value)
    level, low = ranges.grade(value)
    hardly = implausible(ranges, value)
    unlikely = not hardly and ranges.unlikely(value)
    return Read(question, value, level, low, implausible=hardly, unlikely=unlikely)


def implausible(ranges: Ranges, value: dict[str, float | str]) -> bool:
    """Out of all range, or the lower pressure above the upper one."""
    upside_down = "diastolic" in value and float(value["diastolic"]) >= float(value["systolic"])
    return upside_down or ranges.implausible(value)


def likelier(
    rule: MeasurementRule, ranges: Ranges, value: dict[str, float | str], language: str
) -> Likelier | None:
    """The two pressures the other way round, or the number in another unit, where that can be; else None."""
    if "systolic" in value:
        turned = {**value, "systolic": value["diastolic"], "diastolic": value["systolic"]}
        return None if implausible(ranges, turned) else Likelier(turned)
    if rule.otherwise is None:
        return None
    other, number = rule.otherwise.of(language), float(value["value"])
    meant = {**value, "value": round(number * other.factor, 1)}
    if ranges.implausible(meant):
        return None
    return Likelier(meant, f"{number:g} {other.unit}" if other.unit else "")


def _number(plans: Plans, question: Question, text: str) -> Read | None:
    number = find_number(text)
    if number is None and question.kind == "pain" and _PAINLESS.search(text):
        number = 0.0
    if number is None:
        return None
    read = graded(plans, question, {"value": number})
    return Read(question, number, read.level, read.low, read.implausible)


def _option(question: Question, text: str) -> Option | None:
    """The option whose words the text holds; of several the one with the longest words. A plain no is the one
    called none."""
    lowered = text.lower()
    said = [
        (len(word), option)
        for option in question.options
        for word in (option.text.zh, option.text.en.lower(), *(option.words.all if option.words else ()))
        if word.lower() in lowered
    ]
    negated = yes_or_no(text) is False
    gravest = [one for one in said if one[1].level is Level.ALARM]
    said = (gravest or said) if not negated else [one for one in said if one not in gravest]
    if said:
        return max(said, key=lambda one: one[0])[1]
    none = next((option for option in question.options if option.id == "none"), None)
    return none if none and negated and not _UNWELL.search(text) else None
