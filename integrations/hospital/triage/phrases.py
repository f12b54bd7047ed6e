"""Short texts made from facts (knowledge.tsv): the names of diseases, complaints and medicines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KNOWLEDGE = Path(__file__).with_name("knowledge.tsv")
SEED = 20261122


@dataclass(frozen=True, slots=True)
class Fact:
    """A word and the shares that departments have in it. `frequency`: how often it is written."""

    kind: str
    phrase: str
    departments: dict[str, float]
    frequency: int


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    department: str
    weight: float = 1.0


def facts(file: Path = KNOWLEDGE) -> Iterator[Fact]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "kind\t")):
            continue
        kind, phrase, departments, frequency = line.split("\t")
        shares = (one.split(":") for one in departments.split())
        yield Fact(kind, phrase, {name: float(share) for name, share in shares}, int(frequency))


_SAYINGS = {
    "disease": ("{}怎么治疗", "得了{}怎么办", "{}", "{}严重吗", "查出{}，吃什么药好"),
    "symptom": ("{}", "最近{}是怎么回事", "总是{}怎么办", "{}好几天了"),
    "site": ("{}不舒服", "{}疼", "{}"),
    "medicine": ("吃{}有用吗", "一直在用{}", "{}怎么用"),
}


def phrases() -> Iterator[Example]:
    """One or two short texts a fact, weighted by how sure and how common it is. The same ones every time."""
    choice = random.Random(SEED)  # noqa: S311
    for fact in facts():
        for department, share in fact.departments.items():
            weight = share * (1.0 if fact.frequency > 100 else 0.4)
            yield Example(choice.choice(_SAYINGS[fact.kind]).format(fact.phrase), department, weight)
