"""Triage: from a patient's words to departments. Pure functions; it names departments, never a disease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from integrations.hospital.ages import FERTILE
from integrations.hospital.triage import model
from integrations.hospital.triage.denial import spoken
from integrations.hospital.triage.departments import EMERGENCY, GENERAL, nearest
from integrations.hospital.triage.english import Heard, heard, without_english
from integrations.hospital.triage.model import Reading
from integrations.hospital.triage.questions import MOST, answered, best, stated
from integrations.hospital.triage.reasons import reasons
from integrations.language.script import normalise

OFFERED = 3
EXPLAINED = 3  # departments that come with the words that speak for them
CHILD = 14  # years: below, the children's department comes first
ELDER = 65
_CLEARLY = 0.5
NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about, as far as it is known. `age` in years, with a fraction for infants."""

    age: float | None = None
    sex: Literal["male", "female"] | None = None
    pregnant: bool | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A standard department (departments.yml), its probability, and the patient's words that speak for it."""

    department: str
    score: float
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask next. domain.yml holds the text (ask_triage_<key>) and the words of the answers
    (word_triage_<key>_<answer>)."""

    key: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """All standard departments, the most probable first (scores sum to 1), and the question that would decide most:
    None when enough is known, or when three were answered."""

    ranked: tuple[Ranked, ...]
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A department of this hospital, by its own name, for one or several of the ranked ones."""

    department: str
    score: float
    because: tuple[str, ...] = ()


def assess(text: str, person: Person = Person(), answers: Mapping[str, str] = NO_ANSWERS) -> Assessment:
    """Where a person with these words should go. `text`: all that the patient wrote about it, as it came or
    normalised; `answers`: what was answered so far, question's key → answer's key."""
    said = heard(normalise(text).lower())
    spoken_of = without_english(spoken(said.text)) if said.english else spoken(said.text)
    reading = model.load().read(spoken_of)
    names = reading.model.departments
    scores = reading.scores()
    known = {**_known(person), **answers}
    for key, answer in known.items():
        scores = answered(scores, names, key, answer)
    ranked = tuple(
        Ranked(
            names[at],
            float(scores[at]),
            _because(said, spoken_of, reading, names[at]) if place < EXPLAINED else (),
        )
        for place, at in enumerate(np.argsort(-scores, kind="stable"))
    )
    if len(answers) >= MOST:
        return Assessment(ranked)
    asked = best(scores, names, {*known, *_senseless(person, known), *stated(said.text)})
    return Assessment(ranked, Question(*asked) if asked else None)


def age_group(years: float) -> str:
    """The answer to the question for the age: child, adult or elder."""
    return "child" if years < CHILD else "elder" if years >= ELDER else "adult"


def speaks_of_illness(text: str, *, surely: bool = False) -> bool:
    """Whether the words hold a known complaint, or lead clearly somewhere: "取药后一直疼" does, "取药" does not.
    `surely`: a known complaint alone counts, "给孩子挂号" is none."""
    first = assess(text).ranked[0]
    known = any(word in model.load().words for word in first.because)
    return known or (first.score >= _CLEARLY and not surely)


def _because(said: Heard, spoken_of: str, reading: Reading, department: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(said.original, reasons(spoken_of, reading, department))))


def _known(person: Person) -> dict[str, str]:
    """What need not be asked."""
    known = {}
    if person.age is not None:
        known["age"] = age_group(person.age)
    if person.sex:
        known["sex"] = person.sex
    if person.pregnant is not None:
        known["pregnant"] = "yes" if person.pregnant else "no"
    return known


def _senseless(person: Person, known: Mapping[str, str]) -> set[str]:
    """Nobody asks a man, a child or a woman past that age whether they are pregnant."""
    past = person.age is not None and int(person.age) not in FERTILE
    nobody = past or known.get("sex") == "male" or known.get("age") in {"child", "elder"}
    return {"pregnant"} if nobody else set()


def offered(ranked: Sequence[Ranked], here: Mapping[str, Sequence[str]]) -> tuple[Offer, ...]:
    """The best three departments of one hospital, the first choice first.

    `here`: the departments that take this person, by name, each with what its patients call it (aliases).
    A department that the hospital lacks becomes the nearest broader one, else general medicine, else the emergency
    department; empty only when the hospital has none of all these.
    """
    found: dict[str, Offer] = {}
    fallback = nearest(GENERAL, here) or nearest(EMERGENCY, here)
    for one in ranked:
        own = nearest(one.department, here) or fallback
        if own is None:
            continue
        known = found.get(own)
        found[own] = Offer(
            own, one.score + (known.score if known else 0), known.because if known else one.because
        )
    return tuple(sorted(found.values(), key=lambda offer: -offer.score)[:OFFERED])
