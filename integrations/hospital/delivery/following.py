"""What the carrier says of a parcel: kept, followed, and asked for at the pace that the tracker allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.delivery.addresses import Destination
from integrations.hospital.delivery.parcels import DESTINATION, ON_THE_WAY
from integrations.hospital.delivery.rows import locked, received, tell
from integrations.hospital.models import (
    Case,
    CaseKind,
    Category,
    ConfirmedBy,
    Delivery,
    DeliveryStatus,
    ParcelEvent,
    ParcelState,
    Prescription,
)
from integrations.hospital.models.cases import WAITING
from integrations.hospital.pharmacy import rows as prescriptions
from integrations.tracking import LAST, PROBLEMS, ParcelNews, ParcelStep

_WORDS = "parcel_events.words"
ASKING_PAUSE = timedelta(minutes=30)  # the tracker's limit for one waybill


class Noted(StrEnum):
    """What news of a parcel came to."""

    UNKNOWN = "unknown"  # no parcel of ours
    OLD = "old"  # nothing that is not known, or older than what is
    MOVED = "moved"


async def take_note(session: AsyncSession, crypto: Crypto, news: ParcelNews, now: datetime) -> Noted:
    """Keeps what the carrier told; each step once, whoever brings it and in whatever order. The parcel's state only
    goes forward in the carrier's own time."""
    found = (
        await session.execute(
            select(Delivery.id, Delivery.prescription_id).where(
                Delivery.carrier == news.carrier, Delivery.waybill == news.waybill
            )
        )
    ).one_or_none()
    if found is None:
        return Noted.UNKNOWN
    prescription = await prescriptions.locked(session, found.prescription_id)
    one = await locked(session, found.id)
    fresh = await _keep_steps(session, crypto, one, news)
    if news.lost_track and one.status is DeliveryStatus.SHIPPED and not _is_older(one, news):
        await lose(session, crypto, one, ParcelState.PROBLEM, now)
        return Noted.MOVED
    if not _is_news(one, news, fresh=fresh):
        if news.expected and one.status in ON_THE_WAY and not _is_older(one, news):
            one.expected_at = news.expected  # a new estimate is none of the carrier's steps
        return Noted.OLD
    moved = news.state is not one.state or one.lost
    one.expected_at = news.expected or one.expected_at
    one.state, one.state_at = news.state, news.at
    await _follow(session, crypto, one, prescription, now)
    if moved:
        assert one.state is not None
        await tell(session, one, one.state)
    return Noted.MOVED if moved else Noted.OLD


def _is_older(one: Delivery, news: ParcelNews) -> bool:
    return one.state_at is not None and (news.at is None or news.at < one.state_at)


def _is_news(one: Delivery, news: ParcelNews, *, fresh: bool) -> bool:
    """Of two words of the same moment the one after which nothing more comes stands, or else the one that tells of a
    step not known before (`fresh`): what is brought again does not turn a parcel back."""
    if news.state is None or news.at is None or one.status not in ON_THE_WAY or _is_older(one, news):
        return False
    if one.state_at != news.at:
        return True
    return one.state not in LAST and news.state is not one.state and (fresh or news.state in LAST)


async def _follow(
    session: AsyncSession, crypto: Crypto, one: Delivery, prescription: Prescription, now: datetime
) -> None:
    """What the parcel's new state does to its delivery."""
    match one.state:
        case ParcelState.SIGNED:
            await received(session, one, prescription, ConfirmedBy.CARRIER, one.state_at or now, now)
        case ParcelState.RETURNED:
            await problem_parcel(session, crypto, one, ParcelState.RETURNED, now)
            one.status = DeliveryStatus.RETURNED
        case state if state in PROBLEMS:
            await problem_parcel(session, crypto, one, state, now)
        case _:
            one.status = DeliveryStatus.SHIPPED
    await session.flush()


async def lose(session: AsyncSession, crypto: Crypto, one: Delivery, why: str, now: datetime) -> None:
    """It has not arrived, and nothing more is told of it."""
    await problem_parcel(session, crypto, one, why, now)
    await tell(session, one, ParcelState.PROBLEM)


