"""The rules for English parts of the day and hours: in the morning, 9.30 pm, half past nine, at ten."""

from __future__ import annotations

import re

from integrations.language.dates import words
from integrations.language.dates.calendar import Clock, Reference
from integrations.language.dates.english_words import (
    COUNT,
    DAYS,
    HALVES,
    HOUR,
    HOUR_WORDS,
    TH,
    WEEKDAY,
    number,
)
from integrations.language.dates.rules import Piece, Rule, rule


# Alone a greeting, with a day or a time a part of the day.
@rule(rf"(?<!good )(?:\b(?:in|during) the )?\b(?P<half>{words.alternatives(HALVES)})s?\b")
def half(match: re.Match[str], reference: Reference) -> Piece | None:
    if match["half"].lower() == "night" and not re.search(
        r"(?:day|tomorrow|tmrw?|last) $", match.string[: match.start()]
    ):
        return None  # when it hurts, mostly
    return HALVES[match["half"].lower()]


@rule(r"(?<=\bto)night\b")
def tonight(match: re.Match[str], reference: Reference) -> Piece:
    return words.EVENING


@rule(r"(?<![\d.:])(?<!\d )\b(?P<half>[ap])\.?m\b\.?(?! ?\d)")
def short_half(match: re.Match[str], reference: Reference) -> Piece | None:
    """Tomorrow pm. "I am" says nothing of the morning."""
    before = match.string[: match.start()].rstrip().lower()
    if not re.search(rf"(?:{WEEKDAY}|{words.alternatives(DAYS)}|day|\d{TH}?|the)$", before):
        return None
    return words.MORNING if match["half"].lower() == "a" else words.AFTERNOON


@rule(
    rf"(?<![\d:./-])\b(?P<hour>{HOUR})(?:[.:](?P<minute>[0-5]\d)| (?P<said>thirty|fifteen"
    rf"|forty[ -]?five))?(?= ?[ap]\.?m\b)"
)
def hour_with_half(match: re.Match[str], reference: Reference) -> Piece | None:
    """9am, 9.30 pm, nine thirty am: the half is read by its own rule."""
    minute = _MINUTES.get((match["said"] or "").lower().replace(" ", "-"), int(match["minute"] or 0))
    return _clock(match["hour"], minute)


@rule(r"(?<=[a-z]) ?(?P<half>[ap])\.?m\b\.?")
def half_after_words(match: re.Match[str], reference: Reference) -> Piece | None:
    """nine am"""
    if not re.search(
        rf"\b(?:{HOUR_WORDS}|thirty|fifteen|five|clock)$", match.string[: match.start()], re.IGNORECASE
    ):
        return None
    return words.SHORT_HALVES[match["half"].lower() + "m"]


_MINUTES = {"thirty": 30, "fifteen": 15, "forty-five": 45, "fortyfive": 45}


@rule(
    rf"\b(?:(?P<part>half|quarter|a quarter|{COUNT}(?: minutes?)?) (?P<side>past|after|to|before) )"
    rf"(?P<hour>{HOUR})\b(?: ?o'? ?clock)?"
)
def said_clock(match: re.Match[str], reference: Reference) -> Piece | None:
    """Half past nine, quarter to ten, ten past nine."""
    part = match["part"].lower()
    minutes = 30 if part == "half" else 15 if "quarter" in part else number(part.split(" minute")[0])
    hour = number(match["hour"])
    if match["side"].lower() in ("to", "before"):
        return Clock((hour - 1) % 24, 60 - minutes) if 0 < minutes < 60 and hour <= 24 else None
    return Clock(hour, minutes) if hour < 24 and minutes < 60 else None


@rule(rf"\b(?:half )(?P<hour>{HOUR_WORDS}|\d{{1,2}})\b(?! (?:hour|day|an))")
def half_nine(match: re.Match[str], reference: Reference) -> Piece | None:
    """Half nine, as the British say it."""
    return _clock(match["hour"], 30)


@rule(rf"(?<![\d:./-])\b(?P<hour>{HOUR}) ?o'? ?clock\b")
def o_clock(match: re.Match[str], reference: Reference) -> Piece | None:
    return _clock(match["hour"], 0)


@rule(
    rf"\b(?:at|around|about|by|from|before|after) (?P<hour>{HOUR})(?:[:.](?P<minute>[0-5]\d)| (?P<said>thirty"
    rf"|fifteen))?\b"
    r"(?![\d:./%-]| ?(?:am|pm|a\.m|p\.m|o'? ?clock|days?|weeks?|months?|years?|hours?|minutes?|mins?|yuan|rmb|people"
    r"|am\b|past|to\b|th|st|nd|rd|of|least|kg|cm|patients?|times?|doctors?))"
)
def at_hour(match: re.Match[str], reference: Reference) -> Piece | None:
    """At 9, around ten thirty."""
    minute = _MINUTES.get((match["said"] or "").lower(), int(match["minute"] or 0))
    return _clock(match["hour"], minute)


def _clock(hour: str, minute: int) -> Clock | None:
    at = number(hour)
    return Clock(at, minute) if at < 24 else None


RULES: tuple[Rule, ...] = (
    tonight, half, short_half, hour_with_half, half_after_words, said_clock, half_nine, o_clock, at_hour,
)  # fmt: skip
