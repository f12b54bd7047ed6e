"""The hospital's events as messages to patients."""

from dataclasses import replace

from sqlalchemy import text
from structlog.testing import capture_logs

from bot import delivery, inbox, news, outbox, sweep
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
