"""What a text names in time, as data: {"value": …} for a day or a moment, {"start": …, "end": …} for a range.

Days are 2026-11-25, moments 2026-11-25 09:00:00, local. A range of days ends with its last day. An open range has one
of both and `mod`: before (the end is not part of it), until (it is), after and since. A time without a day is given on
the day of reference first, then as the bare time of any day (09:00:00).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from integrations.language.dates.open_ranges import OpenRange, find_open_range, find_to_now
from integrations.language.dates.periods import find_period
from integrations.language.dates.reading import Resolution, parse
from integrations.language.numerals import SMALL
from integrations.language.script import normalise

# The hours that a part of a day stands for, where nothing else is said.
_HOURS = {
    "morning": (time(8), time(12)),
    "noon": (time(11), time(13)),
    "afternoon": (time(12), time(16)),
    "evening": (time(16), time(20)),
    "small hours": (time(0), time(5)),
}


def resolutions(text: str, now: datetime) -> list[dict[str, str]]:
    """The readings of the first expression of time in a text, the likeliest first; empty when there is none.

    `now` is local, without zone. Incomplete dates lie in the current week, month or year.
    """
    text = _written_out(normalise(text))
    try:
        tight = _tight(text)
        period = find_period(tight, now) or find_to_now(tight, now) or find_open_range(tight, now)
        found = None if period else parse(text, now)
    except (ValueError, OverflowError):  # a day beyond the calendar
        return []
    if isinstance(period, OpenRange):
        return [_open(period)]
    if period:
        if period.start == period.end:
            return [{"value": _moment(period.start)}]
        return [{"start": _moment(period.start), "end": _moment(period.end)}]
    return _written(found, now.date()) if found else []


# What is said once and holds for both ends: 早上五到六点, 2017年8月11日至8月22日; and 三月和九月之间.
_HOUR_ONCE = re.compile(rf"(?<![\d.月第])({SMALL})( ?(?:到|至|~|-+) ?{SMALL} ?点)")
_CN = "[零〇一二三四五六七八九]"
_YEAR_ONCE = re.compile(
    rf"(?P<year>(?:\d{{4}}|\d\d|[一二]{_CN}{{3}})年)(?P<day>{SMALL}月[^年到至~-]+)(?P<to>到|至|~|-+)(?P<last>{SMALL}月)"
)
_BETWEEN = re.compile(r"^(?P<first>.+?\d?[点日号月时])(?:和|与)(?P<last>.+?)之?间$")
# The day of the full moon is counted by the moon: 二月十五, but 2月15日.
_FULL_MOON = re.compile(
    r"(?<![年阴农历旧到至一二三四五六七八九十\d])(?P<day>(?:[正二三四五六七九冬腊]|十[一二]?)月十五)"
    r"(?![日号\d一二三四五六七八九到至天人岁])"
)


def _written_out(text: str) -> str:
    text = _HOUR_ONCE.sub(r"\1点\2", text)
    text = _YEAR_ONCE.sub(r"\g<year>\g<day>\g<to>\g<year>\g<last>", text)
    text = _BETWEEN.sub(r"\g<first>到\g<last>", text)
    return _FULL_MOON.sub(r"农历\g<day>", text)


def _tight(text: str) -> str:
    """Without the spaces and marks around and between the pieces."""
    text = re.sub(r"(?<=[^\d ]) | (?=[^\d ])", "", text.strip(" ,，。.!！?？"))
    return text.replace("—", "-").replace("–", "-")


def _open(period: OpenRange) -> dict[str, str]:
    return {period.side: _moment(period.at), "mod": period.mod}


def _moment(at: date | datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if isinstance(at, datetime) else at.isoformat()


def _written(found: Resolution, today: date) -> list[dict[str, str]]:
    first, last = found.first, found.last
    if found.at:
        return _with_time(found, found.at, today)
    if found.half in _HOURS and first == last:
        begin, end = _HOURS[found.half]
        day = first or today
        on_day = {"start": _moment(datetime.combine(day, begin)), "end": _moment(datetime.combine(day, end))}
        return [on_day] if first else [on_day, {"start": f"{begin}", "end": f"{end}"}]
    if first is None or last is None:
        return []
    if found.only:
        return [{"value": f"{day}"} for day in found.only]
    return [{"value": f"{first}"}] if first == last else [{"start": f"{first}", "end": f"{last}"}]


def _with_time(found: Resolution, at: time, today: date) -> list[dict[str, str]]:
    begin = datetime.combine(found.first or today, at)
    if not found.until:
        dated, bare = {"value": _moment(begin)}, {"value": f"{at}"}
    else:
        dated = {"start": _moment(begin), "end": _moment(found.until)}
        bare = {"start": f"{at}", "end": f"{found.until.time()}"}
    return [dated] if found.first else [dated, bare]
