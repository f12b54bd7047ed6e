"""The rules that name several days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import (
    Days,
    Lean,
    Reference,
    day_of_month,
    day_of_year,
    monday,
    month_after,
    month_days,
    real_day,
    weekday,
    working_days,
)
from integrations.language.dates.naming import count_of, in_course, month_of, said_month_of, year_of
from integrations.language.dates.rules import Piece, rule
from integrations.language.numerals import read_number


@rule("(?P<pair>今明|明后)(?:两?天|两日)")
def neighbouring_days(match: re.Match[str], reference: Reference) -> Piece:
    first = reference.today + timedelta(days=0 if match["pair"] == "今明" else 1)
    return Days(first, first + timedelta(days=1))


@rule(
    r"<new><week>?<W>(?P<days>[一二三四五六][、，,和或/]?(?:[二三四五六日天][、，,和或/]?)*[二三四五六日天])(?![点个次楼])"
)
def week_days(match: re.Match[str], reference: Reference) -> Piece | None:
    """周六日, 下周二三四: neighbours in the week; 周一三五: these days, the next ones to come."""
    numbers = [words.WEEKDAYS[c] for c in match["days"] if c in words.WEEKDAYS]
    if numbers != sorted(set(numbers)):
        return None
    weeks = words.WEEKS[match["week"]] if match["week"] else None
    first, last = numbers[0], numbers[-1]
    day = weekday(first, weeks, reference)
    if numbers == list(range(first, last + 1)):
        return Days(day, day + timedelta(days=last - first))
    return Days.of(weekday(number, weeks, reference) for number in numbers)


@rule(r"(?:<week>(?:<W>的?)?)?(?:工作日|周中)")
def working_week(match: re.Match[str], reference: Reference) -> Piece:
    return working_days(words.WEEKS[match["week"]] if match["week"] else None, reference)


@rule(r"<new><week>?(?:<W>末|<W>?的?双休日)")
def weekend(match: re.Match[str], reference: Reference) -> Piece:
    saturday = monday(reference.today) + timedelta(days=5, weeks=words.WEEKS.get(match["week"] or "", 0))
    return Days(saturday, saturday + timedelta(days=1))


@rule(r"<week><W>(?![一二三四五六日天七末1-7])")
def whole_week(match: re.Match[str], reference: Reference) -> Piece:
    first = monday(reference.today) + timedelta(weeks=words.WEEKS[match["week"]])
    return Days(first, first + timedelta(days=6))


@rule(
    r"(?:<year>?(?:<month>|<said_month>)(?P<part>初|上旬|中旬|中|下旬|末|底)?|(?P<lone>月[初中底末]))(?![\d经大龄婴余多])"
)
def part_of_month(match: re.Match[str], reference: Reference) -> Piece | None:
    part = match["part"] or (match["lone"] or "")[1:]
    begin, end = words.MONTH_PARTS.get(part, (1, 31))
    if match["month"]:
        return None if in_course(match) else month_days(month_of(match, reference), begin, end)
    if match["said_month"]:
        return month_days(said_month_of(match, reference), begin, end)
    found = month_days(reference.today.replace(day=1), begin, end)
    return found if reference.accepts(found.last) else month_days(month_after(found.first, 1), begin, end)


@rule(r"<year>(?:年?底|年末)?(?!\d)")
def whole_year(match: re.Match[str], reference: Reference) -> Piece:
    year = year_of(match, reference) or reference.today.year
    return Days(real_day(year, 12 if "底" in match[0] else 1, 1), real_day(year, 12, 31))


@rule(r"(?P<n><number>)(?P<unit>天|日|个?<W>)(?:之|以)?内")
def within_days(match: re.Match[str], reference: Reference) -> Piece | None:
    count = count_of(match["n"])
    if count is None:
        return None
    return Days(
        reference.today, reference.today + timedelta(days=count * (1 if match["unit"] in "天日" else 7))
    )


@rule(rf"(?P<word>{words.alternatives(words.SOON)})(?!一次)")
def soon(match: re.Match[str], reference: Reference) -> Piece:
    return Days(reference.today, reference.today + timedelta(days=words.SOON[match["word"]]), soon=True)


@rule(
    r"(?:<year>?(?:<month>|<said_month>))?(?P<day><small>)<号>?"
    r"(?:<to>|(?P<list>(?:[、,和及]<small>)*?[、,和及]))(?P<last><small>)<号>"
)
def days_to_days(match: re.Match[str], reference: Reference) -> Piece | None:
    """8-10号, 11月25到28号, 25、26号: the month is said once."""
    day, last = read_number(match["day"]), read_number(match["last"])
    if day > 31 or last > 31:
        return None
    if match["list"] and last - day != len(re.findall("[、,和及]", match["list"])):
        return None  # no neighbours
    first = _first_day(match, day, last, reference)
    return Days(first, real_day(first.year, first.month, last))


def _first_day(match: re.Match[str], day: int, last: int, reference: Reference) -> date:
    if match["month"] and not match["year"] and not match["said_year"]:
        return day_of_year(read_number(match["month"]), day, reference)
    if match["month"] or match["said_month"]:
        month = month_of(match, reference) if match["month"] else said_month_of(match, reference)
        return real_day(month.year, month.month, day)
    first = day_of_month(day, Reference(reference.now, Lean.SPOKEN))
    running = reference.accepts(real_day(first.year, first.month, last))
    return first if running else day_of_month(day, reference)


RULES = (
    neighbouring_days, week_days, working_week, weekend, whole_week, part_of_month, whole_year, within_days, soon,
    days_to_days,
)  # fmt: skip
