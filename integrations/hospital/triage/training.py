"""Trains the triage model on the examples and on phrases made from facts. The only place that needs scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from integrations.hospital.triage.departments import standard
from integrations.hospital.triage.features import features
from integrations.hospital.triage.model import Model
from integrations.hospital.triage.phrases import SEED, Example, phrases

EXAMPLES = Path(__file__).with_name("examples")
KNOWLEDGE_WEIGHT = 0.4
SHARPNESS = 4.0  # margins to probabilities


def train() -> Model:
    """The model for the present inputs; the same inputs give the same model."""
    examples = [*written(), *(Example(e.text, e.department, e.weight * KNOWLEDGE_WEIGHT) for e in phrases())]
    return fit(examples)


def fit(examples: list[Example]) -> Model:
    vectors = TfidfVectorizer(analyzer=features, sublinear_tf=True, min_df=2, dtype=np.float32)
    matrix = vectors.fit_transform(one.text for one in examples)
    departments = [one.department for one in examples]
    classifier = LinearSVC(C=0.5, random_state=SEED)
    classifier.fit(matrix, departments, sample_weight=[one.weight for one in examples])
    return Model(
        departments=tuple(classifier.classes_.tolist()),
        vocabulary={
            name: int(at) for name, at in sorted(vectors.vocabulary_.items(), key=lambda one: one[1])
        },
        idf=vectors.idf_.astype(np.float32),
        weights=np.ascontiguousarray(classifier.coef_.T * SHARPNESS, dtype=np.float32),
        bias=(classifier.intercept_ * SHARPNESS).astype(np.float32),
    )


def written(folder: Path = EXAMPLES) -> Iterator[Example]:
    """The examples people wrote. In a .txt one stands on a line, and the file's name is the department's (any of its
    names); in a .tsv each line names its department."""
    for file in sorted(folder.glob("*.t[xs][tv]")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                name, text = line.split("\t") if file.suffix == ".tsv" else (file.stem, line)
                yield Example(text.strip(), _department(name, file))


def _department(name: str, file: Path) -> str:
    known = standard(name)
    if known is None:
        raise ValueError(f"{file.name}: no department in departments.yml goes by the name {name}")
    return known
