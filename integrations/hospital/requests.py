"""What a code or staff must decide about a patient's identity (待人工核验): a link, a new phone, a name, a dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, events, phones
from integrations.hospital.linking import disputed, join_self, lock_patient
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
_STANDS = timedelta(days=1)  # how long a started claim can be proven
VALUE = "identity_requests.value"


class UnknownRequest(LookupError):
    """No open request with this id."""


@dataclass(frozen=True, slots=True)
class FilePhone:
    """A started claim: the phone on the hospital's file is plain, for the SMS only; `ending` may be shown."""

    request_id: UUID
    phone: str
    ending: str  # its last two digits


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


async def start_claim(
    session: AsyncSession,
    crypto: Crypto,
    *,
    patient_id: UUID,
    contact_id: UUID,
    phone: str,
    outcome: str,
    shows_ending: bool,
    now: datetime,
) -> UUID | None:
    """Somebody with another phone (E.164, proven) wants a file. With `shows_ending` (name and number belong
    together and are those of the file) a code to the file's phone can prove it; otherwise staff must look.
    None when it was asked for too often today."""
    if await _asked_too_often(session, patient_id, contact_id, now):
        return None
    await _drop_started(session, contact_id, now)
    request = IdentityRequest(
        kind=RequestKind.LINK,
        status=RequestStatus.STARTED if shows_ending else RequestStatus.OPEN,
        patient_id=patient_id,
        contact_id=contact_id,
        value=crypto.encrypt(phone, VALUE),
        outcome=outcome,
        created_at=now,
    )
    session.add(request)
    await session.flush()
    return request.id


async def started_claim(
    session: AsyncSession, crypto: Crypto, contact_id: UUID, now: datetime
) -> FilePhone | None:
    """The claim of this contact that a code to the file's phone would prove."""
    row = (
        await session.execute(
            select(IdentityRequest.id, Patient.phone)
            .join(Patient, Patient.id == IdentityRequest.patient_id)
            .where(
                IdentityRequest.contact_id == contact_id,
                IdentityRequest.kind == RequestKind.LINK,
                IdentityRequest.status == RequestStatus.STARTED,
                IdentityRequest.created_at > now - _STANDS,
            )
            .order_by(IdentityRequest.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    phone = crypto.decrypt(row.phone, "patients.phone")
    return FilePhone(row.id, phone, phone[-2:])


async def prove_claim(
    session: AsyncSession, request_id: UUID, key: OperationKey | None, now: datetime
) -> str | None:
    """The code to the file's phone was right: the contact gets the patient, whose masked name is given. None when
    the claim is over, if only by its time (no code counts for it then), or the file is disputed meanwhile. Raises
    SelfExists."""

    async def effect() -> Result:
        request = await _locked(session, request_id)
        if request is None or request.status is not RequestStatus.STARTED or not _stands(request, now):
            return {"name": None}
        if await disputed(session, request.patient_id):
            request.status = RequestStatus.OPEN
            return {"name": None}
        await _join(session, request, LinkProof.PHONE, now)
        await _close(session, request, RequestStatus.PROVEN, "patient", now)
        patient = await session.get_one(Patient, request.patient_id)
        return {"name": patient.masked_name}

    name: str | None = (await once(session, key, effect))["name"]
    return name


async def ask_staff(session: AsyncSession, request_id: UUID) -> None:
    """The phone on file is gone: staff look."""
    request = await _locked(session, request_id)
    if request is not None and request.status is RequestStatus.STARTED:
        request.status = RequestStatus.OPEN
        await session.flush()


async def drop_claim(session: AsyncSession, request_id: UUID, now: datetime) -> None:
    """The patient does not want it any more."""
    request = await _locked(session, request_id)
    if request is not None and request.status is RequestStatus.STARTED:
        await _close(session, request, RequestStatus.REJECTED, "patient", now)


async def end_old_claims(session: AsyncSession, now: datetime) -> None:
    """Claims that were never gone on with: what they hold is not kept."""
    await _end_started(session, IdentityRequest.created_at <= now - _STANDS, "time", now)


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
        if await _asked_too_often(session, patient_id, contact_id, now):
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
    request = await _locked(session, request_id)
    if request is None or request.status is not RequestStatus.OPEN:
        raise UnknownRequest(str(request_id))
    patient = await session.get_one(Patient, request.patient_id, populate_existing=True)
    if approve:
        await _do(session, crypto, request, patient, staff, now)
    if request.kind is RequestKind.DISPUTE and patient.status is not PatientStatus.REJECTED:
        patient.status, patient.verified_at = PatientStatus.VERIFIED, now
    await _close(session, request, RequestStatus.APPROVED if approve else RequestStatus.REJECTED, staff, now)
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
            await _join(session, request, LinkProof.STAFF, now)
            await phones.set_phone(session, crypto, patient, value, by=request.contact_id)
            patient.status, patient.verified_at = PatientStatus.VERIFIED, now
        case RequestKind.DISPUTE:
            await restore(session, request, patient, staff=staff, now=now)
    await session.flush()


async def _join(session: AsyncSession, request: IdentityRequest, proof: LinkProof, now: datetime) -> None:
    await join_self(
        session,
        account_id=await hold_account(session, request.contact_id),
        contact_id=request.contact_id,
        patient_id=request.patient_id,
        proof=proof,
        now=now,
    )


async def _locked(session: AsyncSession, request_id: UUID) -> IdentityRequest | None:
    """The request, after the patient's lock: in that order everywhere."""
    patient_id = await session.scalar(
        select(IdentityRequest.patient_id).where(IdentityRequest.id == request_id)
    )
    if patient_id is None:
        return None
    await lock_patient(session, patient_id)
    return await session.get(IdentityRequest, request_id, with_for_update=True, populate_existing=True)


async def _close(
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


def _stands(request: IdentityRequest, now: datetime) -> bool:
    return request.created_at > now - _STANDS


async def _drop_started(session: AsyncSession, contact_id: UUID, now: datetime) -> None:
    """Of a contact's claims only the newest can be proven."""
    await _end_started(session, IdentityRequest.contact_id == contact_id, "superseded", now)


async def _end_started(session: AsyncSession, which: ColumnElement[bool], by: str, now: datetime) -> None:
    ended = {"status": RequestStatus.REJECTED, "decided_at": now, "decided_by": by, "value": None}
    started = update(IdentityRequest).where(IdentityRequest.status == RequestStatus.STARTED, which)
    await session.execute(started.values(**ended))


async def _asked_too_often(session: AsyncSession, patient_id: UUID, contact_id: UUID, now: datetime) -> bool:
    of_contact = func.count().filter(IdentityRequest.contact_id == contact_id)
    of_patient = func.count().filter(IdentityRequest.patient_id == patient_id)
    counts = select(of_contact, of_patient).where(
        IdentityRequest.created_at > now - timedelta(days=1),
        or_(IdentityRequest.contact_id == contact_id, IdentityRequest.patient_id == patient_id),
    )
    mine, theirs = (await session.execute(counts)).one()
    return bool(mine >= _PER_CONTACT_AND_DAY or theirs >= _PER_PATIENT_AND_DAY)
