"""Offers of the waitlist as patients read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot import sweep
from integrations.hospital import (
    booking,
    waitlist,
    waitlist_offers,
)
from integrations.hospital.models import Schedule
from integrations.hospital.unbinding import unbind
from tests.bot.visit_news.heard import heard, last, press


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
