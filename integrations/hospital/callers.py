"""What staff do for somebody who calls, or stands at the counter: find their file, book, cancel, end a wait, pay back.

Who calls may be anybody: staff say how they made sure (`Proof`), and the audit log keeps it with all they do.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, booking, events, revealing, stops, waitlist
from integrations.hospital.availability import LEAD
from integrations.hospital.billing import desk
from integrations.hospital.clock import local_date
from integrations.hospital.documents import InvalidDocument, read_number
from integrations.hospital.hearers import hearer_of
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    DocumentKind,
    Order,
    OrderKind,
    OrderStatus,
    Patient,
    PatientStatus,
    Schedule,
    Sex,
    Slot,
)
from integrations.hospital.reading import InvalidIdNumber, InvalidPhone, read_phone
from integrations.hospital.refusals import NotBookable, SlotPast
from integrations.hospital.views import AppointmentView
from integrations.hospital.waitlist import EntryView

HOLD = timedelta(
    hours=12
)  # longer than in the chat: whoever called has to find the message, or somebody who pays
_MOST = 10


class ProofKind(StrEnum):
    CALLED_BACK = "called_back"  # the number on file was called, and the patient answered
    DOCUMENT = "document"  # shown at the counter
    QUESTIONS = "questions"  # name, birth date and the document's last digits were told rightly


class CallerError(Exception):
    """It cannot be done for this caller; nothing was written."""


class NoProof(CallerError):
    """Nobody has made sure who calls, or not in a way that this hospital takes."""


class NobodyActs(CallerError):
    """No account of the chat acts for this patient: there is nobody to tell, and nobody who could pay."""


class Unreadable(CallerError):
    """Neither a mobile number nor a document's number."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How staff know who calls, and their note of it (without personal values)."""

    kind: ProofKind | None
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A file, its name masked. `acted_for`: an account of the chat acts for the patient."""

    id: UUID
    name: str
    birth_date: date
    sex: Sex
    document: DocumentKind
    status: PatientStatus
    acted_for: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """An order of the patient."""

    order_no: str
    kind: OrderKind
    status: OrderStatus
    amount_fen: int
    created_at: datetime
    appointment_id: UUID | None
    prescription_id: UUID | None


async def find(
    session: AsyncSession, crypto: Crypto, asked: str, *, actor: str, reason: str, now: datetime
) -> list[Found]:
    """The files with this phone or document number, found by blind index. The audit log keeps who looked and why.
    Raises Unreadable, NoReason."""
    files = {one.id: one for one in await files_with(session, crypto, asked, now)}
    acted = set(
        await session.scalars(
            select(AccountPatient.patient_id).where(AccountPatient.patient_id.in_(list(files)))
        )
    )
    await revealing.record(
        session,
        actor=actor,
        action="patient_searched",
        subject="patients",
        reason=reason,
        about={"files": [str(one) for one in files]},
    )
    return [
        Found(one.id, one.masked_name, one.birth_date, one.sex, one.document, one.status, one.id in acted)
        for one in files.values()
    ]


async def files_with(session: AsyncSession, crypto: Crypto, asked: str, now: datetime) -> list[Patient]:
    """Those with this phone or document number, for whoever keeps in the audit log that it was asked. Raises
    Unreadable."""
    phones, documents = _phones(crypto, asked), _documents(crypto, asked, now)
    if not phones and not documents:
        raise Unreadable
    known = Patient.phone_index.in_(phones) | Patient.id_number_index.in_(documents)
    return list(await session.scalars(select(Patient).where(known).order_by(Patient.id).limit(_MOST)))


def _phones(crypto: Crypto, asked: str) -> list[bytes]:
    with suppress(InvalidPhone):
        return crypto.blinds(read_phone(asked), "patients.phone")
    return []


def _documents(crypto: Crypto, asked: str, now: datetime) -> list[bytes]:
    found: list[bytes] = []
    for kind in DocumentKind:
        with suppress(InvalidDocument, InvalidIdNumber):
            number = read_number(kind, asked, local_date(now))
            found += crypto.blinds(number, "patients.id_number")
    return found


_ACTING = text("""
    SELECT c.id FROM account_patients ap JOIN contacts c ON c.account_id = ap.account_id
    WHERE ap.patient_id = :patient_id ORDER BY ap.relation <> 'self', ap.created_at, c.id DESC LIMIT 1
