"""The standard departments (departments.yml), and the way from them to those that a hospital has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

TABLE = Path(__file__).with_name("departments.yml")
GENERAL = "全科医学科"
EMERGENCY = "急诊科"


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard department. `broader` leads to other standard departments or to broad names (内科); `asked`
    says how much more often than others it is asked for (added to the model's margins)."""

    name: str
    synonyms: tuple[str, ...]
    broader: tuple[str, ...]
    asked: float = 0.0


@cache
def standards() -> Mapping[str, Standard]:
    """The standard departments by name, in the table's order."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {
        name: Standard(name, tuple(row["synonyms"]), tuple(row["broader"]), row.get("asked", 0.0))
        for name, row in table.items()
    }


def standard(name: str) -> str | None:
    """The standard department that goes by this name, None when there is none."""
    return _names().get(name)


@cache
def _names() -> Mapping[str, str]:
    names = {synonym: one.name for one in reversed(tuple(standards().values())) for synonym in one.synonyms}
    return names | {name: name for name in standards()}


def nearest(name: str, here: Mapping[str, Sequence[str]]) -> str | None:
    """The department of this hospital that comes nearest to a standard one: the same, or along the broader ones.

    `here`: its departments by name, each with what its patients call it. None: there is nothing near.
    """
    for wanted in _way(name):
        if wanted in here:
            return wanted
        for own, aliases in here.items():
            if wanted in aliases:
                return own
    return None


def _way(name: str) -> Iterator[str]:
    """The names to look for: the department's own and its synonyms first, then those of the broader ones."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.add(one)
        yield one
        row = standards().get(one)
        if row:
            yield from row.synonyms
            waiting += row.broader
