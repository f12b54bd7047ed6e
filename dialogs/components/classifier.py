"""A text classifier of character n-grams: fast to train, one numpy product to serve, no library of Rasa's.

For short Chinese messages character n-grams do as well as words, and need no segmentation. The same n-grams count
once more by sound, which survives the slips of keyboards and of speech recognition. Words in Latin letters
count whole, in pairs, and by their inner n-grams, which survive a slip of typing. Training uses scikit-learn.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

TOKEN = re.compile(r"\[\[([a-z_]+):[0-9a-f]{32}\]\]")  # a personal value, swapped before it came here
WORD = re.compile(r"(?<![<_a-z'])[a-z]+(?:'[a-z]+)*(?![a-z_>])")  # not the name of a personal value
WORDS = "\x04"  # stands for words in Latin letters among other characters
INNER = (3, 4)  # letters of a word's n-grams
DIGITS = re.compile(r"\d")
SOUND = "\x05"  # stands before an n-gram by sound
LENGTHS = 6  # classes of length: doubled from one to the next
_LATIN = re.compile(rf"{WORD.pattern}(?: {WORD.pattern})*")
SPACES = re.compile(r"\s+")


# Each line holds the characters of one sound, loosely read (n as l, zh as z, -ng as -n): the first stands for all.
_SOUNDS = Path(__file__).with_name("sounds.txt").read_text(encoding="utf-8").split()
SOUNDS = {ord(one): line[0] for line in _SOUNDS for one in line}


def normalise(text: str) -> str:
    """One spelling for width, case, spaces, digits and personal values."""
    text = TOKEN.sub(lambda match: f"<{match[1]}>", text).replace("’", "'")
    return DIGITS.sub("0", SPACES.sub(" ", unicodedata.normalize("NFKC", text).lower()).strip())


def ngrams(text: str, longest: int) -> Counter[str]:
    """Counts of the n-grams of a normalised text, as written and as it sounds, its two ends marked, and of its
    Latin words."""
    words = WORD.findall(text)
    if words:
        text = _LATIN.sub(WORDS, text)
    marked = f"\x02{text}\x03"
    grams = word_grams(words)
    sounded = "" if marked.isascii() else marked.translate(SOUNDS)
    for size in range(1, longest + 1):
        grams.update([marked[start : start + size] for start in range(len(marked) - size + 1)])
        grams.update([SOUND + sounded[start : start + size] for start in range(len(sounded) - size + 1)])
    for end in "\x02", "\x03", f"{SOUND}\x02", f"{SOUND}\x03":
        del grams[end]
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
        self._rarity: list[float] = rarity.tolist()  # numbers of Python are read one by one in half the time
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
        return values @ self.weights.take(index, axis=0) + self.bias

    def vector(self, grams: Counter[str]) -> tuple[list[int], Any]:
        # What was never seen counts in the length of the vector: a text of strange words is near to nothing.
        index, values, square = [], [], 0.0
        place, rarity = self.vocabulary.get, self._rarity
        for gram, count in grams.items():
            at = place(gram, -1)
            value = rarity[at] if count == 1 else rarity[at] * (1.0 + math.log(count))
            square += value * value
            if at >= 0:
                index.append(at)
                values.append(value)
        return index, np.asarray(values, dtype=np.float32) / np.float32(math.sqrt(square) or 1.0)


def features(text: str, marks: list[str], longest: int) -> Counter[str]:
    text = normalise(text)
    grams = ngrams(text, longest)
    grams.update(f"\x01{mark}" for mark in set(marks))
    grams[f"\x06{min(LENGTHS, len(text).bit_length())}"] += 1
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
    from sklearn.svm import LinearSVC

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
    # One against the rest. Logistic regression takes ten times as long, and knows unseen messages less well.
    model = LinearSVC(C=strength, class_weight="balanced", random_state=0)
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

    return float(min(np.geomspace(0.02, 3.0, 80), key=loss))
