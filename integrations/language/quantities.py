"""Numbers with a part behind the point, as patients write them: 6.1, 六点一, 一百三, one hundred and five."""

from __future__ import annotations

import re

from integrations.language.numerals import read_digits, read_number

_CHINESE = "[零〇一二两三四五六七八九十百]"
# Bounded, so that a flood of digits costs little.
QUANTITY = (
    r"(?:(?<![\d.])\d{1,4}(?:\.\d{1,2})?(?![\d.]*\d)"
    rf"|(?<![零〇一二两三四五六七八九十百]){_CHINESE}{{1,6}}(?:点[零〇一二两三四五六七八九]{{1,2}})?(?!{_CHINESE}))"
)
_ROUND = re.compile(r"([一二两三])百([一二三四五六七八九])")  # 一百三 is 130, not 103

_ONES = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_WORD = "|".join([*_ONES, *_TENS, "hundred"])
_SPOKEN = re.compile(rf"\b(?:{_WORD})\b(?:[ -](?:and )?(?:{_WORD})\b){{0,4}}", re.IGNORECASE)


def read_quantity(text: str) -> float:
    """The value of what QUANTITY matched. Raises ValueError."""
    if text[0].isdecimal():
        return float(text)
    whole, _, part = text.partition("点")
    if rounded := _ROUND.fullmatch(whole):
        value = 100 * read_number(rounded[1]) + 10 * read_number(rounded[2])
    else:
        value = read_number(whole)
    return float(f"{value}.{read_digits(part)}") if part else float(value)


def spoken_as_digits(text: str) -> str:
    """English number words as digits, of the same length where they fit: "one thirty five over eighty five" becomes
    "135 over 85" with the places of what stands behind kept by spaces."""
    return _SPOKEN.sub(lambda found: _digits(found[0]).ljust(len(found[0])), text)


def _digits(words: str) -> str:
    """one thirty five is 135 like one hundred and thirty five. A lone one stays a word: "no one"."""
    parts = [word for word in re.split(r"[ -]", words.lower()) if word != "and"]
    if len(parts) == 1:
        return words
    total = 0
    for place, word in enumerate(parts):
        if word == "hundred":
            total *= 100
        elif place and word in _TENS and total in range(1, 10):
            total = 100 * total + _TENS[word]
        else:
            total += _ONES.get(word, 0) + _TENS.get(word, 0)
    return str(total)
