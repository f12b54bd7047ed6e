"""Stopped visits and changed doctors as patients read them, and whom staff call."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from bot import affected, delivery, sweep
from bot.desk.work import counts
from integrations.hospital import (
    booking,
    callers,
    deceased,
    reschedule,
    stops,
    visits,
)
from integrations.hospital.models import Appointment, AppointmentStatus, Period, Practitioner, Schedule
from tests.bot.visit_news.heard import heard, last, paid, press, stop, talk
from tests.clinic_rows import doctor, half_day


async def test_a_stopped_visit_is_told_with_ways_out_in_one_tap(rt, clinic, who, clock):
    schedule = await clinic.schedule(fee_fen=2500)
    made = await paid(rt, clinic, who, schedule)
    async with rt.database.begin() as session:
        one = await session.get_one(Schedule, schedule)
        own = await session.get_one(Practitioner, one.practitioner_id)
        later = await half_day(
            session, own, one.date + timedelta(days=1), time(14), Period.AFTERNOON,
            fee_fen=2500, slots=2, minutes=10,
        )  # fmt: skip
        colleague = await doctor(session, "王海燕", one.department_id)
        await half_day(
            session, colleague, one.date, time(8, 30), Period.MORNING, fee_fen=2500, slots=2, minutes=10
        )
    await sweep.hospital(rt)
    await stop(rt, schedule)
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert "停诊" in said.text
    assert "全额退" in said.text
    titles = [option.title for option in said.options]
    another = "换一位看，11月25日（周三）上午 8:30"  # the same time: it has to be told from the stopped one
    assert titles == ["改到11月26日（周四）下午 2:00", another, "改约", "全额退给我"]
    assert str(later) in await press(rt, who, said.options[0].id)
    assert str(made.id) in await press(rt, who, said.options[0].id)


@pytest.mark.parametrize(("day", "waits"), [(1, False), (2, True)])
async def test_a_stop_wakes_only_whoever_comes_soon(rt, clinic, who, clock, day, waits):
    """At 23:00: for tomorrow morning, and for the day after."""
    schedule = await clinic.schedule(day=clinic.today + timedelta(days=day))
    await clinic.book(who, schedule)
    await sweep.hospital(rt)
    clock.time = datetime(2026, 11, 22, 15, tzinfo=UTC)
    await stop(rt, schedule)
    await sweep.hospital(rt)
    _, not_before = (await heard(rt, who))[-1]
    assert (not_before is not None) is waits


async def test_who_was_not_reached_stands_on_the_call_list(rt, clinic, who, clock, telegram):
    schedule = await clinic.schedule(slots=3)
    made = await clinic.book(who, schedule)
    silent = await clinic.booker(channel="telegram")
    await talk(rt, silent.contact_id)
    mute = await clinic.book(silent, schedule)
    answered = await clinic.booker(channel="telegram")
    await talk(rt, answered.contact_id)
    third = await clinic.book(answered, schedule)
    await stop(rt, schedule)
    await sweep.hospital(rt)
    assert await to_call(rt) == {made.id: "queued", mute.id: "queued", third.id: "queued"}
    for _ in range(4):
        await delivery.deliver(rt, who.contact_id)
    async with rt.database.begin() as session:
        await booking.cancel(session, third.id, answered.contact_id, None, rt.now())
    assert await to_call(rt) == {mute.id: "queued"}
    async with rt.database.begin() as session:
        await stops.reached(session, mute.id, actor="test", now=rt.now())
    assert await to_call(rt) == {}


async def test_no_answer_until_the_day_gives_it_back_and_says_so(rt, clinic, who, clock):
    schedule = await clinic.schedule(fee_fen=2500)
    made = await paid(rt, clinic, who, schedule)
    await stop(rt, schedule)
    clock.time = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert made.order_no in said.text
    assert "全额退" in said.text
    async with rt.database.begin() as session:
        assert (await session.get_one(Appointment, made.id)).status is AppointmentStatus.CANCELLED


async def to_call(rt):
    """The call list; the desk's badge counts the same."""
    async with rt.database.begin() as session:
        listed = {one.appointment_id: one.told for one in await affected.affected(session, rt.now())}
        [badge] = await counts.waiting(session, ["schedules"], rt.now())
    assert badge.count == len(listed)
    return listed


async def test_who_had_not_paid_yet_is_told_of_the_stop_and_called(rt, clinic, who, clock):
    """Their number ended with the half day; they may be on their way to pay at the counter, and come on the day."""
    schedule = await clinic.schedule(slots=3, fee_fen=2500)
    told = await clinic.book(who, schedule)
    unheard = await clinic.book(await clinic.booker(channel="telegram"), schedule)
    away = await clinic.booker(channel="telegram")
    gone = await clinic.book(away, schedule)
    async with rt.database.begin() as session:
        await booking.cancel(session, gone.id, away.contact_id, None, rt.now())
    await stop(rt, schedule)
    await sweep.hospital(rt)
    assert "停诊" in (await last(rt, who)).text
    assert await to_call(rt) == {told.id: "queued", unheard.id: "nobody"}
    await delivery.deliver(rt, who.contact_id)
    assert await to_call(rt) == {unheard.id: "nobody"}
    async with rt.database.begin() as session:
        await stops.reached(session, unheard.id, actor="test", now=rt.now())
    assert await to_call(rt) == {}


