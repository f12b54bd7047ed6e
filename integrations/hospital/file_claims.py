"""Claims: somebody with another phone wants a file that the hospital has. A code to the phone on file can prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.linking import disputed
from integrations.hospital.models import IdentityRequest, LinkProof, Patient, RequestKind, RequestStatus
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.requests import VALUE, asked_too_often, close, join, locked

_STANDS = timedelta(days=1)  # how long a started claim can be proven


@dataclass(frozen=True, slots=True)
class FilePhone:
    """A started claim: the phone on the hospital's file is plain, for the SMS only; `ending` may be shown."""

    request_id: UUID
    phone: str
    ending: str  # its last two digits


async def start(
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
    if await asked_too_often(session, patient_id, contact_id, now):
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


async def started(session: AsyncSession, crypto: Crypto, contact_id: UUID, now: datetime) -> FilePhone | None:
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


async def prove(
    session: AsyncSession, request_id: UUID, key: OperationKey | None, now: datetime
) -> str | None:
    """The code to the file's phone was right: the contact gets the patient, whose masked name is given. None when
    the claim is over, if only by its time (no code counts for it then), or the file is disputed meanwhile. Raises
    SelfExists."""

    async def effect() -> Result:
        request = await locked(session, request_id)
        if request is None or request.status is not RequestStatus.STARTED or not _stands(request, now):
            return {"name": None}
        if await disputed(session, request.patient_id):
            request.status = RequestStatus.OPEN
            return {"name": None}
        await join(session, request, LinkProof.PHONE, now)
        await close(session, request, RequestStatus.PROVEN, "patient", now)
        patient = await session.get_one(Patient, request.patient_id)
        return {"name": patient.masked_name}

    name: str | None = (await once(session, key, effect))["name"]
    return name


async def ask_staff(session: AsyncSession, request_id: UUID) -> None:
    """The phone on file is gone: staff look."""
    request = await locked(session, request_id)
    if request is not None and request.status is RequestStatus.STARTED:
        request.status = RequestStatus.OPEN
        await session.flush()


async def drop(session: AsyncSession, request_id: UUID, now: datetime) -> None:
    """The patient does not want it any more."""
    request = await locked(session, request_id)
    if request is not None and request.status is RequestStatus.STARTED:
        await close(session, request, RequestStatus.REJECTED, "patient", now)


async def end_old(session: AsyncSession, now: datetime) -> None:
    """Claims that were never gone on with: what they hold is not kept."""
    await _end_started(session, IdentityRequest.created_at <= now - _STANDS, "time", now)


def _stands(request: IdentityRequest, now: datetime) -> bool:
    return request.created_at > now - _STANDS


async def _drop_started(session: AsyncSession, contact_id: UUID, now: datetime) -> None:
    """Of a contact's claims only the newest can be proven."""
    await _end_started(session, IdentityRequest.contact_id == contact_id, "superseded", now)


async def _end_started(session: AsyncSession, which: ColumnElement[bool], by: str, now: datetime) -> None:
    ended = {"status": RequestStatus.REJECTED, "decided_at": now, "decided_by": by, "value": None}
    started = update(IdentityRequest).where(IdentityRequest.status == RequestStatus.STARTED, which)
    await session.execute(started.values(**ended))
