"""Whether a text says a word, denies it, or only asks about it: 流脓了; 没有流脓, 流脓没有; 会不会流脓.

A denial holds for the word behind it, and along a list: 没有红肿、渗血和流脓; no redness, swelling or pus. It never
holds for what else the sentence tells: 没长好流脓了, 疼得没睡着. Pure functions over folded, simplified text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Stance(StrEnum):
    SAID = "said"
    DENIED = "denied"
    OPEN = "open"  # asked, feared or supposed


@dataclass(frozen=True, slots=True)
class Mention:
    """text[start:end] holds a word."""

    start: int
    end: int
    stance: Stance


_END = r"(?=$|[，,。.；;！!？?、~～…\s])"
_NO = r"(?:没有?|未|无|冇|莫得?|没得|并?非|毋|唔|(?<!差)不(?!过|只|仅))"
# What may stand between the denial and its word.
_BETWEEN = (
    r"(?:有|见|啥|什么|怎么|咋|多|太|大|明显|觉得|感觉|感到|发现|看到|看见|出现|发生|能|会|是|算|很|特别|非常|那么|够|完全|彻底|全|都|再|任何"
    r"|一?点儿?|过|得|到|要|法|敢|肯|愿意?|按|及|继续|进一步|像|比|以前|之前|原来|上次|先前|刚开始|那[时会]候?|好好|给|怎样)"
)
_ALONG = r"(?:的|、|和|跟|及|与|或者?|以及|/|啊|呀|血|液|水|\s)*"
_NOT = (
    r"(?:\b(?:no|without|zero)(?: (?:any|more|longer|real|significant|signs?|of|a|the|much|new|further))*"
    r"|\bnever(?: (?:had any|had|any|saw|seen|noticed|really|once|even))*"
    r"|(?<!n't )(?<!not )(?<!yet )\bstopped"
    r"|\b(?:can'?t|cannot|couldn'?t|can not) say(?: (?:that|i|i'm|am|it|it's|is|was|feel|any|much))*"
    r"|\b(?:not|hardly|barely|neither|nor|nothing(?: is| gets?| got)?"
    r"|(?:have|has|had|is|are|was|were|does|do|did|wo)n'?t)"
    r"(?: (?:a|an|any|much|very|really|so|too|yet|that|quite|been|being|be|feel|feeling|felt|get|got|gotten|getting"
    r"|become|becoming|look|looks|looking|seem|seems|more|longer|had|have|having|a bit|even|exactly|completely|fully"
    r"|totally|entirely|particularly|noticed?|noticing|see|seen|seeing|find|found|signs?|of|the|my|all|always|to|ever"
    r"|(?:think|say|believe|feel|sure)(?: (?:that|it|i|is|it's|am|i'm|was|feels?|looks?|the|wound"
    r"|got|has|gotten))*))*) ?$"
)
_ASKED = re.compile(
    r"(?<![不没])([\u4e00-\u9fff])[不没]\1[^，,。；;！!？?]{0,4}$|不会(?:是|要|又)$"
    r"|(?<!可)怕(?:会|要|是|伤口|又)*$|担心(?:会|要|是|伤口|又)*$|(?:万一|如果|假如|(?<![主只还])要是)[^，,。；;！!？?]{0,4}$"
    r"|\b(?:if|could it|will it|might|may|afraid(?: of)?|worried(?: about)?)"
    r"(?: (?:be|it|it's|is|that|get|the|will|a))*\s?$",
    re.IGNORECASE,
)
_AFTER = (
    r"(?:了|的|过|这些?|什么的|啥的|情况|现象|症状|感觉)*(?:也|都|倒是?|是|就|还|全|一概|目前|暂时|现在|并)*"
    rf"(?:没有?|冇|无|没得|莫得)(?:了|的|过|啊|呢|哦|呀|哈|出现|发生)*{_END}"
)
_RHETORICAL = re.compile(r"[^，,。；;！!？?]{0,3}吗")  # 不是流脓了吗
_REACH = 80  # characters around a word that say how it is meant
_ENDING = r"(?:s|es|d|ed|ing|ness)?(?![a-z])"  # bleed: bleeding


def mentions(text: str, words: Iterable[str], listed: Iterable[str] = ()) -> list[Mention]:
    """Where these words stand, and how each is meant. `listed`: the words along which a denial reaches, beside these
    themselves; what is good news is no such word (没长好流脓了)."""
    own = tuple(sorted({word.lower() for word in words if word}, key=len, reverse=True))
    if not own:
        return []
    find, before, after = _patterns(own, tuple(sorted({*(word.lower() for word in listed), *own})))
    text = text.lower().replace("’", "'")
    return [
        Mention(match.start(), match.end(), _stance(text, match.start(), match.end(), before, after))
        for match in find.finditer(text)
    ]


def outermost[Of](found: Iterable[tuple[Mention, Of]]) -> list[tuple[Mention, Of]]:
    """Those that are no part of a longer one: of 没好转 and 好转 the first."""
    kept: list[tuple[Mention, Of]] = []
    reach = (0, 0)
    for one, of in sorted(found, key=lambda each: (each[0].start, -each[0].end)):
        if one.end > reach[1]:
            reach = (one.start, one.end)
        if reach == (one.start, one.end):
            kept.append((one, of))
    return kept


def _stance(
    text: str, start: int, end: int, before: tuple[re.Pattern[str], ...], after: re.Pattern[str]
) -> Stance:
    head, tail = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    if _ASKED.search(head):
        return Stance.OPEN
    direct, along, english, english_list = before
    if direct.search(head) or english.search(head) or after.match(tail):
        return Stance.OPEN if _RHETORICAL.match(tail) else Stance.DENIED
    denies_itself = text[start] in "没不无冇莫"
    if along.search(head) and not (denies_itself or tail.startswith("了")):
        return Stance.DENIED
    sentence = re.split(r"[.;!?。；！？]", head)[-1] + re.split(r"[.;!?。；！？]", tail)[0]
    if english_list.search(head) and re.search(r"\bn?or\b", sentence):
        return Stance.DENIED
    return Stance.SAID


@lru_cache(maxsize=256)
def _patterns(
    own: tuple[str, ...], listed: tuple[str, ...]
) -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...], re.Pattern[str]]:
    any_listed = _any(sorted(listed, key=len, reverse=True))
    direct = re.compile(rf"{_NO}{_BETWEEN}{{0,4}}$")
    along = re.compile(rf"{_NO}{_BETWEEN}{{0,4}}(?:{any_listed}{_ALONG}){{1,8}}$")
    unended = _NOT.removesuffix(" ?$")
    english = re.compile(rf"{unended}(?: ?|(?: {any_listed})+ )$")  # no open wounds
    joined = rf"{any_listed}(?:(?:,| n?or|/| and)? ?{any_listed}){{0,6}}"
    english_list = re.compile(rf"{unended} {joined}(?:,? (?:n?or )?|/)$")
    after = re.compile(rf"(?:(?:[、和跟及与]|{any_listed})*){_AFTER}")
    return re.compile(_any(own)), (direct, along, english, english_list), after


def _any(words: Iterable[str]) -> str:
    """One of these words; English ones from their beginning on, with the usual endings."""
    return "(?:" + "|".join(map(_word, words)) + ")"


def _word(word: str) -> str:
    return rf"(?<![a-z]){re.escape(word)}{_ENDING}" if word.isascii() else re.escape(word)
