"""Texts as platforms take them: without forbidden characters, and in pieces that fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# What XML 1.0 (WeChat) and Postgres refuse: control characters, NUL, lone surrogates.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SENTENCE_END = re.compile(r"(?:[。！？!?；;…]+[”’」』）)\"]*|\.(?=\s)|\n)\s*")
_WORD_END = re.compile(r"[，,、：:]\s*|\s+")
_JOINER = "\u200d"


def clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def split(text: str, limit: int, size: Callable[[str], int]) -> list[str]:
    """The text in pieces of at most `limit`, where `size` measures one character. Cut after a sentence,
    else after a word, else between characters; white space at the cuts is dropped. No text: no pieces."""
    pieces = []
    rest = text.strip()
    while rest:
        end = _cut(rest, _longest(rest, limit, size))
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return pieces


def _longest(text: str, limit: int, size: Callable[[str], int]) -> int:
    """How many characters fit; at least one, so that splitting always goes on."""
    used = 0
    for count, character in enumerate(text):
        used += size(character)
        if used > limit:
            return max(count, 1)
    return len(text)


def _cut(text: str, end: int) -> int:
    if end == len(text):
        return end
    shortest = end // 3  # a very short piece is worse than a cut sentence
    if (sentence := _last_end(_SENTENCE_END, text, end)) > shortest:
        return sentence
    if text[end].isspace():
        return end
    if (word := _last_end(_WORD_END, text, end)) > shortest:
        return word
    whole = end
    while whole > max(end - 16, 1) and _inside_character(text, whole):
        whole -= 1
    return whole


def _last_end(boundary: re.Pattern[str], text: str, end: int) -> int:
    return max((match.end() for match in boundary.finditer(text, 0, end)), default=0)


def _inside_character(text: str, index: int) -> bool:
    """Whether a cut here would tear what is seen as one character (family emoji, skin tones, accents)."""
    following = text[index]
    return (
        text[index - 1] == _JOINER
        or following in (_JOINER, "\ufe0f")
        or unicodedata.combining(following) != 0
        or "\U0001f3fb" <= following <= "\U0001f3ff"
    )
