"""What a patient has told about an illness, for whom, and which departments that leads to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

from actions.directory import Directory
from actions.facts import Facts
from actions.relations import Kin, kin_of, related
from actions.revealing import account_of
from actions.symptoms_told import told_answer
from actions.turn import Turn
from integrations.hospital import patients
from integrations.hospital.directory import DepartmentView
from integrations.hospital.models import Relation, Sex
from integrations.hospital.patients import PatientView
from integrations.hospital.triage.assess import (
    CHILD,
    Assessment,
    Offer,
    Person,
    Question,
    age_group,
    assess,
    offered,
)
from integrations.language.health import is_none, is_unknown, read_age, read_pregnant
from integrations.language.people import told_of

UNSURE = "unknown"  # an answer that decides nothing, and is not asked for again
_SEX: Mapping[Sex, Literal["male", "female"]] = {Sex.MALE: "male", Sex.FEMALE: "female"}
_SMALL_CHILD, _OLD = 6.0, 72.0  # where the word alone says as much
_CHILDREN = re.compile(r"孩子|小孩|宝宝|娃|婴儿|幼儿|child|kid|baby|toddler", re.IGNORECASE)
_WORTH_A_LOOK = 0.02  # a second department with less is no help
_CLEAR = 0.25  # from this probability on something was understood, also without a word that stands out
_SHORT, _SHORT_ENGLISH = 4, 12  # characters
_LONGEST_AGE = 3  # digits
_OTHER_AGE, _GUESSED = (
    2,
    10,
)  # years: who is so much younger or older is somebody else; a relative's age is a guess
_GROWN = 18
_FRESH = timedelta(days=2)  # an illness is told anew after that
_CHILD, _RELATIVE = "孩子", "家人"  # whom only the age tells apart from the one who writes
_CORRECTS = (
    re.compile(
        r"(?:不对|错了|说错了|打错了)?[，,。 ]*不是(?P<old>[^，,。]{1,8}?)[，,。、 ]*(?:而)?是(?P<new>.+)"
    ),
    re.compile(r"(?:不对|错了|说错了|打错了|更正)[，,。:： ]*(?:应该)?(?:是)?(?P<new>.{2,})"),
    re.compile(
        r"(?:no|sorry|wait|actually|oh)?[, ]*(?:sorry,? |wait,? )?i mean(?:t)? (?:to say )?(?:it'?s )?(?P<new>.{3,})",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:no[, ]+)?(?:it'?s )?not (?:my |the |in my )?(?P<old>\w+)[,. ]+(?:but |it'?s |it is )?(?:my |the )?"
        r"(?P<new>.+)",
        re.IGNORECASE,
    ),
)
# What a question for the department is made of, when nothing is told.
_FILLING = re.compile(
    r"您好|你好|请问|我们?|俺|现在|不知道|不清楚|不晓得|应该|到底|需要|咨询|一下|帮我|分诊|导诊|智能|哪一?个|什么|科室?|门诊|医生|大夫"
    r"|比较|合适|不舒服|生?病了?|难受|有点|身体|[那想要该问看说挂去找约是哪啥号好呢啊呀吗的，。,.!！?？、\s]"
    r"|\b(?:hi|hello|i|i'?m|which|what|departments?|should|see|do|need|to|go|doctors?|know|don'?t|not|sure|help|me"
    r"|choose|is|right|for|the|a|can|you|tell|sick|feel|unwell|am)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Symptoms:
    """The patient's words, message by message; answers by the key of their question. `patient` is
    a registered one, `relative` the word for somebody else; `when` the days and the half day of a booking's draft that
    were wished beside it; `day` (ISO) the one on which it was told: 三天 counts from there."""

    words: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    patient: str = ""
    relative: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)
    day: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Symptoms:
        return cls(
            tuple(kept.get("words") or ()),
            dict(kept.get("answers") or {}),
            str(kept.get("patient") or ""),
            str(kept.get("relative") or ""),
            dict(kept.get("when") or {}),
            str(kept.get("day") or ""),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def text(self) -> str:
        return "，".join(self.words)

    def on(self, today: date) -> Symptoms:
        """With the day of its first words."""
        return replace(self, day=(self.day or today.isoformat()) if self.words else "")

    def lately(self, today: date) -> Symptoms:
        """Nothing any more when it was told days ago: by then it is another illness, or has changed."""
        fresh = bool(self.day) and today - date.fromisoformat(self.day) <= _FRESH
        return self if fresh or not self.words else Symptoms()

    def may_be(self, one: PatientView, today: date) -> bool:
        """Whether it can have been told of this registered person."""
        if self.is_another(one, today):
            return False
        if self.patient:
            return str(one.id) == self.patient
        return bool(related([one], self.relative)) if self.relative else one.relation is Relation.SELF

    def is_another(self, one: PatientView, today: date) -> bool:
        """Whether an age was told that cannot be that of this person. Of a grown-up relative it may be a guess."""
        said = read_age(self.text)
        guessed = bool(self.patient or self.relative not in ("", _RELATIVE)) and (said or 0) >= _GROWN
        return said is not None and abs(one.age(today) - said) > (_GUESSED if guessed else _OTHER_AGE)

    def for_whom(self, facts: Facts, text: str) -> Symptoms:
        """With whom a message names."""
        if facts.patient:
            return replace(self, patient=facts.patient, relative="")
        if facts.oneself:
            return replace(self, patient="", relative="")
        relative = facts.relative or told_of(text)
        if not relative and not self.relative and _CHILDREN.search(text):
            relative = _CHILD
        return replace(self, patient="", relative=relative) if relative else self

    def told(self, text: str) -> Symptoms:
        """With one more message about it, or with what it puts right."""
        said = text.strip()
        for pattern in _CORRECTS:
            if found := pattern.fullmatch(said):
                return self._corrected(found.groupdict().get("old") or "", found["new"].strip())
        return replace(self, words=(*self.words, said))

    def _corrected(self, old: str, new: str) -> Symptoms:
        """What was answered to questions about the wrong thing falls away."""
        anew = replace(self, answers={})
        if old and any(old in one for one in self.words):
            changed = tuple(one.replace(old, new) for one in self.words)
            return replace(anew, words=changed)
        return replace(anew, words=(*self.words[:-1], new))

    def answered(self, key: str, answer: str) -> Symptoms:
        return replace(self, answers={**self.answers, key: answer})

    def before(self) -> Symptoms | None:
        """Without the last answer, or the last message; None when there is nothing to take back."""
        if self.answers:
            return replace(self, answers=dict(list(self.answers.items())[:-1]))
        return replace(self, words=self.words[:-1]) if len(self.words) > 1 else None


@dataclass(frozen=True, slots=True)
class Someone:
    """For whom: the registered patient when it is one, and what triage is to know of them. `relative`: the word for
    somebody else, also when the age alone says that it is somebody else. `meant`: those registered who it may be."""

    view: PatientView | None
    person: Person
    kin: Kin | None = None
    relative: str = ""
    meant: tuple[PatientView, ...] = ()


async def someone(turn: Turn, symptoms: Symptoms) -> Someone:
    """Age and sex from the file where there is one, else from the words."""
    async with turn.runtime.database.begin() as session:
        people = await patients.acting_for(session, await account_of(session, turn))
    kin = kin_of(symptoms.relative) if symptoms.relative else None
    view = _registered(people, symptoms)
    said = read_age(symptoms.text)
    pregnant = read_pregnant(symptoms.text)
    another = view is not None and symptoms.is_another(view, turn.today)
    if view and not another:  # 3岁: not the one who writes
        person = Person(float(view.age(turn.today)), _SEX[view.sex], pregnant)
        return Someone(view, person, kin, symptoms.relative, (view,))
    sex = _SEX[kin.sex] if kin and kin.sex else None
    person = _answered(Person(_age(said, kin), sex, pregnant), symptoms.answers)
    child = said is not None and said < CHILD
    named = replace(
        symptoms,
        patient="" if another else symptoms.patient,
        relative=symptoms.relative or (_CHILD if child else _RELATIVE if another else ""),
    )
    meant = tuple(one for one in people if named.may_be(one, turn.today))
    return Someone(None, person, kin, named.relative, meant)


def judge(symptoms: Symptoms, whom: Someone) -> Assessment:
    """What the words and answers lead to; what the words answer by themselves is not asked."""
    answers = dict(symptoms.answers)
    while True:
        found = assess(symptoms.text, whom.person, answers)
        asked = found.question
        told = told_answer(asked.key, symptoms.text, asked.answers) if asked else ""
        if not (asked and told) or asked.key in answers:
            return found
        answers[asked.key] = told


def understood(found: Assessment) -> bool:
    """Whether anything in the words led somewhere."""
    best = found.ranked[:3]
    return any(one.because for one in best) or (bool(best) and best[0].score >= _CLEAR)


def asks_only(text: str) -> bool:
    """我该挂什么科: a question without a word about what is the matter."""
    return not _FILLING.sub("", text)


def answer_to(question: Question, turn: Turn, said: str) -> str:
    """The key of the answer that a message gives in words, UNSURE, or ""."""
    if is_unknown(said):
        return UNSURE
    if question.key == "age" and said.isdecimal() and len(said) <= _LONGEST_AGE:
        return age_group(int(said))
    short = len(said) <= (_SHORT_ENGLISH if said.isascii() else _SHORT)  # more is more than a yes or a no
    if "yes" in question.answers and (
        (short and turn.intent == "affirm") or re.fullmatch(r"有(?:的|一?点|过)?|是的?|会的?|对", said)
    ):
        return "yes"
    if "no" in question.answers and ((short and turn.intent == "deny") or is_none(said)):
        return "no"
    titles = {
        answer: turn.words.texts.text(f"word_triage_{question.key}_{answer}") for answer in question.answers
    }
    return next((answer for answer, title in titles.items() if said and (said in title or title == said)), "")


def departments_for(
    found: Assessment, directory: Directory, whom: Someone, today: date
) -> list[tuple[DepartmentView, Offer]]:
    """The best three of this hospital that take this person."""
    here = {one.name: one for one in directory.departments.values() if not one.fault}
    fitting = {name: one.aliases for name, one in here.items() if _takes(one, whom, today)}
    first, *others = offered(found.ranked, fitting or {name: one.aliases for name, one in here.items()}) or (
        None,
    )
    best = [first, *(one for one in others if one and one.score >= _WORTH_A_LOOK)]
    return [(here[one.department], one) for one in best if one and one.department in here]


def _takes(one: DepartmentView, whom: Someone, today: date) -> bool:
    rules = one.rules
    if whom.view:
        return rules.takes(whom.view.birth_date, whom.view.sex, today)
    if rules.sex and whom.person.sex and rules.sex.value != whom.person.sex:
        return False
    if whom.person.age is None:
        return True
    return rules.takes_age(today - timedelta(days=int(whom.person.age * 365.25)), today)


def _registered(people: Sequence[PatientView], symptoms: Symptoms) -> PatientView | None:
    if symptoms.patient:
        return next((one for one in people if str(one.id) == symptoms.patient), None)
    if symptoms.relative:
        meant = related(people, symptoms.relative)
        return meant[0] if len(meant) == 1 else None
    return next((one for one in people if one.relation is Relation.SELF), None)


def _age(said: float | None, kin: Kin | None) -> float | None:
    if said is not None:
        return said
    if kin and kin.name in ("child", "grandchild", "grandson", "granddaughter"):
        return _SMALL_CHILD
    return _OLD if kin and kin.relation is Relation.GRANDPARENT else None


def _answered(person: Person, answers: Mapping[str, str]) -> Person:
    """With what was answered to a question about the person, as far as departments take only some."""
    age = {"child": _SMALL_CHILD, "elder": _OLD}.get(answers.get("age", ""))
    if person.age is None and age is not None:
        person = replace(person, age=age)
    sex = answers.get("sex")
    return replace(person, sex=sex) if person.sex is None and sex in ("male", "female") else person  # type: ignore[arg-type]
