"""The waitlist (候补): who waits for a number, is asked in turn, and takes or leaves it.

A slot that is let go while somebody waits for it turns `kept` in the same transaction, so nobody else sees it. How kept
slots are handed round stands in waitlist_offers.py. Locks are taken in one order: account, entry, patient, slot.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.admission import admit
from integrations.hospital.appointments import appointment
from integrations.hospital.availability import sessions
from integrations.hospital.booking import book
from integrations.hospital.clock import local_date
from integrations.hospital.merging import hold_account
from integrations.hospital.models import (
    Period,
    Relation,
    Sex,
    Slot,
    WaitlistEntry,
    WaitlistStatus,
)
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.refusals import (
    AlreadyWaiting,
    BookingError,
    NothingToWaitFor,
    NotYours,
    OfferOver,
    WaitlistLimit,
)
from integrations.hospital.views import AppointmentView
from integrations.part import Part, counted

ENTRIES_PER_ACCOUNT = 5  # at once; a touter's account could otherwise stand in every line
_HALF_DAYS = 200
_STANDING = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as its owner sees it; `patient` is masked, days are local and in order. While a number is offered,
    `offered_until` and what it is: its day, time and fee."""

    id: UUID
    status: WaitlistStatus
    account_id: UUID
    contact_id: UUID
    patient_id: UUID
    patient: str
    relation: Relation | None
    sex: Sex
    department: str
    practitioner: str | None
    days: tuple[date, ...]
    period: Period | None
    ahead: int  # who waits for the same department and came before
    offered_until: datetime | None
    offer_day: date | None
    offer_period: Period | None
    offer_time: time | None
    offer_fee_fen: int | None
    since: datetime


