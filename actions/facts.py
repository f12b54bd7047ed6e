"""What one message of a patient says: its entities as one value. They are found outside Rasa."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

PERSONAL = ("person_name", "id_number", "phone", "birth_date")


@dataclass(frozen=True, slots=True)
class Days:
    """One day, or all days from the first to the last; with `only`, just these among them."""

    first: date
    last: date
    only: tuple[date, ...] = ()

    @classmethod
    def of(cls, days: Iterable[date]) -> Days:
        """These days, and no others between them."""
        among = tuple(sorted(set(days)))
        neighbours = (among[-1] - among[0]).days == len(among) - 1
        return cls(among[0], among[-1], () if neighbours else among)

    @property
    def each(self) -> tuple[date, ...]:
        count = (self.last - self.first).days + 1
        return self.only or tuple(self.first + timedelta(days=number) for number in range(count))

    def within(self, first: date, last: date) -> Days | None:
        """Those from one day to another, None when there is none."""
        if self.last < first or self.first > last:
            return None
        if not self.only:
            return Days(max(self.first, first), min(self.last, last))
        kept = [day for day in self.only if first <= day <= last]
        return Days.of(kept) if kept else None


@dataclass(frozen=True, slots=True)
class Facts:
    """Ids are uuids as text; several departments or practitioners are candidates for the same words.
    Personal values are tokens. Empty means: not said."""

    departments: tuple[str, ...] = ()
    practitioners: tuple[str, ...] = ()
    unknown_practitioner: str = ""  # the words for a doctor whom the hospital does not have
    relative: str = ""  # somebody else whom the message speaks of: 妈, 孩子
    days: Days | None = None
    # the same, one by one as they stand in the message
    spans: tuple[Days, ...] = field(default=(), compare=False)
    impossible_date: str = ""
    impossible_time: str = ""  # 25点
    shift: int = 0  # days behind (or before) the one that is spoken of: "the next day"
    period: str = ""  # morning | afternoon | evening
    time: str = ""  # 24 h, "09:00"
    ordinal: int = 0  # "第二个": 2; the last one: -1
    any: bool = False  # "都可以"
    cheapest: bool = False  # of them that with the lowest fee
    field: str = ""  # what is to be changed: date, time, practitioner, department, person_name, …
    topics: tuple[str, ...] = ()  # what a hospital question is about
    more: int = 0  # from which place on a list goes on
    schedule: str = ""
    slot: str = ""
    appointment: str = ""
    entry: str = ""  # of the waitlist
    consent: str = ""
    patient: str = ""  # one of those the account acts for
    link: str = ""
    prescription: str = ""
    delivery: str = ""
    address: str = ""  # where something is to be sent, with name and phone, as typed
    destination: str = ""  # one of the address book
    handing: str = ""  # pickup or delivery
    order: str = ""  # the number of one of the account's orders
    purpose: str = ""
    language: str = ""  # named to be chosen
    person_name: str = ""
    id_number: str = ""
    phone: str = ""
    birth_date: str = ""
    oneself: bool = False  # for the account's owner, not for somebody else
    relation: str = ""  # to the account's owner: parent, child, …
    document: str = ""  # the kind of identity document: passport, …
    sex: str = ""
    sms_code: str = ""
    measurement: str = ""  # the kind of what was measured
    task: str = ""  # of a follow-up
    again: bool = False  # it was asked before
    case: str = ""  # a complaint that was made
    category: str = ""  # of a complaint
    subject: str = ""  # what a complaint is about
    rating: str = ""
    stars: int = 0
    health: str = ""  # the answer to a question about an illness, as a token
    consultation: str = ""  # an online consultation
    choice: str = ""  # one of the answers offered below such a question

    @property
    def for_booking(self) -> bool:
        """Whether something of a booking is named."""
        return bool(
            self.departments
            or self.practitioners
            or self.unknown_practitioner
            or self.days
            or self.impossible_date
            or self.impossible_time
            or self.period
            or self.time
        )

    @property
    def personal(self) -> bool:
        return any(getattr(self, kind) for kind in PERSONAL)


def read_facts(entities: Iterable[Mapping[str, Any]], *, last_wins: bool = False) -> Facts:
    """`last_wins`: of two things of a kind the later one is meant ("不是周三，是周四"); otherwise each of several days
    is ("周三或周五"), of different half days any, and of several departments the first words count."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for entity in entities:
        found.setdefault(str(entity["entity"]), []).append((int(entity.get("start") or 0), entity["value"]))

    def one(kind: str) -> Any:
        values = found.get(kind)
        return values[-1 if last_wins else 0][1] if values else ""

    def candidates(kind: str) -> tuple[str, ...]:
        """All readings of one place in the text."""
        values = found.get(kind, [])
        if not values:
            return ()
        places = [start for start, _ in values]
        place = max(places) if last_wins else min(places)
        return tuple(dict.fromkeys(str(value) for start, value in values if start == place))

    periods = {value for _, value in found.get("period", ())}
    return Facts(
        departments=candidates("department"),
        practitioners=candidates("practitioner"),
        days=_days([value for _, value in found.get("date", [])], last_wins),
        topics=tuple(dict.fromkeys(str(value) for _, value in found.get("topic", ()))),
        spans=tuple(_span(value) for _, value in found.get("date", [])),
        ordinal=int(one("ordinal") or 0),
        more=int(one("more") or 0),
        any=bool(one("any")),
        cheapest=one("any") == "cheapest",
        shift=int(one("shift") or 0),
        again=bool(one("again")),
        stars=int(one("stars") or 0),
        oneself=bool(one("oneself")),
        period=str(one("period")) if last_wins or len(periods) == 1 else "",
        **{kind: str(one(kind)) for kind in _SINGLE},
    )


_SINGLE = (
    "address",
    "destination",
    "handing",
    "prescription",
    "delivery",
    "relative",
    "unknown_practitioner",
    "impossible_date",
    "impossible_time",
    "time",
    "field",
    "schedule",
    "slot",
    "appointment",
    "entry",
    "consent",
    "link",
    "order",
    "purpose",
    "language",
    "relation",
    "document",
    "sex",
    "patient",
    "sms_code",
    "measurement",
    "task",
    "case",
    "category",
    "subject",
    "rating",
    "health",
    "consultation",
    "choice",
    *PERSONAL,
)


def _days(values: list[Any], last_wins: bool) -> Days | None:
    spans = [_span(value) for value in values]
    if not spans:
        return None
    if last_wins:
        return spans[-1]
    return Days.of(day for span in spans for day in span.each)


def _span(value: Any) -> Days:
    if isinstance(value, Mapping) and "days" in value:
        return Days.of(date.fromisoformat(day) for day in value["days"])
    if isinstance(value, Mapping):
        return Days(date.fromisoformat(value["first"]), date.fromisoformat(value["last"]))
    day = date.fromisoformat(str(value))
    return Days(day, day)
