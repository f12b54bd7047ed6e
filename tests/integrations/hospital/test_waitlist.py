"""The waitlist: first come, first asked; nobody else gets what is kept, and nothing is sold twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from integrations.hospital import booking, stops, waitlist, waitlist_offers
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    Schedule,
    Slot,
    SlotStatus,
    StatusChange,
    WaitlistEntry,
    WaitlistStatus,
)
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
    SlotTaken,
    WaitlistLimit,
)
from integrations.hospital.unbinding import unbind
from integrations.hospital.waitlist import EntryView
from integrations.hospital.waitlist_offers import Terms

from .conftest import HOLD, Booker, Clinic

TERMS = Terms(timedelta(minutes=20))
LATER = timedelta(minutes=20)


class Line:
    """A full half day, whoever has its numbers, and those who wait for one."""

    def __init__(self, clinic: Clinic, schedule_id: UUID, schedule: Schedule, holders: list) -> None:
        self.clinic = clinic
        self.schedule_id, self.schedule = schedule_id, schedule
        self.holders = holders  # (booker, appointment)

    async def join(self, who: Booker, *, days: Sequence[date] = (), doctor: bool = False) -> EntryView:
        async with self.clinic.database.begin() as session:
            return await waitlist.join(
                session,
                department_id=self.schedule.department_id,
                practitioner_id=self.schedule.practitioner_id if doctor else None,
                days=days or [self.schedule.date],
                period=None,
                patient_id=who.patient_id,
                contact_id=who.contact_id,
                key=None,
                now=self.clinic.now,
            )

    async def cancel(self, place: int = 0) -> None:
        who, made = self.holders[place]
        async with self.clinic.database.begin() as session:
            await booking.cancel(session, made.id, who.contact_id, None, self.clinic.now)

    async def sweep(self, now: datetime | None = None, terms: Terms = TERMS) -> int:
        async with self.clinic.database.begin() as session:
            return await waitlist_offers.sweep(session, now or self.clinic.now, terms)

    def accepting(self, one: EntryView, who: Booker, now: datetime | None = None):
        return lambda session: waitlist.accept(
            session, one.id, who.contact_id, key=None, now=now or self.clinic.now, hold=HOLD
        )

    async def accept(self, one: EntryView, who: Booker, now: datetime | None = None):
        async with self.clinic.database.begin() as session:
            return await self.accepting(one, who, now)(session)

    async def status(self, *entries: EntryView) -> list[str]:
        async with self.clinic.database.begin() as session:
            rows = await session.execute(select(WaitlistEntry.id, WaitlistEntry.status))
            found = {row.id: row.status for row in rows}
            return [found[one.id] for one in entries]

    async def slots(self) -> list[SlotStatus]:
        async with self.clinic.database.begin() as session:
            mine = select(Slot.status).where(Slot.schedule_id == self.schedule_id).order_by(Slot.number)
            return list(await session.scalars(mine))

    async def told(self) -> list[str]:
        async with self.clinic.database.begin() as session:
            found = await session.scalars(
                text("SELECT kind FROM hospital_events WHERE kind LIKE 'waitlist%' ORDER BY id")
            )
            return list(found)


@pytest.fixture
async def line(clinic: Clinic) -> Line:
    """Two numbers, both taken."""
    return await full(clinic)


async def full(clinic: Clinic, *, slots: int = 2, **about) -> Line:
    schedule_id = await clinic.schedule(slots=slots, **about)
    holders = []
    for _ in range(slots):
        who = await clinic.booker()
        holders.append((who, await clinic.book(who, schedule_id)))
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
    return Line(clinic, schedule_id, schedule, holders)


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
    async with clinic.database.begin() as session:
        assert await unbind(
            session, contact_id=gone.contact_id, patient_id=gone.patient_id, key=None, now=clinic.now
        )
    await line.cancel()
    await line.sweep()
    assert await line.status(*entries) == ["waiting", "waiting", "offered"]


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
