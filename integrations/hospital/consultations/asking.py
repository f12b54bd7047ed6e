"""A patient asks a doctor for a consultation, agrees to it, and may take it back until the doctor has accepted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.billing import orders
from integrations.hospital.billing.orders import Item
from integrations.hospital.consultations import eligibility, fulfilment, offers, rows
from integrations.hospital.consultations.offers import OnlineDoctor
from integrations.hospital.consultations.terms import (
    Closed,
    FirstVisit,
    Full,
    NotNow,
    NotOffered,
    Standing,
    Terms,
)
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    STANDING_CONSULTATIONS,
    Consent,
    ConsentKind,
    Consultation,
    ConsultationMedium,
    ConsultationStatus,
    EndedBy,
    Evidence,
    Intake,
    OrderKind,
    RefundReason,
)
from integrations.hospital.operations import OperationKey, Result, once

# Of what a patient agrees to: domain.yml, ask_consultation_consent. Each version stands in docs/consents/ for good.
CONSENT_VERSION = "2026-12"


@dataclass(frozen=True, slots=True)
class Wish:
    """`condition`: what was diagnosed before, in the patient's words. `messages` brought pictures of a record;
    `first_visit`: there is none. `called`: what stands on the bill."""

    patient_id: UUID
    practitioner_id: UUID
    condition: str = field(repr=False)
    called: str
    messages: Sequence[str] = ()
    first_visit: bool = False


async def ask(
    session: AsyncSession,
    crypto: Crypto,
    wish: Wish,
    *,
    account_id: UUID,
    contact_id: UUID,
    terms: Terms,
    key: OperationKey | None,
    now: datetime,
) -> UUID:
    """The patient has agreed and wants it: unpaid until the order is paid, or waiting at once where it costs nothing.
    Gives its id. Raises NotAdmitted and its kinds, NotOffered, Closed, Full, Standing."""

    async def effect() -> Result:
        place = await _place(session, wish, account_id, terms, now)
        who = {"patient_id": wish.patient_id, "account_id": account_id, "contact_id": contact_id}
        order_id = await _bill(session, wish.called, place.doctor.fee_fen, who, terms, now)
        made = Consultation(
            **who,
            practitioner_id=place.doctor.practitioner_id,
            department_id=place.doctor.department_id,
            order_id=order_id,
            intake_id=await _intake(session, wish.patient_id, now, terms),
            consent_id=await agree(session, account_id, contact_id, wish.patient_id, now),
            appointment_id=place.appointment_id,
            status=ConsultationStatus.UNPAID,
            fee_fen=place.doctor.fee_fen,
            condition=crypto.encrypt(wish.condition, "consultations.condition"),
            evidence=place.evidence,
            evidence_confirmed_at=now if place.evidence is Evidence.ON_FILE else None,
            accept_minutes=int(terms.accept.total_seconds() // 60),
            turns_allowed=terms.turns,
            created_at=now,
        )
        session.add(made)
        await session.flush()
        await _keep_pictures(session, made.id, wish.messages)
        if order_id is None:
            await fulfilment.paid(session, made, now)
        agreed = {
            "consent": str(made.consent_id),
            "version": CONSENT_VERSION,
            "patient": str(wish.patient_id),
        }
        await rows.record(
            session, made, "consultation_asked", "patient", evidence=place.evidence.value, **agreed
        )
        return {"id": str(made.id)}

    return UUID((await once(session, key, effect))["id"])


@dataclass(frozen=True, slots=True)
class _Place:
    """One that is free with a doctor, whose row is locked, and what shows that the patient may have it."""

    doctor: OnlineDoctor
    evidence: Evidence
    appointment_id: UUID | None


async def _place(session: AsyncSession, wish: Wish, account_id: UUID, terms: Terms, now: datetime) -> _Place:
    """Raises NotAdmitted and its kinds, NotOffered, Closed, Full, Standing."""
    doctor = await offers.doctor(session, wish.practitioner_id, now, lock=True)
    if doctor is None:
        raise NotOffered
    if not doctor.open_now:
        raise Closed(doctor.opens_at)
    admitted = await eligibility.admit(
        session,
        patient_id=wish.patient_id,
        account_id=account_id,
        department_id=doctor.department_id,
        terms=terms,
        now=now,
    )
    if admitted.small_child and not doctor.children:
        raise NotOffered
    evidence = _evidence(wish, admitted, terms)
    if await _stands(session, wish):
        raise Standing
    if doctor.left < 1:
        raise Full
    return _Place(doctor, evidence, admitted.visit.appointment_id if admitted.visit else None)


async def _bill(
    session: AsyncSession, called: str, fee_fen: int, who: dict[str, UUID], terms: Terms, now: datetime
) -> UUID | None:
    """None where it costs nothing."""
    if not fee_fen:
        return None
    item = Item(called, fee_fen)
    expires_at = now + terms.hold
    return await orders.open_order(
        session, OrderKind.CONSULTATION, [item], **who, expires_at=expires_at, now=now
    )


async def _keep_pictures(session: AsyncSession, consultation_id: UUID, messages: Sequence[str]) -> None:
    media = [{"consultation_id": consultation_id, "message_id": UUID(one)} for one in dict.fromkeys(messages)]
    if media:
        await session.execute(insert(ConsultationMedium), media)


def _evidence(wish: Wish, admitted: eligibility.Admitted, terms: Terms) -> Evidence:
    if admitted.visit:
        return Evidence.ON_FILE
    if wish.messages:
        return Evidence.PICTURE
    if terms.first_visits and wish.first_visit:
        return Evidence.STATED
    raise FirstVisit


async def _stands(session: AsyncSession, wish: Wish) -> bool:
    standing = select(Consultation.id).where(
        Consultation.patient_id == wish.patient_id,
        Consultation.practitioner_id == wish.practitioner_id,
        Consultation.status.in_(STANDING_CONSULTATIONS),
    )
    return await session.scalar(standing.limit(1)) is not None


async def _intake(session: AsyncSession, patient_id: UUID, now: datetime, terms: Terms) -> UUID | None:
    """What the patient told last before a visit: the doctor reads it, and it is not asked again."""
    told = select(Intake.id).where(Intake.patient_id == patient_id, Intake.confirmed_at > now - terms.record)
    found: UUID | None = await session.scalar(told.order_by(Intake.id.desc()).limit(1))
    return found


async def agree(
    session: AsyncSession, account_id: UUID, contact_id: UUID, patient_id: UUID, now: datetime
) -> UUID:
    """Keeps that this version was agreed to for this patient; what stands already keeps its first time."""
    values = {
        "account_id": account_id,
        "contact_id": contact_id,
        "patient_id": patient_id,
        "kind": ConsentKind.CONSULTATION,
        "version": CONSENT_VERSION,
    }
    made = insert(Consent).values(values | {"given_at": now}).on_conflict_do_nothing().returning(Consent.id)
    given: UUID | None = await session.scalar(made)
    await audit.record(
        session,
        actor="patient",
        action="consent_given",
        subject=f"account:{account_id}",
        detail={
            "kinds": [ConsentKind.CONSULTATION.value],
            "version": CONSENT_VERSION,
            "contact": str(contact_id),
        },
    )
    if given is not None:
        return given
    standing = select(Consent.id).where(
        Consent.contact_id == contact_id,
        Consent.patient_id == patient_id,
        Consent.kind == ConsentKind.CONSULTATION,
        Consent.version == CONSENT_VERSION,
        Consent.withdrawn_at.is_(None),
    )
    return (await session.scalars(standing)).one()


async def cancel(
    session: AsyncSession,
    consultation_id: UUID,
    *,
    account_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> bool:
    """By the patient, before it was accepted. Whether money goes back. Raises UnknownConsultation, NotNow."""

    async def effect() -> Result:
        one = await rows.locked(session, consultation_id, account_id=account_id)
        if one.status not in (ConsultationStatus.UNPAID, ConsultationStatus.WAITING):
            raise NotNow(one.status)
        back = one.status is ConsultationStatus.WAITING and one.order_id is not None
        await rows.end(session, one, ConsultationStatus.CANCELLED, EndedBy.PATIENT, now)
        await rows.settle_money(session, one, RefundReason.CANCELLED, now)
        await rows.tell(session, one, EventKind.CONSULTATION_CANCELLED)
        await rows.record(session, one, "consultation_cancelled", "patient")
        return {"back": back}

    return bool((await once(session, key, effect))["back"])
