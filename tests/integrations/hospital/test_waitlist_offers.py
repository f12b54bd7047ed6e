"""Numbers that come free are handed round: first come, first asked, and never at night."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from integrations.hospital import booking, deceased, stops, waitlist, waitlist_offers
from integrations.hospital.events import EventKind
from integrations.hospital.models import AccountPatient, Relation, Schedule, SlotStatus
from integrations.hospital.refusals import OfferOver
from integrations.hospital.unbinding import unbind
from integrations.hospital.waitlist_offers import Terms
from tests.clinic_rows import doctor

from .conftest import LATER, Booker, Clinic, Line, full


async def test_no_answer_and_a_no_pass_it_on(clinic: Clinic, line: Line) -> None:
    people = [await clinic.booker() for _ in range(3)]
    entries = [await line.join(who) for who in people]
    await line.cancel()
    await line.sweep()
    assert await line.sweep(clinic.now + LATER - timedelta(seconds=1)) == 0
    assert await line.sweep(clinic.now + LATER) == 1
    assert await line.status(*entries) == ["lapsed", "offered", "waiting"]
    async with clinic.database.begin() as session:
        await waitlist.decline(session, entries[1].id, people[1].contact_id, key=None, now=clinic.now + LATER)
    assert await line.sweep(clinic.now + LATER) == 1
    assert await line.status(*entries) == ["lapsed", "declined", "offered"]
    async with clinic.database.begin() as session:
        await waitlist.leave(session, entries[2].id, people[2].contact_id, key=None, now=clinic.now + LATER)
    assert await line.sweep(clinic.now + LATER) == 0
    assert SlotStatus.FREE in await line.slots()  # nobody waits any more: for everybody
    assert await line.told() == [
        "waitlist_offered",
        "waitlist_lapsed",
        "waitlist_offered",
        "waitlist_offered",
    ]


async def test_at_night_nothing_is_offered(clinic: Clinic, line: Line) -> None:
    """What can wait for the morning is kept for it; what cannot is sold as any other."""
    one = await line.join(await clinic.booker())
    early = await full(clinic, start=time(8, 30), day=clinic.today + timedelta(days=1))
    two = await early.join(await clinic.booker())
    await line.cancel()
    await early.cancel()
    night = datetime(2026, 11, 22, 15, tzinfo=UTC)  # 23:00
    terms = Terms(LATER, quiet_until=datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    assert await line.sweep(night, terms) == 0
    assert await line.status(one, two) == ["waiting", "waiting"]
    assert SlotStatus.KEPT in await line.slots()
    assert SlotStatus.KEPT not in await early.slots()
    assert SlotStatus.FREE in await early.slots()
    assert await line.sweep(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == 1


async def test_an_offer_that_lapses_at_night_is_kept_for_the_morning(clinic: Clinic, line: Line) -> None:
    one, two = await line.join(await clinic.booker()), await line.join(await clinic.booker())
    await line.cancel()
    await line.sweep()
    night = Terms(LATER, quiet_until=clinic.now + timedelta(hours=9))
    assert await line.sweep(clinic.now + LATER, night) == 0
    assert await line.status(one, two) == ["lapsed", "waiting"]
    assert SlotStatus.KEPT in await line.slots()


async def test_entries_end_when_their_last_day_begins(clinic: Clinic, line: Line) -> None:
    one = await line.join(await clinic.booker())
    midnight = datetime(2026, 11, 24, 16, tzinfo=UTC)
    await line.sweep(midnight - timedelta(seconds=1))
    assert await line.status(one) == ["waiting"]
    await line.sweep(midnight)
    await line.sweep(midnight)
    assert await line.status(one) == ["expired"]
    assert await line.told() == [EventKind.WAITLIST_EXPIRED]


async def test_new_numbers_and_a_moved_visit_go_to_who_waits(clinic: Clinic, line: Line) -> None:
    one, two = await line.join(await clinic.booker()), await line.join(await clinic.booker())
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, line.schedule_id)
        assert await stops.add_slots(session, schedule, 1, actor="test") == 3
    assert (await line.slots())[-1] is SlotStatus.KEPT
    assert await line.sweep() == 1
    who, made = line.holders[0]
    elsewhere = await clinic.schedule()
    async with clinic.database.begin() as session:
        await booking.reschedule(
            session, made.id, schedule_id=elsewhere, slot_id=None,
            contact_id=who.contact_id, key=None, now=clinic.now,
        )  # fmt: skip
    assert await line.sweep() == 1
    assert await line.status(one, two) == ["offered", "offered"]


async def test_numbers_released_by_somebody_else_are_found(clinic: Clinic, line: Line) -> None:
    """Whatever made a slot free without a look at who waits."""
    one = await line.join(await clinic.booker())
    async with clinic.database.begin() as session:
        await session.execute(
            text("UPDATE slots SET status = 'free' WHERE schedule_id = :id AND number = 1"),
            {"id": line.schedule_id},
        )
    assert await line.sweep() == 1
    assert await line.status(one) == ["offered"]


async def test_who_may_not_have_it_is_passed_over(clinic: Clinic, line: Line) -> None:
    """Meanwhile they booked as much as they may on that day, or are gone from the account."""
    await clinic.rule("per_day", "1")
    busy, gone, third = [await clinic.booker() for _ in range(3)]
    entries = [await line.join(who) for who in (busy, gone, third)]
    await clinic.book(busy, await clinic.schedule())
    await let_go(clinic, gone)
    await line.cancel()
    await line.sweep()
    assert await line.status(*entries) == ["waiting", "cancelled", "offered"]


async def refused(clinic: Clinic, line: Line, count: int) -> list[Booker]:
    """So many in line, each of whom has booked elsewhere on that day by now."""
    people = [await clinic.booker() for _ in range(count)]
    for who in people:
        await line.join(who)
    await clinic.rule("per_day", "1")
    elsewhere = await clinic.schedule(slots=count)
    for who in people:
        await clinic.book(who, elsewhere)
    return people


async def test_behind_many_whom_the_rules_refuse_the_next_one_is_asked(clinic: Clinic, line: Line) -> None:
    await refused(clinic, line, 30)
    last = await line.join(await clinic.booker())
    await line.cancel()
    assert await line.sweep() == 1
    assert await line.status(last) == ["offered"]


async def test_a_sweep_asks_about_so_many_and_the_next_one_goes_on_behind_them(
    clinic: Clinic, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waitlist_offers, "_Round", partial(waitlist_offers._Round, left=4))
    await refused(clinic, line, 10)
    last = await line.join(await clinic.booker())
    await line.cancel()
    assert [await line.sweep() for _ in range(3)] == [0, 0, 1]
    assert await line.status(last) == ["offered"]


async def test_when_everybody_in_line_is_refused_the_number_is_sold(
    clinic: Clinic, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever gives back what stood in the way is asked after a while."""
    monkeypatch.setattr(waitlist_offers, "_Round", partial(waitlist_offers._Round, left=2))
    await refused(clinic, line, 3)
    await line.cancel()
    await line.sweep()
    assert SlotStatus.KEPT in await line.slots()
    await line.sweep()
    assert SlotStatus.KEPT not in await line.slots()
    assert SlotStatus.FREE in await line.slots()
    await clinic.rule("per_day", "2")
    assert await line.sweep(clinic.now + timedelta(minutes=4)) == 0
    assert await line.sweep(clinic.now + timedelta(minutes=5)) == 1


