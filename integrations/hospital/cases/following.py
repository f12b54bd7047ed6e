"""What patients do with their case: say more, correct what they said, withdraw it, judge the result, ask for it to be
taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.cases.opening import About, answer_due
from integrations.hospital.cases.reading import REOPEN_WITHIN
from integrations.hospital.cases.refusals import (
    NothingClosed,
    NotOpen,
    ReopenedAlready,
    TooLateToReopen,
    UnknownCase,
)
from integrations.hospital.cases.suspicion import suspected
from integrations.hospital.models import Adverse, Case, CaseMedium, CaseNote, CaseStatus, NoteKind
from integrations.hospital.models.cases import STANDING
from integrations.hospital.operations import OperationKey, Result, once

_PATIENT = "patient"


async def add_words(
    session: AsyncSession,
    crypto: Crypto,
    case_id: UUID,
    words: str,
    *,
    account_id: UUID,
    messages: Sequence[UUID] = (),
    key: OperationKey | None,
    now: datetime,
) -> None:
    """More words or pictures. After an answer the case is in progress again. Raises UnknownCase, NotOpen."""

    async def effect() -> Result:
        case = await _locked(session, case_id, account_id)
        if case.status not in STANDING:
            raise NotOpen
        if words:
            await add_note(session, crypto, case_id, NoteKind.PATIENT, _PATIENT, words, now)
        rows = [{"case_id": case_id, "message_id": one} for one in dict.fromkeys(messages)]
        if rows:
            await session.execute(upsert(CaseMedium).values(rows).on_conflict_do_nothing())
        _heard(case, words, now)
        await session.flush()
        return {}

    await once(session, key, effect)


async def correct(
    session: AsyncSession,
    crypto: Crypto,
    case_id: UUID,
    words: str,
    *,
    about: About | None = None,
    account_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> None:
    """What was said was not so: `words` stand beside the earlier ones, and staff see both. `about`: it is about this
    instead; what it was about stays in the audit log. After an answer the case is in progress again. Raises
    UnknownCase, NotOpen."""

    async def effect() -> Result:
        case = await _locked(session, case_id, account_id)
        if case.status not in STANDING:
            raise NotOpen
        await add_note(session, crypto, case_id, NoteKind.CORRECTION, _PATIENT, words, now)
        if about is not None:
            before = {name: str(value) for name in asdict(about) if (value := getattr(case, name))}
            for name, value in asdict(about).items():
                setattr(case, name, value)
            await audit.record(
                session, actor=_PATIENT, action="case_corrected", subject=f"case:{case.number}", detail=before
            )
        _heard(case, words, now)
        await session.flush()
        return {}

    await once(session, key, effect)


def _heard(case: Case, words: str, now: datetime) -> None:
    """New words may tell of harm, and want an answer."""
    if case.adverse is Adverse.NONE and suspected(words):
        case.adverse = Adverse.SUSPECTED
    if case.status is CaseStatus.ANSWERED:
        case.status = CaseStatus.IN_PROGRESS
        _anew(case, now)


async def withdraw(session: AsyncSession, case_id: UUID, account_id: UUID, key: OperationKey | None) -> str:
    """Gives the number. Raises UnknownCase, NotOpen."""

    async def effect() -> Result:
        case = await _locked(session, case_id, account_id)
        if case.status not in STANDING:
            raise NotOpen
        case.status = CaseStatus.WITHDRAWN
        await session.flush()
        return {"number": case.number}

    return str((await once(session, key, effect))["number"])


async def judge(
    session: AsyncSession, case_id: UUID, account_id: UUID, *, satisfied: bool, key: OperationKey | None
) -> None:
    """Whether the patient is satisfied with how the case was closed. Raises UnknownCase, NothingClosed."""

    async def effect() -> Result:
        case = await _locked(session, case_id, account_id)
        if case.status is not CaseStatus.CLOSED:
            raise NothingClosed
        case.satisfied = satisfied
        await session.flush()
        return {}

    await once(session, key, effect)


async def reopen(
    session: AsyncSession, case_id: UUID, account_id: UUID, *, key: OperationKey | None, now: datetime
) -> None:
    """Once, within 15 days after it was closed; it gets a new deadline. Raises UnknownCase, NothingClosed,
    ReopenedAlready, TooLateToReopen."""

    async def effect() -> Result:
        case = await _locked(session, case_id, account_id)
        if case.status is not CaseStatus.CLOSED or case.closed_at is None:
            raise NothingClosed
        if case.reopened:
            raise ReopenedAlready
        if now > case.closed_at + REOPEN_WITHIN:
            raise TooLateToReopen
        case.status, case.reopened, case.satisfied = CaseStatus.REOPENED, case.reopened + 1, False
        _anew(case, now)
        await session.flush()
        return {}

    await once(session, key, effect)


async def add_note(
    session: AsyncSession,
    crypto: Crypto,
    case_id: UUID,
    kind: NoteKind,
    author: str,
    words: str,
    now: datetime,
) -> None:
    values = {"case_id": case_id, "kind": kind, "author": author, "created_at": now}
    await session.execute(
        insert(CaseNote).values(**values, words=crypto.encrypt(words, "case_notes.words")).inline()
    )


def _anew(case: Case, now: datetime) -> None:
    """The patient waits again: from today."""
    case.deadline = answer_due(now)
    case.warned_at = case.escalated_at = None


async def _locked(session: AsyncSession, case_id: UUID, account_id: UUID) -> Case:
    """Raises UnknownCase, also for somebody else's."""
    wanted = select(Case).where(Case.id == case_id, Case.account_id == account_id).with_for_update()
    case = await session.scalar(wanted.execution_options(populate_existing=True))
    if case is None:
        raise UnknownCase
    return case
