"""Numbers as patients write them: 25, ２５, 二十五, 二五, 廿五."""

from __future__ import annotations

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")}
_DIGITS |= {"〇": 0, "○": 0, "两": 2, "俩": 2, "幺": 1}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_TENS = str.maketrans({"廿": "二十", "卅": "三十", "初": ""})

# For regular expressions: a whole number, of bounded length so that a flood of digits costs little; and
# one that fits a month, a day, an hour or a minute.
NUMBER = r"(?:(?<!\d)\d{1,6}|[零〇一二两三四五六七八九十百千]{1,6})"
SMALL = (
    r"(?:(?<!\d)\d{1,2}|[二三四五六七八九]?十[一二三四五六七八九]?|[廿卅][一二三四五六七八九]?"
    r"|初[一二三四五六七八九十]|[零〇]?[零〇一二两三四五六七八九])"
)


def read_number(text: str) -> int:
    """The value of a number in digits, as a Chinese number (二十五) or digit by digit (二〇二六).

    Raises ValueError for anything else.
    """
    if text.isdecimal():
        return int(text)
    text = text.translate(_TENS)
    if text and not any(unit in text for unit in _UNITS):
        return int(read_digits(text))
    total, digit = 0, None
    for character in text:
        if unit := _UNITS.get(character):
            total += (1 if digit is None else digit) * unit
            digit = None
        elif character in _DIGITS:
            digit = _DIGITS[character]
        else:
            raise ValueError("not a number")
    if not text:
        raise ValueError("not a number")
    return total + (digit or 0)


def read_digits(text: str) -> str:
    """Digits said one by one, as ASCII digits: 一三八 → "138", １３8 → "138". Raises ValueError."""
    digits = [str(_DIGITS[c]) if c in _DIGITS else str(int(c)) for c in text]
    return "".join(digits)
