"""Wishes, message by message, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from actions.booking_draft import Note, Wish, back, period_of, take
from actions.facts import Days, Facts

TODAY = date(2026, 11, 22)
LAST = date(2026, 12, 6)
WED = date(2026, 11, 25)
THU = date(2026, 11, 26)


@dataclass(frozen=True)
class Staff:
    """heart: wang1, wang2, li; bones: wang3"""

    def within(self, practitioners: tuple[str, ...], departments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            one for one in practitioners if not departments or self.department_of(one) in departments
        )

    def department_of(self, practitioner: str) -> str:
        return "bones" if practitioner == "wang3" else "heart"


def on(wish: Wish, day: date) -> Wish:
    return wish.on(Days(day, day))


HEART = Wish(departments=("heart",))
CHOSEN = on(
    Wish(
        departments=("heart",),
        practitioners=("li",),
        period="morning",
        schedule="s",
        slot="n",
        named="08:30",
        offered=("n", "m"),
    ),
    WED,
)
SECOND = Wish.read({**CHOSEN.as_draft(), "slot": "m"})


@pytest.mark.parametrize(
    ("before", "facts", "after"),
    [
        pytest.param(Wish(), Facts(departments=("heart",)), HEART, id="department"),
        pytest.param(
            Wish(),
            Facts(departments=("heart",), days=Days(WED, WED), period="morning"),
            on(Wish(departments=("heart",), period="morning"), WED),
            id="all in one sentence",
        ),
        pytest.param(
            Wish(),
            Facts(departments=("heart",), practitioners=("wang1", "wang2", "wang3")),
            Wish(departments=("heart",), practitioners=("wang1", "wang2")),
            id="doctors of the name in the department",
        ),
        pytest.param(
            Wish(),
            Facts(practitioners=("li",)),
            Wish(departments=("heart",), practitioners=("li",)),
            id="the doctor tells the department",
        ),
        pytest.param(
            Wish(departments=("bones",)),
            Facts(practitioners=("li",)),
            Wish(departments=("heart",), practitioners=("li",)),
            id="a doctor of another department is a change of mind",
        ),
        pytest.param(
            Wish(departments=("heart",), practitioners=("wang1", "wang2")),
            Facts(departments=("bones",)),
            Wish(departments=("bones",)),
            id="another department drops the doctors",
        ),
        pytest.param(
            on(Wish(departments=("bones",), period="evening", time="18:00"), THU),
            Facts(departments=("heart",), days=Days(WED, WED)),
            on(HEART, WED),
            id="department and day are a wish of their own",
        ),
        pytest.param(
            Wish(departments=("heart",), offered=("s1", "s2")),
            Facts(schedule="s2"),
            Wish(departments=("heart",), schedule="s2"),
            id="picked by button",
        ),
        pytest.param(
            Wish(departments=("heart",), offered=("s1", "s2")),
            Facts(ordinal=-1),
            Wish(departments=("heart",), schedule="s2"),
            id="the last one",
        ),
        pytest.param(Wish(offered=("heart", "bones")), Facts(ordinal=1), HEART, id="department by place"),
        pytest.param(HEART, Facts(ordinal=3), HEART, id="nothing at that place"),
        pytest.param(CHOSEN, Facts(ordinal=2), SECOND, id="time by place"),
        pytest.param(CHOSEN, Facts(slot="m"), SECOND, id="time by button"),
        pytest.param(
            CHOSEN,
            Facts(time="10:00"),
            Wish.read({**CHOSEN.as_draft(), "slot": "", "time": "10:00"}),
            id="time in the chosen half day",
        ),
        pytest.param(
            CHOSEN,
            Facts(time="15:00"),
            on(Wish(departments=("heart",), practitioners=("li",), period="afternoon", time="15:00"), WED),
            id="time in the other half day",
        ),
        pytest.param(
            CHOSEN,
            Facts(days=Days(THU, THU)),
            on(Wish(departments=("heart",), practitioners=("li",), period="morning"), THU),
            id="another day keeps doctor and half day",
        ),
        pytest.param(
            CHOSEN,
            Facts(field="practitioner"),
            on(Wish(departments=("heart",), period="morning"), WED),
            id="another doctor keeps the day",
        ),
        pytest.param(
            CHOSEN,
            Facts(field="date"),
            Wish(departments=("heart",), practitioners=("li",), period="morning"),
            id="another day, not said which",
        ),
        pytest.param(CHOSEN, Facts(days=Days(WED, WED)), CHOSEN, id="the same day changes nothing"),
        pytest.param(
            HEART,
            Facts(days=Days(date(2026, 11, 20), WED)),
            HEART.on(Days(TODAY, WED)),
            id="a week that has begun starts today",
        ),
    ],
)
def test_takes_what_was_said(before: Wish, facts: Facts, after: Wish) -> None:
    assert take(before, facts, Staff(), today=TODAY, last=LAST) == (after, [])


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        (Facts(impossible_date="11月31号"), Note("say_booking_impossible_date", words="11月31号")),
        (
            Facts(days=Days(date(2026, 11, 21), date(2026, 11, 21))),
            Note("say_booking_past_date", day=date(2026, 11, 21)),
        ),
        (
            Facts(days=Days(date(2026, 12, 7), date(2026, 12, 7))),
            Note("say_booking_beyond", day=LAST, wanted=date(2026, 12, 7)),
        ),
    ],
)
def test_says_what_cannot_be(facts: Facts, note: Note) -> None:
    assert take(on(HEART, WED), facts, Staff(), today=TODAY, last=LAST) == (HEART, [note])


def test_says_when_the_doctor_works_elsewhere() -> None:
    wish, notes = take(
        Wish(), Facts(departments=("heart",), practitioners=("wang3",)), Staff(), today=TODAY, last=LAST
    )
    assert wish == Wish(departments=("bones",), practitioners=("wang3",))
    assert notes == [Note("say_booking_doctor_elsewhere", departments=("heart",))]


def test_goes_back_one_decision_at_a_time() -> None:
    steps = []
    wish: Wish | None = CHOSEN
    while wish := back(wish):
        steps.append(wish)
    assert steps == [on(Wish(departments=("heart",), period="morning"), WED), HEART, Wish()]


def test_draft_survives_json() -> None:
    assert Wish.read(CHOSEN.as_draft()) == CHOSEN
    assert Wish.read({}) == Wish()


@pytest.mark.parametrize(
    ("time", "period"),
    [("08:30", "morning"), ("12:00", "afternoon"), ("17:29", "afternoon"), ("17:30", "evening")],
)
def test_half_day_of_a_time(time: str, period: str) -> None:
    assert period_of(time) == period
