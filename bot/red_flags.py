"""Words that cannot wait: a pure function over a new text and what the same patient wrote just before.

It runs when a message is accepted, before anything else may fail. The rules are data (red_flags.yml).
A hit counts only when it ends inside the new text, so that one alarm is not raised again by every
later message; fragments ("我妈" / "突然" / "说不了话") are read together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import yaml

WINDOW = timedelta(minutes=3)
_LONGEST_LOOK_BACK = 200  # characters of earlier messages that can belong to a fragment


class Outcome(StrEnum):
    NONE = "none"
    CRISIS = "crisis"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of red_flags.yml."""

    name: str
    outcome: Outcome
    source: str
    pattern: re.Pattern[str]


_CLAUSE_END = "，。；！？\n"
_MARKS = str.maketrans(",;!?’", "，；！？'")
_FULL_STOP = re.compile(r"\.(?=\s|$)")
_NEGATED = re.compile(
    r"(没有|没|不是|并不|并未|未曾|无|不会|不曾|别|防止|避免|否认)(过|出现|发生|感到|觉得|明显|什么|再)?的?"
    r"[^，。；！？\n]{0,2}$"
)
_PAST = re.compile(r"以前|曾经|曾(?!经)|小时候|去年|前年|大前年|上次|那年|年前|年轻时|病史|得过|有过")
_ABOUT = re.compile(
    r"预防|讲座|科普|后遗症|康复|复查|是什么|有哪些|什么原因|怎么引起|会遗传|课程|电影|小说|电视|新闻|游戏"
)
_SAYINGS = re.compile(
    r"(气|笑|累|困|饿|渴|热|冷|吓|烦|忙|想|爱|羡慕|高兴|贵|丑|堵|急)(得|都|要|快)?(想)?死(我|人|你|了)|想死你"
    r"|笑(到|得)?抽|抽不(出|开)|跳楼价|吐血价|吐血推荐"
)


# The same for English. What is over may be told after it, so the whole clause counts, unless it speaks of now.
_NEGATED_IN_ENGLISH = re.compile(
    r"\b(?:no|not|never|without|don't have|doesn't have|do not have|does not have|didn't have|isn't|wasn't"
    r"|hasn't|haven't"
    r"|free of|instead of|prevent|fear of|afraid of)"
    r"(?: (?:a|an|any|the|had|have|having|been|really|feel|feeling|yet|currently|more|signs? of))* $"
)
_PAST_IN_ENGLISH = re.compile(
    r"\b(?:years? ago|months? ago|last (?:year|month|summer|winter|spring|autumn)|in (?:19|20)\d\d|used to|history of"
    r"|when (?:i|he|she) was (?:a child|a kid|young|little|\d+)|previously|in the past|as a child|decades? ago)\b"
)
_NOW_IN_ENGLISH = re.compile(r"\b(?:now|again|this (?:morning|afternoon|evening)|and i|tonight)\b")
_ABOUT_IN_ENGLISH = re.compile(
    r"\b(?:what (?:is|are|causes)|how (?:to|do (?:i|you|we)) (?:prevent|avoid|know)|prevention|rehab\w*"
    r"|rehabilitation|after ?care"
    r"|check-?up|follow-?up|lecture|course|movie|film|novel|game|article|first aid (?:for|course)|risk of|signs of)\b"
)
_SAYINGS_IN_ENGLISH = re.compile(
    r"\b(?:heart attack (?:grill|burger)|died? (?:laughing|of laughter)|laugh\w* to death|bored to death|choking up"
    r"|nearly had a heart attack when|gave me a heart attack|killing me)\b"
)


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The rules, gravest outcome first. The gateway reads them when it starts, so that a fault shows then."""
    written = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
    rows = yaml.load(written, Loader=yaml.CSafeLoader)
    found = [
        Rule(row["name"], Outcome(row["outcome"]), row["source"], re.compile("|".join(row["patterns"])))
        for row in rows
    ]
    return tuple(sorted(found, key=lambda rule: rule.outcome is not Outcome.EMERGENCY))


def look(text: str, earlier: Sequence[str] = ()) -> tuple[Outcome, str]:
    """The gravest outcome in a new text, read together with the patient's earlier messages (oldest first,
    at most `WINDOW` old, all in simplified Chinese), and the name of the rule that saw it ("" for none)."""
    new = _even(text)
    new = _apart(new)
    before = "".join(_apart(_even(one)) for one in earlier)[-_LONGEST_LOOK_BACK:]
    for rule in rules():
        if _hits(rule, new, 0) or (before and _hits(rule, before + new, len(before))):
            return rule.outcome, rule.name
    return Outcome.NONE, ""


def _even(text: str) -> str:
    """One case and one set of marks, as the patterns are written."""
    return _FULL_STOP.sub("。", text.lower().translate(_MARKS))


def _apart(text: str) -> str:
    """Fragments of Chinese join as they are, English words keep their distance."""
    return f" {text}" if text[:1].isascii() and text[:1].isalnum() else text


def _hits(rule: Rule, text: str, new_from: int) -> bool:
    return any(
        match.end() > new_from and not _harmless(rule, text, match) for match in rule.pattern.finditer(text)
    )


def _harmless(rule: Rule, text: str, match: re.Match[str]) -> bool:
    start = max((text.rfind(mark, 0, match.start()) for mark in _CLAUSE_END), default=-1) + 1
    ends = [at for at in (text.find(mark, match.end()) for mark in _CLAUSE_END) if at >= 0]
    clause = text[start : min(ends, default=len(text))]
    said_before = text[start : match.start()]
    if any(
        saying.start() < match.end() and saying.end() > match.start() for saying in _SAYINGS.finditer(text)
    ):
        return True
    if _SAYINGS_IN_ENGLISH.search(clause):
        return True
    if _NEGATED.search(said_before) or _NEGATED_IN_ENGLISH.search(said_before):
        return True
    over = _PAST_IN_ENGLISH.search(clause) and not _NOW_IN_ENGLISH.search(clause)
    # A past attempt still matters in a crisis; a past stroke is history.
    return rule.outcome is Outcome.EMERGENCY and bool(
        _PAST.search(said_before) or _ABOUT.search(clause) or over or _ABOUT_IN_ENGLISH.search(clause)
    )
