"""The rules that name one day."""

from __future__ import annotations

import re
from datetime import timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import (
    Days,
    Lean,
    NoSuchDay,
    Reference,
    day_of_month,
    day_of_year,
    lunar_day,
    month_after,
    nth_weekday,
    real_day,
    shift_months,
    solar_term,
    weekday,
)
from integrations.language.dates.naming import count_of, in_course, month_of, said_month_of, year_of
from integrations.language.dates.rules import Piece, rule
from integrations.language.numerals import read_number


@rule(rf"(?P<day>{words.alternatives(words.DAYS)})(?!天|日[^期])")
def said_day(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(reference.today + timedelta(days=words.DAYS[match["day"]]))


@rule(rf"(?P<day>{words.alternatives(words.NEXT_DAYS)}|前(?=[晚夜]))")
def next_day(match: re.Match[str], reference: Reference) -> Piece | None:
    if reference.lean is Lean.AHEAD:
        return None
    return Days.one(reference.today + timedelta(days=words.NEXT_DAYS.get(match["day"], -2)))


@rule(r"(?P<day>[今明昨当](?=[早晚晨夜])|后天?(?=[早晚]上))")
def clipped_day(match: re.Match[str], reference: Reference) -> Piece:
    """今晚, 明早: the half of the day is read by its own rule."""
    away = {"昨": -1, "明": 1, "后": 2}
    return Days.one(reference.today + timedelta(days=away.get(match["day"][0], 0)))


@rule(r"<year>?<month><day>(?!\d|[个位岁次])<号>?<same_day>")
def month_and_day(match: re.Match[str], reference: Reference) -> Piece:
    day, year = match["day"], year_of(match, reference)
    month = read_number(match["month"])
    if re.match("[初廿卅]", day):  # only the lunar calendar counts its days so
        return Days.one(lunar_day(year, month, read_number(day), reference))
    if year is None:
        return Days.one(day_of_year(month, read_number(day), reference))
    return Days.one(real_day(year, month, read_number(day)))


@rule(r"<year>?<said_month><day>(?!\d|[个周天])<号>?<same_day>")
def day_of_said_month(match: re.Match[str], reference: Reference) -> Piece:
    first = said_month_of(match, reference)
    return Days.one(real_day(first.year, first.month, read_number(match["day"])))


@rule(r"(?<![第\d.月年十百千几])<day><号><same_day>")
def day_alone(match: re.Match[str], reference: Reference) -> Piece | None:
    day = read_number(match["day"])
    return Days.one(day_of_month(day, reference)) if day < 40 else None  # 45号 is a number in a queue


@rule(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<sep> ?[-/.·年] ?| )(?P<month>\d{1,2})(?: ?[-/.·月] ?| )"
    r"(?P<day>[0-3]\d|\d)(?!\d(?!\d?:))<号>?<same_day>"
)
def numeric_date(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(real_day(int(match["year"]), int(match["month"]), int(match["day"])))


@rule(r"(?<![\d-])(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\d-])")
def packed_date(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(real_day(int(match["year"]), int(match["month"]), int(match["day"])))


# After a point, what makes it a measure; before the numbers, what was measured.
_UNIT = " ?(?:[度℃°%天个岁年周分斤元块万片粒颗次倍点毫]|小时|厘米|公分|公斤|千克|号楼|cm|mm?|mg|k?g|ml)"
_MEASURED = "[白糖酸醇压温率值脂]"


@rule(
    rf"(?<![\d./·-])(?<!{_MEASURED})(?<!{_MEASURED}[是为:=高低])(?P<month>\d{{1,2}})(?P<sep>[-/.·])(?P<day>\d{{1,2}})(?![\d/.·-])(?!{_UNIT})<号>?<same_day>"
)
def month_day_numbers(match: re.Match[str], reference: Reference) -> Piece | None:
    """11-25, 11/25, 11.25. Within a sentence 6.5 is a measure and 3-4 are a few; 8-10号 are three days,
    unless it is August or the month before."""
    month, day = int(match["month"]), int(match["day"])
    as_day = "号" in match[0] or "日" in match[0]
    alone = match[0].strip() == match.string.strip() or as_day
    if not alone and len(match["day"]) == 1 and (match["sep"] == "." or len(match["month"]) == 1):
        return None
    near = month in (reference.today.month, reference.today.month % 12 + 1)
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    if match["sep"] == "-" and as_day and day > month and not near:
        return None
    return Days.one(day_of_year(month, day, reference))


@rule(r"<lunar>?<year>?<lunar>(?P<month>闰?<small>|[正冬腊]) ?月<day><号>?")
def lunar_date(match: re.Match[str], reference: Reference) -> Piece:
    month = words.LUNAR_MONTHS.get(match["month"]) or read_number(match["month"].lstrip("闰"))
    return Days.one(lunar_day(year_of(match, reference), month, read_number(match["day"]), reference))


@rule(r"<year>?(?:(?P<month>[正冬腊])月|大年(?=初|三十))<day><号>?")
def lunar_month_name(match: re.Match[str], reference: Reference) -> Piece:
    day = read_number(match["day"])
    month = words.LUNAR_MONTHS[match["month"]] if match["month"] else 12 if day == 30 else 1
    return Days.one(lunar_day(year_of(match, reference), month, day, reference))


@rule(
    rf"<year>?(?<![十百])(?P<name>{words.alternatives(words.SOLAR_HOLIDAYS)})(?:国际|节)?(?!点|月|路|医院|小学)"
)
def solar_holiday(match: re.Match[str], reference: Reference) -> Piece:
    (month, day), year = words.SOLAR_HOLIDAYS[match["name"]], year_of(match, reference)
    return Days.one(real_day(year, month, day) if year else day_of_year(month, day, reference, grace=0))


@rule(rf"<year>?(?:农历)?(?P<name>{words.alternatives(words.LUNAR_HOLIDAYS)})节?(?![日号路])")
def lunar_holiday(match: re.Match[str], reference: Reference) -> Piece:
    month, day = words.LUNAR_HOLIDAYS[match["name"]]
    return Days.one(lunar_day(year_of(match, reference), month, day, reference))


@rule(rf"<year>?(?P<name>{words.alternatives(words.MOVABLE_HOLIDAYS)})")
def movable_holiday(match: re.Match[str], reference: Reference) -> Piece:
    (month, nth, weekday), year = words.MOVABLE_HOLIDAYS[match["name"]], year_of(match, reference)
    found = nth_weekday(real_day(year or reference.today.year, month, 1), nth, weekday)
    if year or reference.accepts(found):
        return Days.one(found)
    return Days.one(nth_weekday(real_day(reference.today.year + 1, month, 1), nth, weekday))


@rule(rf"<year>?(?P<name>{words.alternatives(words.TERMS + words.WORDS_AND_TERMS)})节?(?!糕|天气)")
def term_holiday(match: re.Match[str], reference: Reference) -> Piece | None:
    if reference.lean is Lean.AHEAD and match["name"] in words.WORDS_AND_TERMS:
        return None
    year = year_of(match, reference)
    return Days.one(solar_term(match["name"], year, reference))


@rule(r"<new>(?:<week>(?:<W>的?)?)?<W><weekday>(?![次回个片年岁]|天[^,，]|点了|疗程)")
def week_day(match: re.Match[str], reference: Reference) -> Piece:
    weeks = words.WEEKS[match["week"]] if match["week"] else None
    return Days.one(weekday(words.WEEKDAYS[match["weekday"]], weeks, reference))


@rule(r"<new>(?:<week>(?:<W>的?)?)?<W>[八九89](?![次回个片年岁号日点时天分度.:\d十]|疗程)")
def no_week_day(match: re.Match[str], reference: Reference) -> Piece:
    """下周八: a week has seven days."""
    raise NoSuchDay


@rule(r"<year>?(?:<month>|<said_month>)(?:第(?P<nth><small>)|最后一)个?<W><weekday>")
def nth_week_day(match: re.Match[str], reference: Reference) -> Piece:
    first = said_month_of(match, reference) if match["said_month"] else month_of(match, reference)
    number = words.WEEKDAYS[match["weekday"]]
    if match["nth"] is None:
        return Days.one(nth_weekday(month_after(first, 1), 0, number))
    found = nth_weekday(first, read_number(match["nth"]), number)
    if found.month != first.month:
        raise NoSuchDay
    return Days.one(found)


@rule(r"<year>?(?:<month>|<said_month>)最后一?天")
def last_day_of_month(match: re.Match[str], reference: Reference) -> Piece:
    first = said_month_of(match, reference) if match["said_month"] else month_of(match, reference)
    return Days.one(month_after(first, 1) - timedelta(days=1))


@rule(r"<year>第(?P<nth><number>)天")
def nth_day_of_year(match: re.Match[str], reference: Reference) -> Piece:
    year = year_of(match, reference) or reference.today.year
    nth = read_number(match["nth"])
    if not 1 <= nth <= 366:
        raise NoSuchDay
    return Days.one(real_day(year, 1, 1) + timedelta(days=nth - 1))


@rule(
    r"(?:(?:再?过|等)(?P<in><number>)(?:个)?(?P<in_unit>天|日|<W>|月|年)(?:以后|之后|后)?"
    r"|(?P<n><number>|半)个?(?P<unit>天|日|<W>|月|年)(?:以|之)?(?P<side>后|前)(?!几|\d|[一二三四五六七八九十]))"
)
def counted_days(match: re.Match[str], reference: Reference) -> Piece | None:
    """三天后, 过两周, 5天前; not the course of an illness (术后三天, 手术三天后)."""
    number, unit = match["in"] or match["n"], match["in_unit"] or match["unit"]
    if in_course(match) or (number == "半" and unit not in ("月", "年")):
        return None
    if number == "半":
        number, unit = ("15", "天") if unit == "月" else ("6", "月")
    count = count_of(number)
    if count is None:
        return None
    if match["side"] == "前":
        count = -count
    if unit in ("月", "年"):
        return Days.one(shift_months(reference.today, count * (12 if unit == "年" else 1)))
    return Days.one(reference.today + timedelta(days=count * (1 if unit in "天日" else 7)))


# Among equally long findings the earlier rule wins: 八月十五 is a festival before it is a date.
RULES = (
    lunar_holiday, said_day, next_day, clipped_day, month_and_day, day_of_said_month, day_alone, numeric_date,
    packed_date, month_day_numbers, lunar_date, lunar_month_name, solar_holiday, movable_holiday, term_holiday,
    week_day, no_week_day, nth_week_day, last_day_of_month, nth_day_of_year, counted_days,
)  # fmt: skip
