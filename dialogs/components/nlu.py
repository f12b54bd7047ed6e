"""Understanding in one component: character n-grams, logistic regression, entities that others found.

Rasa's usual pipeline is six components with sparse matrices between them. For short Chinese messages character
n-grams do as well, need no word segmentation, and cost a dictionary look-up per n-gram. Words in Latin letters count
whole, in pairs, and by their inner n-grams, which survive a slip of typing. Training uses
scikit-learn; serving is one numpy product.

Entities come from the message's metadata (`entities`: what stands in the hospital's database changes without
training) and from the lookup tables in the NLU data, whose synonyms give the value.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

FALLBACK = "nlu_fallback"
RANKING = 5  # intents kept in the ranking
TOKEN = re.compile(r"\[\[([a-z_]+):[0-9a-f]{32}\]\]")  # a personal value, swapped before it came here
WORD = re.compile(r"(?<![<_a-z'])[a-z]+(?:'[a-z]+)*(?![a-z_>])")  # not the name of a personal value
WORDS = "\x04"  # stands for words in Latin letters among other characters
INNER = (3, 4)  # letters of a word's n-grams
DIGITS = re.compile(r"\d")
_LATIN = re.compile(rf"{WORD.pattern}(?: {WORD.pattern})*")
SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """One spelling for width, case, spaces, digits and personal values."""
    text = TOKEN.sub(lambda match: f"<{match[1]}>", text).replace("’", "'")
    return DIGITS.sub("0", SPACES.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip())


def ngrams(text: str, longest: int) -> Counter[str]:
    """Counts of the character n-grams of a normalised text, its two ends marked, and of its Latin words."""
    words = WORD.findall(text)
    if words:
        text = _LATIN.sub(WORDS, text)
    marked = f"\x02{text}\x03"
    grams = word_grams(words)
    for size in range(1, longest + 1):
        grams.update(marked[start : start + size] for start in range(len(marked) - size + 1))
    del grams["\x02"], grams["\x03"]
    return grams


def word_grams(words: list[str]) -> Counter[str]:
    """Words, neighbouring words, and letters within words; an apostrophe makes no difference (dont, don't)."""
    words = [word.replace("'", "") for word in words]
    grams: Counter[str] = Counter(f"{WORDS}{word}" for word in words)
    grams.update(f"{WORDS}{first} {second}" for first, second in pairwise(words))
    for word in words:
        edged = f"<{word}>"
        for size in INNER:
            grams.update(f"{WORDS}{edged[at : at + size]}" for at in range(len(edged) - size + 1))
    return grams


class Classifier:
    """The trained part: a weight per n-gram and intent."""

    def __init__(
        self,
        vocabulary: dict[str, int],
        rarity: Any,
        weights: Any,
        bias: Any,
        intents: list[str],
        longest: int,
    ) -> None:
        """rarity: (n,) inverse document frequencies, the last one for n-grams never seen; weights: (n, intents)."""
        self.vocabulary = vocabulary
        self.rarity = rarity
        self.weights = weights
        self.bias = bias
        self.intents = intents
        self.longest = longest

    def probabilities(self, text: str, marks: list[str]) -> Any:
        """One probability per intent. `marks` are the kinds of entities found, which count as n-grams."""
        scores = self.scores(features(text, marks, self.longest))
        scores = np.exp(scores - scores.max())
        return scores / scores.sum()

    def scores(self, grams: Counter[str]) -> Any:
        """One number per intent, the higher the likelier."""
        index, values = self.vector(grams)
        return values @ self.weights[index] + self.bias

    def vector(self, grams: Counter[str]) -> tuple[list[int], Any]:
        # What was never seen counts in the length of the vector: a text of strange words is near to nothing.
        index, values, square = [], [], 0.0
        unseen = float(self.rarity[-1])
        for gram, count in grams.items():
            at = self.vocabulary.get(gram)
            value = (1.0 + math.log(count)) * (unseen if at is None else float(self.rarity[at]))
            square += value * value
            if at is not None:
                index.append(at)
                values.append(value)
        return index, np.asarray(values, dtype=np.float32) / np.float32(math.sqrt(square) or 1.0)


def features(text: str, marks: list[str], longest: int) -> Counter[str]:
    grams = ngrams(normalise(text), longest)
    grams.update(f"\x01{mark}" for mark in set(marks))
    return grams


def fit(
    texts: list[str], marks: list[list[str]], intents: list[str], longest: int, strength: float
) -> Classifier:
    """Trains on examples; the same examples always give the same weights."""
    counted = [features(text, kinds, longest) for text, kinds in zip(texts, marks, strict=True)]
    classifier = learn(counted, intents, longest, strength)
    heat = temperature(counted, intents, longest, strength)
    classifier.weights = np.ascontiguousarray(classifier.weights / heat, dtype=np.float32)
    classifier.bias = (classifier.bias / heat).astype(np.float32)
    return classifier


def learn(counted: list[Counter[str]], intents: list[str], longest: int, strength: float) -> Classifier:
    """A classifier whose probabilities say too little or too much as yet."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    found_in = Counter(gram for grams in counted for gram in grams)
    vocabulary = {gram: index for index, gram in enumerate(sorted(found_in))}
    total, names = len(counted), sorted(set(intents))
    rarity = [math.log((1 + total) / (1 + found_in[gram])) + 1 for gram in vocabulary]
    rarity.append(math.log(1 + total) + 1)
    classifier = Classifier(vocabulary, np.asarray(rarity, dtype=np.float32), None, None, names, longest)
    rows, columns, values = [], [], []
    for row, grams in enumerate(counted):
        index, weights = classifier.vector(grams)
        rows += [row] * len(index)
        columns += index
        values += weights.tolist()
    matrix = csr_matrix((values, (rows, columns)), shape=(total, len(vocabulary)), dtype=np.float64)
    model = LogisticRegression(C=strength, max_iter=1000, class_weight="balanced")
    model.fit(matrix, [names.index(intent) for intent in intents])
    coefficients, bias = model.coef_, model.intercept_
    if len(names) == 2:  # scikit-learn gives one row for two classes
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
    classifier.weights, classifier.bias = coefficients.T, bias
    return classifier


def temperature(
    counted: list[Counter[str]], intents: list[str], longest: int, strength: float, folds: int = 3
) -> float:
    """By what to divide the scores so that probabilities on unseen sentences say what they mean.

    Temperature scaling (Guo et al., 2017) on scores of examples that were kept aside, with the n-grams that only
    they have unknown, as in life. Intents with fewer examples than folds are left out; 1.0 without any other.
    """
    many = Counter(intents)
    ample = [index for index, intent in enumerate(intents) if many[intent] >= folds]
    if not ample:
        return 1.0
    order = sorted(ample, key=lambda index: intents[index])  # so that every fold has every intent
    scores, target = [], []
    for fold in range(folds):
        aside = set(order[fold::folds])
        kept = [index for index in range(len(intents)) if index not in aside]
        model = learn([counted[i] for i in kept], [intents[i] for i in kept], longest, strength)
        scores += [model.scores(counted[index]) for index in sorted(aside)]
        target += [model.intents.index(intents[index]) for index in sorted(aside)]
    return _best_temperature(np.vstack(scores), np.asarray(target))


def _best_temperature(scores: Any, target: Any) -> float:
    def loss(heat: float) -> float:
        scaled = scores / heat
        scaled -= scaled.max(axis=1, keepdims=True)
        norm = np.log(np.exp(scaled).sum(axis=1))
        return float((norm - scaled[np.arange(len(target)), target]).mean())

    return float(min(np.geomspace(0.05, 3.0, 60), key=loss))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class Understanding(GraphComponent):
    """The NLU pipeline of config.yml."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "longest_ngram": 2,  # characters; 3 and 4 were no better on sentences kept aside
            "strength": 20.0,  # inverse of the regularisation
            "threshold": 0.4,  # a less probable intent is nlu_fallback
            "margin": 0.1,  # so is one that the second is this close to
            "silence": "non_text",  # the intent of a message without a text (a picture, a sticker)
        }

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self.config = config
        self._storage = storage
        self._resource = resource
        self.classifier: Classifier | None = None
        self.lookups: dict[str, dict[str, str]] = {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Understanding:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        # An intent that is only ever written out ("/non_text") is read by Rasa, not guessed.
        examples = [one for one in training_data.intent_examples if not one.get(TEXT).startswith("/")]
        self.classifier = fit(
            [example.get(TEXT) for example in examples],
            [[entity["entity"] for entity in example.get(ENTITIES) or []] for example in examples],
            [example.get(INTENT) for example in examples],
            self.config["longest_ngram"],
            self.config["strength"],
        )
        self.lookups = read_lookups(training_data)
        self._persist(self.classifier)
        return self._resource

    def _persist(self, classifier: Classifier) -> None:
        with self._storage.write_to(self._resource) as folder:
            np.savez(
                folder / "weights.npz",
                rarity=classifier.rarity,
                weights=classifier.weights.astype(np.float16),  # a third of the file, no measurable loss
                bias=classifier.bias,
            )
            words = {
                "vocabulary": list(classifier.vocabulary),
                "intents": classifier.intents,
                "longest": classifier.longest,
                "lookups": self.lookups,
            }
            (folder / "words.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Understanding:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
            arrays = np.load(folder / "weights.npz")
            component.classifier = Classifier(
                {gram: index for index, gram in enumerate(words["vocabulary"])},
                arrays["rarity"],
                arrays["weights"].astype(np.float32),
                arrays["bias"],
                words["intents"],
                words["longest"],
            )
        component.lookups = words["lookups"]
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT) or ""
            entities = self.entities(text, message.get("metadata") or {})
            ranking = self.ranking(text, [entity["entity"] for entity in entities])
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
            message.set(ENTITIES, entities, add_to_output=True)
        return messages

    def ranking(self, text: str, marks: list[str]) -> list[dict[str, Any]]:
        """The likeliest intents, best first; nlu_fallback before them when none is likely enough."""
        if not text.strip():
            return [{"name": self.config["silence"], "confidence": 1.0}]
        if self.classifier is None or text.startswith("/"):  # "/" is read by Rasa itself, after us
            return [{"name": FALLBACK, "confidence": 1.0}]
        probabilities = self.classifier.probabilities(text, marks)
        best = np.argsort(-probabilities, kind="stable")[:RANKING]
        ranking = [
            {"name": self.classifier.intents[index], "confidence": float(probabilities[index])}
            for index in best
        ]
        first, second = ranking[0]["confidence"], ranking[1]["confidence"] if len(ranking) > 1 else 0.0
        if first < self.config["threshold"] or first - second < self.config["margin"]:
            ranking.insert(0, {"name": FALLBACK, "confidence": 1.0 - first})
        return ranking

    def entities(self, text: str, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """Those of the metadata, and words of the lookup tables (longest first, no overlap in a table)."""
        found = [{"extractor": "metadata", **entity} for entity in metadata.get("entities") or []]
        lowered = text.lower()
        for kind, words in self.lookups.items():
            taken: list[tuple[int, int]] = []
            for word, value in words.items():
                start = find_word(lowered, word)
                end = start + len(word)
                if start < 0 or any(start < right and left < end for left, right in taken):
                    continue
                taken.append((start, end))
                found.append(
                    {"entity": kind, "value": value, "start": start, "end": end, "extractor": "lookup"}
                )
        return found


def find_word(text: str, word: str) -> int:
    """Where a word stands, or -1; one of Latin letters only as a whole: any is no part of many."""
    at = text.find(word)
    while at >= 0 and (_continues(text, at - 1, at) or _continues(text, at + len(word) - 1, at + len(word))):
        at = text.find(word, at + 1)
    return at


def _continues(text: str, left: int, right: int) -> bool:
    """Whether two neighbouring places hold Latin letters of one word."""
    return (
        left >= 0
        and right < len(text)
        and (text[left] + text[right]).isascii()
        and (text[left] + text[right]).isalpha()
    )


def read_lookups(training_data: TrainingData) -> dict[str, dict[str, str]]:
    """Words of every lookup table with their values (a synonym's name, else the word), longest first."""
    synonyms = {word.lower(): value for word, value in training_data.entity_synonyms.items()}
    lookups: dict[str, dict[str, str]] = {}
    for table in training_data.lookup_tables:
        words = table["elements"] if isinstance(table["elements"], list) else []
        for word in sorted({word.lower() for word in words}, key=lambda word: (-len(word), word)):
            lookups.setdefault(table["name"], {})[word] = synonyms.get(word, word)
    return lookups
