"""Which language a patient writes. Tags are BCP 47: zh-Hans, zh-Hant, en.

Most messages in a hospital chat tell nothing of it (2, ok, CT, 9:30, a name, a code): those leave it as it was.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from opencc import OpenCC  # type: ignore[attr-defined]

from integrations.language.whereabouts import names_a_place

SIMPLIFIED, TRADITIONAL, ENGLISH = "zh-Hans", "zh-Hant", "en"
LANGUAGES = (SIMPLIFIED, TRADITIONAL, ENGLISH)

_OURS = re.compile(r"\[\[\w+:[0-9a-f]{32}\]\]|https?://\S+|\S+@\S+")
_HAN = re.compile(r"[㐀-鿿]")
LATIN_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*")
_ENGLISH_IN_CHINESE = 4  # Han characters that an English sentence may hold: a name
_CHINESE_IN_ENGLISH = 5  # Han characters from which on it is a sentence, whatever they are
_CHINESE = re.compile(
    "[的了吗呢吧我你您他她想要看挂没不是怎么哪几帮请给疼痛嗎麼掛請幫給還还约約说說谢謝]|可以|[今明后後]天"
)
# Characters that traditional texts have as well, though conversion would change them: 皇后, 公里, 台.
_BOTH = frozenset(
    "后里面只干几台松了系征才吃云谷丑斗折卷借注并布占回复发范于余御愿岳咸向郁吁伙获饥姜据卷克夸困蜡累"
    "漓栗帘梁了霉蒙弥苹仆朴签秋曲确舍沈胜术苏坛涂团万咸须旋药叶佣郁御愈致制钟种周朱准着床群峰鼻说"
)


def detect(text: str, known: str = SIMPLIFIED, *, expects: str | None = None) -> str:
    """The language of a text as it was typed; `known`, the one so far, when the text says too little.

    `expects` is what the last question asked for: an answer to it (a name, a number) says less than a sentence.
    """
    if expects in ("address", "place") and names_a_place(text):
        return known  # it is written as the courier reads it
    text = _OURS.sub(" ", text)
    han, words = _HAN.findall(text), LATIN_WORD.findall(text.lower())
    if han and not (_is_english(words, expects) and len(han) <= _ENGLISH_IN_CHINESE):
        return _script(text, han, known)
    return ENGLISH if not han and _is_english(words, expects) else _mixed(han, known)


def opens_in_english(text: str) -> bool:
    """Whether these words, which say too little as an answer, are English where nothing was asked: hello, book."""
    words = text.lower().strip(" .,!?~").split()
    return bool(words) and _words("opening_words").issuperset(word.strip(",.!") for word in words)


def guess(tag: str) -> str:
    """Of a platform's tag (zh-hant, zh-TW, zh_HK, en-GB, fr) the language of ours that comes nearest, or ""
    for no tag."""
    parts = tag.lower().replace("_", "-").split("-")
    if not parts[0]:
        return ""
    if parts[0] in ("zh", "yue", "wuu"):
        return TRADITIONAL if {"hant", "tw", "hk", "mo"} & set(parts) else SIMPLIFIED
    return ENGLISH


def _mixed(han: list[str], known: str) -> str:
    """English around a name in Chinese is English; no Chinese and no sentence either says nothing."""
    return ENGLISH if han else known


def _is_english(words: list[str], expects: str | None) -> bool:
    plain = [word.replace("'", "").replace("’", "") for word in words]
    telling = [word for word in plain if word not in _words("shared_words")]
    if not telling:
        return False
    known = sum(word in english_words() for word in plain)
    wanted = 3 if expects else 2
    return known >= wanted or (known >= 1 and len(plain) >= wanted + 1)


def _script(text: str, han: list[str], known: str) -> str:
    """Simplified or traditional, by the characters that only one of them has."""
    if known == ENGLISH and len(han) < _CHINESE_IN_ENGLISH and not _CHINESE.search(text):
        return known  # a name, a department
    traditional, simplified = _only_traditional(), _only_simplified()
    balance = sum((character in traditional) - (character in simplified) for character in han)
    if balance:
        return TRADITIONAL if balance > 0 else SIMPLIFIED
    return known if known != ENGLISH else SIMPLIFIED


def english_words() -> frozenset[str]:
    """The little words, and what brings people to a hospital."""
    return _words("english_words")


@cache
def _words(name: str) -> frozenset[str]:
    """The words of a file; shared_words holds what Chinese speakers write too, opening_words those of a greeting and
    of the journeys."""
    return frozenset(Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").split())


@cache
def _only_traditional() -> frozenset[str]:
    return _changed_by("t2s") - _BOTH


@cache
def _only_simplified() -> frozenset[str]:
    return _changed_by("s2t") - _BOTH - _only_traditional()


def _changed_by(conversion: str) -> frozenset[str]:
    """The characters, each alone, that a conversion of OpenCC changes."""
    every = [chr(code) for code in range(0x3400, 0xA000)]
    after = str(OpenCC(conversion).convert("\n".join(every))).split("\n")  # type: ignore[no-untyped-call]
    return frozenset(one for one, other in zip(every, after, strict=True) if one != other)
