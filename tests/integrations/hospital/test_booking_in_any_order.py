"""Whatever patients, accounts, payments and the clock do, in whatever order: the limits hold, and slots, appointments
and orders agree."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from integrations.connections import Pools
from integrations.database import Base, Database
from integrations.hospital import booking
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Order,
    OrderStatus,
    Relation,
    Schedule,
    Slot,
    SlotStatus,
)

from .conftest import Booker, Clinic

pytestmark = pytest.mark.slow

LIMITS = {
    "per_day": 2,
    "per_department_day": 1,
    "open_at_once": 3,
    "holds_at_once": 2,
    "holds_per_day": 4,
    "reschedules": 2,
}
WHO, WHERE, WHICH = st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)
STEPS = st.one_of(
    st.tuples(st.just("book"), WHO, WHERE),
    st.tuples(st.just("book"), WHO, WHERE),
    st.tuples(st.just("cancel"), WHICH, st.just(0)),
    st.tuples(st.just("move"), WHICH, WHERE),
    st.tuples(st.just("pay"), WHICH, st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 20), st.just(0)),
)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all examples: the database's connections belong to it."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


@dataclass
class World:
    """Two accounts that share one child; six half days on two days, of three departments, half of them with a fee."""

    clinic: Clinic
    now: datetime = Clinic.now
    bookers: list[Booker] = field(default_factory=list)
    schedules: list[UUID] = field(default_factory=list)

    async def open(self) -> None:
        async with self.clinic.database.engine.begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in Base.metadata.sorted_tables:
                await connection.execute(table.delete())
        for key, value in LIMITS.items():
            await self.clinic.rule(key, str(value))
        first, second, child = [await self.clinic.booker() for _ in range(3)]
        async with self.clinic.database.begin() as session:
            for account in (first, second):
                session.add(
                    AccountPatient(
                        account_id=account.account_id, patient_id=child.patient_id, relation=Relation.CHILD
                    )
                )
        shared = [Booker(one.account_id, one.contact_id, child.patient_id) for one in (first, second)]
        self.bookers = [first, second, *shared]
        wards: list[UUID] = []
        for number in range(6):
            day = self.clinic.wednesday + timedelta(days=number % 2)
            made = await self.clinic.schedule(
                slots=2, fee_fen=(number % 3) * 1000, day=day, start=time(8 + number)
            )
            self.schedules.append(made)
            async with self.clinic.database.begin() as session:
                wards.append((await session.get_one(Schedule, made)).department_id)
                await session.execute(
                    update(Schedule).where(Schedule.id == made).values(department_id=wards[number // 2 * 2])
                )

    async def step(self, what: str, one: int, other: int) -> None:
        async def work(effect: Callable[[Any], Awaitable[Any]]) -> None:
            try:
                async with self.clinic.database.begin() as session:
                    await effect(session)
            except booking.BookingError:
                pass  # a refusal is an answer; what it left behind is looked at after every step

        if what == "book":
            await work(self.clinic.booking(self.bookers[one], self.schedules[other], now=self.now))
        elif what == "wait":
            self.now += timedelta(minutes=one)
            await work(lambda session: booking.expire_holds(session, self.now))
        else:
            await work(lambda session: self.on_appointment(session, what, one, other))

    async def on_appointment(self, session: Any, what: str, one: int, other: int) -> None:
        known = list(await session.scalars(select(Appointment).order_by(Appointment.id)))
        if not known:
            return
        found = known[one % len(known)]
        if what == "cancel":
            await booking.cancel(session, found.id, found.contact_id, None, self.now)
        elif what == "move":
            await booking.reschedule(
                session,
                found.id,
                schedule_id=self.schedules[other],
                slot_id=None,
                contact_id=found.contact_id,
                key=None,
                now=self.now,
            )
        elif order := await session.scalar(select(Order.order_no).where(Order.appointment_id == found.id)):
            await booking.confirm_paid(session, order, self.now)

    async def check(self) -> None:
        async with self.clinic.database.begin() as session:
            appointments = {one.id: one for one in await session.scalars(select(Appointment))}
            slots = {one.id: one for one in await session.scalars(select(Slot))}
            wards = {one.id: one.department_id for one in await session.scalars(select(Schedule))}
            orders = list(await session.scalars(select(Order)))
        active = [one for one in appointments.values() if one.status in ("held", "booked")]
        busy = {one.id for one in slots.values() if one.status is SlotStatus.BUSY}
        assert sorted(one.slot_id for one in active) == sorted(busy)
        _check_people(active, slots, wards)
        _check_holds(active)
        assert all(one.reschedules <= LIMITS["reschedules"] for one in appointments.values())
        _check_orders(active, appointments, orders)


def _check_people(active: list[Appointment], slots: dict[UUID, Slot], wards: dict[UUID, UUID]) -> None:
    by_day: Counter[tuple[UUID, date]] = Counter()
    by_ward: Counter[tuple[UUID, date, UUID]] = Counter()
    for one in active:
        day = slots[one.slot_id].date
        by_day[one.patient_id, day] += 1
        by_ward[one.patient_id, day, wards[one.schedule_id]] += 1
    assert max(by_day.values(), default=0) <= LIMITS["per_day"]
    assert max(by_ward.values(), default=0) <= LIMITS["per_department_day"]
    assert max(Counter(one.patient_id for one in active).values(), default=0) <= LIMITS["open_at_once"]


def _check_holds(active: list[Appointment]) -> None:
    held: dict[UUID, int] = defaultdict(int)
    for one in active:
        held[one.account_id] += one.status is AppointmentStatus.HELD
    assert max(held.values(), default=0) <= LIMITS["holds_at_once"]


def _check_orders(
    active: list[Appointment], appointments: dict[UUID, Appointment], orders: list[Order]
) -> None:
    """What is owed or paid belongs to an appointment that stands, at its fee, and none stands without."""
    open_orders = {one.appointment_id: one for one in orders if one.status in ("unpaid", "paid")}
    assert set(open_orders) == {one.id for one in active if one.fee_fen}
    for one in active:
        if one.fee_fen:
            paid = open_orders[one.id].status is OrderStatus.PAID
            assert open_orders[one.id].amount_fen == one.fee_fen
            assert paid is (one.status is AppointmentStatus.BOOKED)
    assert all(one.appointment_id in appointments for one in orders)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=8, max_size=24))
def test_no_order_of_events_breaks_a_limit(
    tables: str, loop: asyncio.AbstractEventLoop, steps: list[tuple[str, int, int]]
) -> None:
    async def run() -> None:
        database = Database(tables, pools=Pools(1, 4))
        try:
            world = World(Clinic(database))
            await world.open()
            for step in steps:
                await world.step(*step)
                await world.check()
        finally:
            await database.close()

    loop.run_until_complete(run())
