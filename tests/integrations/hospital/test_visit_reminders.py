"""When a visit is reminded of, and that each one is once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from integrations.database import Database
from integrations.hospital import booking, reminders, visit_reminders
from integrations.hospital.events import EventKind
from integrations.hospital.models import Reminder
from integrations.hospital.visit_reminders import times

from .conftest import Clinic

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET = "22:00-07:30"


def at(day: int, clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}:00+08:00").astimezone(UTC)


def when(starts_at: datetime, now: datetime, quiet: str = QUIET) -> list[str]:
    return [f"{one.due_at.astimezone(SHANGHAI):%d %H:%M}" for one in times(starts_at, now, quiet)]


@pytest.mark.parametrize(
    ("starts_at", "booked_at", "due"),
    [
        pytest.param(at(25, "14:00"), at(22, "09:00"), ["24 18:30", "25 12:00"], id="both"),
        pytest.param(at(25, "08:30"), at(22, "09:00"), ["24 18:30", "25 07:30"], id="not at half past six"),
        pytest.param(at(25, "08:00"), at(22, "09:00"), ["24 18:30", "25 07:30"], id="half an hour is enough"),
        pytest.param(at(25, "07:50"), at(22, "09:00"), ["24 18:30"], id="less is too late"),
        pytest.param(at(25, "08:30"), at(24, "21:00"), ["25 07:30"], id="booked in the evening before"),
        pytest.param(at(25, "08:30"), at(24, "18:20"), ["25 07:30"], id="booked minutes before it was due"),
        pytest.param(at(25, "14:00"), at(25, "09:00"), ["25 12:00"], id="booked in the morning"),
        pytest.param(at(25, "10:00"), at(25, "07:30"), [], id="booked for soon"),
        pytest.param(at(25, "14:00"), at(25, "13:00"), [], id="booked for now"),
    ],
)
def test_when_a_visit_is_reminded_of(starts_at: datetime, booked_at: datetime, due: list[str]) -> None:
    assert when(starts_at, booked_at) == due


def test_no_quiet_hours() -> None:
    assert when(at(25, "08:00"), at(22, "09:00"), "none") == ["24 18:30", "25 06:00"]


def test_told_late_it_is_told_as_long_as_it_helps() -> None:
    """Nobody tells anything for an hour, or for a night: the evening's reminder never meets the morning's."""
    evening, soon = times(at(25, "08:30"), at(22, "09:00"), QUIET)
    assert evening.useless_at == soon.due_at
    assert soon.useless_at == at(25, "08:15")
    [alone] = times(at(25, "07:50"), at(22, "09:00"), QUIET)
    assert alone.useless_at == at(25, "07:20")


async def planned(database: Database) -> list[tuple[str, datetime]]:
    async with database.begin() as session:
        found = await session.execute(select(Reminder.kind, Reminder.due_at).order_by(Reminder.due_at))
        return [(kind, due_at) for kind, due_at in found]


async def plan(clinic: Clinic, now: datetime | None = None) -> int:
    async with clinic.database.begin() as session:
        return await visit_reminders.plan_missing(session, now or clinic.now, QUIET, 100)


async def test_a_number_is_planned_for_once_when_it_is_booked(clinic: Clinic) -> None:
    who = await clinic.booker()
    held = await clinic.book(who, await clinic.schedule(fee_fen=2500))
    assert await plan(clinic) == 0
    async with clinic.database.begin() as session:
        assert held.order_no
        await booking.confirm_paid(session, held.order_no, clinic.now)
    assert await plan(clinic) == 1
    assert await plan(clinic) == 0
    assert await planned(clinic.database) == [
        (EventKind.VISIT_TOMORROW, at(24, "18:30")),
        (EventKind.VISIT_SOON, at(25, "07:30")),
    ]


async def test_several_planners_share_the_work(clinic: Clinic) -> None:
    for _ in range(6):
        await clinic.book(await clinic.booker(), await clinic.schedule())
    counts = await clinic.together(
        *[lambda session: visit_reminders.plan_missing(session, clinic.now, QUIET, 100)] * 4
    )
    assert sum(int(str(count)) for count in counts) == 6
    assert len(await planned(clinic.database)) == 12


async def test_a_cancelled_number_is_reminded_of_no_more(clinic: Clinic) -> None:
    who = await clinic.booker()
    made = await clinic.book(who, await clinic.schedule())
    await plan(clinic)
    async with clinic.database.begin() as session:
        await booking.cancel(session, made.id, who.contact_id, None, clinic.now)
    assert await planned(clinic.database) == []


async def test_a_moved_number_is_reminded_of_where_it_went(clinic: Clinic) -> None:
    who = await clinic.booker()
    made = await clinic.book(who, await clinic.schedule())
    await plan(clinic)
    friday = await clinic.schedule(day=clinic.wednesday + timedelta(days=2))
    async with clinic.database.begin() as session:
        await booking.reschedule(
            session, made.id, schedule_id=friday, slot_id=None,
            contact_id=who.contact_id, key=None, now=clinic.now,
        )  # fmt: skip
    await plan(clinic)
    assert [due_at for _, due_at in await planned(clinic.database)] == [at(26, "18:30"), at(27, "07:30")]


async def test_an_hour_without_a_sweep_and_a_clock_set_forward(clinic: Clinic) -> None:
    """Late is told; past its use it is dropped, and nothing is told twice."""
    await clinic.book(await clinic.booker(), await clinic.schedule())
    await plan(clinic)

    async def told(now: datetime) -> list[str]:
        async with clinic.database.begin() as session:
            await reminders.hand_out(session, now, 100)
        async with clinic.database.begin() as session:
            found = await session.scalars(text("SELECT kind FROM hospital_events WHERE kind LIKE 'visit_%'"))
            return list(found)

    assert await told(at(24, "18:29")) == []
    assert await told(at(24, "19:35")) == [EventKind.VISIT_TOMORROW]
    assert await told(at(24, "18:00")) == [EventKind.VISIT_TOMORROW]  # the clock was set back
    assert await told(at(25, "08:20")) == [EventKind.VISIT_TOMORROW]
    assert await planned(clinic.database) == []


async def test_whoever_wants_none_says_so_for_the_account(clinic: Clinic) -> None:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        assert await visit_reminders.wanted(session, who.contact_id)
        await visit_reminders.want(session, who.contact_id, wanted=False)
    async with clinic.database.begin() as session:
        assert not await visit_reminders.wanted(session, who.contact_id)
        await visit_reminders.want(session, who.contact_id, wanted=True)
        assert await visit_reminders.wanted(session, who.contact_id)