async def problem_parcel(
    session: AsyncSession, crypto: Crypto, one: Delivery, why: str, now: datetime
) -> None:
    """Something that staff have to look into: a case, one as long as it is not settled. `daozhen parcels problems`
    lists the parcel until it goes on. `why`: its state, or other words for staff."""
    if one.status is DeliveryStatus.SHIPPED:
        one.status = DeliveryStatus.PROBLEM
        await session.flush()
    standing = select(Case.id).where(
        Case.delivery_id == one.id, Case.kind == CaseKind.PARCEL_PROBLEM, Case.status.in_(WAITING)
    )
    if await session.scalar(standing.limit(1)) is not None:
        return
    await open_case(
        session,
        crypto,
        CaseKind.PARCEL_PROBLEM,
        Category.DELIVERY,
        f"{one.carrier} {one.waybill}: {why}",
        account_id=one.account_id,
        contact_id=one.contact_id,
        patient_id=one.patient_id,
        about=About(prescription_id=one.prescription_id, delivery_id=one.id),
        now=now,
    )


async def _keep_steps(session: AsyncSession, crypto: Crypto, one: Delivery, news: ParcelNews) -> bool:
    """Whether there was one that was not known. The delivery's row is held, so nobody else adds the same."""
    fresh = set(news.steps) - set(await steps(session, crypto, one.id))
    for step in sorted(fresh, key=lambda found: found.at):
        session.add(ParcelEvent(delivery_id=one.id, at=step.at, words=crypto.encrypt(step.words, _WORDS)))
    await session.flush()
    return bool(fresh)


async def steps(session: AsyncSession, crypto: Crypto, delivery_id: UUID) -> list[ParcelStep]:
    """The newest first."""
    found = await session.scalars(
        select(ParcelEvent)
        .where(ParcelEvent.delivery_id == delivery_id)
        .order_by(ParcelEvent.at.desc(), ParcelEvent.id.desc())
    )
    return [ParcelStep(one.at, crypto.decrypt(one.words, _WORDS)) for one in found]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the tracker is to be asked about."""

    delivery_id: UUID
    carrier: str
    waybill: str
    phone: str


# What was noted further ahead than a pause is long was noted by a clock that has been set back since.
_ASK = text("""
    UPDATE deliveries SET asked_at = :now
    WHERE id = :id AND status IN ('shipped', 'problem')
      AND (asked_at IS NULL OR asked_at <= :before OR asked_at > :ahead)
    RETURNING id, carrier, waybill, destination
""")
_UNSUBSCRIBED = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM deliveries
        WHERE subscribed_at IS NULL AND (next_try_at <= :now OR next_try_at > :now + interval '1 hour')
        ORDER BY next_try_at LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE deliveries SET tries = tries + 1,
           next_try_at = :now + least(interval '1 hour', interval '30 seconds' * power(2, least(tries, 10)))
    WHERE id IN (SELECT id FROM due) RETURNING id, carrier, waybill, destination
""")


async def may_ask(session: AsyncSession, crypto: Crypto, delivery_id: UUID, now: datetime) -> Asking | None:
    """What to ask the tracker now; None while it was asked too lately, or when there is nothing to ask. To be
    committed before it is asked: the limit counts whatever it answers."""
    values = {"id": delivery_id, "now": now, "before": now - ASKING_PAUSE, "ahead": now + ASKING_PAUSE}
    row = (await session.execute(_ASK, values)).one_or_none()
    return asking_about(crypto, row) if row else None


async def claim_unsubscribed(
    session: AsyncSession, crypto: Crypto, now: datetime, limit: int
) -> list[Asking]:
    """Parcels whose news nobody pushes to us yet; each comes again after a growing pause until it is subscribed."""
    found = await session.execute(_UNSUBSCRIBED, {"now": now, "limit": limit})
    return [asking_about(crypto, row) for row in found]


async def subscribed(
    session: AsyncSession, delivery_id: UUID, now: datetime, *, refused: bool = False
) -> None:
    """`refused`: it never will be; it is asked about now and then, and when the patient asks."""
    done = update(Delivery).where(Delivery.id == delivery_id)
    values = {"next_try_at": None} if refused else {"subscribed_at": now, "next_try_at": None}
    await session.execute(done.values(**values).execution_options(synchronize_session=False))


def asking_about(crypto: Crypto, row: Row[*tuple[Any, ...]]) -> Asking:
    to = Destination.read(crypto.decrypt(row.destination, DESTINATION))
    return Asking(row.id, row.carrier, row.waybill, to.phone)
