"""Periods that nobody books but a history names: quarters, weeks of a year, the last five days.

They are read where a text is nothing but the period (and a word like 从 before it), apart from the rules of the
dialog, which shall not see them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import (
    full_year,
    month_after,
    month_days,
    real_day,
    shift_months,
)
from integrations.language.numerals import NUMBER, read_number


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one day or moment to another, both included."""

    start: date | datetime
    end: date | datetime


_CN = "[零〇一二三四五六七八九]"
_FULL_YEAR = rf"(?:\d{{4}}|[一二]{_CN}{{3}})"
_TO = "(?:-+|到|至|~|和)"
_N = rf"(?P<n>{NUMBER}|半)"
_YEAR = (
    rf"(?:(?P<year>\d{{4}}|\d{{2}}|{_CN}{{2}}|[一二两]{_CN}{{3}}) ?年度?"
    rf"|(?P<said_year>{words.alternatives(words.YEARS)}))的? ?"
)
_OF_YEAR = _YEAR.replace("?P<year>", "?P<y>").replace(
    "?P<said_year>", "?P<sy>"
)  # beside _MONTH in one pattern
_MONTH = (
    rf"(?:{_YEAR})?(?:(?P<month>{NUMBER}) ?月份?|(?P<said_month>{words.alternatives(words.MONTHS)}))的? ?"
)
_WEEK = "(?:周|星期|礼拜|週)"
_UNIT = (
    rf"(?:个)?(?P<half>半)?(?P<unit>秒钟?|分钟|分|刻钟|小时|钟头|天|日|{_WEEK}|月|季度|年)(?P<more>半)?钟?"
)

_COUNTED = re.compile(
    rf"(?:(?P<ahead>(?:未来|今后|往后|接下来|之后|以后|还剩下?|剩下)(?:的)?)|(?P<back>(?:过去|最近|之前|以前|近|前)(?:的)?))"
    rf" ?{_N} ?{_UNIT}(?:以?内|里|之内)?"
)
_WITHIN = re.compile(rf"{_N} ?{_UNIT}(?:以内|之内|内)")
_LAST_ONE = re.compile(r"上一?个(?P<unit>小时|钟头)")
_HALVES = re.compile(rf"(?:{_YEAR})?(?P<which>上|下|前|后)个?半(?P<of>年|月|周|个月)")
_QUARTER = re.compile(
    rf"(?:{_YEAR})?(?:第?(?P<n>{NUMBER}|首)个?|Q(?P<q>[1-4])|(?P<said>上一?个?|下一?个?|本|这个?))季度?(?P<end>初|末)?",
    re.IGNORECASE,
)
_NTH = re.compile(
    rf"(?P<whole>(?P<of_month>{_MONTH})|(?P<of_year>{_OF_YEAR}))"
    rf"第?(?P<n>{NUMBER}|首)个?(?P<unit>{_WEEK}|月|天)"
)
_FIRST_FEW = re.compile(
    rf"(?P<whole>(?P<of_month>{_MONTH})|(?P<of_year>{_OF_YEAR}))"
    rf"(?P<side>前|头|最后|最後|后)的? ?(?P<n>{NUMBER}) ?个?(?P<unit>{_WEEK}|季度|月|天)"
)
_PAIR = re.compile(r"(?P<pair>今明|明后|去今)两?年")
_DECADE = re.compile(
    r"(?:(?P<century>[一二]?十[一二三四五六七八九]|二十|\d{2})世纪)?(?P<decade>[二三四五六七八九]十|[2-9]0)年代"
)
_YEARS = re.compile(rf"(?P<from>{_FULL_YEAR})年?{_TO}(?P<to>{_FULL_YEAR})年(?:之?间)?")
_MONTHS = re.compile(
    rf"(?:{_YEAR})?(?P<from>{NUMBER})月?份?{_TO}(?:(?P<to_year>{_FULL_YEAR}|\d\d)年)?(?P<to>{NUMBER})月份?(?:之?间)?"
)
_BARE_YEAR = re.compile(r"=? ?(?P<year>(?:19|20)\d{2})|(?P<said>这|上|下)一年")
_NUMBERS = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{4}|\d{1,2})")
COUNT = re.compile(rf"(?!\d{{4}}年|0\d)(?![一二][零〇一二三四五六七八九]{{3}}年){_N} ?{_UNIT}")
BEGINNING = re.compile(r"^(?:从|自从|自|于|在|打)")


