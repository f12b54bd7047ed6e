"""What staff do for somebody who calls: the file found by phone or document, a number booked, cancelled, paid back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import booking, callers, stops
from integrations.hospital.callers import NobodyActs, NoProof, Proof, ProofKind, Unreadable
from integrations.hospital.models import (
    AppointmentStatus,
    AuditEvent,
    Order,
    OrderStatus,
    Schedule,
    Sex,
    Slot,
)
from integrations.hospital.stops import StopError
from tests import people_rows
from tests.clinic_rows import known_patient

from .conftest import Booker, Clinic, Line
from .test_stops import pay

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PROOF = Proof(ProofKind.CALLED_BACK, "answered the number on file")
STAFF = "staff:zhou"


async def _registered(database: Database, crypto: Crypto) -> None:
    async with database.begin() as session:
        await people_rows.registered(session, crypto, NOW, agreed=True)


@pytest.mark.parametrize(
    "asked", ["138 1234 5678", "１１０１０５１９９００３０７０１３x", " 110105 19900307 013X "]
)
async def test_found_by_phone_or_number_and_masked(database: Database, crypto: Crypto, asked: str) -> None:
    await _registered(database, crypto)
    async with database.begin() as session:
        [found] = await callers.find(session, crypto, asked, actor=STAFF, reason="they call", now=NOW)
        seen = (
            await session.scalars(select(AuditEvent).where(AuditEvent.action == "patient_searched"))
        ).one()
    assert (found.name, found.acted_for) == ("*明", True)
    assert (seen.actor, seen.detail) == (STAFF, {"files": [str(found.id)], "reason": "they call"})
    assert "张明" not in repr(found)


async def test_nothing_that_can_be_looked_for(database: Database, crypto: Crypto) -> None:
    why: Any = {"actor": STAFF, "reason": "they call", "now": NOW}
    async with database.begin() as session:
        for asked in ("张明", "12", ""):
            with pytest.raises(Unreadable):
                await callers.find(session, crypto, asked, **why)
        assert await callers.find(session, crypto, "13900000000", **why) == []


async def _book(clinic: Clinic, who: Booker, schedule: UUID, proof: Proof = PROOF, now: datetime = NOW):
    async with clinic.database.begin() as session:
        slot = await session.scalar(
            select(Slot.id).where(Slot.schedule_id == schedule, Slot.status == "free").order_by(Slot.number)
        )
        assert slot
        return await callers.book(
            session, schedule_id=schedule, slot_id=slot, patient_id=who.patient_id, proof=proof,
            actor=STAFF, now=now,
        )  # fmt: skip


async def _events(clinic: Clinic) -> list[tuple[str, str | None]]:
    async with clinic.database.begin() as session:
        rows = await session.execute(
            text("SELECT kind, payload->>'by' AS by FROM hospital_events ORDER BY id")
        )
        return [(row.kind, row.by) for row in rows]


async def _orders(clinic: Clinic) -> list[OrderStatus]:
    async with clinic.database.begin() as session:
        return list(await session.scalars(select(Order.status).order_by(Order.id)))


async def test_booked_for_a_caller_it_is_held_longer_and_they_are_told(clinic: Clinic) -> None:
    who = await clinic.booker()
    made = await _book(clinic, who, await clinic.schedule(fee_fen=2500))
    assert made.status is AppointmentStatus.HELD
    assert made.hold_expires_at == NOW + callers.HOLD
    assert await _events(clinic) == [("appointment_held", None)]
    free = await _book(clinic, who, await clinic.schedule())
    assert free.status is AppointmentStatus.BOOKED
    assert (await _events(clinic))[1:] == [("appointment_booked", None)]


async def test_the_hold_ends_before_the_visit_begins(clinic: Clinic) -> None:
    schedule = await clinic.schedule(fee_fen=2500)
    two_hours_before = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    made = await _book(clinic, await clinic.booker(), schedule, now=two_hours_before)
    assert made.hold_expires_at == made.starts_at - timedelta(minutes=30)


@pytest.mark.parametrize("proof", [Proof(None, "said so"), Proof(ProofKind.CALLED_BACK, "  ")])
async def test_nobody_books_for_whoever_calls_without_proof(clinic: Clinic, proof: Proof) -> None:
    who, schedule = await clinic.booker(), await clinic.schedule()
    with pytest.raises(NoProof):
        await _book(clinic, who, schedule, proof)
    assert await _events(clinic) == []


async def test_a_proof_that_this_hospital_does_not_take(clinic: Clinic) -> None:
    made = await _book(clinic, await clinic.booker(), await clinic.schedule())
    with pytest.raises(NoProof):
        async with clinic.database.begin() as session:
            await callers.cancel(
                session, made.id, proof=Proof(ProofKind.QUESTIONS, "all right"),
                accepted=callers.accepted_proofs("called_back, document"), actor=STAFF, now=NOW,
            )  # fmt: skip


async def test_a_patient_for_whom_nobody_acts_is_refused(clinic: Clinic) -> None:
    schedule = await clinic.schedule()
    async with clinic.database.begin() as session:
        alone = known_patient("*明", clinic.today - timedelta(days=12000), Sex.FEMALE)
        session.add(alone)
        await session.flush()
        who = Booker(alone.id, alone.id, alone.id)
    with pytest.raises(NobodyActs):
        await _book(clinic, who, schedule)


async def _cancel(clinic: Clinic, appointment: UUID, now: datetime, *, free_of_charge: bool = False) -> None:
    async with clinic.database.begin() as session:
        await callers.cancel(
            session, appointment, proof=PROOF, free_of_charge=free_of_charge, actor=STAFF, now=now
        )


async def test_cancelled_in_time_the_money_goes_back(clinic: Clinic) -> None:
    made = await _book(clinic, await clinic.booker(), await clinic.schedule(fee_fen=2500))
    await pay(clinic, made.order_no)
    await _cancel(clinic, made.id, NOW)
    assert await _orders(clinic) == [OrderStatus.REFUND_DUE]
    assert (await _events(clinic))[-1] == ("appointment_cancelled", "staff")
    with pytest.raises(booking.AlreadyOver):  # a colleague was faster
        await _cancel(clinic, made.id, NOW)


async def test_too_late_only_free_of_charge(clinic: Clinic) -> None:
    schedule = await clinic.schedule(fee_fen=2500, cancel_days=2, cancel_at=None, late_cancel="refused")
    await clinic.rule("cancel_at", "17:00")
    made = await _book(clinic, await clinic.booker(), schedule)
    await pay(clinic, made.order_no)
    late = made.starts_at - timedelta(hours=2)
    with pytest.raises(booking.CancelTooLate):
        await _cancel(clinic, made.id, late)
    await _cancel(clinic, made.id, late, free_of_charge=True)
    assert await _orders(clinic) == [OrderStatus.REFUND_DUE]
    async with clinic.database.begin() as session:
        done = select(AuditEvent.detail).where(AuditEvent.action == "cancelled_for_caller")
        detail = (await session.scalars(done)).one()
    assert (detail["proof"], detail["free_of_charge"]) == ("called_back", True)


async def test_a_number_more_for_one_patient(clinic: Clinic) -> None:
    """加号: a full half day takes one more, and nobody else can take that number."""
    schedule_id = await clinic.schedule(slots=1)
    await clinic.book(await clinic.booker(), schedule_id)
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        made = await callers.add_number(
            session, schedule, patient_id=who.patient_id, reason="the doctor asked", actor=STAFF, now=NOW
        )
    assert (made.number, made.status) == (2, AppointmentStatus.BOOKED)
    with pytest.raises(booking.SessionFull):
        await clinic.book(await clinic.booker(), schedule_id)


async def test_refused_there_is_no_number_left_over(clinic: Clinic) -> None:
    schedule_id = await clinic.schedule(slots=1, age_from=60)
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        with pytest.raises(booking.AgeOutside):
            await callers.add_number(
                session, schedule, patient_id=who.patient_id, reason="asked", actor=STAFF, now=NOW
            )
    async with clinic.database.begin() as session:
        assert len(list(await session.scalars(select(Slot.id).where(Slot.schedule_id == schedule_id)))) == 1
        schedule = await session.get_one(Schedule, schedule_id)
        await stops.stop(session, schedule, reason="ill", actor=STAFF, now=NOW)
        with pytest.raises(StopError):
            await stops.add_slot(session, schedule, actor=STAFF)


async def test_nobody_leaves_the_waitlist_for_whoever_calls_without_proof(clinic: Clinic, line: Line) -> None:
    who = await clinic.booker()
    waits = await line.join(who)
    for proof, accepted in (
        (Proof(None, "said so"), tuple(ProofKind)),
        (Proof(ProofKind.CALLED_BACK, " "), tuple(ProofKind)),
        (PROOF, (ProofKind.DOCUMENT,)),
    ):
        with pytest.raises(NoProof):
            async with clinic.database.begin() as session:
                await callers.leave_waitlist(
                    session, waits.id, proof=proof, accepted=accepted, actor=STAFF, now=NOW
                )
    assert await line.status(waits) == ["waiting"]
    async with clinic.database.begin() as session:
        await callers.leave_waitlist(session, waits.id, proof=PROOF, actor=STAFF, now=NOW)
    assert await line.status(waits) == ["cancelled"]
