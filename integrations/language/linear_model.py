"""A linear model over the features of a text: kept in a file, read at the start, applied with numpy alone."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import structlog
from numpy.typing import NDArray

log = structlog.get_logger()

KEPT = 3  # another program may still use the one before
_MORE = "more_"  # before the names of what a model's owner keeps with it


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`weights`: one row per feature of the vocabulary, one column per label; `idf`: one per feature; `bias`: one per
    label; `more`: what else its owner keeps with it."""

    labels: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    more: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def weigh(self, features: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The rows of the known features, and the weight of each in this text: a vector of length 1."""
        known = self.vocabulary
        counted = Counter([at for one in features if (at := known.get(one)) is not None])
        rows = np.fromiter(counted, np.int64, len(counted))
        values = (1 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))) * self.idf[rows]
        values /= np.sqrt(values @ values) or 1.0
        return rows, values


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax."""
    exact = logits.astype(np.float64)
    odds: NDArray[np.float64] = np.exp(exact - exact.max())
    return odds / odds.sum()


def columns(vocabulary: Mapping[str, Any]) -> dict[str, int]:
    """A vocabulary as scikit-learn gives it, in the order of its rows."""
    return {name: int(at) for name, at in sorted(vocabulary.items(), key=lambda one: one[1])}


def read(file: Path) -> LinearModel | None:
    """The model in a file. None where there is none, and with a line in the log where it is damaged."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            names = kept["vocabulary"].item().split("\n")
            model = LinearModel(
                labels=tuple(kept["labels"].tolist()),
                vocabulary={name: at for at, name in enumerate(names)},
                idf=kept["idf"],
                weights=kept["weights"].astype(np.float32),
                bias=kept["bias"],
                more={name.removeprefix(_MORE): kept[name] for name in kept.files if name.startswith(_MORE)},
            )
        if model.weights.shape != (len(names), len(model.labels)) or model.idf.shape != (len(names),):
            raise ValueError("sizes differ")
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, TypeError, KeyError, BadZipFile) as error:
        log.warning("model_unreadable", file=file.name, error=repr(error))
        return None
    return model


def keep(model: LinearModel, file: Path) -> None:
    """Writes the model beside its place and moves it there, so that a reader never sees half of it; of the models
    named alike (name-HASH.npz) the newest stay. Where nothing can be written, every start trains anew."""
    name = file.stem.rpartition("-")[0]
    arrays: dict[str, Any] = {
        "labels": np.array(model.labels),
        "vocabulary": np.array("\n".join(model.vocabulary)),
        "idf": model.idf,
        "weights": model.weights.astype(np.float16),
        "bias": model.bias,
        **{f"{_MORE}{key}": value for key, value in model.more.items()},
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=file.parent, prefix=f"{name}-", suffix=".part")
        with os.fdopen(handle, "wb") as out:
            np.savez(out, **arrays)
        Path(fresh).chmod(0o644)
        Path(fresh).replace(file)
        for old in sorted(file.parent.glob(f"{name}-*.npz"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.warning("model_not_kept", file=str(file), error=repr(error))
