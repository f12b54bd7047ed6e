"""Follow-up plans as data: one YAML file each, which staff edit, and `measurements.yml` with the ranges that hold where
a plan says none of its own. A file that cannot be read closes only itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from integrations.hospital.follow_up.ranges import Advice, OtherUnits, Ranges, Said, Strict
from integrations.hospital.follow_up.times import Delay, Rhythm
from integrations.hospital.models import Level
from integrations.language.measurements import MeasurementKind
from integrations.settings import Settings

FOLDER = Path(__file__).with_name("plans")
MEASUREMENTS = "measurements.yml"

QuestionKind = Literal[
    "blood_pressure", "glucose", "weight", "temperature", "pain", "number", "yes_no", "choice", "text"
]
GRADED_BY_RANGES = frozenset({*MeasurementKind, "pain", "number"})
_ID = r"^[a-z][a-z0-9_]{1,39}$"
_DAY = 24 * 60  # minutes


class Words(Strict):
    """Words by which a patient's sentence is known to speak of a question."""

    zh: list[str] = Field(min_length=1)
    en: list[str] = Field(min_length=1)

    @property
    def all(self) -> list[str]:
        return [*self.zh, *self.en]


class Option(Strict):
    id: str = Field(pattern=_ID)
    text: Said
    level: Level = Level.USUAL
    words: Words | None = None  # other ways to say it


class Question(Strict):
    """`watch_if` and `alarm_if` are for yes_no, as are `affirms` and `denies`: words that say yes, and words that say
    no; denied themselves (没起泡, 没忘) they say the opposite. `ranges` are for what is measured or counted.
    `page_minutes`: for so long an alarm may wait for its duty before those on call are paged; 0 is at once; without it
    the measurement's holds."""

    id: str = Field(pattern=_ID)
    kind: QuestionKind
    ask: Said
    about: Words | None = None
    ranges: Ranges | None = None
    unit: Said | None = None
    options: tuple[Option, ...] = ()
    watch_if: bool | None = None
    alarm_if: bool | None = None
    affirms: Words | None = None
    denies: Words | None = None
    page_minutes: int | None = Field(default=None, ge=0, le=_DAY)
    advice: Advice = Advice()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("options belong to a choice, and a choice needs some")
        if self.options and not 2 <= len(self.options) <= 6:
            raise ValueError("a choice has two to six options")
        if self.kind != "yes_no" and (self.watch_if is not None or self.alarm_if is not None):
            raise ValueError("watch_if and alarm_if are for yes_no")
        if self.kind != "yes_no" and (self.affirms or self.denies):
            raise ValueError("affirms and denies are for yes_no")
        if self.ranges and self.kind not in GRADED_BY_RANGES:
            raise ValueError(f"a question of the kind {self.kind} has no ranges")
        if self.kind in ("pain", "number") and self.ranges is None:
            raise ValueError(f"a question of the kind {self.kind} needs ranges")
        levels = {option.level for option in self.options}
        if (self.alarm_if is not None or Level.ALARM in levels) and self.advice.alarm is None:
            raise ValueError("an answer may alarm, and advice.alarm is missing")
        if (self.watch_if is not None or Level.WATCH in levels) and self.advice.watch is None:
            raise ValueError("an answer is to be watched, and advice.watch is missing")
        return self

    @property
    def measures(self) -> MeasurementKind | None:
        return MeasurementKind(self.kind) if self.kind in set(MeasurementKind) else None


def _in_both(name: Any) -> Any:
    """A name alone is said in both languages."""
    return {"zh": name, "en": name} if isinstance(name, str) else name


# Which staff look at what alarms; alerts keep the Chinese name.
DutyName = Annotated[Said, BeforeValidator(_in_both)]


class Start(Strict):
    """What puts a patient on the plan. `visits`: departments by name, or all; `diagnoses`: ICD-10 codes, or their
    beginnings, given by staff."""

    visits: Literal["all"] | tuple[str, ...] = ()
    events: tuple[Literal["surgery", "discharge"], ...] = ()
    diagnoses: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.visits or self.events or self.diagnoses):
            raise ValueError("say what starts the plan: visits, events or diagnoses")
        return self

    def by_visit(self, department: str) -> bool:
        return self.visits == "all" or department in self.visits

    def by_diagnosis(self, code: str) -> bool:
        return any(code.upper().startswith(one.upper()) for one in self.diagnoses)


class End(Strict):
    """What ends the plan before its time, where staff began it for no department: visits to these, or to all; an empty
    list: none. Where a department is known, a visit there does."""

    visits: Literal["all"] | tuple[str, ...] = "all"

    def by_visit(self, department: str) -> bool:
        return self.visits == "all" or department in self.visits


class Plan(Strict):
    """One file. `hour` is local; within it the askings are spread."""

    id: str = Field(pattern=_ID)
    names: Said
    started_by: Start
    ended_by: End = End()
    times: list[Delay] | Rhythm
    hour: int = Field(ge=8, le=20)
    duty: DutyName
    questions: list[Question] = Field(min_length=1, max_length=8)
    closing: Said

    @field_validator("questions")
    @classmethod
    def _known_apart(cls, questions: list[Question]) -> list[Question]:
        ids = [question.id for question in questions]
        if twice := {one for one in ids if ids.count(one) > 1}:
            raise ValueError(f"two questions are called {', '.join(sorted(twice))}")
        kinds = [question.kind for question in questions if question.measures]
        if len(kinds) != len(set(kinds)):
            raise ValueError("what is measured is asked once in a plan")
        return questions

    def question(self, question_id: str) -> Question | None:
        return next((one for one in self.questions if one.id == question_id), None)