async def test_numbers_that_those_who_wait_may_not_have_stand_in_no_other_s_way(
    clinic: Clinic, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep looks at so many numbers: not always at the same free ones."""
    monkeypatch.setattr(waitlist_offers, "_SLOTS", 2)
    await refused(clinic, line, 1)
    waits = await (other := await full(clinic)).join(await clinic.booker())
    async with clinic.database.begin() as session:
        for one in (line, other):
            await session.execute(
                text("UPDATE slots SET status = 'free' WHERE schedule_id = :id"), {"id": one.schedule_id}
            )
    await line.sweep()
    await line.sweep()
    assert await line.status(waits) == ["offered"]


async def test_who_is_let_go_of_waits_no_longer_and_may_wait_for_themselves(
    clinic: Clinic, line: Line
) -> None:
    """Their account would see neither the entry nor the offer, and could not end them."""
    gone, second = await clinic.booker(), await clinic.booker()
    one, two = await line.join(gone), await line.join(second)
    await line.cancel()
    await line.sweep()
    assert await line.status(one, two) == ["offered", "waiting"]
    await let_go(clinic, gone)
    assert await line.sweep() == 1
    assert await line.status(one, two) == ["cancelled", "offered"]
    own = await clinic.contact()
    async with clinic.database.begin() as session:
        session.add(
            AccountPatient(account_id=own.account_id, patient_id=gone.patient_id, relation=Relation.SELF)
        )
    await line.join(Booker(own.account_id, own.id, gone.patient_id))


async def let_go(clinic: Clinic, who: Booker) -> None:
    async with clinic.database.begin() as session:
        assert await unbind(
            session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=clinic.now
        )


async def test_a_stopped_half_day_takes_its_offers_back(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    one = await line.join(who)
    await line.cancel()
    await line.sweep()
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, line.schedule_id)
        await stops.stop(session, schedule, reason="ill", actor="test", now=clinic.now)
    with pytest.raises(OfferOver):
        await line.accept(one, who)
    assert await line.status(one) == ["waiting"]
    assert await line.sweep() == 0
    assert await line.told() == ["waitlist_offered", "waitlist_withdrawn"]


async def test_offered_just_when_it_was_stopped_it_is_taken_back_by_the_next_sweep(
    clinic: Clinic, line: Line
) -> None:
    """The sweep read the half day as open, and offered after the stop."""
    one = await line.join(await clinic.booker())
    await line.cancel()
    await line.sweep()
    async with clinic.database.begin() as session:
        await session.execute(
            text("UPDATE schedules SET status = 'stopped' WHERE id = :id"), {"id": line.schedule_id}
        )
    assert await line.sweep() == 0
    assert await line.status(one) == ["waiting"]
    assert await line.told() == ["waitlist_offered", "waitlist_withdrawn"]
    assert SlotStatus.KEPT not in await line.slots()


async def test_another_doctor_s_number_is_not_for_who_waits_for_this_one(clinic: Clinic, line: Line) -> None:
    one, two = await line.join(await clinic.booker(), doctor=True), await line.join(await clinic.booker())
    await line.cancel()
    await line.sweep()
    async with clinic.database.begin() as session:
        colleague = await doctor(session, "王海燕", line.schedule.department_id)
        schedule = await session.get_one(Schedule, line.schedule_id)
        await stops.substitute(
            session, schedule, colleague.staff_no, reason="ill", actor="test", now=clinic.now
        )
    assert await line.status(one, two) == ["waiting", "waiting"]
    assert await line.sweep() == 1
    assert await line.status(one, two) == ["waiting", "offered"]
    assert await line.told() == ["waitlist_offered", "waitlist_withdrawn", "waitlist_offered"]


async def test_who_died_stands_in_no_line(clinic: Clinic, line: Line) -> None:
    died, lives = await clinic.booker(), await clinic.booker()
    entries = [await line.join(who) for who in (died, lives)]
    async with clinic.database.begin() as session:
        await deceased.record(session, died.patient_id, actor="staff:x", now=clinic.now)
    await line.cancel()
    await line.sweep()
    assert await line.status(*entries) == ["cancelled", "offered"]
