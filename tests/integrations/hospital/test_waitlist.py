"""Waiting for a number: who may, what an offer gives, and that nobody else gets what is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from integrations.hospital import booking, waitlist
from integrations.hospital.events import EventKind
from integrations.hospital.models import AppointmentStatus, SlotStatus, StatusChange, WaitlistStatus
from integrations.hospital.operations import OperationKey
from integrations.hospital.refusals import (
    AgeOutside,
    AlreadyBooked,
    AlreadyWaiting,
    NothingToWaitFor,
    NotYours,
    OfferOver,
    OtherSex,
    SessionFull,
    WaitlistLimit,
)

from .conftest import HOLD, LATER, Clinic, Line, full


async def test_a_number_that_comes_free_is_offered_to_the_first_and_to_nobody_else(
    clinic: Clinic, line: Line
) -> None:
    first, second = await clinic.booker(), await clinic.booker()
    one, two = await line.join(first), await line.join(second, doctor=True)
    await line.cancel()
    assert SlotStatus.KEPT in await line.slots()
    with pytest.raises(SessionFull):  # not even before the sweep has come by
        await clinic.book(await clinic.booker(), line.schedule_id)
    assert await line.sweep() == 1
    assert await line.status(one, two) == [WaitlistStatus.OFFERED, WaitlistStatus.WAITING]
    with pytest.raises(SessionFull):
        await clinic.book(second, line.schedule_id)
    made = await line.accept(one, first)
    assert made.status is AppointmentStatus.BOOKED
    assert await line.status(one) == [WaitlistStatus.ACCEPTED]
    assert await line.slots() == [SlotStatus.BUSY, SlotStatus.BUSY]
    assert await line.told() == [EventKind.WAITLIST_OFFERED]


async def test_a_number_with_a_fee_is_held_while_it_is_paid(clinic: Clinic) -> None:
    line = await full(clinic, fee_fen=2500)
    who = await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    await line.sweep()
    made = await line.accept(one, who)
    assert made.status is AppointmentStatus.HELD
    assert made.order_no
    later = await clinic.booker()
    two = await line.join(later)
    async with clinic.database.begin() as session:
        await booking.expire_holds(session, clinic.now + HOLD)  # unpaid: to the next who waits
    await line.sweep(clinic.now + HOLD)
    assert WaitlistStatus.OFFERED in await line.status(two)


async def test_what_is_over_is_not_accepted(clinic: Clinic, line: Line) -> None:
    who, stranger = await clinic.booker(), await clinic.booker()
    one = await line.join(who)
    with pytest.raises(OfferOver):
        await line.accept(one, who)  # not offered yet
    await line.cancel()
    await line.sweep()
    with pytest.raises(NotYours):
        await line.accept(one, stranger)
    with pytest.raises(OfferOver):
        await line.accept(one, who, clinic.now + LATER)


async def test_accepted_once_by_the_same_message(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    await line.sweep()
    key = OperationKey("m", "a", "accept")
    for _ in range(2):
        async with clinic.database.begin() as session:
            made = await waitlist.accept(session, one.id, who.contact_id, key=key, now=clinic.now, hold=HOLD)
            assert made.status is AppointmentStatus.BOOKED
    with pytest.raises(OfferOver):
        await line.accept(one, who)


async def test_the_rules_are_asked_at_once(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    await line.join(who)
    with pytest.raises(AlreadyWaiting):
        await line.join(who)
    with pytest.raises(AlreadyBooked):
        await line.join(line.holders[0][0])
    await clinic.rule("sex", "male")
    with pytest.raises(OtherSex):
        await line.join(await clinic.booker())
    await clinic.rule("age_to", "13")
    await clinic.rule("sex", "")
    with pytest.raises(AgeOutside):
        await line.join(await clinic.booker())


async def test_nobody_waits_for_today_for_nothing_or_for_what_is_free(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    for days in ([clinic.today], [clinic.wednesday + timedelta(days=1)]):
        with pytest.raises(NothingToWaitFor):
            await line.join(who, days=days)
    await line.cancel()  # nobody waits: it is free
    with pytest.raises(NothingToWaitFor):
        await line.join(who)


async def test_an_account_stands_in_so_many_lines(clinic: Clinic) -> None:
    who = await clinic.booker()
    for _ in range(waitlist.ENTRIES_PER_ACCOUNT):
        await (await full(clinic, slots=1)).join(who)
    with pytest.raises(WaitlistLimit):
        await (await full(clinic, slots=1)).join(who)
    async with clinic.database.begin() as session:
        mine = await waitlist.standing(session, who.account_id)
        await waitlist.leave(session, mine[0].id, who.contact_id, key=None, now=clinic.now)
    await (await full(clinic, slots=1)).join(who)


async def test_each_step_is_kept(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    await line.sweep()
    await line.accept(one, who)
    async with clinic.database.begin() as session:
        steps = select(StatusChange.before, StatusChange.after).where(StatusChange.subject_id == one.id)
        assert (await session.execute(steps.order_by(StatusChange.id))).all() == [
            ("waiting", "offered"),
            ("offered", "accepted"),
        ]


async def test_only_who_waits_for_the_same_number_is_ahead(clinic: Clinic, line: Line) -> None:
    """Three who wait before: for this doctor, for the other half day, and for another doctor of the department."""
    await line.join(await clinic.booker(), doctor=True)
    afternoon, elsewhere = await clinic.booker(), await clinic.booker()
    await line.join(afternoon)
    await line.join(elsewhere)
    mine = await line.join(await clinic.booker(), doctor=True)
    another = (await full(clinic)).schedule.practitioner_id
    async with clinic.database.begin() as session:
        assert (await waitlist.entry(session, mine.id)).ahead == 3
        await session.execute(
            text("UPDATE waitlist_entries SET period = 'evening' WHERE account_id = :id"),
            {"id": afternoon.account_id},
        )
        await session.execute(
            text("UPDATE waitlist_entries SET period = 'morning' WHERE id = :id"), {"id": mine.id}
        )
        await session.execute(
            text("UPDATE waitlist_entries SET practitioner_id = :another WHERE account_id = :id"),
            {"id": elsewhere.account_id, "another": another},
        )
        assert (await waitlist.entry(session, mine.id)).ahead == 1
