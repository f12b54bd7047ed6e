"""Reminders as patients read them, and the buttons below them."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
from sqlalchemy import text

from bot import choices, notices, sweep
from integrations.hospital import (
    booking,
    events,
    stops,
    visit_reminders,
)
from integrations.hospital.events import EventKind
from integrations.hospital.models import Period, Schedule
from integrations.hospital.unbinding import unbind
from tests.bot.visit_news.heard import heard, last, press


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
