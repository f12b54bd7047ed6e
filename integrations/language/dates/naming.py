"""Which year and month a match of a rule names, and whether it belongs to an illness instead."""

from __future__ import annotations

import re
from datetime import date, timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import Reference, full_year, month_after, month_days, real_day
from integrations.language.numerals import read_number

_MOST = 999  # of counted days, weeks, months or years; more is no way of naming a day


def year_of(match: re.Match[str], reference: Reference) -> int | None:
    if said := match["said_year"]:
        return reference.today.year + words.YEARS[said]
    return full_year(read_number(match["year"]), reference.today) if match["year"] else None


def said_month_of(match: re.Match[str], reference: Reference) -> date:
    """The first day of 下个月, 去年本月."""
    first = month_after(reference.today, words.MONTHS[match["said_month"]])
    return first.replace(year=first.year + words.YEARS[match["said_year"]]) if match["said_year"] else first


def month_of(match: re.Match[str], reference: Reference) -> date:
    """The first day of the month named by a number: of this year, or the next such month ahead."""
    year, month = year_of(match, reference), read_number(match["month"])
    first = real_day(year or reference.today.year, month, 1)
    grace = timedelta(days=60)  # as for a day: what is so near lies in the past
    if year is None and not reference.accepts(month_days(first).last + grace):
        return first.replace(year=first.year + 1)
    return first


def in_course(match: re.Match[str]) -> bool:
    """Whether an illness or a treatment is spoken of: 手术三天后, 怀孕5月."""
    return bool(re.search(words.COURSE, match.string[max(0, match.start() - 4) : match.start()]))


def count_of(number: str) -> int | None:
    """How many are counted: 三四天 is at most four. None for more than anybody counts."""
    about = len(number) == 2 and not number.isdecimal() and not {"十", "百", "零", "〇"} & {*number}
    counted = read_number(number[-1] if about else number)
    return counted if counted <= _MOST else None
