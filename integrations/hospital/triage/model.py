"""The trained triage model: kept in a file, read once, applied with numpy alone."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import structlog
from numpy.typing import NDArray

from integrations.hospital.triage.features import features
from integrations.hospital.triage.inputs import model_file

log = structlog.get_logger()

KEPT = 3  # another program may still use the one before


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over weighted runs of characters. `weights`: one row per feature, one column per department;
    `words`: what a reason may be told with."""

    departments: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    words: frozenset[str] = frozenset()

    def read(self, text: str) -> Reading:
        """What the model makes of a text."""
        counted = Counter(self.vocabulary[one] for one in features(text) if one in self.vocabulary)
        rows = np.fromiter(counted, np.int64, len(counted))
        values = (1 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))) * self.idf[rows]
        values /= np.linalg.norm(values) or 1.0
        return Reading(self, rows, values[:, None] * self.weights[rows])


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as the model sees it. `parts`: what each of its features (`rows`) adds to each department."""

    model: Model
    rows: NDArray[np.int64]
    parts: NDArray[np.float32]

    def scores(self) -> NDArray[np.float64]:
        """Each department's probability, in the model's order."""
        logits = (self.parts.sum(axis=0) + self.model.bias).astype(np.float64)
        odds: NDArray[np.float64] = np.exp(logits - logits.max())
        return odds / odds.sum()

    def spoken_for(self, department: str) -> dict[int, float]:
        """How much each feature speaks for a department, against what it does for all of them."""
        at = self.model.departments.index(department)
        parts = self.parts[:, at] - self.parts.mean(axis=1)
        return dict(zip(self.rows.tolist(), parts.tolist(), strict=True))


@cache
def load() -> Model:
    """The model for the present inputs; trained now when it does not stand in its file yet."""
    file = model_file()
    known = _read(file)
    if known:
        return known
    from integrations.hospital.triage.training import train  # takes scikit-learn along

    model = train()
    _keep(model, file)
    return model


def _read(file: Path) -> Model | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            names = kept["vocabulary"].item().split("\n")
            return Model(
                departments=tuple(kept["departments"].tolist()),
                vocabulary={name: at for at, name in enumerate(names)},
                idf=kept["idf"],
                weights=kept["weights"].astype(np.float32),
                bias=kept["bias"],
                words=frozenset(kept["words"].item().split("\n")),
            )
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        log.warning("triage_model_unreadable", file=file.name, error=repr(error))
        return None


def _keep(model: Model, file: Path) -> None:
    """Writes the model beside its place and moves it there, so that a reader never sees half of it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=file.parent, prefix="triage-", suffix=".part")
        with os.fdopen(handle, "wb") as out:
            np.savez(
                out,
                departments=np.array(model.departments),
                vocabulary=np.array("\n".join(model.vocabulary)),
                idf=model.idf,
                weights=model.weights.astype(np.float16),
                bias=model.bias,
                words=np.array("\n".join(sorted(model.words))),
            )
        Path(fresh).chmod(0o644)
        Path(fresh).replace(file)
        for old in sorted(file.parent.glob("triage-*.npz"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:  # a place that cannot be written: every start trains anew
        log.warning("triage_model_not_kept", file=str(file), error=repr(error))


if __name__ == "__main__":
    load()
