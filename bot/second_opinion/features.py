"""What the model sees of a text: runs of one to four characters or English words, within a clause."""

from __future__ import annotations

import re

LONGEST = 4
_STEM = 6  # letters of an English word: bleeding, bleeds
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BREAK = re.compile(r"[^0-9a-z'㐀-鿿]+")
_WORD = re.compile(r"[a-z0-9']+|[㐀-鿿]")


def features(text: str) -> list[str]:
    """Of a text that was made plain (`bot.red_flags.plain`)."""
    found = ["？"] if "？" in text else []
    text = _NUMBER.sub("0", text)
    if text.isascii():
        return found + _runs(["<", *(one[:_STEM] for one in _WORD.findall(text)), ">"], " ")
    for clause in _BREAK.split(text):
        if not clause:
            continue
        if clause.isascii():
            found += _runs([one[:_STEM] for one in _WORD.findall(clause)], " ")
        else:
            padded = f"<{clause}>"
            for size in range(1, LONGEST + 1):
                found += [padded[at : at + size] for at in range(len(padded) - size + 1)]
    return found


def _runs(words: list[str], between: str) -> list[str]:
    return [
        between.join(words[at : at + size])
        for size in range(1, LONGEST + 1)
        for at in range(len(words) - size + 1)
    ]
