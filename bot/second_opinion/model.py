"""The trained model of the second opinion."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.second_opinion.features import features
from integrations.language import linear_model
from integrations.language.linear_model import LinearModel, probabilities

CLASSES = ("none", "check", "urgent", "crisis", "emergency")
_BOUNDS = "bounds"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How likely danger has to be before the model speaks, found by cross-validation (training.py). `life`: for an
    emergency or a crisis; `today`: for what is urgent; `ask`: for a question; `overrule`: where the rules put a
    sign aside; `harmless`: how likely no danger has to be before it is a witness against a rule; `certain`: before it
    needs no other witness."""

    life: float
    today: float
    ask: float
    overrule: float
    harmless: float
    certain: float


@dataclass(frozen=True, slots=True)
class Model:
    """`linear`: its labels are `CLASSES`."""

    linear: LinearModel
    bounds: Bounds

    def likely(self, text: str) -> NDArray[np.float64]:
        """The probability of each of `CLASSES` for a plain text."""
        rows, values = self.linear.weigh(features(text))
        return probabilities(values @ self.linear.weights[rows] + self.linear.bias)


def read(file: Path) -> Model | None:
    """The model in a file; None where there is none or it is damaged."""
    linear = linear_model.read(file)
    if linear is None or linear.labels != CLASSES or _BOUNDS not in linear.more:
        return None
    return Model(linear, Bounds(*linear.more[_BOUNDS].tolist()))


def keep(model: Model, file: Path) -> None:
    linear_model.keep(replace(model.linear, more={_BOUNDS: np.array(astuple(model.bounds))}), file)
