"""What staff must decide about a patient's identity (待人工核验): a link, a new phone, a name, a dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events, phones
from integrations.hospital.linking import join_self, lock_patient
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    AccountLink,
    Contact,
    IdentityRequest,
    LinkProof,
    Patient,
    PatientStatus,
    Relation,
    RequestKind,
    RequestStatus,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.reading import mask_name
from integrations.hospital.restoring import relation_of, restore

# How many files a contact may ask for in a day, and how often one file may be asked for by anybody.
_PER_CONTACT_AND_DAY = 3
_PER_PATIENT_AND_DAY = 5
VALUE = "identity_requests.value"


class UnknownRequest(LookupError):
    """No open request with this id."""


@dataclass(frozen=True, slots=True)
class RequestView:
    """What staff see of an open request."""

    id: UUID
    kind: RequestKind
    patient: str  # masked
    birth_date: date
    status: PatientStatus
    channel: str
    outcome: str
    created_at: datetime
    relation: str = ""  # with a dispute: what the patient was to the account's owner, as far as it was kept


async def file_change(
    session: AsyncSession,
    crypto: Crypto,
    *,
    kind: RequestKind,
    patient_id: UUID,
    contact_id: UUID,
    value: str,
    outcome: str,
    key: OperationKey | None,
    now: datetime,
) -> bool:
    """A new phone (proven) or a corrected name for staff to decide on. False when too much was asked for today."""

    async def effect() -> Result:
        if await asked_too_often(session, patient_id, contact_id, now):
            return {"request": None}
        request = IdentityRequest(
            kind=kind,
            status=RequestStatus.OPEN,
            patient_id=patient_id,
            contact_id=contact_id,
            value=crypto.encrypt(value, VALUE),
            outcome=outcome or None,
            created_at=now,
        )
        session.add(request)
        await session.flush()
        await audit.record(
            session,
            actor="patient",
            action="change_requested",
            subject=f"patient:{patient_id}",
            detail={"request": str(request.id), "kind": kind, "contact": str(contact_id), "outcome": outcome},
        )
        return {"request": str(request.id)}

    return (await once(session, key, effect))["request"] is not None


async def open_requests(session: AsyncSession) -> list[RequestView]:
    """Those that wait for staff, the longest waiting first."""
    rows = await session.execute(
        select(IdentityRequest, Patient, Contact.channel, AccountLink)
        .join(Patient, Patient.id == IdentityRequest.patient_id)
        .join(Contact, Contact.id == IdentityRequest.contact_id)
        .outerjoin(AccountLink, AccountLink.id == IdentityRequest.link_id)
        .where(IdentityRequest.status == RequestStatus.OPEN)
        .order_by(IdentityRequest.id)
    )
    return [
        RequestView(
            request.id,
            request.kind,
            patient.masked_name,
            patient.birth_date,
            patient.status,
            channel,
            request.outcome or "",
            request.created_at,
            relation_of(link) if link else "",
        )
        for request, patient, channel, link in rows
    ]


async def decide(
    session: AsyncSession,
    crypto: Crypto,
    request_id: UUID,
    *,
    approve: bool,
    staff: str,
    now: datetime,
) -> RequestKind:
    """Staff saw the documents. Approving does what was asked for (a dispute: the link that was cut stands again, as
    what it was); either way a disputed patient is verified again, unless the identity was rejected meanwhile, and who
    asked is told. Raises UnknownRequest, SelfExists, restoring.NotRestored."""
    request = await locked(session, request_id)
    if request is None or request.status is not RequestStatus.OPEN:
        raise UnknownRequest(str(request_id))
    patient = await session.get_one(Patient, request.patient_id, populate_existing=True)
    if approve:
        await _do(session, crypto, request, patient, staff, now)
    if request.kind is RequestKind.DISPUTE and patient.status is not PatientStatus.REJECTED:
        patient.status, patient.verified_at = PatientStatus.VERIFIED, now
    await close(session, request, RequestStatus.APPROVED if approve else RequestStatus.REJECTED, staff, now)
    contact = await session.get_one(Contact, request.contact_id, populate_existing=True)
    payload: dict[str, Any] = {"request": str(request.id), "kind": request.kind, "approved": approve}
    if await _is_about_a_relative(session, request):
        payload["patient_id"] = str(patient.id)
    await events.emit(
        session,
        events.EventKind.REQUEST_DECIDED,
        account_id=contact.account_id,
        contact_id=contact.id,
        payload=payload,
    )
    return request.kind


async def _is_about_a_relative(session: AsyncSession, request: IdentityRequest) -> bool:
    """Whether the file that a dispute is about was not the own one of who acted there."""
    if request.link_id is None:
        return False
    link = await session.get_one(AccountLink, request.link_id)
    return relation_of(link) not in ("", Relation.SELF)


async def _do(
    session: AsyncSession,
    crypto: Crypto,
    request: IdentityRequest,
    patient: Patient,
    staff: str,
    now: datetime,
) -> None:
    value = crypto.decrypt(request.value, VALUE) if request.value else ""
    match request.kind:
        case RequestKind.NAME:
            patient.name, patient.masked_name = crypto.encrypt(value, "patients.name"), mask_name(value)
            patient.status, patient.verified_at = PatientStatus.VERIFIED, now
        case RequestKind.PHONE:
            await phones.set_phone(session, crypto, patient, value, by=request.contact_id)
        case RequestKind.LINK:
            await join(session, request, LinkProof.STAFF, now)
            await phones.set_phone(session, crypto, patient, value, by=request.contact_id)
            patient.status, patient.verified_at = PatientStatus.VERIFIED, now
        case RequestKind.DISPUTE:
            await restore(session, request, patient, staff=staff, now=now)
    await session.flush()


async def join(session: AsyncSession, request: IdentityRequest, proof: LinkProof, now: datetime) -> None:
    await join_self(
        session,
        account_id=await hold_account(session, request.contact_id),
        contact_id=request.contact_id,
        patient_id=request.patient_id,
        proof=proof,
        now=now,
    )


async def locked(session: AsyncSession, request_id: UUID) -> IdentityRequest | None:
    """The request, after the patient's lock: in that order everywhere."""
    patient_id = await session.scalar(
        select(IdentityRequest.patient_id).where(IdentityRequest.id == request_id)
    )
    if patient_id is None:
        return None
    await lock_patient(session, patient_id)
    return await session.get(IdentityRequest, request_id, with_for_update=True, populate_existing=True)


async def close(
    session: AsyncSession, request: IdentityRequest, status: RequestStatus, by: str, now: datetime
) -> None:
    request.status, request.decided_at, request.decided_by, request.value = status, now, by, None
    await session.flush()
    await audit.record(
        session,
        actor=by,
        action=f"request_{status}",
        subject=f"patient:{request.patient_id}",
        detail={"request": str(request.id), "kind": request.kind, "contact": str(request.contact_id)},
    )


async def asked_too_often(session: AsyncSession, patient_id: UUID, contact_id: UUID, now: datetime) -> bool:
    of_contact = func.count().filter(IdentityRequest.contact_id == contact_id)
    of_patient = func.count().filter(IdentityRequest.patient_id == patient_id)
    counts = select(of_contact, of_patient).where(
        IdentityRequest.created_at > now - timedelta(days=1),
        or_(IdentityRequest.contact_id == contact_id, IdentityRequest.patient_id == patient_id),
    )
    mine, theirs = (await session.execute(counts)).one()
    return bool(mine >= _PER_CONTACT_AND_DAY or theirs >= _PER_PATIENT_AND_DAY)
