"""The saga's further steps: medicine that is prescribed, billed, handed over and given back, and the line of those who
wait for a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Database
from integrations.hospital import waitlist, waitlist_offers
from integrations.hospital.models import (
    WITH_PHARMACY,
    Department,
    Handing,
    Medicine,
    Order,
    OrderStatus,
    Prescription,
    PrescriptionLine,
    PrescriptionStatus,
    Schedule,
    Slot,
    SlotStatus,
    WaitlistEntry,
    WaitlistStatus,
)
from integrations.hospital.pharmacy import checkout, counter
from tests.integrations.hospital.conftest import HOLD, TERMS, Booker
from tests.pharmacy_rows import SHELF, Client, Pharmacy

ANY = st.integers(0, 9)
CODE = "NIF"  # three packs are there; each prescription wants two
_HANDED = (PrescriptionStatus.DISPENSED, PrescriptionStatus.SHIPPED, PrescriptionStatus.DELIVERED)
_SHUT = (OrderStatus.CLOSED, OrderStatus.REFUND_DUE, OrderStatus.REFUNDED)


class Steps(Protocol):
    """What the saga itself has."""

    now: datetime
    database: Database
    pharmacy: Pharmacy
    bookers: list[Booker]
    schedules: list[Any]

    def run(self, work: Awaitable[Any]) -> Any: ...

    async def _try(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> None: ...

    async def _nth(self, model: Any, which: int, *those: Any) -> Any: ...


class Medicines:
    """What is prescribed, and what becomes of it."""

    def prescribe(self: Steps, who: int) -> None:
        one = self.bookers[who]
        self.pharmacy.now = self.now
        self.run(self.pharmacy.approved(Client(one.account_id, one.contact_id, one.patient_id), CODE))

    @rule(which=ANY)
    def bill_medicine(self: Steps, which: int) -> None:
        if one := self.run(self._nth(Prescription, which)):
            self.run(
                self._try(
                    lambda session: checkout.open_bill(
                        session, self.pharmacy.crypto, one.id, Handing.PICKUP, account_id=one.account_id,
                        contact_id=one.contact_id, terms=self.pharmacy.terms, delivery_name="药品配送费",
                        key=None, now=self.now,
                    )
                )
            )  # fmt: skip

    @rule(which=ANY)
    def cancel_medicine(self: Steps, which: int) -> None:
        if one := self.run(self._nth(Prescription, which, Prescription.handing.is_not(None))):
            self.run(
                self._try(
                    lambda session: checkout.cancel(
                        session, one.id, account_id=one.account_id, key=None, now=self.now
                    )
                )
            )

    @rule(which=ANY, gives=st.booleans())
    def pharmacy_works(self: Steps, which: int, gives: bool) -> None:
        """Hands over to who comes with the code, or gives the money back."""
        one = self.run(self._nth(Prescription, which, Prescription.status == PrescriptionStatus.PAID))
        if one and gives and one.pickup_code:
            code = one.pickup_code
            self.run(
                self._try(lambda session: counter.hand_over(session, code, actor="staff:test", now=self.now))
            )
        elif one:
            self.run(self._try(lambda session: checkout.refund_by_staff(session, one.id, now=self.now)))

    @invariant()
    def packs_are_where_they_should_be(self: Steps) -> None:
        self.run(check_packs(self.database))


class Waiting:
    """Who waits for a number."""

    @rule(who=st.integers(0, 2), where=st.integers(0, 1))
    def wait_in_line(self: Steps, who: int, where: int) -> None:
        self.run(
            self._try(lambda session: _join(session, self.bookers[who], self.schedules[where], self.now))
        )

    @rule(which=ANY, how=st.sampled_from(["accept", "accept", "decline", "leave"]))
    def answer_an_offer(self: Steps, which: int, how: str) -> None:
        self.run(offer_all(self))
        if one := self.run(self._nth(WaitlistEntry, which, WaitlistEntry.status == WaitlistStatus.OFFERED)):
            more = {"hold": HOLD} if how == "accept" else {}
            answer = getattr(waitlist, how)
            self.run(
                self._try(
                    lambda session: answer(session, one.id, one.contact_id, key=None, now=self.now, **more)
                )
            )

    @invariant()
    def what_is_offered_is_kept(self: Steps) -> None:
        self.run(check_line(self.database))


async def offer_all(saga: Steps) -> None:
    await saga._try(lambda session: waitlist_offers.sweep(session, saga.now, TERMS))


async def _join(session: AsyncSession, who: Booker, schedule_id: Any, now: datetime) -> None:
    half_day = await session.get_one(Schedule, schedule_id)
    await waitlist.join(
        session, department_id=(await session.get_one(Department, half_day.department_id)).id,
        practitioner_id=None, days=[half_day.date], period=None, patient_id=who.patient_id,
        contact_id=who.contact_id, key=None, now=now,
    )  # fmt: skip


async def check_packs(database: Database) -> None:
    """What is on the shelf and what is promised or gone are all the packs there ever were; and each prescription's
    money fits to its state."""
    async with database.begin() as session:
        left = await session.scalar(select(Medicine.stock).where(Medicine.code == CODE))
        known = {one.id: one for one in await session.scalars(select(Prescription))}
        packs = Counter[Any]()
        for line in await session.scalars(select(PrescriptionLine)):
            packs[line.prescription_id] += line.quantity
        bills = list(await session.scalars(select(Order).where(Order.prescription_id.is_not(None))))
    held = sum(packs[one.id] for one in known.values() if one.stock_held)
    assert left is not None
    assert left + held == SHELF[CODE][6]
    standing = {one.prescription_id: one.status for one in bills if one.status not in _SHUT}
    for one in known.values():
        match standing.get(one.id):
            case OrderStatus.UNPAID:
                assert (one.status, one.stock_held) == (PrescriptionStatus.APPROVED, True)
            case OrderStatus.PAID:
                assert one.stock_held
                assert one.status in (*WITH_PHARMACY, *_HANDED)
            case _:
                assert one.status not in (*WITH_PHARMACY, *_HANDED)
                assert not one.stock_held


async def check_line(database: Database, *, settled: datetime | None = None) -> None:
    """Each offer has a number that nobody else can have; `settled` (the last look at the line): no number is kept for
    nobody, and no offer is over."""
    async with database.begin() as session:
        offers = list(
            await session.scalars(select(WaitlistEntry).where(WaitlistEntry.status == WaitlistStatus.OFFERED))
        )
        kept = set(await session.scalars(select(Slot.id).where(Slot.status == SlotStatus.KEPT)))
    offered = [one.slot_id for one in offers]
    assert len(offered) == len(set(offered))
    assert set(offered) <= kept
    if settled:
        assert set(offered) == kept
        assert all(one.offered_until and one.offered_until > settled for one in offers)
