"""The trained triage model: read once, trained where it does not stand in its file yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from integrations.hospital.triage.features import features
from integrations.hospital.triage.inputs import model_file
from integrations.language import linear_model
from integrations.language.linear_model import LinearModel, probabilities

WORDS = "words"  # what a reason may be told with, one on a line


class Model:
    """`linear`: its labels are the departments."""

    def __init__(self, linear: LinearModel) -> None:
        self.linear = linear
        self.departments = linear.labels
        self.words = frozenset(linear.more[WORDS].item().split("\n"))

    def read(self, text: str) -> Reading:
        """What the model makes of a text."""
        rows, values = self.linear.weigh(features(text))
        return Reading(self, rows, values[:, None] * self.linear.weights[rows])


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as the model sees it. `parts`: what each of its features (`rows`) adds to each department."""

    model: Model
    rows: NDArray[np.int64]
    parts: NDArray[np.float32]

    def scores(self) -> NDArray[np.float64]:
        """Each department's probability, in the model's order."""
        return probabilities(self.parts.sum(axis=0) + self.model.linear.bias)

    def spoken_for(self, department: str) -> dict[int, float]:
        """How much each feature speaks for a department, against what it does for all of them."""
        at = self.model.departments.index(department)
        parts = self.parts[:, at] - self.parts.mean(axis=1)
        return dict(zip(self.rows.tolist(), parts.tolist(), strict=True))


@cache
def load() -> Model:
    """The model for the present inputs; trained now when it does not stand in its file yet."""
    file = model_file()
    known = linear_model.read(file)
    if known:
        return Model(known)
    from integrations.hospital.triage.training import train  # takes scikit-learn along

    made = train()
    linear_model.keep(made, file)
    return Model(made)


if __name__ == "__main__":
    load()
