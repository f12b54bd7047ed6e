"""Trains the second opinion. The only place that needs scikit-learn.

It learns from bot/red_flags/examples (a message a line; the file's name says what it calls for), from the examples of
the rules, and, as harmless, from what patients ask the assistant for (dialogs/*/nlu*.yml) and the complaints they bring
to triage. Nobody said which of those are grave: what the rules hear is left out, and the rest counts for less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import SGDClassifier  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedGroupKFold  # type: ignore[import-untyped]

from bot.red_flags import Outcome, look
from bot.red_flags.plain import plain
from bot.red_flags.reading import rules
from bot.second_opinion import inputs
from bot.second_opinion.features import features
from bot.second_opinion.model import CLASSES, Bounds, Model, keep
from integrations.language.linear_model import LinearModel, columns
from integrations.language.script import normalise

SEED = 20261122
FOLDS = 3
NEIGHBOURS = 20  # who wrote one example wrote the next one alike: these are judged together, as unseen
ROUNDS = 10  # over all examples: more gain nothing
SOFTNESS = 20.0  # the inverse of the regularisation, per example
ORDINARY = 0.3  # what is asked of the assistant weighs less than what was written to tell danger from none
FALSE_ALARMS = {
    "ask": 0.03,
    "today": 0.01,
    "life": 0.02,
    "overrule": 0.004,
}  # shares of each kind of harmless
UNTOLD = {"complaint": 2.0}  # nobody said which are grave: a third of those that ring do tell of a danger
EVERY = 3  # of the complaints told to triage one in three is enough
MISTAKEN = 0.15  # of what is urgent or worth a question, the share that may be taken for a life in danger
UNHEARD = 0.025  # of the dangers, the share that the model may take for harmless where a cue agrees with it
CERTAIN = 0.008  # … and where none does
_MARKED = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_ANYTHING = frozenset(
    {"which_department", "start_intake", "emergency_help", "answer_follow_up"}
)  # may be anything


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    alarm: str
    kind: str = "written"  # or asked (of the assistant), complaint (told to find a department)


def train() -> Model:
    """The model for the present inputs; the same inputs give the same model."""
    return fit(list(chain(written(), of_the_rules(), ordinary(), complaints())))


def fit(examples: list[Example], folds: int = FOLDS) -> Model:
    """Its bounds are found on examples that the model which judges them has not seen."""
    unique = list({plain(normalise(one.text)): one for one in reversed(examples)}.items())
    texts = [text for text, _ in unique]
    labels = np.array([CLASSES.index(one.alarm) for _, one in unique])
    kinds = np.array([one.kind for _, one in unique])
    vectors = TfidfVectorizer(analyzer=features, sublinear_tf=True, min_df=2, dtype=np.float32)
    matrix = vectors.fit_transform(texts)
    counts = np.where(kinds == "written", 1.0, ORDINARY)
    judged = np.zeros((len(texts), len(CLASSES)))
    for known, unseen in _folds(labels, folds):
        part = _classifier(matrix[known], labels[known], counts[known])
        judged[np.ix_(unseen, part.classes_)] = _probabilities(part.decision_function(matrix[unseen]))
    whole = _classifier(matrix, labels, counts)
    weights = np.zeros((matrix.shape[1], len(CLASSES)), np.float32)
    bias = np.full(len(CLASSES), -30.0, np.float32)  # a class without examples is never meant
    weights[:, whole.classes_] = whole.coef_.T
    bias[whole.classes_] = whole.intercept_
    linear = LinearModel(
        labels=CLASSES,
        vocabulary=columns(vectors.vocabulary_),
        idf=vectors.idf_.astype(np.float32),
        weights=weights,
        bias=bias,
    )
    return Model(linear, bounds_of(judged, labels, kinds))


def _folds(labels: NDArray[np.int64], folds: int) -> Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """What is known and what is unseen in each, neighbours together where there are enough of them."""
    examples = len(labels)
    together = np.arange(examples) // max(1, min(NEIGHBOURS, examples // (10 * folds)))
    made: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]] = StratifiedGroupKFold(
        folds, shuffle=True, random_state=SEED
    ).split(labels, labels, together)
    return made


def bounds_of(judged: NDArray[np.float64], labels: NDArray[np.int64], kinds: NDArray[np.str_]) -> Bounds:
    """The lowest bounds that keep within FALSE_ALARMS. `judged`: the probabilities of each example's classes."""
    danger, life = 1 - judged[:, 0], judged[:, 3] + judged[:, 4]
    today = judged[:, 2] + life
    groups = {str(kind): (labels == 0) & (kinds == kind) for kind in np.unique(kinds[labels == 0])}
    milder, grave = (labels == 1) | (labels == 2), labels >= 3

    def bound(scores: NDArray[np.float64], share: float, untold: Mapping[str, float]) -> float:
        for at in np.arange(0.3, 0.999, 0.005):
            if all(
                np.mean(scores[some] >= at) <= share * untold.get(kind, 1) for kind, some in groups.items()
            ):
                return float(at)
        return 0.999

    def beyond(share: float) -> float:
        """Surer of no danger than it is of all but this share of the dangers."""
        return max(0.5, float(np.quantile(judged[grave, 0], 1 - share))) if grave.any() else 0.999

    mistaken = float(np.quantile(life[milder], 1 - MISTAKEN)) if milder.any() else 0.0
    return Bounds(
        life=max(bound(life, FALSE_ALARMS["life"], UNTOLD), mistaken),
        today=bound(today, FALSE_ALARMS["today"], {}),
        ask=bound(danger, FALSE_ALARMS["ask"], {}),
        overrule=bound(life, FALSE_ALARMS["overrule"], UNTOLD),
        harmless=beyond(UNHEARD),
        certain=beyond(CERTAIN),
    )


