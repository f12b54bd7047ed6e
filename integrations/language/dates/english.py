"""The rules for English: next Wednesday morning, Nov 25 at 9:30, in 3 days, half past ten.

"Next Wednesday" is the one of next week (Monday first), "this" and plain weekdays are the next ones to come.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from integrations.language.dates import english_hours, words
from integrations.language.dates.calendar import (
    Days,
    Lean,
    NoSuchDay,
    Reference,
    day_of_month,
    day_of_year,
    full_year,
    monday,
    month_after,
    month_days,
    real_day,
    shift_months,
    weekday,
    working_days,
)
from integrations.language.dates.english_words import (
    COUNT,
    DAYS,
    MONTH,
    MONTHS,
    TH,
    WEEKDAY,
    WEEKDAYS,
    number,
)
from integrations.language.dates.rules import Piece, Rule, rule

LATIN = re.compile("[a-z]", re.IGNORECASE)
MAY_STAND = re.compile(r"[a-z/]|\d\.\d{1,2}\.\d", re.IGNORECASE)  # without these no rule here finds anything

_SAME_DAY = rf"(?:[ ,(]{{1,3}}{WEEKDAY}\b\)?)?"
_YEAR = r"(?:,? ?(?P<year>20\d\d)\b)?"
_SOON = (
    r"every ?day (?:works|is fine|is ok|suits me)|"
    r"as soon as possible|as early as possible|asap|a\.s\.a\.p|the soonest|soonest|earliest(?: possible)?|any ?day"
    r"|whichever day|any date|whenever|these days|next available|first available"
)


@rule(rf"\b(?:the )?(?P<day>{words.alternatives(DAYS)})(?:'s)?\b")
def said_day(match: re.Match[str], reference: Reference) -> Piece:
    return Days.one(reference.today + timedelta(days=DAYS[match["day"].lower()]))


@rule(r"\bto(?=night\b)|\bthis(?= (?:morning|afternoon|evening)\b)|\blast(?= night\b)")
def clipped_day(match: re.Match[str], reference: Reference) -> Piece:
    """Tonight, this morning: the half of the day is read by its own rule."""
    return Days.one(reference.today - timedelta(days=match[0].lower() == "last"))


@rule(
    rf"\b(?:(?P<when>this coming|this|next|coming|following|last|past)(?: week(?:'s)?)? )?(?P<weekday>{WEEKDAY})s?\b"
    r"(?:(?: of)? (?P<after>next|this|the following|the next) week\b)?(?!'s? name)"
)
def week_day(match: re.Match[str], reference: Reference) -> Piece | None:
    name = match["weekday"].lower()
    before, after = match.string[: match.start()], match.string[match.end() :]
    if re.search(r"\b(?:every|each) $", before, re.IGNORECASE):
        return None
    bare = name in ("sun", "sat", "wed", "mon") and not (match["when"] or match["after"])
    if bare and not (_OPEN_BEFORE.search(before) and _OPEN_AFTER.match(after)):
        return None  # sun and sat are words as well
    weeks = {"next": 1, "following": 1, "last": -1, "past": -1}.get((match["when"] or "").lower())
    if match["after"]:
        weeks = 0 if match["after"].lower() == "this" else 1
    return Days.one(weekday(WEEKDAYS[name[:2]], weeks, reference))


_OPEN_BEFORE = re.compile(
    r"(?:^|\b(?:on|for|or|and|to|until|till|is|want|book|at|by)|[,;:.(-]) ?$", re.IGNORECASE
)
_OPEN_AFTER = re.compile(
    r" ?(?:$|[,;:.?!)-]|\d|am\b|pm\b|at\b|to\b|or\b|and\b|morning|afternoon|evening|please|pls|if|with|would|works"
    r"|nov|dec|jan)",
    re.IGNORECASE | re.ASCII,
)


@rule(rf"\b(?P<month>{MONTH}) ?(?:the )?(?P<day>[0-3]?\d){TH}?\b(?![:.]\d| ?[ap]m\b){_YEAR}{_SAME_DAY}")
def month_day(match: re.Match[str], reference: Reference) -> Piece:
    return _dated(match, reference)


@rule(rf"(?<![\d:.])(?P<day>[0-3]?\d){TH}?(?: day)?(?: of)? ?(?P<month>{MONTH})(?![a-z]){_YEAR}{_SAME_DAY}")
def day_month(match: re.Match[str], reference: Reference) -> Piece:
    return _dated(match, reference)


def _dated(match: re.Match[str], reference: Reference) -> Days:
    month, day = MONTHS[match["month"][:3].lower()], int(match["day"])
    if match["year"]:
        return Days.one(real_day(int(match["year"]), month, day))
    return Days.one(day_of_year(month, day, reference))


@rule(
    rf"\b(?:(?P<on>on (?:the )?)|the )?(?P<day>[0-3]?\d){TH}\b(?! (?:one|doctor|dr|option|choice|floor|slot|time))"
)
def day_alone(match: re.Match[str], reference: Reference) -> Piece | None:
    """On the 25th. The 2nd, alone, is the second of a list."""
    day = int(match["day"])
    return Days.one(day_of_month(day, reference)) if match["on"] or day > 10 else None


@rule(
    r"(?<![\d./-])(?P<first>\d{1,2})(?P<sep>[/.-])(?P<second>\d{1,2})(?P=sep)(?P<year>20\d\d|\d\d)(?![\d/.-])"
)
def numeric_date(match: re.Match[str], reference: Reference) -> Piece | None:
    """25/11/2026, 11/25/2026; 3/12/2026 as written here: month first, unless only the other one is ahead."""
    year = full_year(int(match["year"]), reference.today)
    first, second = int(match["first"]), int(match["second"])
    found = [day for day in (_in_calendar(year, first, second), _in_calendar(year, second, first)) if day]
    if not found:
        raise NoSuchDay
    return Days.one(
        next((day for day in found if reference.lean is Lean.SPOKEN or _near(day, reference)), found[0])
    )


@rule(r"(?<![\d./-])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d/.-]| ?(?:of|stars?|%|mm))")
def day_and_month(match: re.Match[str], reference: Reference) -> Piece | None:
    """25/11: the day first where it must be, or where month first lies far off and day first does not."""
    first, second = int(match["first"]), int(match["second"])
    if first > 12 and 1 <= second <= 12 and first <= 31:
        return Days.one(day_of_year(second, first, reference))
    if not (1 <= first <= 12 and 1 <= second <= 12) or not LATIN.search(match.string):
        return None
    try:
        as_written, turned = day_of_year(first, second, reference), day_of_year(second, first, reference)
    except NoSuchDay:
        return None
    return Days.one(turned if _near(turned, reference) and not _near(as_written, reference) else as_written)


def _near(day: date, reference: Reference) -> bool:
    return 0 <= (day - reference.today).days <= 60


def _in_calendar(year: int, month: int, day: int) -> date | None:
    try:
        return real_day(year, month, day)
    except NoSuchDay:
        return None


_COURSE = re.compile(
    r"\b(?:for|since|lasted|lasting|past|last|fever|pain|cough\w*|sick|ill|hurt\w*|surgery|operation"
    r"|every) (?:about )?$",
    re.IGNORECASE | re.ASCII,
)


@rule(
    rf"\b(?:in|after) (?P<in>{COUNT}) (?P<in_unit>days?|weeks?|months?)(?:'? time)?\b"
    rf"|\b(?P<n>{COUNT}) (?P<unit>days?|weeks?|months?) (?:from (?:now|today)|later|(?P<ago>ago))\b"
)
def counted_days(match: re.Match[str], reference: Reference) -> Piece | None:
    if _COURSE.search(match.string[: match.start()]):
        return None
    count = number(match["in"] or match["n"]) * (-1 if match["ago"] else 1)
    unit = (match["in_unit"] or match["unit"]).lower().rstrip("s")
    if unit == "month":
        return Days.one(shift_months(reference.today, count))
    return Days.one(reference.today + timedelta(days=count * (7 if unit == "week" else 1)))


@rule(
    rf"\b(?:within|in) the next (?P<n>{COUNT}) (?P<unit>days?|weeks?)\b|\b(?:within"
    rf"|next) (?P<m>{COUNT}) (?P<munit>days?|weeks?)\b"
)
def within_days(match: re.Match[str], reference: Reference) -> Piece:
    unit = (match["unit"] or match["munit"]).lower()
    count = number(match["n"] or match["m"]) * (7 if unit.startswith("week") else 1)
    return Days(reference.today, reference.today + timedelta(days=count))


@rule(r"\b(?:(?P<when>this|next|coming|this coming|last) |(?:on |over |at )?(?:the )?)week ?ends?\b")
def weekend(match: re.Match[str], reference: Reference) -> Piece:
    weeks = {"next": 1, "last": -1}.get((match["when"] or "").lower(), 0)
    saturday = monday(reference.today) + timedelta(days=5, weeks=weeks)
    return Days(saturday, saturday + timedelta(days=1))


@rule(
    r"\b(?:(?:any|every|on|all) )*(?:the )?(?:(?P<when>this|next)(?: week'?s?)? )?"
    r"(?:weekdays?|workdays?|working days?)\b"
    r"(?: (?:of )?(?P<after>this|next) week\b)?"
)
def working_week(match: re.Match[str], reference: Reference) -> Piece | None:
    """Weekdays, any weekday next week; not how many ("for 3 working days")."""
    if re.search(rf"\b{COUNT} $", match.string[: match.start()]):
        return None
    said = (match["when"] or match["after"] or "").lower()
    return working_days({"this": 0, "next": 1}.get(said), reference)


@rule(r"\b(?:(?P<after>(?:the )?week after next)|(?P<when>this|next|coming|following|last) week)\b")
def whole_week(match: re.Match[str], reference: Reference) -> Piece:
    weeks = 2 if match["after"] else {"this": 0, "last": -1}.get(match["when"].lower(), 1)
    first = monday(reference.today) + timedelta(weeks=weeks)
    return Days(first, first + timedelta(days=6))


@rule(
    r"\b(?P<part>early|mid|middle of|late|end of|beginning of|the end of)?[ -]?(?P<when>this|next|the) month\b"
)
def whole_month(match: re.Match[str], reference: Reference) -> Piece:
    first = month_after(reference.today, 1 if match["when"].lower() == "next" else 0)
    part = (match["part"] or "").lower().split(" of")[0].removeprefix("the ")
    begin, end = {"early": (1, 10), "beginning": (1, 10), "mid": (11, 20), "middle": (11, 20),
                  "late": (21, 31), "end": (25, 31)}.get(part, (1, 31))  # fmt: skip
    return month_days(first, begin, end)


@rule(rf"\b(?P<word>{_SOON})\b")
def soon(match: re.Match[str], reference: Reference) -> Piece:
    return Days(reference.today, reference.today + timedelta(days=6), soon=True)


@rule(
    rf"\b(?P<month>{MONTH}) ?(?P<day>[0-3]?\d){TH}? ?(?:-|to|through|until"
    rf"|till) ?(?P<last>[0-3]?\d){TH}?\b(?![:.]\d| ?[ap]m)"
)
def days_to_days(match: re.Match[str], reference: Reference) -> Piece:
    """Nov 25-28."""
    first = _dated_parts(match, reference)
    return Days(first.first, real_day(first.first.year, first.first.month, int(match["last"])))


def _dated_parts(match: re.Match[str], reference: Reference) -> Days:
    return Days.one(day_of_year(MONTHS[match["month"][:3].lower()], int(match["day"]), reference))


RULES: tuple[Rule, ...] = (
    said_day, clipped_day, days_to_days, month_day, day_month, numeric_date, day_and_month, week_day, day_alone,
    counted_days, within_days, working_week, weekend, whole_week, whole_month, soon,
    *english_hours.RULES,
)  # fmt: skip

# What joins the parts of one point in time, and the ends of a range.
GAP = re.compile(
    r",? ?(?:in the |on the |on |at |at around |around |about |the |of |, ?|, at |\()?|['’]s ?", re.IGNORECASE
)
TO = re.compile(r" ?(?:to|until|till|through|thru) ?| and (?=\d)", re.IGNORECASE)

REFUSED_BEFORE = re.compile(
    r"\b(?:not|except|no|cannot|can['’]?t(?: do| make(?: it)?(?: on)?)?|don['’]?t want|but not|avoid|instead of"
    r"|other than)"
    r"(?: on| in| for| the| book)?(?: the)? ?$",
    re.IGNORECASE | re.ASCII,
)
REFUSED_AFTER = re.compile(
    r" (?:does ?n['’]?o?t work|is ?n['’]?o?t (?:good|possible|ok)|is not (?:good|possible|ok)|i (?:can['’]?t"
    r"|cannot|am busy|work)|won['’]?t work"
    r"|is bad|is impossible|no good)",
    re.IGNORECASE | re.ASCII,
)
# A day or a half that a complaint holds: since yesterday, it started last night, pain at night.
TOLD_BEFORE = re.compile(
    r"\b(?:all|since|started|began|begins?|from|every|each|during the|woke up|wake up|had|hurts?|pain|worse"
    r"|fell)(?: on| in the| at| the| this)? ?$",
    re.IGNORECASE | re.ASCII,
)
TOLD_AFTER = re.compile(
    r",? (?:i (?:had|have had|started|felt|fell|woke|got|was|vomited|threw)|he (?:had|was|felt|fell)|she (?:had"
    r"|was|felt|fell)"
    r"|my \w+ (?:had|was|started|hurt|fell|felt)|it (?:started|began|hurt|was))\b",
    re.IGNORECASE | re.ASCII,
)
