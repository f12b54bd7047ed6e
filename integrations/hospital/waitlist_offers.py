"""Handing round the slots that people wait for: first come, first asked; whoever does not answer makes room.

A sweep asks the rules about so many and no more. Whom they refuse a half day stands aside for a while, so the next
sweep goes on behind them and reaches whoever may have it, however long the line is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.admission import admit
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.keeping import FITS
from integrations.hospital.refusals import BookingError

# Between the end of an offer and the visit: to pay, and to come.
_TO_COME = timedelta(hours=1)
_SLOTS = 100  # looked at in one sweep; the next comes in seconds
_ASKED = 200  # entries that the rules are asked about in one sweep
_ASKED_AGAIN = timedelta(minutes=5)  # whom the rules refused may have given another number back by then


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an offer stands, and until when none is made: the end of quiet hours, while it is quiet."""

    minutes: timedelta
    quiet_until: datetime | None = None


@dataclass(slots=True)
class _Round:
    """One sweep. `left`: how many it may still ask the rules about; the next one goes on behind whom they refused."""

    now: datetime
    until: datetime  # when the offers of this sweep end
    left: int = _ASKED


async def sweep(session: AsyncSession, now: datetime, terms: Terms) -> int:
    """Ends offers and entries whose time is over, and offers what is free to whoever waits for it. Gives how many
    offers it made. Of several sweepers at once one does it, and the others find nothing to do."""
    if not await session.scalar(_ALONE):
        return 0
    await _tell(session, EventKind.WAITLIST_LAPSED, await session.execute(_LAPSE, {"now": now}))
    over = {"now": now, "today": local_date(now)}
    await _tell(session, EventKind.WAITLIST_EXPIRED, await session.execute(_EXPIRE, over))
    await session.execute(_LEAVE, {"now": now})
    await withdraw(session)
    earliest = (terms.quiet_until or now) + terms.minutes + _TO_COME
    await session.execute(_SELL, {"earliest": earliest})
    if terms.quiet_until is not None:
        return 0
    await session.execute(_FORGET, {"before": now - _ASKED_AGAIN, "now": now})
    found = (await session.execute(_SLOTS_TO_OFFER, {"earliest": earliest, "limit": _SLOTS})).all()
    this = _Round(now, now + terms.minutes)
    return sum([await _offer(session, slot, this) for slot in found])


async def withdraw(session: AsyncSession) -> None:
    """Takes back what was offered of a half day that was stopped, or that another doctor took from who waits for one
    doctor. They wait on in their place, and are told."""
    await _tell(session, EventKind.WAITLIST_WITHDRAWN, await session.execute(_WITHDRAW))


async def _offer(session: AsyncSession, slot: Row[Any], this: _Round) -> bool:
    """To the first of the line whom the rules admit; to everybody when there is none."""
    if not this.left:
        return False
    entry = await _first(session, slot.schedule_id, this)
    if entry is None:
        if slot.status == "kept" and this.left:
            await session.execute(_GIVE_UP, {"slot_id": slot.id})
        return False
    if slot.status == "free" and await session.scalar(_KEEP, {"slot_id": slot.id}) is None:
        return False  # somebody was faster
    values = {"id": entry.id, "slot_id": slot.id, "until": this.until}
    made = (await session.execute(_MAKE, values)).all()
    await _tell(session, EventKind.WAITLIST_OFFERED, made)
    return bool(made)  # not, when it left or its account merged in this moment: kept until the next sweep


async def _first(session: AsyncSession, schedule_id: UUID, this: _Round) -> Row[Any] | None:
    """Of those in line who were not refused a while ago, the first whom the rules admit."""
    line = await session.execute(_LINE, {"schedule_id": schedule_id, "limit": this.left})
    for entry in line.all():
        this.left -= 1
        if await _may(session, schedule_id, entry, this.now):
            return entry
        await session.execute(_REFUSE, {"id": entry.id, "schedule_id": schedule_id, "now": this.now})
    return None


async def _may(session: AsyncSession, schedule_id: UUID, entry: Row[Any], now: datetime) -> bool:
    try:
        await admit(
            session,
            schedule_id=schedule_id,
            patient_id=entry.patient_id,
            account_id=entry.account_id,
            now=now,
            lock=False,
        )
    except BookingError:
        return False
    return True


async def _tell(session: AsyncSession, kind: EventKind, entries: Any) -> None:
    for one in entries:
        await events.emit(
            session,
            kind,
            account_id=one.account_id,
            contact_id=one.contact_id,
            payload={"waitlist_entry": str(one.id)},
        )