class MeasurementRule(Strict):
    """What holds for a kind of measurement wherever a plan says nothing else."""

    unit: str = Field(min_length=1, max_length=16)
    otherwise: OtherUnits | None = None
    ranges: Ranges
    advice: Advice
    duty: DutyName
    page_minutes: int = Field(default=0, ge=0, le=_DAY)

    @property
    def page_after(self) -> timedelta:
        return timedelta(minutes=self.page_minutes)


class MeasurementRules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    blood_pressure: MeasurementRule
    glucose: MeasurementRule
    weight: MeasurementRule
    temperature: MeasurementRule

    def of(self, kind: MeasurementKind) -> MeasurementRule:
        rule: MeasurementRule = getattr(self, kind)
        return rule


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a file, for whoever edits it."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.words}"


@dataclass(frozen=True, slots=True)
class Plans:
    rules: MeasurementRules
    by_id: Mapping[str, Plan]
    faults: tuple[Fault, ...] = field(default=())

    def get(self, plan_id: str) -> Plan | None:
        """None for a plan that is gone or closed by a fault."""
        return self.by_id.get(plan_id)

    def duty(self, name: str, language: str) -> str:
        """In the reader's language, of an alert's; as it stands where no file names it any more."""
        duties = [plan.duty for plan in self.by_id.values()]
        duties += [self.rules.of(kind).duty for kind in MeasurementKind]
        return next((one.text(language) for one in duties if one.zh == name), name)

    def for_visit(self, department: str) -> list[Plan]:
        return [plan for plan in self.by_id.values() if plan.started_by.by_visit(department)]

    def for_event(self, event: str) -> list[Plan]:
        return [plan for plan in self.by_id.values() if event in plan.started_by.events]

    def for_diagnosis(self, code: str) -> list[Plan]:
        return [plan for plan in self.by_id.values() if plan.started_by.by_diagnosis(code)]

    def ranges(self, question: Question) -> Ranges | None:
        if question.ranges or not question.measures:
            return question.ranges
        return self.rules.of(question.measures).ranges

    def page_after(self, question: Question) -> timedelta:
        """From an alarm that nobody took to the page of those on call."""
        if question.page_minutes is not None or not question.measures:
            return timedelta(minutes=question.page_minutes or 0)
        return self.rules.of(question.measures).page_after

    def advice(self, question: Question, level: Level, *, low: bool = False) -> Said | None:
        """The plan's own words, else those of the measurement."""
        own = question.advice.words(level, low=low)
        if own or not question.measures:
            return own
        return self.rules.of(question.measures).advice.words(level, low=low)


def plans(settings: Settings) -> Plans:
    """The plans as the files say now; read again when one changes."""
    folder = settings.follow_up_plans or FOLDER
    stamps = tuple(sorted((str(file), file.stat().st_mtime_ns) for file in folder.glob("*.yml")))
    return _load(folder, stamps)


@lru_cache(maxsize=2)
def _load(folder: Path, stamps: tuple[tuple[str, int], ...]) -> Plans:
    return load(folder)


def load(folder: Path) -> Plans:
    """Reads a folder. Where it has no measurements.yml, or a broken one, ours holds."""
    found: dict[str, Plan] = {}
    faults: list[Fault] = []
    rules: MeasurementRules | None = None
    for file in sorted(folder.glob("*.yml")):
        model: type[BaseModel] = MeasurementRules if file.name == MEASUREMENTS else Plan
        read, wrong = _read(file, model)
        faults += wrong
        if isinstance(read, MeasurementRules):
            rules = read
        elif isinstance(read, Plan):
            if read.id == file.stem:
                found[read.id] = read
            else:
                faults.append(Fault(file.name, 1, f"the file is called {file.stem}, and its id is {read.id}"))
    if rules is None:
        ours, _ = _read(FOLDER / MEASUREMENTS, MeasurementRules)
        assert isinstance(ours, MeasurementRules)
        rules = ours
    return Plans(rules, found, tuple(faults))


def _read(file: Path, model: type[BaseModel]) -> tuple[BaseModel | None, list[Fault]]:
    try:
        words = file.read_text("utf-8")
        tree = yaml.compose(words, Loader=yaml.CSafeLoader)
        said = yaml.load(words, Loader=yaml.CSafeLoader)
    except (yaml.MarkedYAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this is no text in UTF-8"
        return None, [Fault(file.name, mark.line + 1 if mark else 1, problem)]
    try:
        return model.model_validate(said), []
    except ValidationError as error:
        return None, [
            Fault(file.name, _line(tree, one["loc"]), f"{_place(one['loc'])}: {_plain(one['msg'])}")
            for one in error.errors()
        ]


def _line(node: Any, place: tuple[int | str, ...]) -> int:
    """The line of the innermost part of the place that the file has."""
    line: int = node.start_mark.line + 1 if node else 1
    for step in place:
        inner = next(_inside(node, step), None)
        if inner is not None:
            node, line = inner
    return line


def _inside(node: Any, step: int | str) -> Iterator[tuple[Any, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                yield value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        yield node.value[step], node.value[step].start_mark.line + 1


def _place(place: tuple[int | str, ...]) -> str:
    return (
        ".".join(str(step) for step in place if not re.match(r"[A-Z]|list\[|literal\[", str(step))) or "file"
    )


def _plain(message: str) -> str:
    """Pydantic's words without its own prefixes."""
    plain = message.removeprefix("Value error, ")
    return {
        "Extra inputs are not permitted": "this word is not known here",
        "Field required": "is missing",
    }.get(plain, plain)