async def test_nobody_is_called_about_a_visit_of_somebody_who_died(rt, clinic, who):
    schedule = await clinic.schedule()
    await clinic.book(who, schedule)
    async with rt.database.begin() as session:
        await deceased.record(session, who.patient_id, actor="test", now=rt.now())
    await stop(rt, schedule)
    await sweep.hospital(rt)
    assert await to_call(rt) == {}


@pytest.mark.parametrize("fee_fen", [0, 2500])
async def test_who_does_not_know_of_the_number_that_was_added_for_them_is_called(
    rt, clinic, who, clock, telegram, fee_fen
):
    """加号: the doctor wants to see them, and whoever is not told does not come."""
    schedule_id = await clinic.schedule(slots=3, fee_fen=fee_fen)
    silent, paying, booked = [await clinic.booker(channel="telegram") for _ in range(3)]
    await clinic.book(booked, schedule_id)  # by themselves: they know
    made = []
    for one in (who, silent, paying):
        async with rt.database.begin() as session:
            schedule = await session.get_one(Schedule, schedule_id)
            own = {"patient_id": one.patient_id, "reason": "asked", "actor": "staff:x", "now": rt.now()}
            made.append(await callers.add_number(session, schedule, **own))
    told, mute, paid_for = made
    await sweep.hospital(rt)
    if fee_fen:
        async with rt.database.begin() as session:
            await booking.confirm_paid(session, paid_for.order_no, rt.now())
    else:
        async with rt.database.begin() as session:
            await stops.reached(session, paid_for.id, actor="test", now=rt.now())
    assert await to_call(rt) == {told.id: "queued", mute.id: "nobody"}
    async with rt.database.begin() as session:
        [one, _] = await affected.affected(session, rt.now())
    assert one.what == "added"
    for _ in range(4):
        await delivery.deliver(rt, who.contact_id)
    assert await to_call(rt) == {mute.id: "nobody"}
    await stop(
        rt, schedule_id
    )  # what they do not know of is stopped: from then on that is what they are called about
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert {one.what for one in await affected.affected(session, rt.now())} == {"stopped"}


async def test_who_was_not_reached_is_called_though_it_was_given_back(rt, clinic, who, clock, telegram):
    """One is told at last, one is reached by phone, one has no talk, one did not pay yet, and two have answered."""
    schedule = await clinic.schedule(start=time(14), period=Period.AFTERNOON, slots=6, fee_fen=2500)
    told = await paid(rt, clinic, who, schedule)
    others = [await clinic.booker(channel="telegram") for _ in range(5)]
    phoned, alone, back, moved = [await paid(rt, clinic, one, schedule) for one in others[:4]]
    unpaid = await clinic.book(others[4], schedule)
    for other in (others[0], *others[2:]):
        await talk(rt, other.contact_id)
    await stop(rt, schedule)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        await booking.cancel(session, back.id, others[2].contact_id, None, rt.now())
        one = await session.get_one(Schedule, schedule)
        own = await session.get_one(Practitioner, one.practitioner_id)
        later = await half_day(
            session, own, one.date + timedelta(days=1), time(14), Period.AFTERNOON,
            fee_fen=2500, slots=2, minutes=10,
        )  # fmt: skip
        await reschedule.reschedule(
            session, moved.id, schedule_id=later, slot_id=None, contact_id=others[3].contact_id, key=None,
            now=rt.now(),
        )  # fmt: skip
    clock.time = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert (await session.get_one(Appointment, alone.id)).status is AppointmentStatus.CANCELLED
    assert await to_call(rt) == {
        told.id: "queued",
        phoned.id: "queued",
        alone.id: "nobody",
        unpaid.id: "queued",
    }
    for _ in range(6):
        await delivery.deliver(rt, who.contact_id)
        await delivery.deliver(rt, others[4].contact_id)
    async with rt.database.begin() as session:
        await stops.reached(session, phoned.id, actor="test", now=rt.now())
    assert await to_call(rt) == {alone.id: "nobody"}
    clock.time = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert await to_call(rt) == {}


async def test_a_changed_doctor_and_a_missed_visit_are_told(rt, clinic, who, clock):
    schedule = await clinic.schedule()
    made = await clinic.book(who, schedule)
    async with rt.database.begin() as session:
        one = await session.get_one(Schedule, schedule)
        other = await doctor(session, "王海燕", one.department_id)
        await stops.substitute(session, one, other.staff_no, reason="x", actor="test", now=rt.now())
    await sweep.hospital(rt)
    assert "换了人出诊" in (await last(rt, who)).text
    clock.time = datetime(2026, 11, 25, 4, tzinfo=UTC)
    async with rt.database.begin() as session:
        await visits.missed(session, made.id.hex, actor="test", now=rt.now())
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert "没有看到您来报到" in said.text
    assert rt.settings.hospital_phone in said.text
