"""One form of writing for everything that is understood: half-width, simplified. And back: traditional characters
for those who read them.

`fold` keeps every position, so spans found in a folded text hold in the original. Conversion from
traditional characters may, in rare words, change the length: do it once, at the inbound edge.
"""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC  # type: ignore[attr-defined]

_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys((0x3000, 0xA0, 0x2002, 0x2003, 0x2009, 0x202F), " ")
_DASHES = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212, 0xFE63), "-")
_FOLD = str.maketrans({**_FULL_WIDTH, **_SPACES, **_DASHES})


def fold(text: str) -> str:
    """Full-width letters, digits, signs and spaces as half-width ones. Same length as before."""
    return text.translate(_FOLD)


def simplify(text: str) -> str:
    """Traditional characters as simplified ones; simplified text comes back unchanged."""
    return text if text.isascii() else str(_converter().convert(text))  # type: ignore[no-untyped-call]


def normalise(text: str) -> str:
    """What the inbound edge does to a patient's text before it is understood."""
    return simplify(fold(text))


def written(text: str) -> str:
    """The marks between Chinese characters as people write them: 等了三小时，没人理."""
    return _MARKS.sub(lambda found: chr(ord(found[0]) + 0xFEE0), text)


def traditional(text: str) -> str:
    """Simplified characters as traditional ones, in the standard forms of Taiwan (裡, 為, 床), which readers of
    Hong Kong know too. The words stay (短信, 链接): they are what the hospital's own messages and pages say.
    Left as written: masked names of patients, links, and surnames that only look simplified."""
    if text.isascii():
        return text
    pieces = _KEPT.split(text)
    return "".join(
        piece if at % 2 else str(_to_traditional().convert(piece))  # type: ignore[no-untyped-call]
        for at, piece in enumerate(pieces)
    )


_MARKS = re.compile(r"(?<=[\u4e00-\u9fff])[,;:!?](?=[\u4e00-\u9fff]|$)")
# *余 is how the patient writes it; 于洋 is no 於洋.
_KEPT = re.compile(
    r"(\*[㐀-鿿]|https?://\S+|(?<![㐀-鿿])[于范余](?=[㐀-鿿]{1,2}(?:$|[\s，,。、（(：:]|医生|主任)))"
)


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")  # type: ignore[no-untyped-call]


@cache
def _to_traditional() -> OpenCC:
    return OpenCC("s2tw")  # type: ignore[no-untyped-call]
