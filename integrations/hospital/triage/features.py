"""What the model sees of a text: runs of one to four characters, ages as stages of life, numbers as one sign."""

from __future__ import annotations

import re

from integrations.language.script import normalise

LONGEST = 4
_AGE = re.compile(r"(\d{1,3}|[一二两三四五六七八九十]{1,3})\s*(?:周|虚)?岁半?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BREAK = re.compile(r"[^0-9a-z㐀-鿿]+")
_DIGITS = {name: at for at, name in enumerate("零一二三四五六七八九")} | {"两": 2}
# Below the year: the sign that stands for the age. Signs that no patient writes in such a row.
_STAGES = ((3, "儿儿"), (14, "童童"), (19, "少少"), (40, "青青"), (60, "中中"), (200, "老老"))


def cleaned(text: str) -> str:
    """Half-width, simplified, small letters, all other signs a space."""
    staged = _AGE.sub(lambda match: f" {_stage(_years(match[1]))} ", normalise(text).lower())
    return _BREAK.sub(" ", _NUMBER.sub("0", staged)).strip()


def features(text: str) -> list[str]:
    """Every run of characters, within its clause."""
    found = []
    for clause in cleaned(text).split(" "):
        padded = f" {clause} "
        for size in range(1, LONGEST + 1):
            found += [padded[at : at + size] for at in range(len(padded) - size + 1)]
    return [one for one in found if one != " "]


def _years(written: str) -> int:
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones[-1:], 0)


def _stage(years: int) -> str:
    return next((sign for below, sign in _STAGES if years < below), "老老")
