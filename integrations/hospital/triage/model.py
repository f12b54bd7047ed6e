"""The trained triage model: kept in a file, read once, applied with numpy alone."""

from __future__ import annotations

import hashlib
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
from integrations.settings import ROOT

log = structlog.get_logger()

HERE = Path(__file__).parent
INPUTS = (
    "examples/*.t[xs][tv]",
    "knowledge.tsv",
    "departments.yml",
    "features.py",
    "training.py",
    "phrases.py",
)
KEPT = 3  # another program may still use the one before


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over weighted runs of characters. `weights`: one row per feature, one column per department."""

    departments: tuple[str, ...]
    vocabulary: Mapping[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def scores(self, text: str) -> dict[str, float]:
        """Each department's probability."""
        logits = self.logits(text)
        odds = np.exp(logits - logits.max())
        return dict(zip(self.departments, (odds / odds.sum()).tolist(), strict=True))

    def logits(self, text: str) -> NDArray[np.float32]:
        counted = Counter(self.vocabulary[one] for one in features(text) if one in self.vocabulary)
        if not counted:
            return self.bias
        rows = np.fromiter(counted, np.int64, len(counted))
        values = (1 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))) * self.idf[rows]
        values /= np.linalg.norm(values)
        return np.asarray(values @ self.weights[rows] + self.bias, np.float32)


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


def model_file(root: Path = ROOT) -> Path:
    """Where the model for the present inputs is, or will be: their hash is its name."""
    digest = hashlib.sha256()
    for file in sorted(file for pattern in INPUTS for file in HERE.glob(pattern)):
        digest.update(f"{file.relative_to(HERE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return root / "var/models" / f"triage-{digest.hexdigest()[:16]}.npz"


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
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile) as error:
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
            )
        Path(fresh).chmod(0o644)
        Path(fresh).replace(file)
        for old in sorted(file.parent.glob("triage-*.npz"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:  # a place that cannot be written: every start trains anew
        log.warning("triage_model_not_kept", file=str(file), error=repr(error))
