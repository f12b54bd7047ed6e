"""Reminders, stopped visits and offers as patients read them, and the buttons below them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text

from bot import affected, choices, delivery, intents, notices, sweep
from bot.desk.work import counts
from bot.outbox import unseal
from integrations.hospital import (
    booking,
    deceased,
    events,
    reschedule,
    stops,
    visit_reminders,
    visits,
    waitlist,
    waitlist_offers,
)
from integrations.hospital.events import EventKind
from integrations.hospital.models import Appointment, AppointmentStatus, Period, Practitioner, Schedule
from integrations.hospital.unbinding import unbind
from tests.clinic_rows import doctor, half_day, talks


@pytest.fixture
async def who(rt, clinic):
    found = await clinic.booker(channel="telegram")
    await talk(rt, found.contact_id)
    return found


async def talk(rt, contact_id):
    async with rt.database.begin() as session:
        await talks(session, contact_id)


async def heard(rt, who):
    """What was queued for them, oldest first."""
    async with rt.database.begin() as session:
        rows = await session.execute(
            text("SELECT content, not_before FROM outbound WHERE conversation_id = :id ORDER BY seq"),
            {"id": who.contact_id},
        )
        return [(unseal(rt.crypto, row.content), row.not_before) for row in rows]


async def last(rt, who):
    return (await heard(rt, who))[-1][0]


async def stop(rt, schedule_id):
    async with rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        await stops.stop(session, schedule, reason="ill", actor="test", now=rt.now())


async def paid(rt, clinic, who, schedule_id):
    made = await clinic.book(who, schedule_id)
    async with rt.database.begin() as session:
        await booking.confirm_paid(session, made.order_no, rt.now())
    return made


async def test_a_visit_is_reminded_of_twice_with_time_and_place(rt, clinic, who, clock):
    made = await clinic.book(who, await clinic.schedule(start=time(14), period=Period.AFTERNOON))
    await sweep.hospital(rt)
    before = len(await heard(rt, who))
    clock.time = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    await sweep.hospital(rt)
    await sweep.hospital(rt)
    assert len(await heard(rt, who)) == before + 1
    said = await last(rt, who)
    assert "11月25日（周三）下午 2:00" in said.text
    assert "本部院区门诊楼3层" in said.text
    assert [option.title for option in said.options] == ["改约", "取消", "知道了"]
    assert said.notice.words == "您有一个预约快到了"
    clock.time = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
    await sweep.hospital(rt)
    assert "快到了" in (await last(rt, who)).text
    assert len(await heard(rt, who)) == before + 2
    async with rt.database.begin() as session:
        about = await session.scalars(text("SELECT about FROM outbound WHERE notice LIKE 'visit%'"))
        assert set(about) == {made.id}


@pytest.mark.parametrize("change", ["cancelled", "stopped", "unwanted", "let go"])
async def test_what_is_true_no_more_is_not_reminded_of(rt, clinic, who, clock, change):
    """The event is written, and then things change before it is told."""
    made = await clinic.book(who, schedule := await clinic.schedule())
    await sweep.hospital(rt)
    await stop_after(rt, clinic, who, made, schedule, change)
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM hospital_events WHERE handled_at IS NULL"))
        await events.emit(
            session,
            EventKind.VISIT_TOMORROW,
            account_id=who.account_id,
            contact_id=who.contact_id,
            payload={"appointment_id": str(made.id)},
        )
    before = len(await heard(rt, who))
    await sweep.hospital(rt)
    assert len(await heard(rt, who)) == before


async def stop_after(rt, clinic, who, made, schedule, change):
    async with rt.database.begin() as session:
        match change:
            case "cancelled":
                await booking.cancel(session, made.id, who.contact_id, None, rt.now())
            case "stopped":
                found = await session.get_one(Schedule, schedule)
                await stops.stop(session, found, reason="ill", actor="test", now=rt.now())
            case "unwanted":
                await visit_reminders.want(session, who.contact_id, wanted=False)
            case "let go":
                assert await unbind(
                    session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=rt.now()
                )


async def test_an_english_reader_is_reminded_in_english(rt, clinic, who, clock):
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE conversations SET language = 'en'"))
    await clinic.book(who, await clinic.schedule(start=time(14), period=Period.AFTERNOON))
    await sweep.hospital(rt)
    clock.time = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert "Wed, Nov 25 at 2:00 pm" in said.text
    assert "floor 3" in said.text
    assert said.options[0].title == "Move it"


async def test_a_killed_teller_tells_once(rt, clinic, who, clock, monkeypatch):
    """The worker dies between the event and its message: all of it, or nothing, has happened."""
    await clinic.book(who, await clinic.schedule(start=time(14), period=Period.AFTERNOON))
    await sweep.hospital(rt)
    before = len(await heard(rt, who))
    clock.time = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    queue = notices.queue

    class Killed(BaseException):
        """Nothing can be done about it, unlike an error."""

    async def dies(*args, **more):
        await queue(*args, **more)
        raise Killed

    monkeypatch.setattr(notices, "queue", dies)
    with pytest.raises(Killed):
        await sweep.hospital(rt)
    assert len(await heard(rt, who)) == before
    monkeypatch.setattr(notices, "queue", queue)
    await sweep.hospital(rt)
    await sweep.hospital(rt)
    assert len(await heard(rt, who)) == before + 1


async def press(rt, who, option_id):
    """A pressed button, as the conversation reads it."""
    return await intents.below_news(rt, who.contact_id, option_id)


async def test_a_button_below_news_works_while_another_question_is_open(rt, clinic, who, clock):
    made = await clinic.book(who, await clinic.schedule(start=time(14), period=Period.AFTERNOON))
    await sweep.hospital(rt)
    clock.time = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert await press(rt, who, said.options[1].id) == f'/cancel_appointment{{"appointment": "{made.id}"}}'
    stranger = await clinic.booker(channel="telegram")
    assert await press(rt, stranger, said.options[1].id) is None
    assert await press(rt, who, f"{said.options[1].id}9") is None
    with pytest.raises(choices.Stale):
        choices.pressed(said.options[1].id, None)
    clock.forward(days=40)
    await sweep.expired(rt)
    assert await press(rt, who, said.options[1].id) is None


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


async def full(rt, clinic):
    """A half day with one number, taken."""
    schedule = await clinic.schedule(slots=1, fee_fen=2500)
    holder = await clinic.booker()
    made = await clinic.book(holder, schedule)
    return schedule, holder, made


async def wait(rt, who, schedule):
    async with rt.database.begin() as session:
        one = await session.get_one(Schedule, schedule)
        return await waitlist.join(
            session, department_id=one.department_id, practitioner_id=None, days=[one.date], period=None,
            patient_id=who.patient_id, contact_id=who.contact_id, key=None, now=rt.now(),
        )  # fmt: skip


async def test_an_offer_is_told_at_once_and_its_end_too(rt, clinic, who, clock):
    schedule, holder, made = await full(rt, clinic)
    entry = await wait(rt, who, schedule)
    async with rt.database.begin() as session:
        await booking.cancel(session, made.id, holder.contact_id, None, rt.now())
    await sweep.hospital(rt)
    said = await last(rt, who)
    assert "11月25日（周三）上午 8:30，¥25" in said.text
    assert "10:20 前回复“接受候补”" in said.text
    assert [option.title for option in said.options] == ["接受候补", "放弃候补"]
    assert await press(rt, who, said.options[0].id) == f'/accept_offer{{"entry": "{entry.id}"}}'
    clock.forward(minutes=20)
    await sweep.hospital(rt)
    assert "让给下一位" in (await last(rt, who)).text
    assert len(await heard(rt, who)) == 2


async def test_an_offer_that_is_told_too_late_is_not_told(rt, clinic, who, clock):
    """The worker was away between the offer and its message."""
    schedule, holder, made = await full(rt, clinic)
    await wait(rt, who, schedule)
    async with rt.database.begin() as session:
        await booking.cancel(session, made.id, holder.contact_id, None, rt.now())
        await waitlist_offers.sweep(session, rt.now(), waitlist_offers.Terms(timedelta(minutes=20)))
    clock.forward(minutes=21)
    await sweep.hospital(rt)
    assert ["让给下一位" in reply.text for reply, _ in await heard(rt, who)] == [True]


async def test_an_entry_of_somebody_let_go_is_told_to_nobody(rt, clinic, who, clock):
    schedule, _, _ = await full(rt, clinic)
    await wait(rt, who, schedule)
    async with rt.database.begin() as session:
        assert await unbind(
            session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=rt.now()
        )
    clock.time = datetime(2026, 11, 25, 1, tzinfo=UTC)
    await sweep.hospital(rt)
    assert await heard(rt, who) == []
