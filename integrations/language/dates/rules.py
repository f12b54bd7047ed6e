"""What a rule is: a pattern, and a function that reads the day or time out of a match."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from integrations.language.dates import words
from integrations.language.dates.calendar import Clock, Days, Half, Moment, NoSuchHour, Reference
from integrations.language.numerals import NUMBER, SMALL

Piece = Days | Half | Clock | Moment | NoSuchHour
Read = Callable[[re.Match[str], Reference], Piece | None]

_CN = "[零〇一二三四五六七八九]"

# Fragments that patterns name as <year>, <month>, …
_FRAGMENTS = {
    "year": rf"(?:(?P<year>(?<!\d)\d{{4}}|(?<!\d)\d{{2}}|[一二两]{_CN}{{3}}|{_CN}{{2}}|两千) ?年"
    rf"|(?P<said_year>{words.alternatives(words.YEARS)}))(?:的|度)? ?",
    "said_month": rf"(?P<said_month>{words.alternatives(words.MONTHS)})份?的? ?",
    "month": rf"(?P<month>(?<![\d.])(?!两){SMALL}) ?月份?的? ?",
    "day": rf"(?P<day>{SMALL})",
    "week": rf"(?P<week>{words.alternatives(words.WEEKS)})个?",
    "weekday": r"(?P<weekday>[一二三四五六日天七]|[1-7](?![\d.:点号月]))",
    # 一周一次 and 每周三 name no day; 周六周日 does.
    "new": "(?:(?<![一二两三四五六七八九十百\\d几半每整逢])|(?<=[周期拜][一二三四五六日天]))",
    # A weekday said after a date: the date decides.
    "same_day": rf"(?:[ ,，(（]{{0,2}}{words.WEEK_WORD}[一二三四五六日天][)）]?)?",
    "number": NUMBER,
    "small": SMALL,
    "lunar": "(?:农历|阴历|旧历)",
    "to": " ?(?:到|至|~|～|-+) ?",
    "W": words.WEEK_WORD,
    # 2号楼, 3号诊室, 1号线 and 2号那位 are no days.
    "号": "(?:[日号](?![楼院线门窗机厅床馆桌]|诊室|病房|病区|那[个位]|医生|大夫|专家|选项|方案|码))",
}
_FRAGMENT = re.compile(r"(?<!\?P)<(\w+)>")  # but not the name of a group


@dataclass(frozen=True, slots=True)
class Rule:
    """`read` gives None when the words mean something else after all, and raises NoSuchDay for a date
    that is in no calendar."""

    pattern: re.Pattern[str]
    read: Read


def rule(pattern: str) -> Callable[[Read], Rule]:
    """Makes a rule of a function. `pattern` may name fragments in angle brackets."""
    named = _FRAGMENT.sub(lambda name: f"(?:{_FRAGMENTS[name[1]]})", pattern)
    compiled = re.compile(
        named, re.IGNORECASE | re.ASCII
    )  # next Wednesday上午: a word ends where Chinese begins
    return lambda read: Rule(compiled, read)