def _classifier(matrix: Any, labels: NDArray[np.int64], counts: NDArray[np.float64]) -> SGDClassifier:
    """One line against the rest for each class, by averaged gradient descent: as good as an exact solution, in
    a sixth of the time."""
    examples = matrix.shape[0]
    made = SGDClassifier(
        loss="log_loss",
        alpha=1 / (SOFTNESS * examples),
        max_iter=ROUNDS,
        tol=None,
        average=examples,
        random_state=SEED,
    )
    return made.fit(matrix, labels, sample_weight=counts)


def _probabilities(weighed: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(weighed - weighed.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def written(folder: Path = inputs.EXAMPLES) -> Iterator[Example]:
    """The examples people wrote. Raises ValueError for a file that is named after no outcome."""
    for file in sorted(folder.glob("*.txt")):
        if file.stem not in CLASSES:
            raise ValueError(f"{file.name}: no outcome has this name")
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield Example(line.strip(), file.stem)


def of_the_rules() -> Iterator[Example]:
    for rule in rules():
        yield from (Example(one, rule.outcome) for one in rule.examples)
        yield from (Example(one, "none") for one in rule.silent)


def ordinary(files: Iterable[Path] | None = None) -> Iterator[Example]:
    """What patients ask the assistant for; blanks keep the words in them."""
    for file in inputs.said_to_the_assistant() if files is None else files:
        read = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for row in read.get("nlu", []):
            if row.get("intent") and row["intent"] not in _ANYTHING:
                for line in row["examples"].splitlines():
                    text = _unmarked(line.removeprefix("- ").strip())
                    if not text.startswith("/") and not (row["intent"] == "tell_symptoms" and heard(text)):
                        yield Example(
                            text, "none", "complaint" if row["intent"] == "tell_symptoms" else "asked"
                        )


def complaints(folder: Path = inputs.COMPLAINTS) -> Iterator[Example]:
    """Every third of what patients tell triage, where the rules are silent."""
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines()[::EVERY]:
            if line.strip() and not line.startswith("#") and not heard(line):
                yield Example(line.strip(), "none", "complaint")


def heard(text: str) -> bool:
    """Whether a rule hears something. (Here no second opinion is held.)"""
    return look(normalise(text))[0] is not Outcome.NONE


def _unmarked(line: str) -> str:
    """[下周三](day) → 下周三"""
    return _MARKED.sub(r"\1", line)


if __name__ == "__main__":
    keep(train(), inputs.model_file())