def find_period(text: str, now: datetime) -> Stretch | None:
    """The period that a text (simplified, without spaces) is, seen from `now`. Raises NoSuchDay."""
    core = BEGINNING.sub("", text)
    return next((found for read in _READERS if (found := read(core, now))), None)


def _counted(text: str, now: datetime) -> Stretch | None:
    if match := _COUNTED.fullmatch(text):
        return _stretch(match, now, ahead=bool(match["ahead"]))
    if match := _WITHIN.fullmatch(text):
        return _stretch(match, now, ahead=True)
    return None


_SECONDS = {"秒": 1, "秒钟": 1, "分": 60, "分钟": 60, "刻钟": 900, "小时": 3600, "钟头": 3600}


def _stretch(match: re.Match[str], now: datetime, *, ahead: bool) -> Stretch | None:
    count = 0.5 if match["n"] == "半" else float(read_number(match["n"]))
    count += 0.5 if match["half"] or match["more"] else 0
    sign = 1 if ahead else -1
    if seconds := _SECONDS.get(match["unit"]):
        other: date | datetime = now + timedelta(seconds=sign * count * seconds)
        here: date | datetime = now
    else:
        here, other = now.date(), _days_away(now.date(), match["unit"], sign * count)
    return Stretch(here, other) if ahead else Stretch(other, here)


def _days_away(today: date, unit: str, count: float) -> date:
    months = {"月": 1, "季度": 3, "年": 12}.get(unit)
    if months:
        return shift_months(today, int(count * months))
    return today + timedelta(days=int(count * (1 if unit in "天日" else 7)))


def _last_one(text: str, now: datetime) -> Stretch | None:
    return Stretch(now - timedelta(hours=1), now) if _LAST_ONE.fullmatch(text) else None


def _half(text: str, now: datetime) -> Stretch | None:
    match = _HALVES.fullmatch(text)
    if match is None:
        return None
    second, today = match["which"] in "下后", now.date()
    if match["of"] == "周":
        monday = today - timedelta(days=today.weekday())
        return Stretch(
            monday + timedelta(days=3 if second else 0), monday + timedelta(days=6 if second else 3)
        )
    if match["of"] == "年":
        year = _year(match, today)
        return Stretch(date(year, 7 if second else 1, 1), date(year, 12, 31) if second else date(year, 6, 30))
    days = month_days(today.replace(day=1), 16, 31) if second else month_days(today.replace(day=1), 1, 15)
    return Stretch(days.first, days.last)


def _year(match: re.Match[str], today: date, year: str = "year", said: str = "said_year") -> int:
    if word := match[said]:
        return today.year + words.YEARS[word]
    return full_year(read_number(match[year]), today) if match[year] else today.year


def _quarter(text: str, now: datetime) -> Stretch | None:
    match = _QUARTER.fullmatch(text.removesuffix("季度") + "季度" if text.lower().startswith("q") else text)
    if match is None:
        return None
    today = now.date()
    if said := match["said"]:
        first = month_after(today, -((today.month - 1) % 3) + {"上": -3, "下": 3}.get(said[0], 0))
    else:
        number = 1 if match["n"] == "首" else read_number(match["n"] or match["q"])
        first = real_day(_year(match, today), number * 3 - 2, 1)
    begin, length = {"初": (0, 1), "末": (2, 1)}.get(match["end"] or "", (0, 3))
    return Stretch(month_after(first, begin), month_after(first, begin + length) - timedelta(days=1))


def _whole(match: re.Match[str], now: datetime) -> tuple[date, date]:
    """The month or year that something is counted in: its first day, and the first one after it."""
    today = now.date()
    if match["of_year"]:
        year = _year(match, today, "y", "sy")
        return date(year, 1, 1), date(year + 1, 1, 1)
    if match["said_month"]:
        first = month_after(today, words.MONTHS[match["said_month"]])
    else:
        first = real_day(_year(match, today), read_number(match["month"]), 1)
    return first, month_after(first, 1)


