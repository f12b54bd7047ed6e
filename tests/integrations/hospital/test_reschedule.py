from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital import booking, events
from integrations.hospital.models import Appointment, AppointmentStatus, Order, OrderStatus, Slot, SlotStatus
from integrations.hospital.operations import OperationKey
from integrations.hospital.views import AppointmentView

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def move(
    clinic: Any,
    old: AppointmentView,
    schedule: UUID,
    *,
    slot: UUID | None = None,
    now: datetime | None = None,
    key: OperationKey | None = None,
) -> AppointmentView:
    async with clinic.database.begin() as session:
        return await booking.reschedule(
            session,
            old.id,
            schedule_id=schedule,
            slot_id=slot,
            contact_id=old.contact_id,
            key=key,
            now=now or clinic.now,
        )


async def state(clinic: Any) -> tuple[dict[UUID, str], dict[str, tuple[UUID, str]], set[UUID]]:
    """Appointments with their status, orders with their appointment and status, busy slots."""
    async with clinic.database.begin() as session:
        appointments = {one.id: str(one.status) for one in await session.scalars(select(Appointment))}
        orders = {
            one.order_no: (one.appointment_id, str(one.status))
            for one in await session.scalars(select(Order))
        }
        busy = set(await session.scalars(select(Slot.id).where(Slot.status == SlotStatus.BUSY)))
    return appointments, orders, busy


async def test_the_new_number_is_taken_and_the_old_one_let_go(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule())
    new = await move(clinic, old, await clinic.schedule(day=clinic.wednesday + DAY))
    assert (new.status, new.rescheduled_from, new.reschedules) == (AppointmentStatus.BOOKED, old.id, 1)
    appointments, _, busy = await state(clinic)
    assert appointments == {old.id: "cancelled", new.id: "booked"}
    assert busy == {new.slot_id}
    async with clinic.database.begin() as session:
        told = {event.kind: event.payload for event in await events.claim(session, 10, clinic.now)}
        assert told["appointment_rescheduled"]["from"] == str(old.id)
        # The code for the check-in is of the number that stands: none of them had a fee.
        assert told["appointment_booked"] == {"appointment_id": str(new.id), "order_no": None}
        assert await booking.upcoming(session, old.account_id, clinic.now) == [new]


async def test_another_time_of_the_same_half_day(clinic: Any) -> None:
    schedule = await clinic.schedule()
    old = await clinic.book(await clinic.booker(), schedule)
    new = await move(clinic, old, schedule)
    assert (old.number, new.number) == (1, 2)
    assert (await state(clinic))[2] == {new.slot_id}


async def test_the_hold_moves_with_its_order_and_its_deadline(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    later = clinic.now + 10 * MINUTE
    new = await move(clinic, old, await clinic.schedule(fee_fen=3500), now=later)
    assert (new.status, new.hold_expires_at, new.order_no) == (
        AppointmentStatus.HELD,
        old.hold_expires_at,
        old.order_no,
    )
    assert (await state(clinic))[1] == {old.order_no: (new.id, "unpaid")}
    async with clinic.database.begin() as session:
        assert await booking.confirm_paid(session, str(old.order_no), later) is booking.Fulfilment.CONFIRMED


async def test_an_unpaid_number_may_come_to_cost_something_else(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    new = await move(clinic, old, await clinic.schedule(fee_fen=5000))
    assert (new.fee_fen, new.hold_expires_at) == (5000, old.hold_expires_at)
    assert (await state(clinic))[1] == {
        old.order_no: (old.id, "closed"),
        new.order_no: (new.id, "unpaid"),
    }
    free = await move(clinic, new, await clinic.schedule())
    assert (free.status, free.order_no, free.hold_expires_at) == (AppointmentStatus.BOOKED, None, None)


async def test_what_is_paid_moves_to_the_same_fee_only(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    async with clinic.database.begin() as session:
        await booking.confirm_paid(session, str(old.order_no), clinic.now)
    with pytest.raises(booking.FeeDiffers) as differs:
        await move(clinic, old, await clinic.schedule(fee_fen=5000))
    assert (differs.value.before, differs.value.after) == (3500, 5000)
    new = await move(clinic, old, await clinic.schedule(fee_fen=3500), now=clinic.now + DAY)
    assert (new.status, new.order_no) == (AppointmentStatus.BOOKED, old.order_no)
    assert (await state(clinic))[1] == {old.order_no: (new.id, "paid")}


async def test_the_same_message_moves_once(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule())
    schedule, key = await clinic.schedule(), OperationKey("0" * 32, "action_move", "reschedule")
    new = await move(clinic, old, schedule, key=key)
    assert await move(clinic, old, schedule, key=key) == new
    assert len((await state(clinic))[0]) == 2


async def test_what_cannot_be_leaves_the_old_number(clinic: Any) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule(cancel_days=1, cancel_at=time(17)))
    full = await clinic.schedule(slots=1)
    await clinic.book(await clinic.booker(), full)
    women = await clinic.schedule(age_to=14)
    beyond = await clinic.schedule(day=clinic.today + 15 * DAY)
    before = await state(clinic)
    for schedule, error in (
        (full, booking.SessionFull),
        (women, booking.AgeOutside),
        (beyond, booking.OutsideHorizon),
        (await clinic.schedule(online=False), booking.NotBookable),
    ):
        with pytest.raises(error):
            await move(clinic, old, schedule)
    with pytest.raises(booking.CancelTooLate):
        await move(clinic, old, await clinic.schedule(), now=old.cancel_until + MINUTE)
    with pytest.raises(booking.AlreadyOver):
        await move(clinic, old, await clinic.schedule(), now=old.starts_at)
    after = await state(clinic)
    assert (after[0], after[2]) == (before[0], before[2])


async def test_an_appointment_is_moved_so_often(clinic: Any) -> None:
    await clinic.rule("reschedules", "2")
    held = await clinic.book(await clinic.booker(), await clinic.schedule())
    for _ in range(2):
        held = await move(clinic, held, await clinic.schedule())
    with pytest.raises(booking.RescheduleLimit):
        await move(clinic, held, await clinic.schedule())
    async with clinic.database.begin() as session:
        with pytest.raises(booking.RescheduleLimit):
            await booking.may_move(session, held.id, held.account_id, clinic.now)


async def test_moving_within_a_full_count_is_no_second_visit(clinic: Any) -> None:
    for key in ("per_day", "open_at_once", "holds_at_once", "holds_per_day"):
        await clinic.rule(key, "1")
    old = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=100))
    assert await move(clinic, old, await clinic.schedule(fee_fen=100))


