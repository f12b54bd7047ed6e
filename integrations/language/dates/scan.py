"""Finds what the rules find, and joins what belongs together (周三 + 上午 + 9点)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from integrations.language.dates import clocks, days, english, ranges
from integrations.language.dates.calendar import Clock, Days, Half, Moment, NoSuchDay, NoSuchHour, Reference
from integrations.language.dates.rules import Piece, Rule

_RULES = days.RULES + ranges.RULES + clocks.RULES
_ALL_RULES = english.RULES + _RULES
_GAP = re.compile(r"[ ,，、的T(（)）]{0,2}|的?那天的?|[ ,，]?(?:大概|大约|差不多|左右)的?|-")
_TO = re.compile(r" ?(?:到|至|~|-+) ?")


@dataclass(frozen=True, slots=True)
class Found:
    """One rule's finding; `what` is None for a date that is in no calendar."""

    start: int
    end: int
    what: Piece | None


@dataclass(slots=True)
class Expression:
    """Findings that speak of one point in time, or `last`: the end of a range that begins there."""

    days: Found | None = None
    half: Found | None = None
    clock: Found | None = None
    moment: Found | None = None
    last: Expression | None = None
    parts: list[Found] = field(default_factory=list)

    @property
    def start(self) -> int:
        return min(part.start for part in self.parts)

    @property
    def end(self) -> int:
        return self.last.end if self.last else max(part.end for part in self.parts)

    def take(self, found: Found) -> bool:
        """Adds a finding where its place is free."""
        place = _place(found.what)
        current = getattr(self, place)
        if current is not None and not _same_day_again(current, found):
            return False
        if place == "moment" and self.parts:
            return False
        setattr(self, place, found)
        self.parts.append(found)
        return True


def scan(text: str, reference: Reference) -> list[Expression]:
    """All expressions of days and times in a folded text, in order."""
    return _join_ranges(text, _join(text, _findings(text, reference)))


def _findings(text: str, reference: Reference) -> list[Found]:
    """The longest findings from the left, none overlapping; of equally long ones the earlier rule's."""
    rules = _ALL_RULES if english.MAY_STAND.search(text) else _RULES
    ahead = [_next(rule, text, 0, reference) for rule in rules]
    chosen: list[Found] = []
    while found := min(filter(None, ahead), key=lambda found: (found.start, -found.end), default=None):
        chosen.append(found)
        for rank, other in enumerate(ahead):
            if other and other.start < found.end:
                ahead[rank] = _next(rules[rank], text, found.end, reference)
    return chosen


def _next(rule: Rule, text: str, position: int, reference: Reference) -> Found | None:
    """A rule's first finding from a position on."""
    while match := rule.pattern.search(text, position):
        try:
            piece = rule.read(match, reference)
        except NoSuchDay:
            return Found(*match.span(), None)
        if piece is not None:
            return Found(*match.span(), piece)
        position = match.start() + 1
    return None


def _place(what: Piece | None) -> str:
    if isinstance(what, Half):
        return "half"
    if isinstance(what, Clock | NoSuchHour):
        return "clock"
    return "moment" if isinstance(what, Moment) else "days"


def _same_day_again(first: Found, second: Found) -> bool:
    """周三12月2号: the date says more than the weekday before it."""
    one, other = first.what, second.what
    if not (isinstance(one, Days) and isinstance(other, Days) and one.single and other.single):
        return False
    return one.first.weekday() == other.first.weekday()


def _joined(text: str, start: int, end: int, *patterns: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(text, start, end) for pattern in patterns)


def _join(text: str, findings: list[Found]) -> list[Expression]:
    expressions: list[Expression] = []
    for found in findings:
        near = expressions and _joined(text, expressions[-1].end, found.start, _GAP, english.GAP)
        if not (near and expressions[-1].moment is None and expressions[-1].take(found)):
            expression = Expression()
            expression.take(found)
            expressions.append(expression)
    return expressions


def _join_ranges(text: str, expressions: list[Expression]) -> list[Expression]:
    joined: list[Expression] = []
    for expression in expressions:
        before = joined[-1] if joined else None
        if before and before.last is None and _joined(text, before.end, expression.start, _TO, english.TO):
            before.last = expression
        else:
            joined.append(expression)
    return joined
