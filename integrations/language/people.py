"""Whom a patient speaks of when it is somebody else: 帮我妈, 给孩子."""

from __future__ import annotations

import re

from integrations.language.spans import Span

_WHO = (
    r"(?:妈妈?|母亲|爸爸?|父亲|爹|娘|老公|老婆|爱人|老伴|丈夫|妻子|媳妇|婆婆|公公|岳[父母]|丈母娘|奶奶|爷爷"
    r"|外公|外婆|姥姥|姥爷|儿子|女儿|孩子|小孩|宝宝|娃|孙[子女]|弟弟?|妹妹?|哥哥?|姐姐?|家人|家里人|老人|朋友|同事)"
)
# Somebody else is meant when one acts for them (帮孩子) or calls them one's own (我妈).
_OTHERS = re.compile(rf"(?:(?:帮|给|替|为|带|陪)(?:我|俺|咱)?们?家?的?|(?:我|俺|咱)们?家?的?)(?P<who>{_WHO})")
_WHO_IN_ENGLISH = (
    r"mom|mum|mother|dad|father|parents?|husband|wife|spouse|partner|son|daughter|child|kids?|baby|brother|sister"
    r"|grand(?:mother|father|ma|pa|parent|son|daughter|child)|friend"
)
_ENGLISH = re.compile(rf"\b(?:my|our|his|her)\s+(?:\w+\s+)?(?P<who>{_WHO_IN_ENGLISH})\b", re.IGNORECASE)
_ANSWER = re.compile(rf"(?P<who>{_WHO})")
_ENGLISH_ANSWER = re.compile(rf"\b(?P<who>{_WHO_IN_ENGLISH})\b", re.IGNORECASE)


_ALONE = re.compile(
    rf"(?:帮|给|替|为)?(?:我|俺|咱)?们?家?的?{_WHO}|(?:(?:my|our|his|her)\s+)?(?:{_WHO_IN_ENGLISH})",
    re.IGNORECASE,
)


def is_relative(text: str) -> bool:
    """Whether a text says only whom it is about: "我妈", "爸爸", "my son". `text` is simplified."""
    return bool(_ALONE.fullmatch(text.strip()))


def find_relatives(text: str, expects: str | None = None) -> list[Span]:
    """The people, as spans `relative` with their words as value. `text` is simplified. The answer to a question
    for the relation needs no 我 before it."""
    patterns = (_ANSWER, _ENGLISH_ANSWER) if expects == "relation" else (_OTHERS, _ENGLISH)
    return [
        Span("relative", *match.span("who"), match["who"].lower())
        for pattern in patterns
        for match in pattern.finditer(text)
    ]
