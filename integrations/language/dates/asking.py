"""Whether a day or time is asked for, or only told: refused, or part of a complaint or a history."""

from __future__ import annotations

import re
from datetime import date, datetime

from integrations.language.dates import english, words
from integrations.language.dates.calendar import Days
from integrations.language.dates.reading import Resolution
from integrations.language.dates.scan import Expression

_LONGEST = 62  # days; longer ranges (今年) are not something to book in
_HISTORY = 366  # days; what lies further back is told, not asked for (a birth date, an operation)

_REFUSED_BEFORE = re.compile(r"(?:不要|不想要?|不选|不是|别|除了|除开|避开)(?:约|挂|在|选)?$")
_REFUSED_AFTER = re.compile(
    r"的?[号话]?(?:不行|不可以|不能|不方便|没空|没时间|没有空|来不了|去不了|不要|除外|有事|要上班)"
)

# What follows a word that may be asked for or be part of a complaint, when it is asked for.
_ASKED = re.compile(
    r"[ 的]?(?:$|[,，。.!！?？、;；~\d]|[能可看挂约来去号都行吧好或和哪什想要预请帮还呢吗门到]|有(?![点些时一痰])"
    r"|方便|比较|最好|出诊|时间|时段|就诊|医生|一天|几天)"
)
_HALF = r"(?:一大?早|[早晚]上|[上下中]午|夜里|凌晨)?"
_GOES_ON = (
    r"开始|起床|起来|以来|突然|又|还在|还是(?:疼|痛|不)|感觉|觉得|发现|出现|复发|加重|消失|缓解|一直|有[点些]"
    r"|不舒服|难受|仍|才|做了|同房|来的?月经|来例假|就(?![诊来去挂想行能有可好要])"
)
# After any day; after one that is not ahead.
_HAPPENED = re.compile(rf"{_HALF},?(?:我|他|她|宝宝|孩子)?(?:{_GOES_ON})(?![^,。]{{0,3}}[号诊])")
_HURT = re.compile(rf"{_HALF}[发吐疼痛头咳拉感查吃做流晕肿痒]")


def is_asked(text: str, expression: Expression, found: Resolution, now: datetime) -> bool:
    """Whether the patient asks for the day or time of this expression. `found` is its resolution."""
    before, after = text[max(0, expression.start - 8) : expression.start], expression.end
    if _REFUSED_BEFORE.search(before) or _REFUSED_AFTER.match(text, after):
        return False
    if _ruled_out_in_english(text, expression, found, now.date()):
        return False
    if expression.moment:
        return (found.moment(now.date()) or now) > now
    if expression.days is None:
        return bool(expression.clock) or not _complains(text, expression)
    if expression.days.what is None:
        return True
    return _is_asked_day(text, expression, found, now.date())


def _ruled_out_in_english(text: str, expression: Expression, found: Resolution, today: date) -> bool:
    before = text[max(0, expression.start - 24) : expression.start]
    if english.REFUSED_BEFORE.search(before) or english.REFUSED_AFTER.match(text, expression.end):
        return True
    if found.first and found.first > today:
        return False
    return bool(english.TOLD_BEFORE.search(before) or english.TOLD_AFTER.match(text, expression.end))


def is_soon(expression: Expression) -> bool:
    """Whether the days are only 最近, 尽快 or the like."""
    days = expression.days.what if expression.days else None
    return isinstance(days, Days) and days.soon


def _is_asked_day(text: str, expression: Expression, found: Resolution, today: date) -> bool:
    first, last, days = found.first, found.last, expression.days
    if first is None or last is None or days is None:
        return False
    word = text[days.start : days.end]
    if word in words.COMPLAINT_DAYS and not _ASKED.match(text, days.end) and not expression.half:
        return False
    if word.endswith("前") or _HAPPENED.match(text, expression.end):
        return False
    if (last - first).days > _LONGEST or (today - last).days > _HISTORY:
        return False
    if last < today and first != last:
        return False  # nobody wants last week
    return first > today or not _HURT.match(text, expression.end)


def _complains(text: str, expression: Expression) -> bool:
    """晚上睡不着 is a complaint, 晚上有号吗 is not."""
    half = expression.half
    if half is None or text[half.start : half.end] not in words.COMPLAINT_HALVES:
        return False
    often = text[: half.start].endswith(("每天", "天天", "每", "一到", "总是"))
    return often or not _ASKED.match(text, half.end)
