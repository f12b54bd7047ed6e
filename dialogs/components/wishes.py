"""Several wishes in one message: where each begins, when all are clear and none is part of another.

Nothing is looked at closely unless the message holds a mark or a word that joins two things.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Likely = Callable[[int, int], "tuple[str, float]"]  # the likeliest intent of text[start:end], and how likely
# What the words of text[start:end] name, by kind of entity: {"department": {…}, "relative": {"妈"}}.
Named = Callable[[int, int], "dict[str, set[str]]"]

# Said and answered, or begun: each stands for itself.
ANSWERED = frozenset(
    {
        "ask_hospital",
        "ask_pay_later",
        "ask_privacy",
        "ask_receipt",
        "ask_refund",
        "complaint_status",
        "my_appointments",
        "my_bills",
        "my_consultations",
        "my_family",
        "my_measurements",
        "my_profile",
        "my_waitlist",
        "paid_already",  # "先把单子付了" too
        "where_is_my_parcel",
    }
)
BEGUN = frozenset(
    {
        "add_family",
        "book_appointment",
        "cancel_appointment",
        "cancel_medicine",
        "change_profile",
        "collect_medicine",
        "complain",
        "log_measurement",
        "my_addresses",
        "my_prescriptions",
        "online_consultation",
        "rate",
        "register",
        "reschedule_appointment",
        "start_intake",
        "tell_symptoms",
        "which_department",
    }
)
WISHES = ANSWERED | BEGUN
# What answers a question that is open; before a second wish it counts inside a form alone.
REPLIES = frozenset({"affirm", "correct", "deny", "inform"})
# Questions that sound like two: 到医院再付行吗. Taken apart only behind a yes or a no.
UNPARTED = frozenset({"ask_pay_later"})
# One wish said in two ways, or told at length: never two of the same family.
_FAMILIES = (
    frozenset(
        {"book_appointment", "online_consultation", "start_intake", "tell_symptoms", "which_department"}
    ),
    frozenset({"my_consultations", "online_consultation"}),
    frozenset({"my_prescriptions", "collect_medicine"}),
    frozenset({"add_family", "my_family", "register"}),
    frozenset({"register", "book_appointment"}),
    frozenset({"change_profile", "my_profile"}),
    frozenset({"complain", "complaint_status", "rate"}),
    frozenset({"log_measurement", "my_measurements", "tell_symptoms"}),
)
# One wish with its reason ("约了周三的，去不了，取消") unless a word says that something else comes.
_KIN = (
    frozenset({"cancel_appointment", "reschedule_appointment", "my_appointments", "book_appointment"}),
    frozenset({"cancel_appointment", "cancel_medicine", "ask_refund", "my_bills", "ask_receipt"}),
    frozenset(
        {"cancel_medicine", "collect_medicine", "my_prescriptions", "where_is_my_parcel", "my_addresses"}
    ),
    frozenset({"collect_medicine", "my_bills"}),
    frozenset({"my_bills", "paid_already", "ask_hospital", "ask_pay_later"}),
    frozenset({"book_appointment", "ask_pay_later"}),  # 先挂上，晚点再付
)
# Two visits in one message: for two people, or to two places. "看看皮肤科也行" and "没号的话" name no second one.
_VISIT = "book_appointment"
_PLACES, _PEOPLE = ("department", "practitioner", "unknown_practitioner"), ("relative", "oneself", "patient")
_INSTEAD = re.compile(
    r"的话|没有?号|没有的|如果|要是|实在|不行|也行|也可以|都行|都可以|或者?|还是|不是|不要|算了|改成|换成|已经|[看挂约]过|[看挂约]了"
    r"|\b(?:or|if|instead|either|not|rather|already)\b",
    re.IGNORECASE,
)
# What is told in many clauses: what follows belongs to it unless a word says that something else comes.
_TOLD = frozenset({"complain", "log_measurement", "paid_already", "rate", "tell_symptoms"})

_JOIN = (
    r"另外|还有(?!没|多|几|什么|哪|号)|顺便|顺带|顺道|然后|接着|完了|之后|对了|同时|并且|以及"
    r"|再(?=帮|给|约|挂|看|查|改|取消|问|交|付|缴|退|加|开|说|去)|我?[还也](?:想|要|得|需要)"
    r"|\b(?:and then|then|and also|also|by the way|btw|after that|afterwards|plus)\b"
)
_JOINT = re.compile(
    rf"(?P<join>[\s，,。.；;！!？?、]*(?:(?:and )?(?:{_JOIN})[，, ]*)+)"
    r"|(?P<mark>[。；;！!？?\n]+|[，,、](?!\d)|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])|\.(?=\s)|\band\b)",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:(?:那|就|先|请|麻烦|first|please)[，, ]*)+", re.IGNORECASE)
MOST_PLACES = 4  # joints looked at
SHORTEST = 2  # characters of a wish
JOINED, MARKED = 0.45, 0.7  # how likely both have to be: after a joining word, after a mark alone


@dataclass(frozen=True)
class Part:
    """One wish of several: its intent, how likely, and where its words stand."""

    intent: str
    sure: float
    start: int
    end: int


def wishes_in(text: str, likely: Likely, named: Named = lambda start, end: {}) -> list[Part]:
    """The wishes of a message in their order, three at most; none when it holds one, or when that is not clear."""
    parts = _halves(text, likely, named, 0, len(text))
    if not parts:
        return []
    first, second = parts
    if later := _halves(text, likely, named, second.start, second.end):
        if _besides(first.intent, later[1].intent):
            return [first, *later]
    elif (earlier := _halves(text, likely, named, first.start, first.end)) and _besides(
        earlier[0].intent, second.intent
    ):
        return [*earlier, second]
    return parts


def _halves(text: str, likely: Likely, named: Named, begin: int, stop: int) -> list[Part]:
    """Two wishes in text[begin:stop], parted where both are likeliest; none when there is no such place."""
    best: list[Part] = []
    for number, joint in enumerate(_JOINT.finditer(text, begin, stop)):
        if number == MOST_PLACES:
            break
        end, start = joint.start(), joint.end()
        if end - begin < SHORTEST or stop - start < SHORTEST:
            continue
        joined = joint["join"] is not None
        first, sure = likely(_after_lead(text, begin), end)
        least_sure = JOINED if joined else MARKED
        firsts = (WISHES if joined else WISHES - _TOLD) | (frozenset() if begin else REPLIES)
        if sure < least_sure or first not in firsts:
            continue
        intent, as_sure = likely(start, stop)
        least = min(sure, as_sure)
        if least < least_sure:
            continue
        twice = first == intent == _VISIT and not _INSTEAD.search(text, begin, stop)
        if not (
            _two_visits(named(begin, end), named(start, stop), joined=joined)
            if twice
            else _apart(first, intent, joined=joined)
        ):
            continue
        if not best or least > min(one.sure for one in best):
            best = [Part(first, sure, begin, end), Part(intent, as_sure, start, stop)]
    return best


def _after_lead(text: str, begin: int) -> int:
    lead = _LEAD.match(text, begin)
    return lead.end() if lead else begin


def _besides(first: str, third: str) -> bool:
    """Whether a third wish is more than the first one told again."""
    if first == third:
        return third in ANSWERED
    return not any(first in family and third in family for family in _FAMILIES)


def _two_visits(first: dict[str, set[str]], second: dict[str, set[str]], *, joined: bool) -> bool:
    """Whether each half names a person of its own, or, behind a joining word, a place of its own."""

    def differ(kinds: tuple[str, ...]) -> bool:
        one, other = ({value for kind in kinds for value in half.get(kind, ())} for half in (first, second))
        return bool(one and other and not one & other)

    return differ(_PEOPLE) or (joined and differ(_PLACES))


def _apart(first: str, second: str, *, joined: bool) -> bool:
    """Whether these two are two wishes."""
    if second not in WISHES or first == second:
        return False
    if any(first in family and second in family for family in _FAMILIES):
        return False
    if joined:
        return True
    if first in REPLIES:  # "不是，是125/80": what begins something would be its correction
        return second in ANSWERED
    kin = any(first in kin and second in kin for kin in _KIN)
    return not (kin or second in _TOLD)
