"""Understanding in one component: the classifier, and entities that others found.

Rasa's usual pipeline is six components with sparse matrices between them; here is one.

Entities come from the message's metadata (`entities`: what stands in the hospital's database changes without
training) and from the lookup tables in the NLU data, whose synonyms give the value.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components.classifier import Classifier, fit
from components.nonsense import nonsense
from components.wishes import REPLIES, UNPARTED, wishes_in

FALLBACK = "nlu_fallback"
RANKING = 5  # intents kept in the ranking
LATER = "next_wish"  # the entity that a message with several wishes carries


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class Understanding(GraphComponent):
    """The NLU pipeline of config.yml."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "longest_ngram": 2,  # characters; 3 and 4 were no better on messages kept apart
            "strength": 1.0,  # inverse of the regularisation
            "threshold": 0.35,  # a less probable intent is nlu_fallback
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
        self.lookups = read_lookups(training_data)
        found = [self.entities(one.get(TEXT), {ENTITIES: one.get(ENTITIES)}) for one in examples]
        babble = nonsense()
        self.classifier = fit(
            [example.get(TEXT) for example in examples] + babble,
            [[entity["entity"] for entity in entities] for entities in found] + [[] for _ in babble],
            [example.get(INTENT) for example in examples] + [FALLBACK] * len(babble),
            self.config["longest_ngram"],
            self.config["strength"],
        )
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
            told = self.wishes(text, entities, ranking[0])
            if told:
                if not told["replies"]:
                    ranking.insert(0, {"name": told["first"], "confidence": told["sure"]})
                place = {"start": told["later"][0]["start"], "end": len(text), "extractor": "wishes"}
                entities = [*entities, {"entity": LATER, "value": told, **place}]
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
        if ranking[0]["name"] == FALLBACK:  # it means nothing
            return ranking
        first, second = ranking[0]["confidence"], ranking[1]["confidence"] if len(ranking) > 1 else 0.0
        if first < self.config["threshold"] or first - second < self.config["margin"]:
            ranking.insert(0, {"name": FALLBACK, "confidence": 1.0 - first})
        return ranking

    def wishes(
        self, text: str, entities: list[dict[str, Any]], whole: dict[str, Any]
    ) -> dict[str, Any] | None:
        """What the actions need to take a message of several wishes apart. `whole` is what it would be as one."""
        classifier = self.classifier
        if classifier is None or not text.strip() or text.startswith("/"):
            return None

        def likely(start: int, end: int) -> tuple[str, float]:
            within = [one["entity"] for one in entities if start <= one.get("start", 0) < end]
            probabilities = classifier.probabilities(text[start:end], within)
            best = int(probabilities.argmax())
            return classifier.intents[best], float(probabilities[best])

        def named(start: int, end: int) -> dict[str, set[str]]:
            within: dict[str, set[str]] = {}
            for one in entities:
                if start <= one.get("start", 0) < end:
                    within.setdefault(one["entity"], set()).add(str(one["value"]))
            return within

        found = wishes_in(text, likely, named)
        if not found:
            return None
        first, *later = found
        if whole["name"] in UNPARTED and first.intent not in REPLIES:
            return None
        return {
            "whole": whole["name"],
            "first": first.intent,
            "replies": first.intent in REPLIES,
            "sure": first.sure,
            "end": first.end,
            "later": [{"intent": one.intent, "start": one.start, "end": one.end} for one in later],
        }

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