""")


async def book(
    session: AsyncSession,
    *,
    schedule_id: UUID,
    slot_id: UUID,
    patient_id: UUID,
    proof: Proof,
    accepted: Collection[ProofKind] = tuple(ProofKind),
    actor: str,
    now: datetime,
) -> AppointmentView:
    """A number for the caller, by the same rules as in the chat. Whoever acts for the patient is told; with a fee it is
    held for HOLD, or until shortly before it begins, and they are sent the page that pays it. Raises NoProof,
    NobodyActs, and as `booking.book`."""
    _check(proof, accepted)
    made = await _take(session, schedule_id, slot_id, patient_id, now)
    await _audit(session, actor, "booked_for_caller", patient_id, proof, appointment=str(made.id))
    return made


async def add_number(
    session: AsyncSession,
    schedule: Schedule,
    *,
    patient_id: UUID,
    reason: str,
    actor: str,
    now: datetime,
) -> AppointmentView:
    """加号 for one patient, whom the doctor wants to see: a number more at the end of the half day, and nobody else can
    take it. Raises NobodyActs, StopError, and as `booking.book`."""
    async with session.begin_nested():  # refused, the number is not left over for everybody
        slot_id = await stops.add_slot(session, schedule, actor=actor)
        made = await _take(session, schedule.id, slot_id, patient_id, now)
        added = update(Appointment).where(Appointment.id == made.id).values(added_at=now)
        await session.execute(added.execution_options(synchronize_session=False))
    detail = {"appointment": str(made.id), "reason": reason[:200]}
    await audit.record(
        session, actor=actor, action="number_added", subject=f"patient:{patient_id}", detail=detail
    )
    return made


async def cancel(
    session: AsyncSession,
    appointment_id: UUID,
    *,
    proof: Proof,
    accepted: Collection[ProofKind] = tuple(ProofKind),
    free_of_charge: bool = False,
    actor: str,
    now: datetime,
) -> AppointmentView:
    """Cancels it for the caller; whoever acts for the patient is told. In time, or `free_of_charge` (then the note says
    why), all that was paid goes back to who paid. Raises NoProof, NobodyActs, and as `booking.cancel`."""
    _check(proof, accepted)
    contact_id = await hearer_of(session, appointment_id)
    if contact_id is None:
        raise NobodyActs
    done = await booking.cancel(
        session, appointment_id, contact_id, None, now, by="staff", free_of_charge=free_of_charge
    )
    await _audit(
        session,
        actor,
        "cancelled_for_caller",
        done.patient_id,
        proof,
        appointment=str(appointment_id),
        free_of_charge=free_of_charge,
    )
    return done


async def leave_waitlist(
    session: AsyncSession,
    entry_id: UUID,
    *,
    proof: Proof,
    accepted: Collection[ProofKind] = tuple(ProofKind),
    actor: str,
    now: datetime,
) -> EntryView:
    """The caller waits no longer; what was offered goes to the next. Raises NoProof, NotYours, OfferOver when it is
    over."""
    _check(proof, accepted)
    standing = await waitlist.entry(session, entry_id)
    left = await waitlist.leave(session, entry_id, standing.contact_id, key=None, now=now)
    await _audit(session, actor, "waitlist_left_for_caller", left.patient_id, proof, entry=str(entry_id))
    return left


async def give_back(
    session: AsyncSession,
    order_no: str,
    *,
    proof: Proof,
    accepted: Collection[ProofKind] = tuple(ProofKind),
    actor: str,
    now: datetime,
) -> int:
    """A bill that is not to be, as the caller says: closed, or paid back whole to who paid. Gives how much, in fen.
    Raises NoProof, UnknownOrder, NotToGiveBack."""
    _check(proof, accepted)
    assert proof.kind is not None
    note = f"{proof.kind}: {proof.note}"
    return await desk.give_back(session, order_no, note=note, actor=actor, now=now)


async def bills(session: AsyncSession, patient_id: UUID, limit: int = 20) -> list[Bill]:
    """The newest first; what was closed unpaid is left out."""
    wanted = (
        select(Order)
        .where(Order.patient_id == patient_id, Order.status != OrderStatus.CLOSED)
        .order_by(Order.id.desc())
        .limit(limit)
    )
    return [
        Bill(
            one.order_no,
            one.kind,
            one.status,
            one.amount_fen,
            one.created_at,
            one.appointment_id,
            one.prescription_id,
        )
        for one in await session.scalars(wanted)
    ]


def accepted_proofs(setting: str) -> frozenset[ProofKind]:
    """As the hospital sets it: CALLER_PROOFS, by commas. Raises ValueError."""
    return frozenset(ProofKind(one.strip()) for one in setting.split(",") if one.strip())


def _check(proof: Proof, accepted: Collection[ProofKind]) -> None:
    if proof.kind is None or proof.kind not in accepted or not proof.note.strip():
        raise NoProof


async def _take(
    session: AsyncSession, schedule_id: UUID, slot_id: UUID, patient_id: UUID, now: datetime
) -> AppointmentView:
    slot = await session.get(Slot, slot_id)
    if slot is None:
        raise NotBookable
    hold = min(HOLD, slot.starts_at - LEAD - now)
    if hold <= timedelta():
        raise SlotPast
    made = await booking.book(
        session,
        schedule_id=schedule_id,
        slot_id=slot_id,
        patient_id=patient_id,
        contact_id=await _contact(session, patient_id),
        key=None,
        now=now,
        hold=hold,
    )
    if made.order_no is not None:  # a free number is told by its booking
        await events.emit(
            session,
            events.EventKind.APPOINTMENT_HELD,
            account_id=made.account_id,
            contact_id=made.contact_id,
            payload={"appointment_id": str(made.id), "order_no": made.order_no},
        )
    return made


async def _contact(session: AsyncSession, patient_id: UUID) -> UUID:
    """Where the patient's own account is met, or else that of who acts for them."""
    found: UUID | None = await session.scalar(_ACTING, {"patient_id": patient_id})
    if found is None:
        raise NobodyActs
    return found


async def _audit(
    session: AsyncSession, actor: str, action: str, patient_id: UUID, proof: Proof, **more: object
) -> None:
    detail = {"proof": proof.kind, "note": proof.note[:200], **more}
    await audit.record(session, actor=actor, action=action, subject=f"patient:{patient_id}", detail=detail)
