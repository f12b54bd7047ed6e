"""Where the platform's word and ours differ: kept until staff have settled it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Difference, DifferenceKind, FoundBy, Platform


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


async def settle_difference(session: AsyncSession, difference_id: UUID, note: str, now: datetime) -> None:
    """Staff found out what it was. Raises LookupError when it is not open."""
    found = await session.get(Difference, difference_id, with_for_update=True)
    if found is None or found.settled_at is not None:
        raise LookupError(f"no open difference {difference_id}")
    found.settled_at, found.note = now, note
    await session.flush()
