"""The audit log for those who look into it: searching, and finding out whether it is whole.

The application's role can add to the log and not read it. Whoever reads takes on the auditor's role for that
(`as_auditor`), which can do nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, false, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Executor
from integrations.hospital.models import AuditEvent
from integrations.part import Part, counted

APP = "daozhen_app"
AUDITOR = "daozhen_audit"
SEAL_AT_ONCE = 2000
_LATE = timedelta(minutes=10)  # what waits for its seal for longer
_CHUNK = 5000
_LINKS = text("""
    SELECT c.seq, c.hash, e.id::text AS id, (extract(epoch FROM e.at) * 1000000)::bigint::text AS at,
           e.actor, e.action, e.subject, e.detail::text AS detail
    FROM audit_chain c LEFT JOIN audit_events e ON e.id = c.event_id
    WHERE c.seq > :after ORDER BY c.seq LIMIT :most
""")
_OUTSIDE = text("""
    SELECT e.id, w.event_id IS NULL AS lost FROM audit_events e
    LEFT JOIN audit_chain c ON c.event_id = e.id LEFT JOIN audit_unsealed w ON w.event_id = e.id
    WHERE c.seq IS NULL AND (w.event_id IS NULL OR e.at < :before) ORDER BY e.id LIMIT 100
""")
_VANISHED = text("""
    SELECT event_id FROM audit_unsealed WHERE event_id NOT IN (SELECT id FROM audit_events) ORDER BY event_id LIMIT 100
""")


@dataclass(frozen=True, slots=True)
class Entry:
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. Kept elsewhere, it shows later whether somebody wrote the whole chain anew."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    links: int
    head: Head
    faults: list[str]


@asynccontextmanager
async def as_auditor(session: AsyncSession) -> AsyncIterator[None]:
    """The application reads as the auditor inside the block; whoever has rights of their own uses those."""
    if await session.scalar(text("SELECT current_user")) != APP:
        yield
        return
    await session.execute(text(f"SET LOCAL ROLE {AUDITOR}"))
    yield  # after an error the transaction is over, and the role with it
    await session.execute(text(f"SET LOCAL ROLE {APP}"))


async def search(
    session: AsyncSession,
    *,
    actor: str = "",
    action: str = "",
    subject: str = "",
    only: str = "",
    patients: Collection[UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> Part[Entry]:
    """The latest first. `actor` and `action` begin so, `subject` too ("patient:" is all patients); a login alone is an
    actor too. `only`: this action and no other; `patients`: what names any of them."""
    total = func.count().over().label("total")
    wanted = select(AuditEvent, total).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)
    for column, begins in (
        (AuditEvent.actor, actor),
        (AuditEvent.action, action),
        (AuditEvent.subject, subject),
    ):
        if begins:
            ways = (begins, f"staff:{begins}") if column is AuditEvent.actor else (begins,)
            wanted = wanted.where(or_(*(column.startswith(way, autoescape=True) for way in ways)))
    if only:
        wanted = wanted.where(AuditEvent.action == only)
    if patients is not None:
        wanted = wanted.where(or_(false(), *map(_names, patients)))
    if since:
        wanted = wanted.where(AuditEvent.at >= since)
    if until:
        wanted = wanted.where(AuditEvent.at < until)
    async with as_auditor(session):
        return counted((await session.execute(wanted)).all(), lambda row: _entry(row.AuditEvent))


def _names(patient_id: UUID) -> ColumnElement[bool]:
    """It is about the patient, or says so in its details (a search that found the file, a registration)."""
    detail = cast(AuditEvent.detail, String)
    return or_(
        AuditEvent.subject == f"patient:{patient_id}", detail.contains(f'"{patient_id}"', autoescape=True)
    )


def _entry(one: AuditEvent) -> Entry:
    return Entry(one.id, one.at, one.actor, one.action, one.subject, one.detail)


async def verify(session: AsyncSession, now: datetime, *, kept: Head | None = None) -> Report:
    """Reckons the whole chain anew, by itself: what was changed, removed or slipped in, what waits for too long, and
    whether `kept`, a head of before, still stands in it."""
    faults: list[str] = []
    last, link = 0, b""
    stands = kept is None
    async with as_auditor(session):
        while rows := (await session.execute(_LINKS, {"after": last, "most": _CHUNK})).all():
            for row in rows:
                faults += _faults(row, last, link)
                last, link = row.seq, bytes(row.hash)
                stands = stands or (kept is not None and kept == Head(last, link.hex()))
        outside = (await session.execute(_OUTSIDE, {"before": now - _LATE})).all()
        vanished = (await session.execute(_VANISHED)).all()
    faults += [
        f"event {row.id} stands outside the chain" if row.lost else f"event {row.id} waits for its seal"
        for row in outside
    ]
    faults += [f"event {row.event_id} was removed before its seal" for row in vanished]
    if not stands and kept:
        faults.append(f"the head that was kept, {kept.seq} {kept.hash[:16]}, does not stand in the chain")
    return Report(last, Head(last, link.hex()), faults)


async def seal(session: Executor) -> int:
    """Puts what waits into the chain, the oldest first; gives how many. One at a time does that."""
    return int(await session.scalar(text("SELECT seal_audit(:most)"), {"most": SEAL_AT_ONCE}) or 0)


def _faults(row: Any, last: int, link: bytes) -> list[str]:
    faults = []
    if row.seq != last + 1:
        faults.append(f"links {last + 1} to {row.seq - 1} are missing")
    if row.id is None:
        faults.append(f"the event of link {row.seq} is gone")
    elif row.seq == last + 1 and hashlib.sha256(link + _content(row)).digest() != bytes(row.hash):
        faults.append(f"link {row.seq} or its event was changed ({row.id})")
    return faults


def _content(row: Any) -> bytes:
    """Every field with its length before it, as the database's audit_content."""
    fields = (one.encode() for one in (row.id, row.at, row.actor, row.action, row.subject, row.detail))
    return b"".join(str(len(field)).encode() + b":" + field for field in fields)
