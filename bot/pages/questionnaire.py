"""A follow-up's questions as fields of a page, and what somebody filled in, held against the plan as the chat does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.pages.speech import Line, Speech, line
from integrations.hospital.follow_up import wording
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.follow_up.plans import Plans, Question
from integrations.hospital.follow_up.ranges import Ranges
from integrations.hospital.follow_up.reading import (
    Likelier,
    Read,
    chosen,
    graded,
    graded_yes_no,
    half,
    likelier,
    read_one,
)
from integrations.hospital.models import Level
from integrations.language.measurements import find_number
from integrations.language.script import normalise

LONGEST_WORDS = 500
_LONGEST_NUMBER = 20
SKIP = "skip"
MEANT, OTHER, TOLD = "meant", "other", "told"  # which of two units
_PRESSURE = ("systolic", "diastolic", "pulse")  # the last one may be left out
_TIMES = ("fasting", "after_meal")


@dataclass(frozen=True, slots=True)
class NumberField:
    """`part` of the value, its `title` where the question has several, and what it may be."""

    name: str
    title: str
    hint: str
    unit: str
    typed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One question on the page. `options` are (value, title); `doubted`: what was filled in and is doubted;
    `meant`: what a number in either of two units may mean, to choose from."""

    id: str
    kind: str
    ask: str
    numbers: tuple[NumberField, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    typed: str = field(default="", repr=False)
    skipped: bool = False
    doubted: str = field(default="", repr=False)
    meant: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    fault: str = ""


@dataclass(slots=True)
class Filled:
    """What was filled in. `given` is to be kept; `faults` by question; `reads` what was understood, for advice;
    `dropped`: a value was doubted twice, and is left out; `stood_by`: those of them that can hardly be, which staff
    see; `halves`: single numbers of a pressure that alarm by themselves; `meanwhile`: something was answered in the
    chat since the page was opened; `words`: what was written freely."""

    given: list[Given] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    faults: dict[str, Line] = field(default_factory=dict)
    doubted: dict[str, Read] = field(default_factory=dict)
    dropped: bool = False
    stood_by: list[Read] = field(default_factory=list)
    halves: list[Read] = field(default_factory=list)
    meanwhile: bool = False
    words: list[str] = field(default_factory=list, repr=False)

    @property
    def alarmed(self) -> bool:
        return any(read.level is Level.ALARM for read in (*self.reads, *self.halves))


def answers_any(typed: Mapping[str, str], questions: Sequence[Question]) -> bool:
    """Whether something was filled in to one of these."""
    return any(typed.get(name, "").strip() for question in questions for name in _names(question))


def read_filled(
    plans: Plans, questions: Sequence[Question], typed: Mapping[str, str], speech: Speech
) -> Filled:
    """Only of the questions that are still open."""
    filled = Filled()
    for question in questions:
        _read(plans, question, typed, filled, speech)
    if filled.faults:  # words left out are an answer only where all the rest is answered
        filled.given = [one for one in filled.given if one.question.kind != "text" or one.value]
    return filled


def _read(plans: Plans, question: Question, typed: Mapping[str, str], filled: Filled, speech: Speech) -> None:
    if typed.get(f"{question.id}-{SKIP}") or typed.get(question.id) == SKIP:
        filled.given.append(Given(question, None))
        return
    read = _understood(plans, question, typed)
    if read is None or read.open:
        filled.faults[question.id] = line(f"page_fault_asked_{_missing(question, typed)}")
    elif read.partial:
        filled.faults[question.id] = line("page_fault_asked_partial")
        filled.halves += [read] if read.level is Level.ALARM else []
    elif read.doubtful and not _told_again(question, read, typed):
        value = wording.counted(speech.texts, question, read.value)
        kind = "implausible" if read.implausible else "unlikely"
        filled.faults[question.id] = line(f"page_fault_asked_{kind}", value=value)
        filled.doubted[question.id] = read
    elif (sure := _meant(plans, read, typed, speech) if read.doubtful else read) is None:
        filled.given.append(Given(question, None))
        filled.stood_by += [read] if read.implausible else []
        filled.dropped |= not read.implausible
    else:
        filled.reads.append(sure)
        filled.given.append(Given(question, sure.value, sure.level))
        if question.kind == "text" and sure.value:
            filled.words.append(sure.value)


def _told_again(question: Question, read: Read, typed: Mapping[str, str]) -> bool:
    """Whether it was doubted before; a number that is possible only if it is the same."""
    doubted = typed.get(f"{question.id}-doubted")
    return bool(doubted) and (read.implausible or doubted == _all_typed(typed, question))


def _meant(plans: Plans, read: Read, typed: Mapping[str, str], speech: Speech) -> Read | None:
    """In which unit a number was meant, if that was chosen: told twice without, it stays unclear, as in the chat."""
    chosen_unit = typed.get(f"{read.question.id}-{MEANT}")
    if read.unlikely and chosen_unit == TOLD:
        return replace(read, unlikely=False)
    other = _likelier(plans, read, speech) if read.unlikely and chosen_unit == OTHER else None
    return graded(plans, read.question, other.value) if other else None


def _likelier(plans: Plans, read: Read, speech: Speech) -> Likelier | None:
    ranges, kind = plans.ranges(read.question), read.question.measures
    return likelier(plans.rules.of(kind), ranges, read.value, speech.language) if kind and ranges else None


def _missing(question: Question, typed: Mapping[str, str]) -> str:
    """Nothing was filled in, or nothing that is a number."""
    return "number" if any(_typed(typed, name) for name in _names(question)) else "missing"


def _understood(plans: Plans, question: Question, typed: Mapping[str, str]) -> Read | None:
    match question.kind:
        case "blood_pressure":
            return _pressure(plans, question, typed)
        case "yes_no":
            said = typed.get(question.id)
            return graded_yes_no(question, said=said == "yes") if said in ("yes", "no") else None
        case "choice":
            return chosen(question, typed.get(question.id, ""))
        case "text":
            words = typed.get(question.id, "").strip()[:LONGEST_WORDS]
            return read_one(plans, question, words) or Read(question, "")
    read = read_one(plans, question, _typed(typed, question.id))
    when = typed.get(f"{question.id}-when", "")
    if read and question.kind == "glucose" and when in _TIMES:
        return graded(plans, question, {**read.value, "when": when})
    return read


def _pressure(plans: Plans, question: Question, typed: Mapping[str, str]) -> Read | None:
    told = {part: _typed(typed, f"{question.id}-{part}") for part in _PRESSURE}
    if told["systolic"] and not told["diastolic"]:  # both in one field: 135/85
        return read_one(plans, question, told["systolic"])
    value: dict[str, float | str] = {
        part: number for part, words in told.items() if (number := find_number(words)) is not None
    }
    if told["pulse"] and "pulse" not in value:
        return None
    if not {"systolic", "diastolic"} <= set(value):
        return half(plans, question, value) if value.keys() - {"pulse"} else None
    return graded(plans, question, value)


def _typed(typed: Mapping[str, str], name: str) -> str:
    return normalise(typed.get(name, "").strip()[:_LONGEST_NUMBER])


def _all_typed(typed: Mapping[str, str], question: Question) -> str:
    """By which a value is known that is filled in once more."""
    return " ".join(filter(None, (_typed(typed, name) for name in _names(question))))


def _names(question: Question) -> list[str]:
    if question.kind == "blood_pressure":
        return [f"{question.id}-{part}" for part in _PRESSURE]
    return [question.id]


def fields(
    plans: Plans,
    questions: Sequence[Question],
    speech: Speech,
    typed: Mapping[str, str],
    filled: Filled | None = None,
) -> list[Field]:
    """The questions that are open, with what was typed just now where it has to be looked at again. Nothing that is
    kept already stands here: the page may be read over a shoulder."""
    return [_field(plans, question, speech, typed, filled) for question in questions]


def _field(
    plans: Plans, question: Question, speech: Speech, typed: Mapping[str, str], filled: Filled | None
) -> Field:
    fault = filled.faults.get(question.id) if filled else None
    doubted = filled.doubted.get(question.id) if filled else None
    return Field(
        question.id,
        question.kind,
        speech.write(question.ask.text(speech.language)),
        _numbers(plans, question, speech, typed),
        _options(question, speech),
        typed.get(f"{question.id}-when" if question.kind == "glucose" else question.id, ""),
        bool(typed.get(f"{question.id}-{SKIP}")),
        _all_typed(typed, question) if doubted else "",
        _units(plans, doubted, speech) if doubted and doubted.unlikely else (),
        speech.read(fault) if fault else "",
    )


def _units(plans: Plans, read: Read, speech: Speech) -> tuple[tuple[str, str], ...]:
    """130 斤，也就是体重 65 公斤, and 体重 130 公斤."""
    found = _likelier(plans, read, speech)
    if found is None:
        return ()
    meant = wording.counted(speech.texts, read.question, found.value)
    other = speech.say("word_measured_written", written=found.written, meant=meant)
    return (OTHER, other), (TOLD, speech.write(wording.counted(speech.texts, read.question, read.value)))


def _options(question: Question, speech: Speech) -> tuple[tuple[str, str], ...]:
    match question.kind:
        case "yes_no":
            return ("yes", speech.say("word_yes")), ("no", speech.say("word_no"))
        case "choice":
            return tuple((one.id, speech.write(one.text.text(speech.language))) for one in question.options)
        case "glucose":
            return tuple((when, speech.say(f"page_asked_{when}")) for when in _TIMES)
    return ()


def _numbers(
    plans: Plans, question: Question, speech: Speech, typed: Mapping[str, str]
) -> tuple[NumberField, ...]:
    ranges = plans.ranges(question)
    if ranges is None:
        return ()
    unit = _unit(plans, question, speech)
    if question.kind != "blood_pressure":
        hint = _hint(ranges, "value", speech)
        return (NumberField(question.id, "", hint, unit, typed.get(question.id, "")),)
    return tuple(
        NumberField(
            f"{question.id}-{part}",
            speech.say(f"page_asked_{part}"),
            _hint(ranges, part, speech),
            speech.say("page_asked_beats") if part == "pulse" else unit,
            typed.get(f"{question.id}-{part}", ""),
        )
        for part in _PRESSURE
    )


def _unit(plans: Plans, question: Question, speech: Speech) -> str:
    if question.measures:
        return plans.rules.of(question.measures).unit
    return speech.write(question.unit.text(speech.language)) if question.unit else ""


def _hint(ranges: Ranges, part: str, speech: Speech) -> str:
    """What can be: 50–280. Nothing of what is usual, for that would be advice before the answer."""
    known = ranges.root.get(part) or ranges.root.get("fasting")
    if known is None:
        return ""
    low, high = (wording.number(one) for one in known.plausible)
    return speech.say("page_asked_range", low=low, high=high)