async def test_somebody_elses_appointment(clinic: Any) -> None:
    old, stranger = await clinic.book(await clinic.booker(), await clinic.schedule()), await clinic.booker()
    async with clinic.database.begin() as session:
        with pytest.raises(booking.NotYours):
            await booking.reschedule(
                session,
                old.id,
                schedule_id=await clinic.schedule(),
                slot_id=None,
                contact_id=stranger.contact_id,
                key=None,
                now=clinic.now,
            )


async def test_twenty_patients_change_places_at_once(clinic: Any) -> None:
    """Two full half days of ten, and one free number in each: everybody wants to the other side."""
    here, there = await clinic.schedule(slots=11), await clinic.schedule(slots=11)
    sides = [(here, there)] * 10 + [(there, here)] * 10
    made = [await clinic.book(await clinic.booker(), own) for own, _ in sides]
    results = await asyncio.gather(
        *(move(clinic, old, other) for old, (_, other) in zip(made, sides, strict=True)),
        return_exceptions=True,
    )
    kinds = Counter(type(one).__name__ for one in results)
    assert set(kinds) <= {"AppointmentView", "SessionFull"}
    assert kinds["AppointmentView"] >= 2
    appointments, _, busy = await state(clinic)
    assert Counter(appointments.values())["booked"] == len(busy) == 20


@pytest.mark.parametrize("first", ["move", "expire", "pay", "cancel"])
async def test_move_payment_expiry_and_cancel_at_once_end_in_one_whole_state(clinic: Any, first: str) -> None:
    old = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    schedule, at_end = await clinic.schedule(fee_fen=3500), old.hold_expires_at
    jobs = {
        "move": lambda session: booking.reschedule(
            session,
            old.id,
            schedule_id=schedule,
            slot_id=None,
            contact_id=old.contact_id,
            key=None,
            now=at_end - MINUTE,
        ),
        "expire": lambda session: booking.expire_holds(session, at_end),
        "pay": lambda session: booking.confirm_paid(session, str(old.order_no), at_end),
        "cancel": lambda session: booking.cancel(session, old.id, old.contact_id, None, at_end - MINUTE),
    }
    order = [first, *(name for name in jobs if name != first)]
    results = await clinic.together(*(jobs[name] for name in order))
    wrong = [
        one for one in results if isinstance(one, BaseException) and not isinstance(one, booking.BookingError)
    ]
    assert not wrong
    appointments, orders, busy = await state(clinic)
    keeping = [one for one, status in appointments.items() if status in ("held", "booked")]
    assert len(keeping) == len(busy) <= 1
    open_orders = {one: status for one, status in orders.values() if status in ("unpaid", "paid")}
    assert set(open_orders) == set(keeping)
    assert (
        OrderStatus.CLOSED in {status for _, status in orders.values()}
        or keeping
        or "refund_due" in {status for _, status in orders.values()}
    )
