"""What the model sees of a text: runs of one to four characters."""

from __future__ import annotations

import re

from integrations.language.script import normalise

LONGEST = 4
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BREAK = re.compile(r"[^0-9a-z㐀-鿿]+")


def cleaned(text: str) -> str:
    """Half-width, simplified, small letters; numbers are one sign, all other signs a space."""
    return _BREAK.sub(" ", _NUMBER.sub("0", normalise(text).lower())).strip()


def features(text: str) -> list[str]:
    """Every run of characters, within its clause."""
    found = []
    for clause in cleaned(text).split(" "):
        padded = f" {clause} "
        for size in range(1, LONGEST + 1):
            found += [padded[at : at + size] for at in range(len(padded) - size + 1)]
    return [one for one in found if one != " "]
