"""The hospital's events as messages to patients."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot import delivery, inbox, news, outbox, sweep, untold_news
from bot.untold_news import NotUntold
from integrations.hospital import booking, events, patients
from integrations.hospital.events import EventKind
from integrations.hospital.models import Contact
from tests.bot.notice_platform import notify
from tests.integrations.hospital.conftest import Clinic


async def event(rt, conversation, kind, **payload):
    async with rt.database.begin() as session:
        account = await session.scalar(
            text("SELECT account_id FROM contacts WHERE id = :id"), {"id": conversation}
        )
        await events.emit(session, kind, account_id=account, contact_id=conversation, payload=payload)


async def test_an_event_of_the_hospital_becomes_a_notice(rt, wechat, talk):
    await event(rt, talk, EventKind.HOLD_EXPIRED, order_no="O20261122001")
    await sweep.hospital(rt)
    await notify(rt, talk)
    assert [kind for kind, _, _ in wechat.notices] == ["hold_expired"]


async def test_an_earlier_holder_hears_of_a_newcomer_although_the_window_is_shut(
    rt, wechat, telegram, talk, message
):
    """And on a platform without notices through the dialog, with a button."""
    wechat.templates["link_added"] = "T4"
    other = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    async with rt.database.begin() as session:
        first, newcomer = await session.get_one(Contact, talk), await session.get_one(Contact, other)
        for contact in (first, newcomer):
            await patients.register(
                session, rt.crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
                id_number="11010519900307013X", phone="13812345678", outcome="match", key=None, now=rt.now(),
            )  # fmt: skip
    await sweep.hospital(rt)
    await notify(rt, talk)
    assert [kind for kind, _, _ in wechat.notices] == ["link_added"]
    async with rt.database.begin() as session:
        link = await session.scalar(
            text("SELECT payload ->> 'link' FROM hospital_events WHERE kind = 'link_added'")
        )
        content = await session.scalar(
            text("SELECT content FROM outbound WHERE conversation_id = :id"), {"id": talk}
        )
    assert "账号刚刚关联了 *明" in outbox.unseal(rt.crypto, content).text
    await event(rt, other, EventKind.LINK_ADDED, link=link)
    assert other in await sweep.hospital(rt)


async def test_a_booking_brings_the_code_for_the_check_in(rt, telegram, message):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    clinic = Clinic(rt.database)
    who = await clinic.booker(channel="telegram")
    async with rt.database.begin() as session:
        (await session.get_one(Contact, talk)).account_id = who.account_id
    visit = await clinic.book(replace(who, contact_id=talk), await clinic.schedule(fee_fen=3500))
    async with rt.database.begin() as session:
        await booking.confirm_paid(session, visit.order_no, rt.now())
    await sweep.hospital(rt)
    await delivery.deliver(rt, talk)
    words, picture = telegram.sent
    assert visit.order_no in words.text
    assert "/p/card/" in words.text
    assert picture.picture.content.startswith(b"\x89PNG")
    assert picture.text == ""
    async with rt.database.begin() as session:
        stored = await session.scalar(text("SELECT content FROM media"))
    assert b"PNG" not in bytes(stored)


async def test_an_event_that_cannot_be_told_stands_in_no_others_way(rt, telegram, message):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    await event(rt, talk, EventKind.HOLD_EXPIRED, note="a")  # without its order number
    await event(rt, talk, EventKind.HOLD_EXPIRED, order_no="O20261122002")
    with capture_logs() as logs:
        await news.tell(rt, 1)
    await delivery.deliver(rt, talk)
    assert len(telegram.texts) == 1
    assert "O20261122002" in telegram.texts[0]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["an event cannot be told"]
    async with rt.database.begin() as session:
        still_open = text("SELECT payload ->> 'note' FROM hospital_events WHERE handled_at IS NULL")
        assert list(await session.scalars(still_open)) == ["a"]


async def _tries(rt):
    async with rt.database.begin() as session:
        found = await session.execute(
            text("SELECT tries, error, given_up_at IS NOT NULL FROM hospital_events")
        )
        return tuple(found.one())


async def test_an_event_that_can_never_be_told_is_tried_ever_more_rarely_and_then_staff_s(
    rt, telegram, message, clock
):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    await event(rt, talk, EventKind.HOLD_EXPIRED)  # without its order number
    for _ in range(3):  # a sweep is there every few seconds
        await news.tell(rt, 10)
    assert await _tries(rt) == (1, "KeyError", False)
    for tries in range(2, events.MOST_TRIES + 1):
        async with rt.database.begin() as session:
            assert await untold_news.listed(session) == []
            due = await session.scalar(text("SELECT not_before FROM hospital_events"))
        clock.forward(seconds=(due - clock()).total_seconds() - 1)
        await news.tell(rt, 10)
        assert (await _tries(rt))[0] == tries - 1
        clock.forward(seconds=1)
        await news.tell(rt, 10)
        assert (await _tries(rt))[0] == tries
    clock.forward(days=1)
    await news.tell(rt, 10)
    assert await _tries(rt) == (events.MOST_TRIES, "KeyError", True)
    async with rt.database.begin() as session:
        [one] = await untold_news.listed(session)
    assert (one.kind, one.channel, one.error, one.order_no) == ("hold_expired", "telegram", "KeyError", None)


async def test_staff_have_it_told_once_its_cause_is_mended_or_let_it_be(rt, telegram, message):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    for number in ("O20261122001", "O20261122002"):
        await event(rt, talk, EventKind.HOLD_EXPIRED, order_no=number)
    async with rt.database.begin() as session:
        await session.execute(
            text("UPDATE hospital_events SET given_up_at = :now, error = 'KeyError', tries = 13"),
            {"now": rt.now()},
        )
        first, second = await untold_news.listed(session)
    await news.tell(rt, 10)
    async with rt.database.begin() as session:
        await untold_news.try_again(session, first.id, actor="staff:zhou", reason="mended")
        await untold_news.let_be(session, second.id, actor="staff:zhou", reason="called", now=rt.now())
        assert await untold_news.listed(session) == []
    with pytest.raises(NotUntold):
        async with rt.database.begin() as session:
            await untold_news.let_be(session, second.id, actor="staff:zhou", reason="x", now=rt.now())
    await news.tell(rt, 10)
    await delivery.deliver(rt, talk)
    assert len(telegram.texts) == 1
    assert "O20261122001" in telegram.texts[0]
    async with rt.database.begin() as session:
        kept = text("SELECT action FROM audit_events WHERE subject LIKE 'event:%' ORDER BY id")
        assert list(await session.scalars(kept)) == ["news_tried_again", "news_settled"]
