"""The rules, read from data/*.yml.

A rule says what is looked for (`says`, and `english`), and perhaps what has to stand near it (`with`, `with_english`).
Its phrases are regular expressions in which {name} is a class of words from vocabulary.yml and … a gap within one
clause. `kind: name` marks the name of an illness or deed rather than a sign: people ask about those. `kind: hint` marks
words that may as well mean nothing. `words` names a text of its own (bot_<outcome>_<words> in domain.yml), `asks` the
question of a check (bot_check_<asks>), and of what becomes one because it has lasted for long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.red_flags.phrases import Phrase, Sieve

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
    """One row of data/*.yml. `words`: names a text of its own. `asks`: the question where it is asked about.
    `despite`: what does not silence it."""

    name: str
    outcome: Outcome
    source: str
    patterns: Patterns
    companions: Patterns | None = None
    is_name: bool = False
    is_hint: bool = False
    despite: frozenset[str] = frozenset()
    words: str = ""
    asks: str = "general"
    examples: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patterns:
    """The same in Chinese and in English; either may be missing."""

    chinese: tuple[Phrase, ...] = ()
    english: tuple[Phrase, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.chinese or self.english)

    def of(self, *, han: bool, latin: bool) -> tuple[Phrase, ...]:
        """Those that can match a text which holds such characters."""
        return (self.chinese if han else ()) + (self.english if latin else ())


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
def sieve() -> tuple[Sieve, dict[str, int]]:
    """A sieve of what all rules look for, and where in it each one's phrases begin, first the Chinese."""
    phrases: list[Phrase] = []
    begin = {}
    for rule in rules():
        begin[rule.name] = len(phrases)
        phrases += (*rule.patterns.chinese, *rule.patterns.english)
    return Sieve(phrases), begin


# What the second opinion speaks by: it looks for nothing, and rests on no guidance.
OPINIONS = tuple(
    Rule(name, outcome, "second opinion", Patterns(), asks=asks)
    for name, outcome, asks in (
        ("model.emergency", Outcome.EMERGENCY, "general"),
        ("model.crisis", Outcome.CRISIS, "general"),
        ("model.urgent", Outcome.URGENT, "general"),
        ("model.check", Outcome.CHECK, "general"),
        ("model.check_mind", Outcome.CHECK, "mind"),
    )
)


@cache
def rule_named(name: str) -> Rule:
    """A rule, or what the second opinion speaks by. Raises KeyError."""
    return {rule.name: rule for rule in (*rules(), *OPINIONS)}[name]


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


def compiled(phrases: list[str], *, english: bool = False) -> tuple[Phrase, ...]:
    """Raises KeyError for an unknown class, re.error for a bad phrase."""
    return tuple(Phrase.of(written(phrase, english=english)) for phrase in phrases)


def written(phrase: str, *, english: bool = False) -> str:
    """A phrase as a plain regular expression."""
    filled = _filled(phrase, vocabulary())
    if english:
        # Letters and digits only count as one word: it ends where Chinese begins.
        return rf"(?a:\b(?:{filled.replace(' … ', f' {_ENGLISH_GAP}\\b')}))"
    return filled.replace("…", _GAP)


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
        companions=companions or None,
        is_name=row.get("kind") == "name",
        is_hint=row.get("kind") == "hint",
        despite=frozenset(row.get("despite", ())),
        words=row.get("words", ""),
        asks=row.get("asks", "general"),
        examples=tuple(row.get("examples", ())),
        silent=tuple(row.get("silent", ())),
    )
