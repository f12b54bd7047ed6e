"""The waitlist under a rush: what is kept is sold once, and not forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from integrations.hospital import booking, merging, waitlist, waitlist_offers
from integrations.hospital.models import Appointment, AppointmentStatus, SlotStatus
from integrations.hospital.refusals import OfferOver, SessionFull, SlotTaken

from .conftest import HOLD, LATER, TERMS, Clinic, Line, full


async def test_two_sweepers_offer_once(clinic: Clinic, line: Line) -> None:
    one, two = await line.join(await clinic.booker()), await line.join(await clinic.booker())
    await line.cancel()
    counts = await clinic.together(*[lambda session: waitlist_offers.sweep(session, clinic.now, TERMS)] * 4)
    assert sum(int(str(count)) for count in counts) == 1
    assert await line.status(one, two) == ["offered", "waiting"]
    assert await line.told() == ["waitlist_offered"]


async def test_an_answer_in_the_last_second_wins_whole_or_not_at_all(clinic: Clinic) -> None:
    for _ in range(4):
        line = await full(clinic)
        who, next_one = await clinic.booker(), await clinic.booker()
        one, two = await line.join(who), await line.join(next_one)
        await line.cancel()
        await line.sweep()
        end = clinic.now + LATER
        done = await clinic.together(
            line.accepting(one, who, end - timedelta(milliseconds=1)),
            lambda session, end=end: waitlist_offers.sweep(session, end, TERMS),
            lambda session, end=end: waitlist_offers.sweep(session, end, TERMS),
        )
        state = await line.status(one, two)
        if isinstance(done[0], OfferOver):
            assert state[0] == "lapsed"
            assert state[1] == "offered"
        else:
            assert not isinstance(done[0], BaseException)
            assert state == ["accepted", "waiting"]
        async with clinic.database.begin() as session:
            mine = select(Appointment).where(
                Appointment.schedule_id == line.schedule_id, Appointment.status == AppointmentStatus.BOOKED
            )
            booked = len((await session.scalars(mine)).all())
        assert booked == (2 if state[0] == "accepted" else 1)


async def test_leaving_while_it_is_offered_and_taken(clinic: Clinic, line: Line) -> None:
    """Accepted, declined and left at once: one of them."""
    who = await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    await line.sweep()
    done = await clinic.together(
        line.accepting(one, who),
        lambda session: waitlist.decline(session, one.id, who.contact_id, key=None, now=clinic.now),
        lambda session: waitlist.leave(session, one.id, who.contact_id, key=None, now=clinic.now),
    )
    assert sum(isinstance(result, OfferOver) for result in done) == 2
    await line.sweep()
    assert SlotStatus.KEPT not in await line.slots()


async def test_a_rush_for_what_comes_free_sells_nothing_twice(clinic: Clinic) -> None:
    """Numbers come free while others book, wait and accept: each number has one owner, and who waited had theirs."""
    line = await full(clinic, slots=4)
    waiting = [await clinic.booker() for _ in range(4)]
    entries = [await line.join(who) for who in waiting]
    rushing = [await clinic.booker() for _ in range(8)]
    jobs = [
        lambda session, place=place: booking.cancel(
            session, line.holders[place][1].id, line.holders[place][0].contact_id, None, clinic.now
        )
        for place in range(4)
    ]
    done = await clinic.together(
        *jobs,
        *[clinic.booking(who, line.schedule_id) for who in rushing],
        *[lambda session: waitlist_offers.sweep(session, clinic.now, TERMS)] * 3,
    )
    assert all(isinstance(one, (SessionFull, SlotTaken)) for one in done[4:12])
    assert not any(isinstance(one, BaseException) for one in done[:4])
    await line.sweep()
    assert await line.status(*entries) == ["offered"] * 4
    accepted = await clinic.together(
        *[line.accepting(one, who) for one, who in zip(entries, waiting, strict=True)]
    )
    assert not any(isinstance(one, BaseException) for one in accepted)
    assert await line.slots() == [SlotStatus.BUSY] * 4


async def test_a_late_payment_does_not_take_what_is_kept_for_another(clinic: Clinic) -> None:
    line = await full(clinic, fee_fen=2500)
    _, made = line.holders[0]
    await line.join(await clinic.booker())
    async with clinic.database.begin() as session:
        await booking.expire_holds(session, clinic.now + HOLD)
        assert made.order_no
        paid = await booking.confirm_paid(session, made.order_no, clinic.now + HOLD)
    assert paid is booking.Fulfilment.REFUND_DUE
    assert SlotStatus.KEPT in await line.slots()


async def test_a_sweep_does_not_wait_for_accounts_that_merge(clinic: Clinic, line: Line) -> None:
    """It would hold the entry that the merge wants, and want the account that the merge holds."""
    who, other = await clinic.booker(), await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    async with clinic.database.begin() as session, asyncio.timeout(90):
        await merging.lock_accounts(session, who.account_id, other.account_id)
        assert await line.sweep() == 0
        assert SlotStatus.KEPT in await line.slots()
    assert await line.status(one) == ["waiting"]
    assert await line.sweep() == 1
    async with clinic.database.begin() as session, asyncio.timeout(90):
        await merging.lock_accounts(session, who.account_id, other.account_id)
        assert await line.sweep(clinic.now + LATER) == 0
    assert await line.status(one) == ["offered"]
