"""Answers in patients' own words, held against the plan's questions: one at a time or several in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from integrations.hospital.follow_up.choosing import affirmed, grave_words, option_told
from integrations.hospital.follow_up.correcting import corrects, not_taken_back
from integrations.hospital.follow_up.plans import MeasurementRule, Plan, Plans, Question
from integrations.hospital.follow_up.ranges import Ranges
from integrations.hospital.follow_up.vocabulary import vocabulary
from integrations.hospital.models import Level
from integrations.language.clauses import about, clauses, punctuated
from integrations.language.measurements import (
    Measured,
    find_measurements,
    find_number,
    find_numbers,
    is_named,
)
from integrations.language.mentions import Stance, mentions

_PAINLESS = re.compile(
    r"(?:一点儿?|完全|已经|现在|今天|基本上?|伤口|刀口|都|也|倒|是|的?时候|平时|走路|晚上|白天|动|咳嗽|嗯|我)*"
    r"(?:不[疼痛](?:不痒)?|没有?(?:什么|啥|任何)?(?:[疼痛](?:感|觉)?|感觉|不舒服)|无痛|没有?|冇痛|唔痛)(?:了|的|啊|呢|呀|哦|哈|嘛)*"
    r"|(?:no,? )?(?:it |the wound )?(?:no pain|not at all|none|no|nope|zero|painless"
    r"|(?:does|is|do)(?:n'?t| not) (?:hurt|painful)|not painful|not hurting|no hurt)"
    r"(?: (?:at all|now|today|any ?more|really|thanks|thank you|no pain))*",
    re.IGNORECASE,
)
_PAIN = re.compile(r"疼|痛|厉害|难受|pain|hurt|ache|aching|sore", re.IGNORECASE)
_SCALE = re.compile(
    r"/ ?10\b|\b0 ?[-~到至] ?10(?!\d)|\bout of (?:10|ten)\b|满分是?(?:10|十)分?|(?:10|十)分(?:满分|制|里面?|中)[，,]?",
    re.IGNORECASE,
)
# 一动就疼 gives no number.
_WORD = re.compile(
    r"[一二两三四五六七八九十](?=[\u4e00-\u9fff])(?![分点级到至或一二两三四五六七八九十吧左的啊了呢来多、])"
)
_OR = re.compile(
    r"(?<![零一二三四五六七八九十点])[一二两三四五六七八](?=[二三四五六七八九](?![零一二三四五六七八九十百点]))"
)  # 七八分: the worse one
_RANGE = re.compile(r"\d ?(?:[-~～—–到至、]|to|or|或) ?\d", re.IGNORECASE)
# Of several scores the one of this moment counts, else the one of today.
_NOW = re.compile(r"现在|目前|这会|\bnow\b", re.IGNORECASE)
_TODAY = re.compile(r"今天|今早|刚才|刚刚|\btoday\b|this morning", re.IGNORECASE)
_NAMED_HALF = re.compile(r"\D*[高上收]|[a-z]", re.IGNORECASE)
_NOTHING = re.compile(
    r"^(?:没有?了?|没什么了?|暂时没有|都没有|无|不用了|no|nope|nothing|none|no,? thanks?)[。.!！ ]*$",
    re.IGNORECASE,
)


_NEAREST = 0.1  # of any value to its bound


@dataclass(frozen=True, slots=True)
class Read:
    """An answer understood. `implausible`: to be looked at again. `unlikely`: a bare number that may be meant in
    another unit. `partial`: the other half is missing. `open`: so is a digit (8点多), or all but a bound (低于3.9).
    `beside`: other sure values of the same message, none of them graver."""

    question: Question
    value: Any = field(repr=False)
    level: Level = Level.USUAL
    low: bool = False
    implausible: bool = False
    unlikely: bool = False
    partial: bool = False
    open: bool = False
    bound: str = ""
    beside: tuple[dict[str, float | str], ...] = field(default=(), repr=False)

    @property
    def doubtful(self) -> bool:
        """Whether the patient is to say more before it is kept."""
        return self.implausible or self.unlikely or self.partial or self.open

    def as_json(self) -> dict[str, Any]:
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "question"}
        return {**told, "question": self.question.id, "beside": list(self.beside)}

    @classmethod
    def of(cls, plan: Plan, told: Mapping[str, Any]) -> Read | None:
        """What `as_json` gave; None where the plan has no such question any more."""
        question = plan.question(str(told["question"]))
        kept = {"question": question, "level": Level(told["level"]), "beside": tuple(told["beside"])}
        return cls(**{**told, **kept}) if question else None


@dataclass(frozen=True, slots=True)
class Likelier:
    """What was likelier meant: the value, and the number as it was written with the unit it then has ("130 斤"); ""
    where the value says it all."""

    value: dict[str, float | str]
    written: str = ""


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
    found = [read for question in others for read in _read_other(plans, question, text, before)]
    return [*_reads(plans, current, _rest(current, others, text), before.get(current.id)), *found]


def _rest(current: Question, others: Sequence[Question], text: str) -> str:
    """The part of the message that can answer the open question: what speaks of it, and what speaks of no other."""
    if current.kind == "text" or current.measures:
        return text
    own = current.about.all if current.about else []
    taken = [word for other in others if other.about for word in other.about.all]
    parts = [part for part in clauses(text) if _speaks_of(part, own) or not _speaks_of(part, taken)]
    return text if len(parts) == len(clauses(text)) else "，".join(parts)


def _speaks_of(part: str, words: Sequence[str]) -> bool:
    return any(word.lower() in part.lower() for word in words)


def _read_other(plans: Plans, question: Question, text: str, before: dict[str, Any]) -> list[Read]:
    if question.measures:
        return _measurement(plans, question, text, before.get(question.id), expected="")
    if question.about and about(text, question.about.all):
        telling = [*question.about.all, *grave_words(question)]
        return _reads(plans, question, about(text, telling), None)
    return []


def _reads(plans: Plans, question: Question, text: str, before: Any) -> list[Read]:
    """The answer to this question, and behind a value the doubtful ones."""
    if question.measures:
        return _measurement(plans, question, text.strip(), before, expected=question.kind)
    read = read_one(plans, question, text, before)
    return [read] if read else []


def read_one(plans: Plans, question: Question, text: str, before: Any = None) -> Read | None:
    """The answer to this question; None when the words say nothing to it, or nothing sure."""
    text = text.strip()
    if not text:
        return None
    if question.measures:
        return next(iter(_measurement(plans, question, text, before, expected=question.kind)), None)
    match question.kind:
        case "pain":
            return _pain(plans, question, text)
        case "number":
            return _counted(plans, question, find_number(text))
        case "yes_no":
            said = affirmed(question, punctuated(text))
            return None if said is None else graded_yes_no(question, said=said)
        case "choice":
            option = option_told(question, punctuated(text))
            return Read(question, option.id, option.level) if option else None
    return Read(question, "" if _NOTHING.match(text) else text)


def _measurement(plans: Plans, question: Question, text: str, before: Any, *, expected: str) -> list[Read]:
    """Of several sure values the gravest, also when one is put right: "晚上应该是150/90" may only be unsure. Of equals
    the first, or the last that is put right. Behind it the doubtful ones, each of which is to be asked about."""
    told = not_taken_back(find_measurements(text, expected), text)
    mine = [one for one in told if one.kind == question.measures]
    reads = [_measured(plans, question, one, text[one.start : one.end], before) for one in mine]
    sure = [read for read in reads if not read.doubtful]
    if corrects(text):
        return [max(reversed(sure), key=gravity)] if sure else reads[-1:]
    asked = [
        read
        for one, read in zip(mine, reads, strict=True)
        if read.doubtful and is_named(text, one) and (not read.partial or read.level is Level.ALARM)
    ]
    if not sure:
        return [*reads[:1], *(read for read in asked if read is not reads[0])]
    gravest = max(sure, key=gravity)
    others = tuple(read.value for read in sure if read is not gravest and read.value != gravest.value)
    return [replace(gravest, beside=others), *asked]


def gravity(read: Read) -> int:
    return list(Level).index(read.level)


def graded_yes_no(question: Question, *, said: bool) -> Read:
    level = Level.WATCH if question.watch_if is said else Level.USUAL
    return Read(question, said, Level.ALARM if question.alarm_if is said else level)


def chosen(question: Question, option_id: str) -> Read | None:
    """The option of a pressed button."""
    option = next((one for one in question.options if one.id == option_id), None)
    return Read(question, option.id, option.level) if option else None


def _measured(plans: Plans, question: Question, found: Measured, words: str, before: Any) -> Read:
    value = found.value
    if isinstance(before, dict) and question.measures:  # "不对，高压是125"
        kept = {part: one for part, one in before.items() if part != "beyond"}
        value = {**kept, **_other_half(before, value, words)}
    if question.kind == "blood_pressure" and not {"systolic", "diastolic"} <= set(value):
        return half(plans, question, value)
    read = graded(plans, question, value)
    if found.with_unit:
        read = replace(read, unlikely=False)
    ranges = plans.ranges(question)
    if not is_open(found) or ranges is None:
        return read
    alarm = alarms_anyway(ranges, replace(found, value=value))
    return (
        replace(read, level=Level.ALARM, low=alarm.low, open=bool(found.bound), bound=found.bound)
        if alarm
        else replace(read, open=not read.implausible, bound=found.bound)
    )


@dataclass(frozen=True, slots=True)
class Alarm:
    """`low`: it lies below."""

    low: bool


def is_open(found: Measured) -> bool:
    """Whether the value itself was not told: a digit of it is left open (8点多), or it is a bound (低于3.9)."""
    return found.at_most is not None or bool(found.bound)


def alarms_anyway(ranges: Ranges, found: Measured) -> Alarm | None:
    """Whether a value that was not told whole alarms: all beyond the bound does; or, with a digit left open, the
    smallest that it may be does, or it is off by tenths and the largest does. Nobody who has to act is asked for the
    digit first."""
    value = found.value
    if found.bound:
        level, low = ranges.grade(_just_beyond(value, found.bound))
        return Alarm(low) if level is Level.ALARM and low is (found.bound == "below") else None
    at_most = {**value, **(found.at_most or {})}
    near = all(float(at_most[part]) - float(value[part]) < 1 for part in value if part != "when")
    for told in (value, at_most) if near else (value,):
        level, low = ranges.grade(told)
        if level is Level.ALARM:
            return Alarm(low)
    return None


def _just_beyond(value: dict[str, float | str], bound: str) -> dict[str, float | str]:
    """The value nearest to the bound that it may be."""
    step = _NEAREST if bound == "above" else -_NEAREST
    return {part: one if isinstance(one, str) else one + step for part, one in value.items()}


def _other_half(
    before: dict[str, float | str], value: dict[str, float | str], words: str
) -> dict[str, float | str]:
    """A bare 100 behind "高压200" is the other number."""
    bare = set(value) == set(before) == {"systolic"} and not _NAMED_HALF.match(words)
    return {"diastolic": value["systolic"]} if bare and value["systolic"] < before["systolic"] else value  # type: ignore[operator]


def half(plans: Plans, question: Question, value: dict[str, float | str]) -> Read:
    """One number of a pressure."""
    ranges = plans.ranges(question)
    alarms = ranges is not None and half_alarms(ranges, value)
    return Read(question, value, Level.ALARM if alarms else Level.USUAL, partial=True)


def half_alarms(ranges: Ranges, value: dict[str, float | str]) -> bool:
    """Whether one number of a pressure is so high that it alarms, whatever the other one is. A low one may be the
    other number: a bare 70 was asked for both."""
    return ranges.grade(value) == (Level.ALARM, False) and not ranges.implausible(value)


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
    if ranges.implausible(meant) or ranges.grade(meant) == (Level.ALARM, True):
        return None  # 35 mg/dL is no likelier than 35 mmol/L
    return Likelier(meant, f"{number:g} {other.unit}" if other.unit else "")


def _scores(text: str) -> set[float]:
    return set(find_numbers(_WORD.sub(" ", _OR.sub("", _SCALE.sub(" ", text)))))


def _scores_of(parts: Sequence[str], when: re.Pattern[str]) -> set[float]:
    """Those that are told of this time."""
    return {score for part in parts if when.search(part) for score in _scores(part)}


def _counted(plans: Plans, question: Question, number: float | None) -> Read | None:
    if number is None:
        return None
    read = graded(plans, question, {"value": number})
    return Read(question, number, read.level, read.low, read.implausible)


def _pain(plans: Plans, question: Question, text: str) -> Read | None:
    """A number; without one, no pain at all or more than can be borne, which the question itself names. Of several
    that of today, and of a range the worse one."""
    numbers = _scores(text)
    if len(numbers) > 1 and not _RANGE.search(text):
        numbers = _scores_of(clauses(text), _NOW) or _scores_of(clauses(text), _TODAY)
        if len(numbers) > 1:
            return None
    if numbers:
        return _counted(plans, question, max(numbers))
    if any(one.stance is Stance.SAID for one in mentions(text, vocabulary().unbearable.all)):
        return _counted(plans, question, 10.0)
    parts = clauses(text.replace("’", "'"))
    painless = [bool(_PAINLESS.fullmatch(part)) for part in parts]
    left = [part for part, none in zip(parts, painless, strict=True) if not none and _PAIN.search(part)]
    return _counted(plans, question, 0.0) if any(painless) and not left else None
