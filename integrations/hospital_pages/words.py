"""What pages are found by: Chinese characters and pairs of neighbours, English words without their endings; of
several words that mean the same one stands for all (synonyms.txt).

Characters and pairs find more than the words that jieba parts a text into (docs/decisions/0034-hospital-pages.md),
and need no dictionary in memory.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

SYNONYMS = Path(__file__).with_name("synonyms.txt")
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|[㐀-鿿]+")
# What every question may have: it says nothing of its subject.
_FILLER = re.compile(
    r"请问|麻烦|能不能|可不可以|可以|有没有|是不是|要不要|用不用|你们|您们|我们|一下|什么|怎么样|怎么办|怎么|那里|这里"
)
_IDLE = frozenset("的了吗呢吧啊呀么是有在不我你您他她们能要会去到做")
_ENGLISH = (
    "a an the i you we my me your our is are am be was do does did can could should would will may to of for in on at"
    " and or with from by it its this that there what when where which who how if please need want have has get got go"
    " any some hospital s t m so about as into"
)
_IDLE_ENGLISH = frozenset(_ENGLISH.split())


def words_of(text: str) -> list[str]:
    """`text` is simplified and half-width."""
    found: list[str] = []
    for piece in _WORD.findall(_FILLER.sub(" ", _one_word_for_each(text.lower()))):
        if not piece[0].isascii():
            found += [character for character in piece if character not in _IDLE]
            found += [first + second for first, second in pairwise(piece)]
        elif piece not in _IDLE_ENGLISH:
            found.append(_stem(piece))
    return found


def _stem(word: str) -> str:
    word = word.partition("'")[0]
    for ending in ("ings", "ing", "ies", "es", "s", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word.removesuffix("e") if len(word) > 4 else word


@cache
def _synonyms() -> tuple[re.Pattern[str], dict[str, str]]:
    meant: dict[str, str] = {}
    for line in SYNONYMS.read_text("utf-8").splitlines():
        word, _, others = line.partition(":")
        meant |= {other.strip().lower(): word.strip() for other in others.split(",") if other.strip()}
    either = "|".join(
        rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one)
        for one in sorted(meant, key=len, reverse=True)
    )
    return re.compile(either), meant


def _one_word_for_each(text: str) -> str:
    pattern, meant = _synonyms()
    return pattern.sub(lambda found: meant[found[0]], text)
