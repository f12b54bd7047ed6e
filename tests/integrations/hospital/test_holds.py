from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import booking, events
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.holds import Fulfilment, confirm_paid, expire_holds
from integrations.hospital.models import AppointmentStatus, Order, OrderStatus

MINUTE = timedelta(minutes=1)


async def _expire(clinic: Any, now: datetime, limit: int = 100) -> int:
    async with clinic.database.begin() as session:
        return await expire_holds(session, now, limit)


async def _pay(clinic: Any, order_no: str, now: datetime) -> Fulfilment:
    async with clinic.database.begin() as session:
        return await confirm_paid(session, order_no, now)


async def _events(clinic: Any) -> list[tuple[str, str]]:
    async with clinic.database.begin() as session:
        found = await events.claim(session, 500, clinic.now)
        return [(event.kind, event.payload["order_no"]) for event in found]


async def test_a_hold_that_runs_out_frees_its_slot_once_and_says_so(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(slots=1, fee_fen=3500)
    made = await clinic.book(who, schedule)
    assert await _expire(clinic, made.hold_expires_at - MINUTE) == 0
    assert await _expire(clinic, made.hold_expires_at) == 1
    assert await _expire(clinic, made.hold_expires_at) == 0
    assert await _events(clinic) == [("hold_expired", made.order_no)]
    async with clinic.database.begin() as session:
        assert (await booking.appointment(session, made.id)).status is AppointmentStatus.EXPIRED
        assert (await session.scalars(select(Order.status))).all() == [OrderStatus.CLOSED]
    again = await clinic.book(who, schedule)
    assert (again.status, again.number) == (AppointmentStatus.HELD, 1)


async def test_free_and_paid_appointments_never_expire(clinic: Any) -> None:
    await clinic.book(await clinic.booker(), await clinic.schedule())
    paid = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    assert await _pay(clinic, paid.order_no, clinic.now + MINUTE) is Fulfilment.CONFIRMED
    assert await _expire(clinic, clinic.now + timedelta(days=1)) == 0


async def test_sweepers_share_the_work(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=30, fee_fen=3500)
    for _ in range(30):
        await clinic.book(await clinic.booker(), schedule)
    late = clinic.now + timedelta(hours=1)
    counts = await asyncio.gather(*(_expire(clinic, late, limit=10) for _ in range(6)))
    while extra := await _expire(clinic, late):
        counts.append(extra)
    assert sum(counts) == 30
    assert len(await _events(clinic)) == 30
    async with clinic.database.begin() as session:
        assert len(await booking.free_slots(session, schedule, clinic.now)) == 30


async def test_paying_books_and_repeats_change_nothing(clinic: Any) -> None:
    made = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    late = made.hold_expires_at + MINUTE  # the sweeper has not come yet: the slot is still held
    assert await _pay(clinic, made.order_no, late) is Fulfilment.CONFIRMED
    assert await _pay(clinic, made.order_no, late) is Fulfilment.ALREADY_CONFIRMED
    assert await _events(clinic) == [("appointment_booked", made.order_no)]
    async with clinic.database.begin() as session:
        assert (await booking.appointment(session, made.id)).status is AppointmentStatus.BOOKED


async def test_paying_too_late_takes_the_number_again_while_it_is_free(clinic: Any) -> None:
    made = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    late = made.hold_expires_at + MINUTE
    await _expire(clinic, made.hold_expires_at)
    assert await _pay(clinic, made.order_no, late) is Fulfilment.CONFIRMED
    async with clinic.database.begin() as session:
        again = await booking.appointment(session, made.id)
        assert len(await booking.free_slots(session, made.schedule_id, clinic.now)) == 2
    assert (again.status, again.number, again.order_no) == (AppointmentStatus.BOOKED, 1, made.order_no)


async def test_paying_for_a_number_that_is_gone_is_to_be_paid_back(clinic: Any) -> None:
    schedule = await clinic.schedule(fee_fen=3500, slots=1)
    made = await clinic.book(await clinic.booker(), schedule)
    await _expire(clinic, made.hold_expires_at)
    await clinic.book(await clinic.booker(), schedule)
    for _ in range(2):
        assert await _pay(clinic, made.order_no, made.hold_expires_at + MINUTE) is Fulfilment.REFUND_DUE
    assert await _events(clinic) == [("hold_expired", made.order_no), ("refund_due", made.order_no)]
    async with clinic.database.begin() as session:
        assert (await booking.appointment(session, made.id)).status is AppointmentStatus.EXPIRED


async def test_paying_for_what_the_rules_no_longer_allow_is_to_be_paid_back(clinic: Any) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule(fee_fen=3500)
    made = await clinic.book(who, schedule)
    await _expire(clinic, made.hold_expires_at)
    again = await clinic.book(who, schedule)  # the same half day, another order
    assert await _pay(clinic, made.order_no, clinic.now) is Fulfilment.REFUND_DUE
    assert await _pay(clinic, again.order_no, clinic.now) is Fulfilment.CONFIRMED


async def test_an_unknown_order(clinic: Any) -> None:
    with pytest.raises(UnknownOrder):
        await _pay(clinic, "GH20261122AAAA", clinic.now)


async def test_payment_and_expiry_at_once_end_in_one_whole_state(clinic: Any) -> None:
    schedule = await clinic.schedule(slots=20, fee_fen=3500)
    held = [await clinic.book(await clinic.booker(), schedule) for _ in range(20)]
    late = clinic.now + timedelta(hours=1)

    def pay(order_no: str) -> Callable[[AsyncSession], Awaitable[Fulfilment]]:
        return lambda session: confirm_paid(session, order_no, late)

    def expire(session: AsyncSession) -> Awaitable[int]:
        return expire_holds(session, late, 3)

    results = await clinic.together(*[pay(str(one.order_no)) for one in held], *[expire] * 10)
    assert not [result for result in results if isinstance(result, BaseException)]
    assert set(results[:20]) == {Fulfilment.CONFIRMED}  # what ran out first was free to be taken again
    gone = sum(result for result in results[20:] if isinstance(result, int))
    told = Counter(kind for kind, _ in await _events(clinic))
    assert told == {"appointment_booked": 20} | ({"hold_expired": gone} if gone else {})
    async with clinic.database.begin() as session:
        orders = list(await session.scalars(select(Order.status)))
        free = await booking.free_slots(session, schedule, clinic.now)
    assert (set(orders), len(orders), free) == ({OrderStatus.PAID}, 20, [])
