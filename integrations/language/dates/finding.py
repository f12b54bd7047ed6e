"""The days and times a patient asks for, as entities for the dialog."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import Days, Half, Lean, Reference
from integrations.language.dates.reading import Resolution, resolve
from integrations.language.dates.scan import Expression, Found, scan
from integrations.language.script import fold
from integrations.language.spans import Span

_AHEAD = 6  # days that 以后 and the like reach ahead
_LONGEST = 62  # days; longer ranges (今年) are not something to book in
_HISTORY = 366  # days; what lies further back is told, not asked for (a birth date, an operation)

_REFUSED_BEFORE = re.compile(r"(?:不要|不想要?|不选|不是|别|除了|除开|避开)(?:约|挂|在|选)?$")
_REFUSED_AFTER = re.compile(
    r"(?:的?[号话]?)(?:不行|不可以|不能|不方便|没空|没时间|没有空|来不了|去不了|不要|除外|有事|要上班)"
)
_SINCE = re.compile(
    r"(?:早上|上午|中午|下午|晚上|夜里|凌晨)?(?:开始|起床|起来|以来|就(?![诊来去挂想行能有可好要])|[发吐疼痛头咳拉感查吃做]|一直)"
)
_BEGAN = re.compile("(?:就|一直)?开始(?:有点)?(?:发|疼|痛|咳|吐|拉|头|肚|感|不舒服|难受|流|出血|晕|肿|痒)")
_LATER = re.compile(r"(?:以后|之后|往后|后面|起|开始|后(?![天面来续]))")
_EARLIER = re.compile(r"(?:以前|之前|前(?![天面台往]))")
# What follows a vague word or a half day that is asked for, and not part of a complaint.
_ASKED = re.compile(
    r"[ 的]?(?:$|[,，。.!！?？、;；~]|[有能可看挂约来去号都行吧好或和哪什想要预请帮还呢吗方比最门出\d]"
    r"|时间|时段|还是|到|就诊|医生|一天|几天)"
)


def find_dates(text: str, now: datetime) -> list[Span]:
    """The entities date, impossible_date, period and time in a text, in order of appearance.

    `now` is local (its zone is ignored); `text` is simplified, of any width. A date's value is
    "2026-11-25" or {"first": …, "last": …}; a range that has begun begins today. A period is morning,
    afternoon or evening; a time is "HH:MM", and from 1 to 6 o'clock without a part of the day means
    the afternoon, the hours when a hospital sees patients. What is refused (周三不行) and what
    belongs to a complaint (昨天开始发烧) is left out; a past date that is asked for is not.
    """
    now, text = now.replace(tzinfo=None), fold(text)
    today = now.date()
    expressions = [e for e in scan(text, Reference(now, Lean.AHEAD)) if _is_asked(text, e, now)]
    found = [(e, resolve(e, now)) for e in expressions]
    if any(r.last and r.last >= today for _, r in found):  # then a past day is when it began to hurt
        found = [(e, r) for e, r in found if not (r.last and r.last < today)]
    soon = [e for e, _ in found if _soon(e)]
    dated = any(e.days and not _soon(e) for e, _ in found)
    idle = soon if dated else soon[1:]
    found = [(e, r) for e, r in found if e not in idle]
    return [span for e, r in found for span in _spans(text, e, r, today)]


def _is_asked(text: str, expression: Expression, now: datetime) -> bool:
    before, after = text[: expression.start], expression.end
    if _REFUSED_BEFORE.search(before) or _REFUSED_AFTER.match(text, after):
        return False
    if expression.moment:
        return resolve(expression, now).moment(now.date()) > now  # type: ignore[operator]
    if expression.days is None:
        alone = expression.half and not expression.clock
        return not (alone and _complains(text, expression.half))
    word = text[expression.days.start : expression.days.end]
    if _soon(expression):
        return word not in words.COMPLAINT_DAYS or bool(_ASKED.match(text, after))
    if word.endswith("前") or _BEGAN.match(text, after):
        return False
    days = expression.days.what
    if days is None:
        return True
    resolution = resolve(expression, now)
    first, last = resolution.first, resolution.last
    if first is None or last is None or (last - first).days > _LONGEST or (now.date() - last).days > _HISTORY:
        return False
    return first > now.date() or not _SINCE.match(text, after)


def _complains(text: str, half: Found | None) -> bool:
    """晚上睡不着 is a complaint, 晚上有号吗 is not."""
    if half is None or text[half.start : half.end] not in words.COMPLAINT_HALVES:
        return False
    return text[: half.start].endswith(("每天", "天天", "每", "一到", "总是")) or not _ASKED.match(
        text, half.end
    )


def _soon(expression: Expression) -> bool:
    days = expression.days.what if expression.days else None
    return isinstance(days, Days) and days.soon


def _spans(text: str, expression: Expression, found: Resolution, today: date) -> list[Span]:
    spans = []
    if days := expression.days:
        last = expression.last.days if expression.last and expression.last.days else days
        end = last.end
        if days.what is None or last.what is None:
            return [Span("impossible_date", days.start, end, text[days.start : end])]
        assert found.first is not None
        assert found.last is not None
        spans.append(Span("date", days.start, end, _date_value(text, end, found.first, found.last, today)))
    if expression.half and isinstance(expression.half.what, Half):
        half = expression.half
        if found.period:
            spans.append(Span("period", half.start, half.end, found.period))
        elif half.what is words.NOON and not found.at:
            spans.append(Span("time", half.start, half.end, "12:00"))
    if found.at and (clock := expression.clock):
        spans.append(Span("time", clock.start, clock.end, _hospital_hour(expression, found)))
    if found.at and (moment := expression.moment) and found.first:
        spans.append(Span("date", moment.start, moment.end, found.first.isoformat()))
        spans.append(Span("time", moment.start, moment.end, f"{found.at:%H:%M}"))
    return sorted(spans, key=lambda span: span.start)


def _date_value(text: str, end: int, first: date, last: date, today: date) -> str | dict[str, str]:
    if _LATER.match(text, end) and last >= today:
        last = max(first, today) + timedelta(days=_AHEAD)
    elif _EARLIER.match(text, end) and last > today:
        first = today
    if first <= today <= last:
        first = today
    if first == last:
        return first.isoformat()
    return {"first": first.isoformat(), "last": last.isoformat()}


def _hospital_hour(expression: Expression, found: Resolution) -> str:
    assert found.at
    hour = found.at.hour
    if expression.half is None and 1 <= hour <= 6:
        hour += 12
    return f"{hour:02}:{found.at:%M}"
