"""The rules, read from data/*.yml.

A rule says what is looked for (`says`, and `english`), and perhaps what has to stand near it (`with`, `with_english`).
Its phrases are regular expressions in which {name} is a class of words from vocabulary.yml and … a gap within one
clause. `kind: name` marks the name of an illness or deed rather than a sign: people ask about those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("data")
_NO_RULES = frozenset({"vocabulary", "scope", "spelling"})
_CLASS = re.compile(r"\{([a-z_]+)\}")
_GAP = "[^，。；！？\\n]{0,8}"  # Chinese characters within a clause
_ENGLISH_GAP = r"[^，。；！？\n]{0,30}?"


class Outcome(StrEnum):
    """What a message calls for, the gravest last."""

    NONE = "none"
    CHECK = "check"  # one question, together with the number
    URGENT = "urgent"  # today: a number of today, or the emergency department
    CRISIS = "crisis"
    EMERGENCY = "emergency"


GRAVITY = list(Outcome)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of data/*.yml. `words`: names another text than the outcome's own. `despite`: what does not silence it."""

    name: str
    outcome: Outcome
    source: str
    patterns: Patterns
    companions: Patterns | None = None
    is_name: bool = False
    despite: frozenset[str] = frozenset()
    words: str = ""
    examples: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patterns:
    """The same in Chinese and in English; either may be missing."""

    chinese: re.Pattern[str] | None = None
    english: re.Pattern[str] | None = None
    both: tuple[re.Pattern[str], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "both", tuple(one for one in (self.chinese, self.english) if one))

    def of(self, *, han: bool, latin: bool) -> tuple[re.Pattern[str], ...]:
        """Those that can match a text which holds such characters."""
        if han and latin:
            return self.both
        found = self.chinese if han else self.english if latin else None
        return (found,) if found else ()


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, gravest outcome first. The gateway reads them when it starts, so that a fault shows then."""
    found = [
        _rule(row)
        for path in sorted(DATA.glob("*.yml"))
        if path.stem not in _NO_RULES
        for row in read(path.stem)
    ]
    return tuple(sorted(found, key=lambda rule: -GRAVITY.index(rule.outcome)))


@cache
def rule_named(name: str) -> Rule:
    """Raises KeyError."""
    return {rule.name: rule for rule in rules()}[name]


def read(name: str) -> Any:
    return yaml.load((DATA / f"{name}.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def vocabulary() -> dict[str, str]:
    """Each class as one alternation, those it names inside included."""
    found: dict[str, str] = {}
    for name, words in read("vocabulary").items():
        written = "|".join(words) if isinstance(words, list) else str(words)
        found[name] = f"(?:{_filled(written, found)})"
    return found


def compiled(phrases: list[str], *, english: bool = False) -> re.Pattern[str] | None:
    """One pattern for any of the phrases. Raises KeyError for an unknown class, re.error for a bad phrase."""
    if not phrases:
        return None
    filled = [_filled(phrase, vocabulary()) for phrase in phrases]
    if english:
        return re.compile("|".join(rf"\b(?:{one.replace(' … ', f' {_ENGLISH_GAP}\\b')})" for one in filled))
    return re.compile("|".join(one.replace("…", _GAP) for one in filled))


def _filled(phrase: str, classes: dict[str, str]) -> str:
    return _CLASS.sub(lambda match: classes[match[1]], phrase)


def _rule(row: dict[str, Any]) -> Rule:
    companions = Patterns(
        compiled(row.get("with", [])), compiled(row.get("with_english", row.get("with_en", [])), english=True)
    )
    return Rule(
        name=row["name"],
        outcome=Outcome(row["outcome"]),
        source=row["source"],
        patterns=Patterns(compiled(row.get("says", [])), compiled(row.get("english", []), english=True)),
        companions=companions if companions.both else None,
        is_name=row.get("kind") == "name",
        despite=frozenset(row.get("despite", ())),
        words=row.get("words", ""),
        examples=tuple(row.get("examples", ())),
        silent=tuple(row.get("silent", ())),
    )
