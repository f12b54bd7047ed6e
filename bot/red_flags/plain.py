"""One way of writing, before anything is looked for: one case, one set of marks, no stutter, standard words for
dialect, and words put right that were typed by their sound."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from bot.red_flags.reading import read
from integrations.language.sounds import loose_syllable

_MARKS = str.maketrans(
    {",": "，", ";": "；", "!": "！", "?": "？", "’": "'", "～": "，", "~": "，", "…": "，", "、": "、"}
)
_FULL_STOP = re.compile(r"\.(?=\s|$)|\.{2,}|。{2,}")
_SPACE = re.compile(r"(?<=[㐀-鿿])\s+(?=[㐀-鿿])")
_STUTTERED = 2.5  # characters between spaces, on average: then the spaces part no clauses
_TERSE = 4  # characters between commas
_FILLERS = re.compile(r"(?<=[㐀-鿿，])(?:呃|嗯|额(?!头)|啊(?=[㐀-鿿])|那个(?=[㐀-鿿])|就是说)+(?=[㐀-鿿])")
_SOUNDED = re.compile(r"[㐀-鿿]|[a-z]+")
_TWO = 2  # characters of an expression
_COMMON = 0xB0A1, 0xD7F9  # GB 2312's first level: the characters of everyday


def plain(text: str) -> str:
    """As the rules are written."""
    text = _FULL_STOP.sub("。", text.lower()).translate(_MARKS)
    if text.isascii():
        return _by_sound(text)
    text = _joined(_FILLERS.sub("", _unspaced(text)))
    spelling = _spelling()
    return _by_sound(spelling[0].sub(lambda found: spelling[1][found[0]], text))


def _unspaced(text: str) -> str:
    if not _SPACE.search(text):
        return text
    pieces = _SPACE.split(text)
    stuttered = sum(map(len, pieces)) / len(pieces) < _STUTTERED
    return ("" if stuttered else "，").join(pieces)


def _joined(text: str) -> str:
    """血，止不住，拔牙 → 血止不住拔牙: where all is said in a word or two at a time, commas part no clauses."""
    pieces = text.split("，")
    return "".join(pieces) if max(map(len, pieces)) <= _TERSE else text


@cache
def _spelling() -> tuple[re.Pattern[str], dict[str, str]]:
    written = read("spelling")
    standard = {
        wrong: right
        for part in ("dialect", "slips")
        for right, every in written[part].items()
        for wrong in every.split()
    }
    longest_first = sorted(standard, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), standard


@cache
def _sounds() -> dict[str, Any]:
    """A tree of syllables; "" holds the word that ends there. Reading it warms the readings of common characters, so
    that no message waits for them."""
    for code in range(_COMMON[0], _COMMON[1] + 1):
        if code & 0xFF >= 0xA1:
            loose_syllable(code.to_bytes(2, "big").decode("gb2312", errors="ignore") or "一")
    tree: dict[str, Any] = {}
    for word in read("spelling")["by_sound"].split():
        branch = tree
        for character in word:
            branch = branch.setdefault(loose_syllable(character), {})
        branch[""] = word
    return tree


@cache
def _right() -> tuple[str, ...]:
    return tuple(read("spelling")["right"].split())


def _is_slip(typed: str, word: str) -> bool:
    """Two syllables alone are many words, and parts of more (直肠 and 嗓子常… sound like 自残): they are put right
    where they were typed in letters. Slips of such words in characters are listed one by one."""
    if len(word) == _TWO:
        return typed.isascii()
    return not any(right in typed for right in _right())


def _by_sound(text: str) -> str:
    """喘不上起 → 喘不上气, xiong kou teng → 胸口疼. Only whole expressions are put right."""
    sounds = [(loose(found[0]), found.start(), found.end()) for found in _SOUNDED.finditer(text)]
    tree = _sounds()
    at, done, pieces = 0, 0, []
    while at < len(sounds):
        if sounds[at][0] not in tree:
            at += 1
            continue
        branch, word, after = tree, "", at
        for place in range(at, len(sounds)):
            sound, start, _ = sounds[place]
            if sound not in branch or (place > at and text[sounds[place - 1][2] : start].strip()):
                break
            branch = branch[sound]
            if "" in branch:
                word, after = branch[""], place + 1
        if word and _is_slip(text[sounds[at][1] : sounds[after - 1][2]], word):
            pieces += [text[done : sounds[at][1]], word]
            done, at = sounds[after - 1][2], after
        else:
            at += 1
    return "".join(pieces) + text[done:] if pieces else text


@cache
def loose(sound: str) -> str:
    """The loose reading of one character, or of a syllable that was typed in letters."""
    if not sound.isascii():
        return loose_syllable(sound)
    for hard, soft in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")):
        if sound.startswith(hard):
            sound = soft + sound[len(hard) :]
            break
    return sound.removesuffix("g") if sound.endswith("ng") else sound