_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('waitlist', 0))")
# Entries `w` that nobody is just changing, nor their account: accounts that merge hold themselves before their entries,
# and an event needs its account.
_ENTRIES = "waitlist_entries w JOIN accounts ON accounts.id = w.account_id"
_AT_REST = "FOR NO KEY UPDATE OF w SKIP LOCKED FOR KEY SHARE OF accounts SKIP LOCKED"
_END = """
    WITH over AS MATERIALIZED (SELECT w.id FROM {entries} WHERE {which} {at_rest})
    UPDATE waitlist_entries SET status = '{status}', offered_until = NULL, ended_at = :now
    WHERE id IN (SELECT id FROM over) RETURNING id, account_id, contact_id
"""


def _ending(status: str, which: str) -> TextClause:
    return text(_END.format(status=status, which=which, entries=_ENTRIES, at_rest=_AT_REST))


_LAPSE = _ending("lapsed", "w.status = 'offered' AND w.offered_until <= :now")
_EXPIRE = _ending("expired", "w.status = 'waiting' AND w.days[cardinality(w.days)] <= :today")
# Of patients whom the account does not act for any more: it neither sees them nor could take what is offered. And of
# those who died.
_LEAVE = _ending(
    "cancelled",
    """
    w.status IN ('waiting', 'offered') AND NOT EXISTS (
        SELECT FROM account_patients ap JOIN patients p ON p.id = ap.patient_id
        WHERE ap.account_id = w.account_id AND p.id = w.patient_id AND p.deceased_at IS NULL)
    """,
)
_WITHDRAW = text(f"""
    UPDATE waitlist_entries SET status = 'waiting', offered_until = NULL, slot_id = NULL
    WHERE id IN (
        SELECT w.id FROM {_ENTRIES} JOIN slots sl ON sl.id = w.slot_id JOIN schedules s ON s.id = sl.schedule_id
        WHERE w.status = 'offered' AND (s.status <> 'open' OR w.practitioner_id <> s.practitioner_id) {_AT_REST})
    RETURNING id, account_id, contact_id
""")  # noqa: S608 - pieces of our own
# Kept slots that nobody could be offered in time are sold as any other.
_SELL = text("""
    UPDATE slots SET status = 'free'
    WHERE status = 'kept' AND starts_at < :earliest
      AND NOT EXISTS (SELECT FROM waitlist_entries w WHERE w.slot_id = slots.id AND w.status = 'offered')
""")
_NOT_REFUSED = "NOT EXISTS (SELECT FROM waitlist_refusals r WHERE r.entry_id = w.id AND r.schedule_id = s.id)"
_REFUSE = text("""
    INSERT INTO waitlist_refusals (entry_id, schedule_id, at) VALUES (:id, :schedule_id, :now)
    ON CONFLICT (entry_id, schedule_id) DO UPDATE SET at = excluded.at
""")
# What is of the future was written before a clock was set back.
_FORGET = text("DELETE FROM waitlist_refusals WHERE at <= :before OR at > :now")
_SLOTS_TO_OFFER = text(f"""
    SELECT sl.id, sl.schedule_id, sl.status FROM slots sl
    WHERE sl.status = 'kept'
      AND NOT EXISTS (SELECT FROM waitlist_entries w WHERE w.slot_id = sl.id AND w.status = 'offered')
    UNION
    SELECT sl.id, sl.schedule_id, sl.status
    FROM waitlist_entries w JOIN schedules s ON {FITS} JOIN slots sl ON sl.schedule_id = s.id
    WHERE s.status = 'open' AND sl.status = 'free' AND sl.starts_at >= :earliest AND {_NOT_REFUSED}
    ORDER BY status DESC, id LIMIT :limit -- what is kept, and nobody can buy, before what is free
""")  # noqa: S608 - pieces of our own
_LINE = text(f"""
    SELECT w.id, w.patient_id, w.account_id FROM waitlist_entries w JOIN schedules s ON {FITS}
    WHERE s.id = :schedule_id AND s.status = 'open' AND {_NOT_REFUSED} ORDER BY w.seq LIMIT :limit
""")  # noqa: S608 - pieces of our own
_KEEP = text("""
    UPDATE slots SET status = 'kept' WHERE status = 'free' AND id IN (
        SELECT id FROM slots WHERE id = :slot_id AND status = 'free' FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
""")
_GIVE_UP = text("UPDATE slots SET status = 'free' WHERE id = :slot_id AND status = 'kept'")
_MAKE = text(f"""
    UPDATE waitlist_entries SET status = 'offered', slot_id = :slot_id, offered_until = :until
    WHERE id IN (SELECT w.id FROM {_ENTRIES} WHERE w.id = :id AND w.status = 'waiting' {_AT_REST})
    RETURNING id, account_id, contact_id
""")  # noqa: S608 - pieces of our own
