"""What is to be told later: the day before a visit, when a follow-up is due. When its time comes a reminder becomes
an event, and goes the way of all news."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.events import EventKind
from integrations.hospital.models import Reminder

_PLAN = text("""
    INSERT INTO reminders (kind, subject_id, due_at, useless_at, account_id, contact_id, payload)
    VALUES (:kind, :subject_id, :due_at, :useless_at, :account_id, :contact_id, CAST(:payload AS jsonb))
    ON CONFLICT (subject_id, kind) DO UPDATE
    SET due_at = excluded.due_at, useless_at = excluded.useless_at, account_id = excluded.account_id,
        contact_id = excluded.contact_id, payload = excluded.payload
""")
# Passes by whose account is just merging: that holds the account, and wants its reminders.
_HAND_OUT = text("""
    WITH due AS MATERIALIZED (
        SELECT r.id FROM reminders r JOIN accounts ON accounts.id = r.account_id
        WHERE due_at <= :now ORDER BY due_at, r.id LIMIT :limit
        FOR UPDATE OF r SKIP LOCKED FOR KEY SHARE OF accounts SKIP LOCKED
    ), gone AS (
        DELETE FROM reminders WHERE id IN (SELECT id FROM due) RETURNING *
    ), told AS (
        INSERT INTO hospital_events (kind, account_id, contact_id, payload)
        SELECT kind, account_id, contact_id, payload FROM gone
        WHERE useless_at IS NULL OR useless_at > :now ORDER BY due_at, id
    )
    SELECT count(*) FROM gone
""")


async def plan(
    session: AsyncSession,
    kind: EventKind,
    subject_id: UUID,
    *,
    due_at: datetime,
    account_id: UUID,
    contact_id: UUID,
    payload: Mapping[str, Any],
    useless_at: datetime | None = None,
) -> None:
    """Tells it at `due_at`, or as soon after as may be, but not from `useless_at` on. Planned again for the same
    subject it moves, as long as it waits."""
    values = {
        "kind": kind,
        "subject_id": subject_id,
        "due_at": due_at,
        "useless_at": useless_at,
        "account_id": account_id,
        "contact_id": contact_id,
        "payload": json.dumps(dict(payload)),
    }
    await session.execute(_PLAN, values)


async def drop(session: AsyncSession, subject_id: UUID, *kinds: EventKind) -> None:
    """Nothing of these kinds (of any, without one) is told about the subject any more."""
    waiting = delete(Reminder).where(Reminder.subject_id == subject_id)
    if kinds:
        waiting = waiting.where(Reminder.kind.in_(kinds))
    await session.execute(waiting.execution_options(synchronize_session=False))


async def drop_all(session: AsyncSession, subject_ids: Collection[UUID]) -> None:
    """Nothing at all is told about these subjects any more."""
    waiting = delete(Reminder).where(Reminder.subject_id.in_(subject_ids))
    await session.execute(waiting.execution_options(synchronize_session=False))


async def hand_out(session: AsyncSession, now: datetime, limit: int) -> int:
    """Turns the reminders whose time has come into events, the longest due first; gives how many it took. Several
    callers at once share the work."""
    return int(await session.scalar(_HAND_OUT, {"now": now, "limit": limit}) or 0)