async def join(
    session: AsyncSession,
    *,
    department_id: UUID,
    practitioner_id: UUID | None,
    days: Collection[date],
    period: Period | None,
    patient_id: UUID,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> EntryView:
    """Waits for a number on any of these days but today, whose entries would have ended. The rules are asked as for a
    booking. Raises NothingToWaitFor, AlreadyWaiting, WaitlistLimit, and what `admit` raises when it is refused for
    every one of the half days."""

    async def effect() -> Result:
        account_id = await hold_account(session, contact_id)
        ahead = sorted(day for day in set(days) if day > local_date(now))
        half_days = await _half_days(session, department_id, practitioner_id, ahead, period, now)
        await _admit_to_any(session, half_days, patient_id, account_id, now)
        if await session.scalar(_STANDING_HERE, {"account_id": account_id}) >= ENTRIES_PER_ACCOUNT:
            raise WaitlistLimit(ENTRIES_PER_ACCOUNT)
        made = insert(WaitlistEntry).values(
            patient_id=patient_id,
            account_id=account_id,
            contact_id=contact_id,
            department_id=department_id,
            practitioner_id=practitioner_id,
            days=ahead,
            period=period,
            created_at=now,
        )
        entry_id = await session.scalar(made.on_conflict_do_nothing().returning(WaitlistEntry.id))
        if entry_id is None:
            raise AlreadyWaiting
        return {"entry": str(entry_id)}

    result = await once(session, key, effect)
    return await entry(session, UUID(result["entry"]))


async def accept(
    session: AsyncSession,
    entry_id: UUID,
    contact_id: UUID,
    *,
    key: OperationKey | None,
    now: datetime,
    hold: timedelta,
) -> AppointmentView:
    """Books the number that is offered, as `book` does. Raises NotYours, OfferOver, and what `book` raises: then it
    stays offered."""

    async def effect() -> Result:
        found = await _locked(session, entry_id, contact_id)
        if (
            found.status is not WaitlistStatus.OFFERED
            or not found.offered_until
            or found.offered_until <= now
        ):
            raise OfferOver
        assert found.slot_id
        slot = await session.get_one(Slot, found.slot_id)
        # For this transaction alone: whoever else wants it waits for the row, and then finds it busy.
        await session.execute(_FREE_OFFERED, {"slot_id": found.slot_id})
        made = await book(
            session,
            schedule_id=slot.schedule_id,
            slot_id=found.slot_id,
            patient_id=found.patient_id,
            contact_id=contact_id,
            key=None,
            now=now,
            hold=hold,
        )
        await _finish(session, found, WaitlistStatus.ACCEPTED, now, appointment_id=made.id)
        return {"appointment_id": str(made.id)}

    result = await once(session, key, effect)
    return await appointment(session, UUID(result["appointment_id"]))


async def decline(
    session: AsyncSession, entry_id: UUID, contact_id: UUID, *, key: OperationKey | None, now: datetime
) -> None:
    """The next one is asked, and this entry is over. Raises NotYours, OfferOver."""

    async def effect() -> Result:
        found = await _locked(session, entry_id, contact_id)
        if found.status is not WaitlistStatus.OFFERED:
            raise OfferOver
        await _finish(session, found, WaitlistStatus.DECLINED, now)
        return {}

    await once(session, key, effect)


async def leave(
    session: AsyncSession, entry_id: UUID, contact_id: UUID, *, key: OperationKey | None, now: datetime
) -> EntryView:
    """Waits no longer; what was just offered goes to the next. Raises NotYours, OfferOver when it is over."""

    async def effect() -> Result:
        found = await _locked(session, entry_id, contact_id)
        if found.status not in _STANDING:
            raise OfferOver
        await _finish(session, found, WaitlistStatus.CANCELLED, now)
        return {}

    await once(session, key, effect)
    return await entry(session, entry_id)


async def entry(session: AsyncSession, entry_id: UUID) -> EntryView:
    """Raises NotYours when there is none."""
    row = (await session.execute(_ONE, {"id": entry_id})).one_or_none()
    if row is None:
        raise NotYours
    return _view(row)


async def standing(session: AsyncSession, account_id: UUID) -> list[EntryView]:
    """What the account waits for, what is offered first; without patients whom it let go of."""
    return [_view(row) for row in await session.execute(_OF_ACCOUNT, {"account_id": account_id})]


async def of_patient(session: AsyncSession, patient_id: UUID) -> list[EntryView]:
    """What the patient waits for, by whichever account."""
    return [_view(row) for row in await session.execute(_OF_PATIENT, {"patient_id": patient_id})]


async def everybody(session: AsyncSession, limit: int, *, offered: bool | None = None) -> Part[EntryView]:
    """Who waits, for staff: by department, whoever came first; `offered`: only those to whom a number is offered, or
    only the others."""
    rows = await session.execute(_EVERYBODY, {"limit": limit, "offered": offered})
    return counted(rows.all(), _view)


async def _half_days(
    session: AsyncSession,
    department_id: UUID,
    practitioner_id: UUID | None,
    days: list[date],
    period: Period | None,
    now: datetime,
) -> list[UUID]:
    if not days:
        raise NothingToWaitFor
    found = await sessions(
        session,
        department_id=department_id,
        practitioner_id=practitioner_id,
        first=days[0],
        last=days[-1],
        period=period,
        now=now,
        limit=_HALF_DAYS,
        with_full=True,
    )
    meant = [one for one in found if one.date in days]
    if not meant or any(one.free for one in meant):
        raise NothingToWaitFor
    return [one.schedule_id for one in meant]


async def _admit_to_any(
    session: AsyncSession, half_days: list[UUID], patient_id: UUID, account_id: UUID, now: datetime
) -> None:
    """Locks account and patient: of two entries of an account the second counts the first."""
    first: BookingError | None = None
    for schedule_id in half_days:
        try:
            await admit(
                session,
                schedule_id=schedule_id,
                patient_id=patient_id,
                account_id=account_id,
                now=now,
                lock=first is None,
            )
        except BookingError as error:
            first = first or error
        else:
            return
    assert first is not None
    raise first


async def _locked(session: AsyncSession, entry_id: UUID, contact_id: UUID) -> WaitlistEntry:
    account_id = await hold_account(session, contact_id)
    found = await session.scalar(
        select(WaitlistEntry)
        .where(WaitlistEntry.id == entry_id, WaitlistEntry.account_id == account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotYours
    return found


async def _finish(
    session: AsyncSession, found: WaitlistEntry, status: WaitlistStatus, now: datetime, **more: Any
) -> None:
    ended = update(WaitlistEntry).where(WaitlistEntry.id == found.id)
    values = {"status": status, "offered_until": None, "ended_at": now} | more
    await session.execute(ended.values(**values).execution_options(synchronize_session=False))


_STANDING_HERE = text("""
    SELECT count(*) FROM waitlist_entries WHERE account_id = :account_id AND status IN ('waiting', 'offered')
""")
_FREE_OFFERED = text("UPDATE slots SET status = 'free' WHERE id = :slot_id AND status = 'kept'")
_VIEWS = """
    SELECT w.id, w.status, w.account_id, w.contact_id, w.patient_id, pt.masked_name AS patient, ap.relation,
           pt.sex, d.name AS department, p.name AS practitioner, w.days, w.period, w.offered_until,
           sl.date AS offer_day, s.period AS offer_period, sl.time AS offer_time, s.fee_fen AS offer_fee_fen,
           w.created_at AS since,
           (SELECT count(*) FROM waitlist_entries other
            WHERE other.status = 'waiting' AND other.department_id = w.department_id AND other.seq < w.seq
              AND other.days && w.days
              AND (other.practitioner_id = w.practitioner_id OR num_nulls(other.practitioner_id, w.practitioner_id) > 0)
              AND (other.period = w.period OR num_nulls(other.period, w.period) > 0)) AS ahead
    FROM waitlist_entries w
    JOIN patients pt ON pt.id = w.patient_id
    JOIN departments d ON d.id = w.department_id
    LEFT JOIN practitioners p ON p.id = w.practitioner_id
    LEFT JOIN account_patients ap ON ap.account_id = w.account_id AND ap.patient_id = w.patient_id
    LEFT JOIN slots sl ON sl.id = w.slot_id AND w.status = 'offered'
    LEFT JOIN schedules s ON s.id = sl.schedule_id
"""
_ONE = text(_VIEWS + "WHERE w.id = :id")
_OF_ACCOUNT = text(
    _VIEWS
    + """
    WHERE w.account_id = :account_id AND w.status IN ('waiting', 'offered') AND ap.patient_id IS NOT NULL
    ORDER BY w.status, w.seq
    """
)
_OF_PATIENT = text(
    _VIEWS + "WHERE w.patient_id = :patient_id AND w.status IN ('waiting', 'offered') ORDER BY w.seq"
)
_EVERYBODY = text(f"""
    SELECT count(*) OVER () AS total, * FROM (
        {_VIEWS}
        WHERE w.status IN ('waiting', 'offered')
          AND (CAST(:offered AS boolean) IS NULL OR (w.status = 'offered') = :offered)
        ORDER BY d.position, d.name, w.seq
    ) AS line LIMIT :limit
""")  # noqa: S608 - pieces of our own


def _view(row: Row[Any]) -> EntryView:
    words = {
        "status": WaitlistStatus(row.status),
        "sex": Sex(row.sex),
        "relation": Relation(row.relation) if row.relation else None,
        "period": Period(row.period) if row.period else None,
        "offer_period": Period(row.offer_period) if row.offer_period else None,
        "days": tuple(row.days),
    }
    known = {name: value for name, value in row._mapping.items() if name != "total"}  # noqa: SLF001 (documented)
    return EntryView(**{**known, **words})