def _first_monday(first: date) -> date:
    return first + timedelta(days=-first.weekday() % 7)


def _nth(text: str, now: datetime) -> Stretch | None:
    match = _NTH.fullmatch(text)
    if match is None or match["unit"] == "天" or ("第" not in match[0] and match["n"] != "首"):
        return None
    first, _ = _whole(match, now)
    nth = 1 if match["n"] == "首" else read_number(match["n"])
    if match["unit"] == "月":
        return Stretch(month_after(first, nth - 1), month_after(first, nth) - timedelta(days=1))
    monday = _first_monday(first) + timedelta(weeks=nth - 1)
    return Stretch(monday, monday + timedelta(days=6))


def _first_few(text: str, now: datetime) -> Stretch | None:
    match = _FIRST_FEW.fullmatch(text)
    if match is None:
        return None
    (first, after), count = _whole(match, now), read_number(match["n"])
    months = {"月": count, "季度": 3 * count}.get(match["unit"])
    if match["side"] in "前头":
        if months:
            return Stretch(first, month_after(first, months) - timedelta(days=1))
        days = count if match["unit"] == "天" else 7 * count
        first = first if match["unit"] == "天" else _first_monday(first)
        return Stretch(first, first + timedelta(days=days - 1))
    if months:
        return Stretch(month_after(after, -months), after - timedelta(days=1))
    if match["unit"] == "天":
        return Stretch(after - timedelta(days=count), after - timedelta(days=1))
    sunday = after - timedelta(days=1) - timedelta(days=(after - timedelta(days=1)).isoweekday() % 7)
    return Stretch(sunday - timedelta(days=7 * count - 1), sunday)


def _pair(text: str, now: datetime) -> Stretch | None:
    match = _PAIR.fullmatch(text)
    if match is None:
        return None
    first = now.year + {"今明": 0, "明后": 1, "去今": -1}[match["pair"]]
    return Stretch(date(first, 1, 1), date(first + 1, 12, 31))


def _decade(text: str, now: datetime) -> Stretch | None:
    match = _DECADE.fullmatch(text)
    if match is None:
        return None
    decade = read_number(match["decade"])
    century = match["century"]
    year = (read_number(century) - 1) * 100 + decade if century else full_year(decade, now.date())
    return Stretch(date(year, 1, 1), date(year + 9, 12, 31))


def _years(text: str, now: datetime) -> Stretch | None:
    match = _YEARS.fullmatch(text)
    if match is None:
        return None
    return Stretch(date(read_number(match["from"]), 1, 1), date(read_number(match["to"]), 12, 31))


def _months(text: str, now: datetime) -> Stretch | None:
    """三月到五月, 2017年8月至11月; backwards it goes on into the next year."""
    match = _MONTHS.fullmatch(text)
    if match is None or not ("月" in text[: match.end("from") + 1] or match["year"] or match["said_year"]):
        return None
    year = _year(match, now.date())
    first = real_day(year, read_number(match["from"]), 1)
    to_year = full_year(read_number(match["to_year"]), now.date()) if match["to_year"] else year
    last = real_day(to_year, read_number(match["to"]), 1)
    last = last.replace(year=last.year + 1) if last < first else last
    return Stretch(first, month_after(last, 1) - timedelta(days=1))


def _bare_year(text: str, now: datetime) -> Stretch | None:
    match = _BARE_YEAR.fullmatch(text)
    if match is None:
        return None
    year = int(match["year"]) if match["year"] else now.year + {"这": 0, "上": -1, "下": 1}[match["said"]]
    return Stretch(date(year, 1, 1), date(year, 12, 31))


def _numbers(text: str, now: datetime) -> Stretch | None:
    """12-11-10 begins with the year; 3-7-2017, 3-7-07 and 05/05/89 begin with the day."""
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    year, month, day = match["a"], int(match["b"]), match["c"]
    if len(day) == 4 or len(year) == 1 or int(day) > 31:
        year, day = day, year
    found = real_day(full_year(int(year), now.date()), month, int(day))
    return Stretch(found, found)


_READERS = (
    _counted, _last_one, _half, _quarter, _nth, _first_few, _pair, _decade, _years, _months, _bare_year, _numbers,
)  # fmt: skip
