"""Which question would decide most, and what an answer makes of the probabilities (questions.yml)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

TABLE = Path(__file__).with_name("questions.yml")
MOST = 3  # questions in one triage
SURE = 0.85  # the first department is clear: nothing is asked
WORTH = 0.08  # bits that a question must bring to be asked
RARE = 0.03  # an answer less probable than this is not offered as a choice

Shares = Mapping[str, float]


def shares(question: str, answer: str, departments: tuple[str, ...]) -> dict[str, float]:
    """How probable this answer is in each department. An answer that the table does not know says nothing."""
    table = _questions().get(question, {})
    if answer not in table:
        return dict.fromkeys(departments, 1.0)
    found = {}
    for department in departments:
        whole = sum(_share(of_answer, department) for of_answer in table.values())
        found[department] = max(_share(table[answer], department) / whole, 0.001)
    return found


def answered(scores: Shares, question: str, answer: str) -> dict[str, float]:
    """The probabilities after an answer."""
    likely = shares(question, answer, tuple(scores))
    weighed = {name: score * likely[name] for name, score in scores.items()}
    whole = sum(weighed.values())
    return {name: score / whole for name, score in weighed.items()}


def best(scores: Shares, settled: frozenset[str]) -> tuple[str, tuple[str, ...]] | None:
    """The question that is expected to make the department clearest, with the answers worth offering.

    `settled`: questions whose answer is known or makes no sense. None: no question is worth the patient's time.
    """
    if max(scores.values()) >= SURE:
        return None
    gains = {key: _gain(scores, key) for key in _questions() if key not in settled}
    key = max(gains, key=lambda one: gains[one], default=None)
    if key is None or gains[key] < WORTH:
        return None
    return key, tuple(one for one in _questions()[key] if _chance(scores, key, one) >= RARE)


def _gain(scores: Shares, question: str) -> float:
    """Bits: how much the uncertainty about the department is expected to shrink."""
    left = sum(
        _chance(scores, question, answer) * _entropy(answered(scores, question, answer))
        for answer in _questions()[question]
    )
    return _entropy(scores) - left


def _chance(scores: Shares, question: str, answer: str) -> float:
    likely = shares(question, answer, tuple(scores))
    return sum(score * likely[name] for name, score in scores.items())


def _entropy(scores: Shares) -> float:
    return -sum(score * math.log2(score) for score in scores.values() if score > 0)


def _share(of_answer: Shares, department: str) -> float:
    return of_answer.get(department, of_answer["otherwise"])


@cache
def _questions() -> Mapping[str, Mapping[str, Shares]]:
    table: Mapping[str, Mapping[str, Shares]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table
