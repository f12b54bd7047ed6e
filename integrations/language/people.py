"""Whom a patient speaks of when it is somebody else: 帮我妈, 给孩子."""

from __future__ import annotations

import re

from integrations.language.spans import Span

_WHO = (
    r"(?:爸妈|父母|老?妈妈?|母亲|老?爸爸?|父亲|爹|娘|老公|老婆|爱人|老伴|配偶|丈夫|妻子|儿媳妇?|媳妇"
    r"|婆婆|公公|岳[父母]|丈母娘|奶奶|爷爷|外公|外婆|姥姥|姥爷|儿子|女儿|闺女|孩子|小孩|宝宝|娃|外孙女?|孙[子女]"
    r"|姑[姑妈父]|姨[妈父]|大[姑伯]|大姨(?!妈)|小[姑姨]|[表堂][哥姐弟妹]|阿姨|舅[舅妈]|叔叔|婶婶|伯[伯父母]|女婿|侄[子女]|外甥女?"
    r"|弟弟?|妹妹?|哥哥?|姐姐?|家人|家里人|老人|朋友|同事)"
)
# Somebody else is meant when one acts for them (帮孩子) or calls them one's own (我妈).
_OTHERS = re.compile(rf"(?:(?:帮|给|替|为|带|陪)(?:我|俺|咱)?们?家?的?|(?:我|俺|咱)们?家?的?)(?P<who>{_WHO})")
_WHO_IN_ENGLISH = (
    r"mom|mum|mother|dad|father|parents?|husband|wife|spouse|partner|son|daughter|child|kids?|baby|brother|sister"
    r"|grand(?:mother|father|ma|pa|parent|son|daughter|child)|friend|aunt|uncle|nephew|niece|cousin|colleague"
)
_ENGLISH = re.compile(rf"\b(?:my|our|his|her)\s+(?:\w+\s+)?(?P<who>{_WHO_IN_ENGLISH})\b", re.IGNORECASE)
_ANSWER = re.compile(rf"(?P<who>{_WHO})")
_ENGLISH_ANSWER = re.compile(rf"\b(?P<who>{_WHO_IN_ENGLISH})\b", re.IGNORECASE)


_ALONE = re.compile(
    rf"(?:(?:不对|不是|错了|说错了|[打写]错了)[,，。 ]*)?(?:应该)?是?"
    rf"(?:帮|给|替|为)?(?:我|俺|咱)?们?家?的?{_WHO}|(?:(?:my|our|his|her)\s+)?(?:{_WHO_IN_ENGLISH})",
    re.IGNORECASE,
)


_ONESELF = re.compile(
    r"(?:给|帮|替|为)(?:我)?(?:自己|本人)|(?:我自己|我本人)(?=[挂看约预])"
    r"|\b(?:for )?(?:myself|me instead)\b",
    re.IGNORECASE,
)


# Where a value is told of somebody, the word alone at the beginning says of whom: 妈妈早上135/85, mom 135/85.
_TOLD_OF = re.compile(
    r"(?:^|[，。,;；、!！\s])(?:今天|昨天|昨晚|刚才|刚刚|早上|早晨|上午|中午|下午|晚上|记一下|记录一下|记下|的|是|：|:)*"
    rf"(?P<who>{_WHO})(?!说|让|叫|要)"
)
_TOLD_OF_IN_ENGLISH = re.compile(
    rf"^\s*(?:(?:my|our|his|her)\s+)?(?P<who>{_WHO_IN_ENGLISH})(?:'s|’s)?\b", re.IGNORECASE
)


def told_of(text: str) -> str:
    """Of whom a message tells that begins with a relative, without 我 before the word; "" for nobody. `text` is
    simplified."""
    found = _TOLD_OF.search(text) or _TOLD_OF_IN_ENGLISH.search(text)
    return found["who"].lower() if found else ""


def find_oneself(text: str) -> list[Span]:
    """给我自己挂: the span `oneself`, when the patient says that it is for nobody else."""
    return [Span("oneself", *match.span(), "oneself") for match in _ONESELF.finditer(text)][:1]


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
