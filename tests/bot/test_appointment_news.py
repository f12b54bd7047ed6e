"""News of an appointment: who hears it when it leaves, and the code that comes with a number."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot import delivery, sweep
from integrations.hospital import accounts, booking, merging
from integrations.hospital.events import tell_booked
from integrations.hospital.hearers import hearer_of
from integrations.hospital.models import AccountPatient, ConsentKind, Contact, Relation
from integrations.hospital.unbinding import unbind
from tests.clinic_rows import talks
from tests.integrations.hospital.conftest import Booker


async def talk(rt, contact_id):
    """As if they had written once."""
    async with rt.database.begin() as session:
        await talks(session, contact_id)


@pytest.fixture
async def who(rt, clinic):
    """On Telegram, having agreed to what that takes."""
    found = await clinic.booker(channel="telegram")
    await talk(rt, found.contact_id)
    async with rt.database.begin() as session:
        contact = await session.get_one(Contact, found.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, clinic.now, None)
    return found


async def another_channel(rt, clinic, who, channel="wechat"):
    """The same account there, met later."""
    contact = await clinic.contact(channel)
    await talk(rt, contact.id)
    async with rt.database.begin() as session:
        (await session.get_one(Contact, contact.id)).account_id = who.account_id
    return contact.id


async def let_go(rt, who):
    async with rt.database.begin() as session:
        assert await unbind(
            session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=rt.now()
        )


async def hearer(rt, made, **more):
    async with rt.database.begin() as session:
        return await hearer_of(session, made.id, **more)


async def queued(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(text("SELECT conversation_id FROM outbound ORDER BY seq")))


async def test_a_number_free_of_charge_brings_its_code(rt, clinic, who, telegram):
    made = await clinic.book(who, await clinic.schedule())
    await sweep.hospital(rt)
    await delivery.deliver(rt, who.contact_id)
    words, picture = telegram.sent
    assert "报到" in words.text
    assert "订单" not in words.text
    assert picture.picture.content.startswith(b"\x89PNG")
    async with rt.database.begin() as session:
        await booking.reschedule(
            session, made.id, schedule_id=await clinic.schedule(), slot_id=None,
            contact_id=who.contact_id, key=None, now=clinic.now,
        )  # fmt: skip
    await sweep.hospital(rt)
    await delivery.deliver(rt, who.contact_id)
    assert telegram.sent[-1].picture.content != picture.picture.content  # a new number, a new code


async def test_a_number_with_a_fee_brings_none_before_it_is_paid(rt, clinic, who, telegram):
    made = await clinic.book(who, await clinic.schedule(fee_fen=3500))
    await sweep.hospital(rt)
    assert await queued(rt) == []
    async with rt.database.begin() as session:
        await booking.confirm_paid(session, made.order_no, clinic.now)
    await sweep.hospital(rt)
    await delivery.deliver(rt, who.contact_id)
    words, picture = telegram.sent
    assert made.order_no in words.text
    assert picture.picture is not None


async def test_the_same_booking_twice_tells_once(rt, clinic, who):
    async with rt.database.begin() as session:
        made = await clinic.booking(who, await clinic.schedule())(session)
    with pytest.raises(booking.AlreadyBooked):
        await clinic.book(who, made.schedule_id)
    async with rt.database.begin() as session:
        assert list(await session.scalars(text("SELECT kind FROM hospital_events"))) == ["appointment_booked"]


async def test_after_letting_go_nobody_is_told(rt, clinic, who):
    """Between the booking and its news, or while a hold runs out."""
    await clinic.book(who, await clinic.schedule())
    await clinic.book(who, await clinic.schedule(fee_fen=3500))
    await let_go(rt, who)
    async with rt.database.begin() as session:
        await booking.expire_holds(session, clinic.now.replace(hour=12))
    await sweep.hospital(rt)
    assert await queued(rt) == []
    async with rt.database.begin() as session:
        assert (
            await session.scalar(text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL")) == 0
        )


async def test_who_paid_hears_of_their_money_even_so(rt, clinic, who):
    made = await clinic.book(who, await clinic.schedule(fee_fen=3500))
    async with rt.database.begin() as session:
        await booking.expire_holds(session, made.hold_expires_at)
    await sweep.hospital(rt)
    before = await queued(rt)
    await let_go(rt, who)
    async with rt.database.begin() as session:
        paid = await booking.confirm_paid(session, made.order_no, made.hold_expires_at)
    assert paid is booking.Fulfilment.REFUND_DUE
    await sweep.hospital(rt)
    assert await queued(rt) == [*before, who.contact_id]


async def test_after_a_merge_it_is_told_where_it_was_booked(rt, clinic, who):
    later = await clinic.booker()
    async with rt.database.begin() as session:
        held = await session.get_one(AccountPatient, (later.account_id, later.patient_id))
        held.relation = Relation.CHILD
    made = await clinic.book(later, await clinic.schedule())
    async with rt.database.begin() as session:
        await merging.merge(session, kept=who.account_id, merged=later.account_id)
    assert await hearer(rt, made) == later.contact_id


async def test_who_was_cut_hears_nothing_more_of_the_owners_appointment(rt, clinic, who):
    """The event was written for the newcomer; by the time it leaves the accounts have parted."""
    newcomer = await clinic.booker()
    await talk(rt, newcomer.contact_id)
    async with rt.database.begin() as session:
        moved = await merging.merge(session, kept=who.account_id, merged=newcomer.account_id)
    made = await clinic.book(
        Booker(who.account_id, newcomer.contact_id, who.patient_id), await clinic.schedule()
    )
    assert await hearer(rt, made) == newcomer.contact_id
    async with rt.database.begin() as session:
        await merging.part(
            session, kept=who.account_id, merged=newcomer.account_id, moved=moved,
            disputed=who.patient_id, heir=who.contact_id,
        )  # fmt: skip
    await sweep.hospital(rt)
    assert set(await queued(rt)) == {who.contact_id}


async def test_a_contact_that_left_the_account_is_not_told_in_its_place(rt, clinic, who):
    """Whatever moved it away: the account's other channel hears of it."""
    made = await clinic.book(who, await clinic.schedule())
    wechat = await another_channel(rt, clinic, who)
    assert await hearer(rt, made) == who.contact_id
    stranger = await clinic.booker()
    async with rt.database.begin() as session:
        (await session.get_one(Contact, who.contact_id)).account_id = stranger.account_id
    assert await hearer(rt, made) == wechat


async def test_without_consent_for_data_abroad_it_is_told_at_home(rt, clinic, who):
    made = await clinic.book(who, await clinic.schedule())
    abroad, kinds = who.contact_id, [ConsentKind.DATA_ABROAD]
    async with rt.database.begin() as session:
        contact = await session.get_one(Contact, abroad)
    wechat = await another_channel(rt, clinic, who)
    assert await hearer(rt, made) == abroad
    async with rt.database.begin() as session:
        await accounts.withdraw_consents(session, contact, kinds, clinic.now, None)
    assert await hearer(rt, made) == wechat
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE contacts SET account_id = :a WHERE id = :id"),
                              {"a": (await clinic.booker()).account_id, "id": wechat})  # fmt: skip
    assert await hearer(rt, made) == abroad  # what stands is told, neutrally, where else there is no way


async def test_an_unknown_appointment_is_told_to_nobody(rt, clinic, who):
    async with rt.database.begin() as session:
        await tell_booked(session, who.patient_id, who.account_id, who.contact_id)
    await sweep.hospital(rt)
    assert await queued(rt) == []
