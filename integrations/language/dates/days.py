"""The rules that name a day or a range of days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import (
    Days,
    Lean,
    NoSuchDay,
    Reference,
    day_of_month,
    day_of_year,
    full_year,
    lunar_day,
    monday,
    month_after,
    month_days,
    real_day,
    shift_months,
    solar_term,
    weekday,
)
from integrations.language.dates.rules import Piece, rule
from integrations.language.numerals import read_number

_MOST = 999  # of counted days, weeks, months or years; more is no way of naming a day


def _year(match: re.Match[str], reference: Reference) -> int | None:
    if said := match["said_year"]:
        return reference.today.year + words.YEARS[said]
    return full_year(read_number(match["year"]), reference.today) if match["year"] else None


def _said_month(match: re.Match[str], reference: Reference) -> date:
    """The first day of 下个月, 去年本月."""
    first = month_after(reference.today, words.MONTHS[match["said_month"]])
    return first.replace(year=first.year + words.YEARS[match["said_year"]]) if match["said_year"] else first


def _month(match: re.Match[str], reference: Reference) -> date:
    """The first day of the month named by a number: of this year, or the next such month ahead."""
    year, month = _year(match, reference), read_number(match["month"])
    first = real_day(year or reference.today.year, month, 1)
    if year is None and not reference.accepts(month_days(first).last):
        return first.replace(year=first.year + 1)
    return first


def _in_course(match: re.Match[str]) -> bool:
    """Whether an illness or a treatment is spoken of: 手术三天后, 怀孕5月."""
    return bool(re.search(words.COURSE, match.string[max(0, match.start() - 4) : match.start()]))


@rule(rf"(?P<day>{words.alternatives(words.DAYS)})(?!天|日[^期])")
def said_day(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(reference.today + timedelta(days=words.DAYS[match["day"]]))


@rule(r"(?P<day>[今明昨当](?=[早晚晨夜])|后天?(?=[早晚]上))")
def clipped_day(match: re.Match[str], reference: Reference) -> Piece:
    """今晚, 明早: the half of the day is read by its own rule."""
    away = {"昨": -1, "明": 1, "后": 2}
    return Days.one(reference.today + timedelta(days=away.get(match["day"][0], 0)))


@rule(r"<year>?<month><day>(?!\d|[个位岁次])<号>?<same_day>")
def month_and_day(match: re.Match[str], reference: Reference) -> Piece:
    day, year = match["day"], _year(match, reference)
    month = read_number(match["month"])
    if re.match("[初廿卅]", day):  # only the lunar calendar counts its days so
        return Days.one(lunar_day(year, month, read_number(day), reference))
    if year is None:
        return Days.one(day_of_year(month, read_number(day), reference))
    return Days.one(real_day(year, month, read_number(day)))


@rule(r"<year>?<said_month><day>(?!\d|[个周天])<号>?<same_day>")
def day_of_said_month(match: re.Match[str], reference: Reference) -> Piece:
    first = _said_month(match, reference)
    return Days.one(real_day(first.year, first.month, read_number(match["day"])))


@rule(r"(?<![第\d.月年十百千几])<day><号><same_day>")
def day_alone(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(day_of_month(read_number(match["day"]), reference))


@rule(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<sep> ?[-/.·年] ?| )(?P<month>\d{1,2})(?: ?[-/.·月] ?| )"
    r"(?P<day>[0-3]\d|\d)(?!\d(?!\d?:))<号>?<same_day>"
)
def numeric_date(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(real_day(int(match["year"]), int(match["month"]), int(match["day"])))


@rule(r"(?<![\d-])(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\d-])")
def packed_date(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(real_day(int(match["year"]), int(match["month"]), int(match["day"])))


_UNIT = " ?(?:[度℃°%天个岁年周分斤元块万片粒颗次倍点毫]|小时|厘米|公分|公斤|千克|号楼|cm|mm?|mg|k?g|ml)"


@rule(
    rf"(?<![\d./·-])(?P<month>\d{{1,2}})(?P<sep>[-/.·])(?P<day>\d{{1,2}})(?![\d/.·-])(?!{_UNIT})<号>?<same_day>"
)
def month_day_numbers(match: re.Match[str], reference: Reference) -> Piece | None:
    """11-25, 11/25, 11.25. A point with one digit after it is a decimal number (尿酸6.5), and 8-10号
    are three days, unless it is August or the month before."""
    month, day = int(match["month"]), int(match["day"])
    as_day = "号" in match[0] or "日" in match[0]
    if match["sep"] == "." and len(match["day"]) < 2 and not as_day:
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
    return Days.one(lunar_day(_year(match, reference), month, read_number(match["day"]), reference))


@rule(r"<year>?(?:(?P<month>[正冬腊])月|大年(?=初|三十))<day><号>?")
def lunar_month_name(match: re.Match[str], reference: Reference) -> Piece:
    day = read_number(match["day"])
    month = words.LUNAR_MONTHS[match["month"]] if match["month"] else 12 if day == 30 else 1
    return Days.one(lunar_day(_year(match, reference), month, day, reference))


@rule(
    rf"<year>?(?<![十百])(?P<name>{words.alternatives(words.SOLAR_HOLIDAYS)})(?:国际|节)?(?!点|月|路|医院|小学)"
)
def solar_holiday(match: re.Match[str], reference: Reference) -> Piece:
    (month, day), year = words.SOLAR_HOLIDAYS[match["name"]], _year(match, reference)
    return Days.one(real_day(year, month, day) if year else day_of_year(month, day, reference, grace=0))


@rule(rf"<year>?(?:农历)?(?P<name>{words.alternatives(words.LUNAR_HOLIDAYS)})节?(?![日号路])")
def lunar_holiday(match: re.Match[str], reference: Reference) -> Piece:
    month, day = words.LUNAR_HOLIDAYS[match["name"]]
    return Days.one(lunar_day(_year(match, reference), month, day, reference))


@rule(r"<year>?(?P<name>清明|冬至)节?")
def term_holiday(match: re.Match[str], reference: Reference) -> Piece:
    year = _year(match, reference)
    return Days.one(solar_term(match["name"], year, reference))


@rule(r"<new>(?:<week>(?:<W>的?)?)?<W><weekday>(?![次回个片年岁]|天[^,，]|点了|疗程)")
def week_day(match: re.Match[str], reference: Reference) -> Piece:
    weeks = words.WEEKS[match["week"]] if match["week"] else None
    return Days.one(weekday(words.WEEKDAYS[match["weekday"]], weeks, reference))


@rule(r"<new><week>?<W>(?P<days>[一二三四五六][、和]?(?:[二三四五六日天][、和]?)*[二三四五六日天])(?![点个])")
def week_days(match: re.Match[str], reference: Reference) -> Piece | None:
    """周六日, 下周二三四: neighbours in the week."""
    numbers = [words.WEEKDAYS[c] for c in match["days"] if c in words.WEEKDAYS]
    first, last = numbers[0], numbers[-1]
    if numbers != list(range(first, last + 1)):
        return None
    day = weekday(first, words.WEEKS[match["week"]] if match["week"] else None, reference)
    return Days(day, day + timedelta(days=last - first))


@rule(r"<new><week>?<W>末")
def weekend(match: re.Match[str], reference: Reference) -> Piece:
    saturday = monday(reference.today) + timedelta(days=5, weeks=words.WEEKS.get(match["week"] or "", 0))
    return Days(saturday, saturday + timedelta(days=1))


@rule(r"<week><W>(?![一二三四五六日天七末1-7])")
def whole_week(match: re.Match[str], reference: Reference) -> Piece:
    first = monday(reference.today) + timedelta(weeks=words.WEEKS[match["week"]])
    return Days(first, first + timedelta(days=6))


@rule(r"<year>?(?:<month>|<said_month>)第(?P<nth><small>)个?<W><weekday>")
def nth_week_day(match: re.Match[str], reference: Reference) -> Piece:
    first = _said_month(match, reference) if match["said_month"] else _month(match, reference)
    offset = (words.WEEKDAYS[match["weekday"]] - first.weekday()) % 7
    found = first + timedelta(days=offset, weeks=read_number(match["nth"]) - 1)
    if found.month != first.month:
        raise NoSuchDay
    return Days.one(found)


@rule(r"<year>第(?P<nth><number>)天")
def nth_day_of_year(match: re.Match[str], reference: Reference) -> Piece:
    year = _year(match, reference) or reference.today.year
    nth = read_number(match["nth"])
    if not 1 <= nth <= 366:
        raise NoSuchDay
    return Days.one(real_day(year, 1, 1) + timedelta(days=nth - 1))


@rule(
    r"(?:<year>?(?:<month>|<said_month>)(?P<part>初|上旬|中旬|中|下旬|末|底)?|(?P<lone>月[初中底末]))(?![\d经大龄婴])"
)
def part_of_month(match: re.Match[str], reference: Reference) -> Piece | None:
    if match["month"]:
        if _in_course(match):
            return None
        first = _month(match, reference)
    else:
        first = _said_month(match, reference) if match["said_month"] else reference.today.replace(day=1)
    part = match["part"] or (match["lone"] or "")[1:]
    begin, end = words.MONTH_PARTS.get(part, (1, 31))
    if (
        not match["month"]
        and not match["said_month"]
        and not reference.accepts(month_days(first, begin, end).last)
    ):
        first = month_after(first, 1)  # 月初, said at the end of a month
    return month_days(first, begin, end)


@rule(r"<year>(?:年?底|年末)?(?!\d)")
def whole_year(match: re.Match[str], reference: Reference) -> Piece:
    year = _year(match, reference) or reference.today.year
    return Days(real_day(year, 12 if "底" in match[0] else 1, 1), real_day(year, 12, 31))


@rule(
    r"(?:(?:再?过|等)(?P<in><number>)(?:个)?(?P<in_unit>天|日|<W>|月|年)(?:以后|之后|后)?"
    r"|(?P<n><number>|半)个?(?P<unit>天|日|<W>|月|年)(?:以|之)?(?P<side>后|前)(?!几|\d|[一二三四五六七八九十]))"
)
def counted_days(match: re.Match[str], reference: Reference) -> Piece | None:
    """三天后, 过两周, 5天前; not the course of an illness (术后三天, 手术三天后)."""
    if _in_course(match):
        return None
    number, unit = match["in"] or match["n"], match["in_unit"] or match["unit"]
    if number == "半":
        return None
    count = read_number(number) * (-1 if match["side"] == "前" else 1)
    if abs(count) > _MOST:
        return None
    if unit in ("月", "年"):
        return Days.one(shift_months(reference.today, count * (12 if unit == "年" else 1)))
    return Days.one(reference.today + timedelta(days=count * (1 if unit in "天日" else 7)))


@rule(r"(?P<n><number>)(?P<unit>天|日|个?<W>)(?:之|以)?内")
def within_days(match: re.Match[str], reference: Reference) -> Piece | None:
    count = read_number(match["n"]) * (1 if match["unit"] in "天日" else 7)
    if count > _MOST:
        return None
    return Days(reference.today, reference.today + timedelta(days=count))


@rule(rf"(?P<word>{words.alternatives(words.SOON)})(?!一次)")
def soon(match: re.Match[str], reference: Reference) -> Piece:
    word = match["word"]
    return Days(
        reference.today, reference.today + timedelta(days=words.SOON[word]), vague=word in words.VAGUE
    )


@rule(r"(?:<year>?(?:<month>|<said_month>))?(?P<day><small>)<号>?<to>(?P<last><small>)<号>")
def days_to_days(match: re.Match[str], reference: Reference) -> Piece:
    """8-10号, 11月25到28号: the month is said once."""
    day, last = read_number(match["day"]), read_number(match["last"])
    if match["month"] and not match["year"] and not match["said_year"]:
        first = day_of_year(read_number(match["month"]), day, reference)
    elif match["month"]:
        month = _month(match, reference)
        first = real_day(month.year, month.month, day)
    elif match["said_month"]:
        month = _said_month(match, reference)
        first = real_day(month.year, month.month, day)
    else:
        first = day_of_month(day, Reference(reference.now, Lean.SPOKEN))
        if not reference.accepts(real_day(first.year, first.month, last)):
            first = day_of_month(day, reference)
    return Days(first, real_day(first.year, first.month, last))


# Among equally long findings the earlier rule wins: 八月十五 is a festival before it is a date.
RULES = (
    lunar_holiday, said_day, clipped_day, month_and_day, day_of_said_month, day_alone, numeric_date, packed_date,
    month_day_numbers, lunar_date, lunar_month_name, solar_holiday, term_holiday, week_day, week_days, weekend,
    whole_week, nth_week_day, nth_day_of_year, part_of_month, whole_year, counted_days, within_days, soon, days_to_days,
)  # fmt: skip
