"""No message can keep a process busy: every regular expression of the program comes to an end on what is said over and
over, as people do who panic (帮我帮我帮我…, 嗯嗯嗯嗯…)."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator, Mapping
from itertools import permutations
from types import FrameType
from typing import Any

import pytest

from bot.red_flags import reading, scope

_LENGTH = 60  # characters: one that doubles with each of them would take longer than there is time
_SECONDS = 2.0  # of a whole pattern with all its texts; those that end take a thousandth of it
_MOST = 120  # pieces
_PAIRED = 20
_ESCAPED = re.compile(r"\\.")
_WORD = re.compile(r"[㐀-鿿]+|[A-Za-z]+")


def _within(thing: Any, deep: int = 6) -> Iterator[re.Pattern[str]]:
    if isinstance(thing, re.Pattern):
        if isinstance(thing.pattern, str):
            yield thing
    elif deep and isinstance(thing, Mapping):
        for one in (*thing.keys(), *thing.values()):
            yield from _within(one, deep - 1)
    elif deep and isinstance(thing, list | tuple | set | frozenset):
        for one in thing:
            yield from _within(one, deep - 1)
    elif deep and type(thing).__module__.startswith("bot.red_flags"):
        for name in getattr(type(thing), "__slots__", None) or vars(thing):
            yield from _within(getattr(thing, name, None), deep - 1)


def _all() -> dict[re.Pattern[str], str]:
    found: dict[re.Pattern[str], str] = {}
    for top in ("integrations", "bot", "actions"):
        package = importlib.import_module(top)
        for module in pkgutil.walk_packages(package.__path__, f"{top}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                for pattern in _within(value):
                    found.setdefault(pattern, f"{module.name}.{name}")
    scope.warm()
    for pattern in _within([reading.rules(), [scope._cue(name) for name in reading.read("scope")]]):
        found.setdefault(pattern, "bot.red_flags")
    return found


def _pieces(pattern: str) -> list[str]:
    """The words in it, those without their last letter (帮我? is 帮 too), and what stands between words."""
    words = _WORD.findall(_ESCAPED.sub("|", pattern))
    return sorted({*words, *(word[:-1] for word in words if word[:-1]), *" ，1x"})[:_MOST]


def _texts(pattern: re.Pattern[str]) -> Iterator[str]:
    """Pieces over and over, alone and in pairs, with an end that nothing expects."""
    pieces = _pieces(pattern.pattern)
    pairs = permutations(pieces, 2) if len(pieces) <= _PAIRED else ()
    for piece in (*pieces, *("".join(pair) for pair in pairs)):
        yield (piece * _LENGTH)[:_LENGTH] + "§"


@pytest.fixture
def hanging() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def _hangs(pattern: re.Pattern[str]) -> str:
    """The text on which it does not come to an end, "" for none."""
    text = ""
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    try:
        for text in _texts(pattern):
            pattern.search(text)
            pattern.fullmatch(text)
    except TimeoutError:
        return text
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def test_a_pattern_that_does_not_end_would_be_seen(hanging: None) -> None:
    assert _hangs(re.compile("(?:帮我?|我)*吗"))


def test_every_pattern_ends_on_what_is_said_over_and_over(hanging: None) -> None:
    patterns = _all()
    assert len(patterns) > 1000
    assert {f"{where}: {text}" for pattern, where in patterns.items() if (text := _hangs(pattern))} == set()
