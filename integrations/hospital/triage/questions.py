"""Which question would decide most, and what an answer makes of the probabilities (questions.yml)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

TABLE = Path(__file__).with_name("questions.yml")
MOST = 3  # questions in one triage
SURE = 0.85  # from here on the first department is clear, and nothing is asked
WORTH = 0.08  # bits that a question must bring to be worth the patient's time
RARE = 0.05  # an answer less probable than this is not offered as a choice
CHOICES = 5  # at most so many choices, the most probable
STATED = "stated"  # the table's last part
_LEAST = 0.002  # no answer excludes a department for good: people press the wrong button

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Table:
    """One question: how probable each answer (row) is in each department (column); columns sum to 1."""

    answers: tuple[str, ...]
    shares: NDArray[np.float64]

    def gain(self, scores: Scores) -> float:
        """Bits: how much the uncertainty about the department is expected to shrink."""
        joint = self.shares * scores
        chances = joint.sum(axis=1)
        return _entropy(scores) + _entropy(chances) - _entropy(joint)

    def choices(self, scores: Scores) -> tuple[str, ...]:
        chances = (self.shares * scores).sum(axis=1)
        kept = sorted(np.argsort(-chances)[:CHOICES])
        return tuple(self.answers[at] for at in kept if chances[at] >= RARE)


def answered(scores: Scores, departments: tuple[str, ...], question: str, answer: str) -> Scores:
    """The probabilities after an answer. One that the table does not know says nothing."""
    table = _tables(departments).get(question)
    if table is None or answer not in table.answers:
        return scores
    weighed: Scores = scores * table.shares[table.answers.index(answer)]
    return weighed / weighed.sum()


def best(
    scores: Scores, departments: tuple[str, ...], settled: Collection[str]
) -> tuple[str, tuple[str, ...]] | None:
    """The question that is expected to make the department clearest, with the answers worth offering.

    `settled`: questions whose answer is known or makes no sense. None: no question is worth asking.
    """
    if scores.max() >= SURE:
        return None
    open_ = {key: table for key, table in _tables(departments).items() if key not in settled}
    gains = {key: table.gain(scores) for key, table in open_.items()}
    for key in sorted(gains, key=lambda one: -gains[one]):
        choices = open_[key].choices(scores)
        if gains[key] >= WORTH and len(choices) > 1:
            return key, choices
    return None


def stated(text: str) -> frozenset[str]:
    """The questions that a patient's words answer already. `text`: normalised, small letters."""
    return frozenset(key for key, pattern in _patterns().items() if pattern.search(text))


def _entropy(shares: Scores) -> float:
    some = shares[shares > 0]
    return float(-(some * np.log2(some)).sum())


@cache
def _tables(departments: tuple[str, ...]) -> Mapping[str, _Table]:
    return {key: _table(answers, departments) for key, answers in _read().items() if key != STATED}


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {key: re.compile(pattern) for key, pattern in _read()[STATED].items()}


def _read() -> Mapping[str, Mapping[str, Any]]:
    rows: Mapping[str, Mapping[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return rows


def _table(answers: Mapping[str, Mapping[str, float]], departments: tuple[str, ...]) -> _Table:
    counts = np.array([[row.get(name, row["otherwise"]) for name in departments] for row in answers.values()])
    shares = np.maximum(counts / counts.sum(axis=0), _LEAST)
    return _Table(tuple(answers), shares / shares.sum(axis=0))
