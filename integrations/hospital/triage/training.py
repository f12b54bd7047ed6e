"""Trains the triage model on the examples and on phrases made from what is known. The only place that needs
scikit-learn. Measured alternatives: docs/decisions/0030-triage.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from integrations.hospital.triage.departments import standard, standards
from integrations.hospital.triage.features import features
from integrations.hospital.triage.model import WORDS
from integrations.hospital.triage.phrases import SEED, WORDS_WEIGHT, Example, facts, phrases, words
from integrations.language.linear_model import LinearModel, columns

EXAMPLES = Path(__file__).with_name("examples")
ENOUGH = 300  # written examples of a department; where there are fewer, its phrases count for more
SOFTNESS = 0.25  # the regularisation C: small, for the examples are few and the mark was best there
SHARPNESS = 4.0  # from the margins of the classifiers to the logits of probabilities: a little humble


def train() -> LinearModel:
    """The model for the present inputs; the same inputs give the same model."""
    return fit(list(written()), list(phrases()))


def fit(examples: list[Example], made: Iterable[Example]) -> LinearModel:
    """`examples`: what people wrote; `made`: phrases from words and facts."""
    every = [*examples, *_balanced(made, Counter(one.department for one in examples))]
    vectors = TfidfVectorizer(analyzer=features, sublinear_tf=True, min_df=2, dtype=np.float32)
    matrix = vectors.fit_transform(one.text for one in every)
    classifier = LinearSVC(C=SOFTNESS, random_state=SEED, tol=1e-3)
    classifier.fit(matrix, [one.department for one in every], sample_weight=[one.weight for one in every])
    names = tuple(classifier.classes_.tolist())
    asked = np.array([standards()[name].asked for name in names])
    return LinearModel(
        labels=names,
        vocabulary=columns(vectors.vocabulary_),
        idf=vectors.idf_.astype(np.float32),
        weights=np.ascontiguousarray(classifier.coef_.T * SHARPNESS, dtype=np.float32),
        bias=((classifier.intercept_ + asked) * SHARPNESS).astype(np.float32),
        more={WORDS: np.array("\n".join(sorted(set(_known_words()))))},
    )


def _balanced(made: Iterable[Example], written_of: Counter[str]) -> Iterator[Example]:
    for one in made:
        missing = max(0.0, 1 - written_of[one.department] / ENOUGH) if one.weight == WORDS_WEIGHT else 0.0
        yield Example(one.text, one.department, one.weight * (1 + missing))


def _known_words() -> Iterator[str]:
    """What a reason may be told with: words of patients and names of complaints."""
    for row in words().values():
        for ones in row.values():
            yield from ones
    yield from (one.phrase for one in facts() if one.kind in {"symptom", "site"})


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
