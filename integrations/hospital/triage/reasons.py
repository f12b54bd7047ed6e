"""The words of a patient's text that speak for a department."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integrations.hospital.triage.features import LONGEST
from integrations.hospital.triage.model import Reading

MOST = 3
_LONGEST_WORD = 10
_SHORT_CLAUSE = 10  # a clause without a known word is shown when it is no longer than this
_ENOUGH = 0.3  # on the scale of logits: less is no reason
_HAN = re.compile("[㐀-鿿]")
_CLAUSE = re.compile(r"[0-9a-z㐀-鿿]+")


def reasons(said: str, reading: Reading, department: str) -> tuple[str, ...]:
    """Up to three whole words, those first that say most. `said`: the text, normalised, in small letters."""
    weights = _weights(said, reading, department)
    found: list[tuple[float, int, int]] = []
    for strength, begin, end in sorted(_candidates(said, weights, reading.model.words), reverse=True):
        if strength < _ENOUGH or len(found) == MOST:
            break
        if all(end <= other[1] or begin >= other[2] for other in found):
            found.append((strength, begin, end))
    return tuple(dict.fromkeys(said[begin:end] for _, begin, end in found))


def _weights(said: str, reading: Reading, department: str) -> list[float]:
    """What each character of the text adds: every run gives its weight to its characters in equal shares."""
    spoken = reading.spoken_for(department)
    vocabulary = reading.model.linear.vocabulary
    weights = [0.0] * len(said)
    for clause in _CLAUSE.finditer(said):
        start, end = clause.span()
        for at in range(start, end):
            for size in range(1, min(LONGEST, end - at) + 1):
                part = spoken.get(vocabulary.get(said[at : at + size], -1), 0.0)
                for place in range(at, at + size):
                    weights[place] += part / size
    return weights


def _candidates(said: str, weights: list[float], words: frozenset[str]) -> Iterator[tuple[float, int, int]]:
    for clause in _CLAUSE.finditer(said):
        start, end = clause.span()
        known = False
        for begin in range(start, end - 1):
            for stop in range(begin + 2, min(begin + _LONGEST_WORD, end) + 1):
                if said[begin:stop] in words:
                    known = True
                    yield sum(weights[begin:stop]), begin, stop
        if not known and end - start <= _SHORT_CLAUSE and _HAN.search(clause[0]):
            yield sum(weights[start:end]), start, end
