"""Where the platform's word and ours differ: each is a case, with a deadline and an owner, until staff have settled
it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.cases import ending
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.clock import local_date
from integrations.hospital.models import (
    Case,
    CaseKind,
    Category,
    Difference,
    DifferenceKind,
    FoundBy,
    Order,
    Payment,
    Platform,
    Refund,
)
from integrations.hospital.working_days import working_days
from integrations.money import yuan

DAYS = 3  # working days until somebody has to know what it was


async def note_difference(
    session: AsyncSession,
    kind: DifferenceKind,
    platform: Platform,
    number: str,
    *,
    found_by: FoundBy,
    transaction_id: str | None = None,
    ours_fen: int | None = None,
    theirs_fen: int | None = None,
    day: date | None = None,
) -> bool:
    """Whether it is new. `number`: the out_trade_no, or the out_refund_no of a refund."""
    found = (
        insert(Difference)
        .values(
            kind=kind,
            platform=platform,
            number=number[:64],
            transaction_id=transaction_id,
            ours_fen=ours_fen,
            theirs_fen=theirs_fen,
            found_by=found_by,
            day=day,
        )
        .on_conflict_do_nothing(index_elements=["platform", "kind", "number"])
        .returning(Difference.id)
    )
    return await session.scalar(found) is not None


async def open_differences(session: AsyncSession) -> list[Difference]:
    """The oldest first."""
    waiting = select(Difference).where(Difference.settled_at.is_(None)).order_by(Difference.id)
    return list(await session.scalars(waiting))


async def still_open(session: AsyncSession, differences: Collection[UUID]) -> list[UUID]:
    """Those of them that nobody has settled, the oldest first."""
    unsettled = select(Difference.id).where(Difference.id.in_(differences), Difference.settled_at.is_(None))
    return list(await session.scalars(unsettled.order_by(Difference.id)))


async def open_cases(session: AsyncSession, crypto: Crypto, now: datetime, limit: int) -> list[str]:
    """Opens the case of each difference that has none, and gives their numbers. Several callers at once get different
    differences."""
    wanted = (
        select(Difference)
        .where(Difference.settled_at.is_(None), Difference.case_id.is_(None))
        .order_by(Difference.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalars(wanted.execution_options(populate_existing=True))
    return [await _open(session, crypto, one, now) for one in found.all()]


async def _open(session: AsyncSession, crypto: Crypto, one: Difference, now: datetime) -> str:
    ours, theirs = (yuan(fen) if fen is not None else "-" for fen in (one.ours_fen, one.theirs_fen))
    order = await _order(session, one.number)
    number = await open_case(
        session,
        crypto,
        CaseKind.MONEY_DIFFERENCE,
        Category.FEES,
        f"{one.platform} {one.kind} {one.number}: ours {ours}, theirs {theirs}",
        account_id=None,
        contact_id=None,
        patient_id=order.patient_id if order else None,
        about=About(order_id=order.id if order else None),
        deadline=working_days().after(local_date(now), DAYS),
        now=now,
    )
    one.case_id = await session.scalar(select(Case.id).where(Case.number == number))
    await session.flush()
    return number


async def _order(session: AsyncSession, number: str) -> Order | None:
    """The order that a payment or a refund of ours belongs to."""
    paid = select(Payment.order_id).where(Payment.out_trade_no == number)
    refund = select(Refund.payment_id).where(Refund.out_refund_no == number)
    refunded = select(Payment.order_id).where(Payment.id.in_(refund))
    return await session.scalar(select(Order).where(Order.id.in_(paid.union_all(refunded))).limit(1))


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """One that nobody has settled, and its case, once it has one. `late`: the case's deadline is over."""

    id: UUID
    kind: DifferenceKind
    number: str
    transaction_id: str | None
    ours_fen: int | None
    theirs_fen: int | None
    found_at: datetime
    case_number: str | None
    owner: str | None
    deadline: date | None
    late: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What one platform and we do not agree on, of one day: that of its bill, or on which it was found."""

    day: date
    platform: Platform
    differences: tuple[OpenDifference, ...]

    @property
    def since(self) -> datetime:
        return min(one.found_at for one in self.differences)

    @property
    def deadline(self) -> date | None:
        return min((one.deadline for one in self.differences if one.deadline), default=None)


async def by_day(session: AsyncSession) -> list[Day]:
    """What is open, the oldest day first."""
    wanted = select(Difference, Case).outerjoin(Case, Case.id == Difference.case_id)
    wanted = wanted.where(Difference.settled_at.is_(None)).order_by(Difference.id)
    days: dict[tuple[date, Platform], list[OpenDifference]] = {}
    for one, case in await session.execute(wanted):
        key = one.day or local_date(one.found_at), one.platform
        days.setdefault(key, []).append(_open_one(one, case))
    return [Day(*key, tuple(these)) for key, these in sorted(days.items())]


def _open_one(one: Difference, case: Case | None) -> OpenDifference:
    return OpenDifference(
        id=one.id,
        kind=one.kind,
        number=one.number,
        transaction_id=one.transaction_id,
        ours_fen=one.ours_fen,
        theirs_fen=one.theirs_fen,
        found_at=one.found_at,
        case_number=case.number if case else None,
        owner=case.owner if case else None,
        deadline=case.deadline if case else None,
        late=bool(case and case.escalated_at),
    )


async def settle_difference(session: AsyncSession, difference_id: UUID, note: str, now: datetime) -> None:
    """Staff found out what it was. Raises LookupError when it is not open."""
    found = await session.get(Difference, difference_id, with_for_update=True)
    if found is None or found.settled_at is not None:
        raise LookupError(f"no open difference {difference_id}")
    found.settled_at, found.note = now, note
    await session.flush()
    if found.case_id is not None:
        await ending.close_settled(session, found.case_id, now)
