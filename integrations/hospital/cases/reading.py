"""A patient's cases, as the patient sees them; nobody else's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.cases.refusals import UnknownCase
from integrations.hospital.clock import local_date
from integrations.hospital.models import CaseStatus, Category
from integrations.hospital.models.cases import STANDING, WAITING

REOPEN_WITHIN = timedelta(days=15)
_OLD = timedelta(days=90)  # closed longer ago than this, it is not shown any more

_VIEWS = """
    SELECT c.id, c.number, c.category, c.status, c.deadline, c.created_at, c.closing, c.closed_at, c.satisfied,
           c.reopened, c.owner IS NOT NULL AS owned, c.contact_id,
           (SELECT n.words FROM case_notes n WHERE n.case_id = c.id AND n.kind = 'answer' ORDER BY n.id DESC LIMIT 1)
               AS answer
    FROM cases c
"""
_ONE = text(_VIEWS + "WHERE c.id = :id")
_OWN = text(_VIEWS + "WHERE c.id = :id AND c.account_id = :account")
_OF_ACCOUNT = text(
    _VIEWS
    + """
    WHERE c.account_id = :account AND (c.closed_at IS NULL OR c.closed_at > :since OR c.status = 'reopened')
      AND c.status <> 'withdrawn'
      AND (c.kind NOT IN ('parcel_problem', 'refund_problem') OR c.answered_at IS NOT NULL)
    ORDER BY c.id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class CaseView:
    """`answer` is staff's latest word to the patient, `closing` the last one."""

    id: UUID
    number: str
    category: Category
    status: CaseStatus
    deadline: date
    created_at: datetime
    owned: bool
    answer: str = field(repr=False)
    closing: str = field(repr=False)
    closed_at: datetime | None
    satisfied: bool | None
    reopened: int

    @property
    def stands(self) -> bool:
        """Whether the patient may still say more."""
        return self.status in STANDING

    @property
    def to_judge(self) -> bool:
        return self.status is CaseStatus.CLOSED and self.satisfied is None

    def overdue(self, now: datetime) -> bool:
        return self.status in WAITING and local_date(now) > self.deadline

    def reopens(self, now: datetime) -> bool:
        return (
            self.status is CaseStatus.CLOSED
            and not self.reopened
            and self.closed_at is not None
            and now <= self.closed_at + REOPEN_WITHIN
        )


async def of_account(
    session: AsyncSession, crypto: Crypto, account_id: UUID, now: datetime, limit: int = 5
) -> list[CaseView]:
    """The account's cases, the newest first: those that stand, and those closed lately. What the hospital found by
    itself is among them once staff have written to the patient about it."""
    values = {"account": account_id, "since": now - _OLD, "limit": limit}
    return [_view(crypto, row) for row in await session.execute(_OF_ACCOUNT, values)]


async def view(session: AsyncSession, crypto: Crypto, case_id: UUID) -> CaseView:
    """Raises UnknownCase."""
    row = (await session.execute(_ONE, {"id": case_id})).one_or_none()
    if row is None:
        raise UnknownCase
    return _view(crypto, row)


async def own(session: AsyncSession, crypto: Crypto, case_id: UUID, account_id: UUID) -> CaseView:
    """Raises UnknownCase, also for somebody else's."""
    row = (await session.execute(_OWN, {"id": case_id, "account": account_id})).one_or_none()
    if row is None:
        raise UnknownCase
    return _view(crypto, row)


def _view(crypto: Crypto, row: Row[Any]) -> CaseView:
    return CaseView(
        id=row.id,
        number=row.number,
        category=Category(row.category),
        status=CaseStatus(row.status),
        deadline=row.deadline,
        created_at=row.created_at,
        owned=row.owned,
        answer=crypto.decrypt(row.answer, "case_notes.words") if row.answer else "",
        closing=crypto.decrypt(row.closing, "cases.closing") if row.closing else "",
        closed_at=row.closed_at,
        satisfied=row.satisfied,
        reopened=row.reopened,
    )
