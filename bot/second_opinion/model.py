"""The trained model: kept in a file, read at the start, applied with numpy alone."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import structlog
from numpy.typing import NDArray

from bot.second_opinion.features import features

log = structlog.get_logger()

KEPT = 3  # another program may still use the one before
CLASSES = ("none", "check", "urgent", "crisis", "emergency")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How likely danger has to be before the model speaks, found by cross-validation (training.py). `life`: for an
    emergency or a crisis; `today`: for what is urgent; `ask`: for a question; `overrule`: where the rules put a
    sign aside."""

    life: float
    today: float
    ask: float
    overrule: float


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over weighted runs of characters. `weights`: one row per feature, one column per class."""

    vocabulary: Mapping[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    bounds: Bounds

    def likely(self, text: str) -> NDArray[np.float64]:
        """The probability of each of `CLASSES` for a plain text."""
        known = self.vocabulary
        counted = Counter([at for one in features(text) if (at := known.get(one)) is not None])
        rows = np.fromiter(counted, np.int64, len(counted))
        values = (1 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))) * self.idf[rows]
        values /= np.sqrt(values @ values) or 1.0
        logits = (values @ self.weights[rows] + self.bias).astype(np.float64)
        odds: NDArray[np.float64] = np.exp(logits - logits.max())
        return odds / odds.sum()


def read(file: Path) -> Model | None:
    """The model in a file; None, and a line in the log, where there is none or it is damaged."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            names = kept["vocabulary"].item().split("\n")
            model = Model(
                vocabulary={name: at for at, name in enumerate(names)},
                idf=kept["idf"],
                weights=kept["weights"].astype(np.float32),
                bias=kept["bias"],
                bounds=Bounds(*kept["bounds"].tolist()),
            )
    except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
        log.warning("red_flags_model_unreadable", file=file.name, error=repr(error))
        return None
    if model.weights.shape != (len(names), len(CLASSES)) or model.idf.shape != (len(names),):
        log.warning("red_flags_model_unreadable", file=file.name, error="sizes differ")
        return None
    return model


def keep(model: Model, file: Path) -> None:
    """Writes the model beside its place and moves it there, so that a reader never sees half of it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=file.parent, prefix="red-flags-", suffix=".part")
        with os.fdopen(handle, "wb") as out:
            np.savez(
                out,
                vocabulary=np.array("\n".join(model.vocabulary)),
                idf=model.idf,
                weights=model.weights.astype(np.float16),
                bias=model.bias,
                bounds=np.array([getattr(model.bounds, name) for name in Bounds.__slots__]),
            )
        Path(fresh).chmod(0o644)
        Path(fresh).replace(file)
        for old in sorted(file.parent.glob("red-flags-*.npz"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("red_flags_model_not_kept", file=str(file), error=repr(error))
