from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from integrations.hospital import booking, events
from integrations.hospital.merging import merge
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Operation,
    Order,
    OrderStatus,
    Practitioner,
    Schedule,
    ScheduleStatus,
    Slot,
    SlotStatus,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.views import SlotView


async def _statuses(clinic: Any, schedule_id: UUID) -> Counter[SlotStatus]:
    async with clinic.database.begin() as session:
        return Counter(await session.scalars(select(Slot.status).where(Slot.schedule_id == schedule_id)))


async def _free(clinic: Any, schedule_id: UUID) -> list[SlotView]:
    async with clinic.database.begin() as session:
        return await booking.free_slots(session, schedule_id, clinic.now)


async def test_a_free_visit_is_booked_at_once(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule()
    made = await clinic.book(who, schedule)
    assert made.status is AppointmentStatus.BOOKED
    assert (made.number, made.time.isoformat(), made.date) == (1, "08:30:00", clinic.wednesday)
    assert (made.patient, made.practitioner, made.title) == ("*明", "李静", "副主任医师")
    assert (made.order_no, made.hold_expires_at) == (None, None)
    assert [slot.number for slot in await _free(clinic, schedule)] == [2, 3]


async def test_a_visit_with_a_fee_is_held_with_an_unpaid_order(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(fee_fen=3500)
    made = await clinic.book(who, schedule)
    assert (made.status, made.fee_fen) == (AppointmentStatus.HELD, 3500)
    assert made.hold_expires_at == clinic.now + timedelta(minutes=15)
    async with clinic.database.begin() as session:
        order = (await session.scalars(select(Order))).one()
    assert (order.order_no, order.amount_fen, order.status) == (made.order_no, 3500, OrderStatus.UNPAID)


async def test_order_numbers_fit_payment_platforms_and_differ(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=5, fee_fen=100)
    numbers = {(await clinic.book(await clinic.booker(), schedule)).order_no for _ in range(5)}
    assert len(numbers) == 5
    assert all(re.fullmatch(r"GH20261122[0-9A-F]{20}", number) for number in numbers)


async def test_the_wanted_slot_or_the_next_free_ones(clinic: Any) -> None:
    first, second, schedule = await clinic.booker(), await clinic.booker(), await clinic.schedule(slots=4)
    third_slot = (await _free(clinic, schedule))[2]
    assert (await clinic.book(first, schedule, third_slot.id)).number == 3
    with pytest.raises(booking.SlotTaken) as taken:
        await clinic.book(second, schedule, third_slot.id)
    assert [slot.number for slot in taken.value.free] == [4, 1, 2]


async def test_the_same_message_books_once(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule()
    key = OperationKey("0" * 32, "action_book", "book")
    made = await clinic.book(who, schedule, key=key)
    assert await clinic.book(who, schedule, key=key) == made
    assert (await _statuses(clinic, schedule))[SlotStatus.BUSY] == 1


async def test_one_appointment_per_patient_and_half_day(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule()
    made = await clinic.book(who, schedule)
    with pytest.raises(booking.AlreadyBooked) as again:
        await clinic.book(who, schedule)
    assert again.value.appointment_id == made.id
    assert (await _statuses(clinic, schedule))[SlotStatus.BUSY] == 1


async def test_a_patient_who_books_twice_at_once_gets_one(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(slots=10)
    results = await clinic.together(*[clinic.booking(who, schedule)] * 8)
    assert Counter(type(result).__name__ for result in results) == {"AppointmentView": 1, "AlreadyBooked": 7}
    assert (await _statuses(clinic, schedule))[SlotStatus.BUSY] == 1


async def test_an_error_caught_inside_the_transaction_keeps_no_slot(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule()
    await clinic.book(who, schedule)
    async with clinic.database.begin() as session:
        with pytest.raises(booking.AlreadyBooked):
            await clinic.booking(who, schedule, key=OperationKey("0" * 32, "action_book", "book"))(session)
    assert (await _statuses(clinic, schedule))[SlotStatus.BUSY] == 1
    async with clinic.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Operation)) == 0


@pytest.mark.parametrize(
    ("people", "numbers"), [(40, 10), pytest.param(200, 50, marks=pytest.mark.slow)], ids=str
)
async def test_four_times_as_many_patients_as_slots(clinic: Any, people: int, numbers: int) -> None:
    schedule = await clinic.schedule(slots=numbers)
    crowd = [await clinic.booker() for _ in range(people)]
    results = await asyncio.gather(*(clinic.book(who, schedule) for who in crowd), return_exceptions=True)
    said = Counter(type(result).__name__ for result in results)
    assert said == {"AppointmentView": numbers, "SessionFull": people - numbers}
    async with clinic.database.begin() as session:
        slots = list(await session.scalars(select(Appointment.slot_id)))
    assert len(slots) == len(set(slots)) == numbers


async def test_forty_patients_and_one_slot_of_fifty(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=50, fee_fen=5000)
    crowd = [await clinic.booker() for _ in range(40)]
    wanted = (await _free(clinic, schedule))[7]
    results = await clinic.together(*(clinic.booking(who, schedule, wanted.id) for who in crowd))
    assert Counter(type(result).__name__ for result in results) == {"AppointmentView": 1, "SlotTaken": 39}
    assert all(len(result.free) == 5 for result in results if isinstance(result, booking.SlotTaken))


async def test_a_slot_given_back_in_the_rush_is_not_lost(clinic: Any) -> None:
    """One slot, taken by a transaction that rolls back: who came meanwhile must get it, not hear "full"."""
    schedule = await clinic.schedule(slots=1)
    first, second = await clinic.booker(), await clinic.booker()
    took, go_on = asyncio.Event(), asyncio.Event()

    async def gives_up() -> None:
        async with clinic.database.begin() as session:
            await clinic.booking(first, schedule)(session)
            took.set()
            await go_on.wait()
            raise ConnectionError

    loser = asyncio.create_task(gives_up())
    await took.wait()
    winner = asyncio.create_task(clinic.book(second, schedule))
    await asyncio.sleep(0.2)
    assert not winner.done()
    go_on.set()
    with pytest.raises(ConnectionError):
        await loser
    assert (await winner).number == 1


async def test_full_past_and_never(clinic: Any) -> None:
    full = await clinic.schedule(slots=1)
    await clinic.book(await clinic.booker(), full)
    past = await clinic.schedule(day=clinic.today)  # 8:30, and it is 9:00
    later = await clinic.schedule(day=clinic.today + timedelta(days=15))
    offline = await clinic.schedule(online=False)
    stopped = await clinic.schedule()
    async with clinic.database.begin() as session:
        await session.execute(
            update(Schedule).where(Schedule.id == stopped).values(status=ScheduleStatus.STOPPED)
        )
    cases = {
        full: booking.SessionFull,
        past: booking.SlotPast,
        later: booking.OutsideHorizon,
        offline: booking.NotBookable,
        stopped: booking.NotBookable,
        uuid4(): booking.NotBookable,
    }
    who = await clinic.booker()
    for schedule, error in cases.items():
        with pytest.raises(error):
            await clinic.book(who, schedule)


async def test_the_last_day_of_the_horizon_is_bookable(clinic: Any) -> None:
    schedule = await clinic.schedule(day=clinic.today + timedelta(days=14))
    assert await clinic.book(await clinic.booker(), schedule)


async def test_what_starts_within_half_an_hour_is_past_even_when_free(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=3)  # every ten minutes
    first, second, _ = await _free(clinic, schedule)
    late = first.starts_at - timedelta(minutes=29)
    with pytest.raises(booking.SlotPast):
        await clinic.book(await clinic.booker(), schedule, first.id, now=late)
    assert (await clinic.book(await clinic.booker(), schedule, now=late)).number == second.number
    with pytest.raises(booking.SlotPast):
        await clinic.book(await clinic.booker(), schedule, now=first.starts_at)


async def test_half_an_hour_before_is_early_enough(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=1)
    [only] = await _free(clinic, schedule)
    early = only.starts_at - timedelta(minutes=30)
    assert (await clinic.book(await clinic.booker(), schedule, only.id, now=early)).number == only.number


async def test_nobody_books_for_strangers(clinic: Any) -> None:
    who, stranger = await clinic.booker(), await clinic.booker()
    schedule = await clinic.schedule()
    with pytest.raises(booking.NotYours):
        await clinic.book(type(who)(who.account_id, who.contact_id, stranger.patient_id), schedule)


async def test_a_slot_of_another_half_day_is_refused(clinic: Any) -> None:
    schedule, other = await clinic.schedule(), await clinic.schedule()
    slot = (await _free(clinic, other))[0]
    with pytest.raises(booking.NotBookable):
        await clinic.book(await clinic.booker(), schedule, slot.id)


async def test_upcoming_and_cancel(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(fee_fen=3500, slots=1)
    later = await clinic.schedule(day=clinic.wednesday + timedelta(days=1))
    second = await clinic.book(who, later)
    first = await clinic.book(who, schedule)
    async with clinic.database.begin() as session:
        assert await booking.upcoming(session, who.account_id, clinic.now) == [first, second]
        assert await booking.upcoming(session, who.account_id, second.starts_at) == []
        key = OperationKey("0" * 32, "action_cancel", "cancel")
        done = await booking.cancel(session, first.id, who.account_id, key, clinic.now)
        assert done.status is AppointmentStatus.CANCELLED
        assert await booking.cancel(session, first.id, who.account_id, key, clinic.now) == done
        [event] = await events.claim(session, 10, clinic.now)
        assert (event.kind, event.payload["appointment_id"]) == ("appointment_cancelled", str(first.id))
        assert (await session.scalars(select(Order.status))).all() == [OrderStatus.CLOSED]
    assert len(await _free(clinic, schedule)) == 1
    assert (await clinic.book(who, schedule)).order_no != first.order_no


async def test_cancelling_what_is_over_or_not_ones_own(clinic: Any) -> None:
    who, stranger, schedule = await clinic.booker(), await clinic.booker(), await clinic.schedule()
    made = await clinic.book(who, schedule)

    async def cancel(appointment_id: UUID, account_id: UUID, now: Any = clinic.now) -> Any:
        async with clinic.database.begin() as session:
            return await booking.cancel(session, appointment_id, account_id, None, now)

    with pytest.raises(booking.NotYours):
        await cancel(made.id, stranger.account_id)
    with pytest.raises(booking.NotYours):
        await cancel(uuid4(), who.account_id)
    with pytest.raises(booking.AlreadyOver):
        await cancel(made.id, who.account_id, made.starts_at)
    await cancel(made.id, who.account_id)
    with pytest.raises(booking.AlreadyOver):
        await cancel(made.id, who.account_id)


async def test_ten_cancels_at_once_free_the_slot_once(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(slots=1)
    made = await clinic.book(who, schedule)

    async def cancel() -> Any:
        async with clinic.database.begin() as session:
            return await booking.cancel(session, made.id, who.account_id, None, clinic.now)

    results = await asyncio.gather(*(cancel() for _ in range(10)), return_exceptions=True)
    assert Counter(type(result).__name__ for result in results) == {"AppointmentView": 1, "AlreadyOver": 9}


async def test_sessions_are_those_that_can_be_booked(clinic: Any) -> None:
    full = await clinic.schedule(slots=1)
    await clinic.book(await clinic.booker(), full)
    afternoon = await clinic.schedule(period="afternoon")
    morning = await clinic.schedule(slots=9)
    await clinic.schedule(online=False)
    await clinic.schedule(day=clinic.wednesday + timedelta(days=1))
    span = {"first": clinic.wednesday, "last": clinic.wednesday, "now": clinic.now}
    async with clinic.database.begin() as session:
        found = await booking.sessions(session, **span)
        assert [one.schedule_id for one in found] == [morning, afternoon]
        assert (found[0].free, len(found[0].next_times)) == (9, 4)
        assert [one.schedule_id for one in await booking.sessions(session, **span, period="afternoon")] == [
            afternoon
        ]
        doctor = await session.scalar(
            select(Practitioner.id)
            .join(Schedule, Schedule.practitioner_id == Practitioner.id)
            .where(Schedule.id == full)
        )
        assert await booking.sessions(session, **span, practitioner_id=doctor) == []
        [shown] = await booking.sessions(session, **span, practitioner_id=doctor, with_full=True)
        assert (shown.free, shown.next_times) == (0, ())
        assert len(await booking.sessions(session, **span, limit=1)) == 1


async def test_sessions_leave_out_the_past_and_what_lies_beyond_the_horizon(clinic: Any) -> None:
    await clinic.schedule(day=clinic.today - timedelta(days=1))
    await clinic.schedule(day=clinic.today + timedelta(days=15))
    today = await clinic.schedule(day=clinic.today, slots=8)  # 8:30 … 9:40, and it is 9:00
    async with clinic.database.begin() as session:
        [found] = await booking.sessions(
            session,
            first=clinic.today - timedelta(days=9),
            last=clinic.today + timedelta(days=99),
            now=clinic.now,
        )
    assert found.schedule_id == today
    assert [one.isoformat("minutes") for one in found.next_times] == ["09:30", "09:40"]


async def test_an_account_that_was_merged_a_moment_ago_books_nothing(clinic: Any) -> None:
    """Whoever read its id before is told so, and reads anew: the owner would never see the appointment."""
    who, kept = await clinic.booker(), await clinic.booker()
    schedule = await clinic.schedule()
    async with clinic.database.begin() as session:
        await merge(session, kept=kept.account_id, merged=who.account_id)
    with pytest.raises(booking.NotYours):
        await clinic.book(who, schedule)
