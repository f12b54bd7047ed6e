"""Stopped half days, another doctor, more numbers."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from integrations.crypto import Crypto
from integrations.hospital import booking, stops
from integrations.hospital.billing.paying import Trade, open_payment, receive
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    FoundBy,
    Order,
    OrderStatus,
    Patient,
    Period,
    Platform,
    Practitioner,
    Refund,
    Schedule,
)
from integrations.hospital.revealing import NoReason
from integrations.hospital.stops import StopError
from tests.clinic_rows import doctor, half_day

from .conftest import Booker, Clinic

MIDNIGHT = datetime(2026, 11, 24, 16, tzinfo=UTC)  # Wednesday begins in Shanghai


async def stop(clinic: Clinic, schedule_id: UUID, now: datetime | None = None) -> int:
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        return await stops.stop(session, schedule, reason="ill", actor="test", now=now or clinic.now)


async def settle(clinic: Clinic, now: datetime) -> int:
    async with clinic.database.begin() as session:
        return await stops.settle(session, now, "22:00-07:30", 100)


async def pay(clinic: Clinic, order_no: str | None) -> None:
    assert order_no
    async with clinic.database.begin() as session:
        opened = await open_payment(session, order_no, Platform.WECHATPAY, "jsapi", clinic.now, "openid")
        trade = Trade(
            Platform.WECHATPAY, opened.out_trade_no, f"T{order_no}", opened.amount_fen, clinic.now, "openid"
        )
        await receive(session, trade, FoundBy.CALLBACK, clinic.now)


async def told(clinic: Clinic) -> list[str]:
    async with clinic.database.begin() as session:
        found = await session.scalars(text("SELECT kind FROM hospital_events ORDER BY id"))
        return [kind for kind in found if kind.startswith("visit")]


async def money(clinic: Clinic) -> tuple[list[OrderStatus], list[str]]:
    async with clinic.database.begin() as session:
        orders = list(await session.scalars(select(Order.status).order_by(Order.id)))
        return orders, [str(one) for one in await session.scalars(select(Refund.reason))]


async def test_all_are_told_and_nobody_books_there_any_more(clinic: Clinic) -> None:
    schedule = await clinic.schedule(slots=3)
    for _ in range(2):
        await clinic.book(await clinic.booker(), schedule)
    assert await stop(clinic, schedule) == 2
    assert await stop(clinic, schedule) == 0
    assert await told(clinic) == ["visit_stopped"] * 2
    with pytest.raises(booking.NotBookable):
        await clinic.book(await clinic.booker(), schedule)


async def test_who_says_nothing_gets_everything_back_when_the_day_begins(clinic: Clinic) -> None:
    schedule = await clinic.schedule(fee_fen=2500)
    made = await clinic.book(await clinic.booker(), schedule)
    await pay(clinic, made.order_no)
    await stop(clinic, schedule)
    assert await settle(clinic, MIDNIGHT - timedelta(seconds=1)) == 0
    assert await settle(clinic, MIDNIGHT) == 1
    assert await settle(clinic, MIDNIGHT) == 0
    assert await money(clinic) == ([OrderStatus.REFUND_DUE], ["stopped"])
    assert await told(clinic) == ["visit_stopped", "visit_given_back"]


async def test_stopped_on_the_day_itself_there_are_two_hours_to_answer(clinic: Clinic) -> None:
    schedule = await clinic.schedule()
    await clinic.book(await clinic.booker(), schedule)
    morning = MIDNIGHT + timedelta(hours=8)
    await stop(clinic, schedule, morning)
    assert await settle(clinic, morning + timedelta(minutes=119)) == 0
    assert await settle(clinic, morning + timedelta(hours=2)) == 1


async def test_stopped_at_night_the_two_hours_begin_in_the_morning(clinic: Clinic) -> None:
    """A visit in the afternoon is not worth waking for: the news comes at half past seven."""
    schedule = await clinic.schedule(start=time(14), period=Period.AFTERNOON)
    await clinic.book(await clinic.booker(), schedule)
    await stop(clinic, schedule, MIDNIGHT - timedelta(hours=1))
    half_past_nine = MIDNIGHT + timedelta(hours=9, minutes=30)
    assert await settle(clinic, MIDNIGHT + timedelta(hours=3)) == 0
    assert await settle(clinic, half_past_nine - timedelta(seconds=1)) == 0
    assert await settle(clinic, half_past_nine) == 1


async def test_cancelled_late_a_stopped_visit_is_refunded_all_the_same(clinic: Clinic) -> None:
    """Whatever the department says of late cancellations."""
    schedule = await clinic.schedule(fee_fen=2500, cancel_days=2, cancel_at=None, late_cancel="refused")
    await clinic.rule("cancel_at", "17:00")
    who = await clinic.booker()
    made = await clinic.book(who, schedule)
    await pay(clinic, made.order_no)
    evening = MIDNIGHT - timedelta(hours=4)
    with pytest.raises(booking.CancelTooLate):
        async with clinic.database.begin() as session:
            await booking.cancel(session, made.id, who.contact_id, None, evening)
    await stop(clinic, schedule)
    async with clinic.database.begin() as session:
        await booking.cancel(session, made.id, who.contact_id, None, evening)
    assert await money(clinic) == ([OrderStatus.REFUND_DUE], ["stopped"])
    assert await settle(clinic, MIDNIGHT) == 0


async def test_a_stopped_visit_moves_without_limit_and_takes_its_payment_along(clinic: Clinic) -> None:
    schedule = await clinic.schedule(fee_fen=2500, reschedules=0, cancel_days=7)
    await clinic.rule("cancel_at", "17:00")
    other = await clinic.schedule(fee_fen=2500, day=clinic.wednesday + timedelta(days=1))
    who = await clinic.booker()
    made = await clinic.book(who, schedule)
    await pay(clinic, made.order_no)

    async def move() -> None:
        async with clinic.database.begin() as session:
            await booking.reschedule(
                session, made.id, schedule_id=other, slot_id=None,
                contact_id=who.contact_id, key=None, now=clinic.now,
            )  # fmt: skip

    with pytest.raises(booking.CancelTooLate):
        await move()
    await stop(clinic, schedule)
    await move()
    assert await money(clinic) == ([OrderStatus.PAID], [])
    assert await settle(clinic, MIDNIGHT) == 0
    async with clinic.database.begin() as session:
        moved = (
            await session.scalars(select(Appointment).where(Appointment.rescheduled_from == made.id))
        ).one()
    assert (moved.status, moved.reschedules) == (AppointmentStatus.BOOKED, 0)


async def test_an_unpaid_number_ends_and_its_late_payment_comes_back(clinic: Clinic) -> None:
    schedule = await clinic.schedule(fee_fen=2500)
    made = await clinic.book(await clinic.booker(), schedule)
    await stop(clinic, schedule)
    assert (await money(clinic))[0] == [OrderStatus.CLOSED]
    async with clinic.database.begin() as session:
        assert made.order_no
        paid = await booking.confirm_paid(session, made.order_no, clinic.now)
    assert paid is booking.Fulfilment.REFUND_DUE


async def test_a_number_booked_while_it_was_stopped_is_found(clinic: Clinic) -> None:
    """The booking read the half day as open, and was written after the stop."""
    schedule = await clinic.schedule()
    made = await clinic.book(await clinic.booker(), schedule)
    async with clinic.database.begin() as session:
        await session.execute(
            text("UPDATE schedules SET status = 'stopped' WHERE id = :id"), {"id": schedule}
        )
    await settle(clinic, clinic.now)
    assert await told(clinic) == ["visit_stopped"]
    async with clinic.database.begin() as session:
        assert (await booking.appointment(session, made.id)).disturbed


async def with_two_doctors(clinic: Clinic) -> tuple[UUID, Practitioner, Booker, UUID]:
    """A half day, a colleague in the department, and a visit."""
    schedule_id = await clinic.schedule(cancel_days=7)
    await clinic.rule("cancel_at", "17:00")
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        colleague = await doctor(session, "王海燕", schedule.department_id)
    who = await clinic.booker()
    return schedule_id, colleague, who, (await clinic.book(who, schedule_id)).id


async def test_a_half_day_that_was_changed_before_can_still_be_stopped(clinic: Clinic) -> None:
    schedule_id, colleague, _, _ = await with_two_doctors(clinic)
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        await stops.substitute(
            session, schedule, colleague.staff_no, reason="ill", actor="test", now=clinic.now
        )
    assert await stop(clinic, schedule_id) == 1
    assert await told(clinic) == ["visit_changed", "visit_stopped"]


async def test_stopped_in_the_middle_who_was_seen_is_not_told(clinic: Clinic) -> None:
    schedule = await clinic.schedule(slots=2)  # at 8:30 and 8:40
    for _ in range(2):
        await clinic.book(await clinic.booker(), schedule)
    assert await stop(clinic, schedule, MIDNIGHT + timedelta(hours=8, minutes=35)) == 1
    await settle(clinic, MIDNIGHT + timedelta(hours=8, minutes=36))
    assert await told(clinic) == ["visit_stopped"]


async def test_another_doctor_takes_the_visits_along(clinic: Clinic) -> None:
    schedule_id, colleague, who, visit = await with_two_doctors(clinic)
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        count = await stops.substitute(
            session, schedule, colleague.staff_no, reason="ill", actor="test", now=clinic.now
        )
    assert count == 1
    assert await told(clinic) == ["visit_changed"]
    async with clinic.database.begin() as session:
        shown = await booking.appointment(session, visit)
        assert shown.practitioner == "王海燕"
        assert shown.cancels_freely(clinic.now)  # too late by the rules
        await booking.cancel(session, visit, who.contact_id, None, clinic.now)


async def test_a_doctor_of_elsewhere_or_at_work_takes_nothing(clinic: Clinic) -> None:
    schedule_id, colleague, _, _ = await with_two_doctors(clinic)
    other = await clinic.schedule()
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        stranger = await session.get_one(
            Practitioner, (await session.get_one(Schedule, other)).practitioner_id
        )
        await half_day(
            session, colleague, schedule.date, time(8), schedule.period,
            fee_fen=0, slots=1, minutes=10,
        )  # fmt: skip
        for staff_no in (stranger.staff_no, colleague.staff_no, "nobody"):
            with pytest.raises(StopError):
                await stops.substitute(
                    session, schedule, staff_no, reason="ill", actor="test", now=clinic.now
                )
    assert await told(clinic) == []


async def test_more_numbers_follow_the_last_one(clinic: Clinic) -> None:
    schedule_id = await clinic.schedule(slots=3)
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        assert await stops.add_slots(session, schedule, 2, actor="test") == 5
    async with clinic.database.begin() as session:
        free = await booking.free_slots(session, schedule_id, clinic.now)
    assert [f"{one.number} {one.time:%H:%M}" for one in free][-2:] == ["4 09:00", "5 09:10"]
    assert free[-1].starts_at == datetime(2026, 11, 25, 1, 10, tzinfo=UTC)


async def test_half_days_are_found_by_doctor_and_day(clinic: Clinic) -> None:
    schedule_id, _, _, _ = await with_two_doctors(clinic)
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        staff_no = (await session.get_one(Practitioner, schedule.practitioner_id)).staff_no
        assert [one.id for one in await stops.half_days(session, staff_no, clinic.wednesday)] == [schedule_id]
        with pytest.raises(StopError):
            await stops.half_days(session, staff_no, clinic.today)


async def test_a_phone_is_shown_only_with_a_trace(clinic: Clinic, crypto: Crypto) -> None:
    schedule_id, _, who, visit = await with_two_doctors(clinic)
    async with clinic.database.begin() as session:
        patient = await session.get_one(Patient, who.patient_id)
        patient.name = crypto.encrypt("张明", "patients.name")
        patient.phone = crypto.encrypt("+8613812345678", "patients.phone")
    async with clinic.database.begin() as session:
        with pytest.raises(StopError):  # nothing happened to that visit
            await stops.reveal(session, crypto, visit, actor="staff:x", reason="call")
    await stop(clinic, schedule_id)
    async with clinic.database.begin() as session:
        with pytest.raises(NoReason):
            await stops.reveal(session, crypto, visit, actor="staff:x", reason=".")
        callee = await stops.reveal(session, crypto, visit, actor="staff:x", reason="call")
        assert (callee.name, callee.phone) == ("张明", "+8613812345678")
        assert "1381234" not in repr(callee)
        [row] = (
            await session.execute(
                text("SELECT actor, subject FROM audit_events WHERE action = 'phone_revealed'")
            )
        ).all()
        assert tuple(row) == ("staff:x", f"patient:{who.patient_id}")
