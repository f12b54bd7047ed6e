"""Figures about a set of messages whose intents are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

FALLBACK = "nlu_fallback"
BINS = 10


@dataclass(frozen=True, slots=True)
class Read:
    """A message: what it is, and what it was taken for. `ranking` holds intents by falling confidence."""

    intent: str
    text: str
    got: str
    ranking: tuple[tuple[str, float], ...]

    @property
    def right(self) -> bool:
        return self.got == self.intent

    @property
    def asked_back(self) -> bool:
        return self.got == FALLBACK

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest intent, however unlikely."""
        return next((name, sure) for name, sure in self.ranking if name != FALLBACK)


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages of about one confidence: how sure on average, and how often right."""

    count: int
    confidence: float
    accuracy: float


def share(part: Sequence[object], whole: Sequence[object]) -> float:
    return len(part) / len(whole) if whole else 0.0


def macro_f1(reads: Sequence[Read]) -> float:
    """The mean over the set's intents, each counting the same; asking back is a miss."""
    hits = Counter(read.intent for read in reads if read.right)
    named = Counter(read.got for read in reads)
    wanted = Counter(read.intent for read in reads)
    return sum(2 * hits[one] / (named[one] + wanted[one]) for one in wanted) / len(wanted)


def confusions(reads: Sequence[Read]) -> Counter[tuple[str, str]]:
    """How often which intent was taken for which other one."""
    return Counter((read.intent, read.got) for read in reads if not read.right)


def reliability(reads: Sequence[Read]) -> list[Bin]:
    """The likeliest intent by tenths of its confidence; tenths without a message are left out."""
    bins = []
    for tenth in range(BINS):
        inside = [read for read in reads if min(BINS - 1, int(read.best[1] * BINS)) == tenth]
        if inside:
            right = [read for read in inside if read.best[0] == read.intent]
            sure = sum(read.best[1] for read in inside) / len(inside)
            bins.append(Bin(len(inside), sure, share(right, inside)))
    return bins


def calibration_error(reads: Sequence[Read]) -> float:
    """Expected calibration error: by how much confidence and accuracy differ, on average."""
    return sum(one.count * abs(one.confidence - one.accuracy) for one in reliability(reads)) / len(reads)
