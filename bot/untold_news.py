"""News that could not be turned into a message, however often it was tried (`bot.news`): staff call the patient, or
have it tried once more when its cause is mended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.part import Part, counted


class NotUntold(LookupError):
    """No news of this id waits for staff (any more)."""


@dataclass(frozen=True, slots=True)
class UntoldNews:
    """`patient` is masked, the account's owner; `patient_id` is None where nobody is registered. `error`: the name of
    what went wrong at last."""

    id: UUID
    kind: str
    channel: str
    patient: str
    patient_id: UUID | None
    order_no: str | None
    error: str
    tries: int
    happened_at: datetime
    given_up_at: datetime


_LIST = text("""
    SELECT count(*) OVER () AS total,
           e.id, e.kind, c.channel, coalesce(pt.masked_name, '-') AS patient, pt.id AS patient_id,
           e.payload ->> 'order_no' AS order_no, e.error, e.tries, e.created_at AS happened_at, e.given_up_at
    FROM hospital_events e JOIN contacts c ON c.id = e.contact_id
    LEFT JOIN account_patients ap ON ap.account_id = e.account_id AND ap.relation = 'self'
    LEFT JOIN patients pt ON pt.id = ap.patient_id
    WHERE e.handled_at IS NULL AND e.given_up_at IS NOT NULL
    ORDER BY e.given_up_at, e.id LIMIT CAST(:limit AS int)
""")
_AGAIN = text("""
    UPDATE hospital_events SET tries = 0, not_before = NULL, given_up_at = NULL
    WHERE id = :id AND handled_at IS NULL AND given_up_at IS NOT NULL RETURNING kind
""")
_LET_BE = text("""
    UPDATE hospital_events SET handled_at = :now
    WHERE id = :id AND handled_at IS NULL AND given_up_at IS NOT NULL RETURNING kind
""")


async def listed(session: AsyncSession, limit: int | None = None) -> Part[UntoldNews]:
    """The oldest first."""
    return counted((await session.execute(_LIST, {"limit": limit})).all(), lambda row: UntoldNews(*row[1:]))


async def try_again(session: AsyncSession, event_id: UUID, *, actor: str, reason: str) -> None:
    """It is told within seconds, or tried as often as before. Raises NotUntold."""
    found = (await session.execute(_AGAIN, {"id": event_id})).one_or_none()
    await _audit(session, actor, "news_tried_again", event_id, found, reason)


async def let_be(session: AsyncSession, event_id: UUID, *, actor: str, reason: str, now: datetime) -> None:
    """The patient knows it (was called), or need not. Raises NotUntold."""
    found = (await session.execute(_LET_BE, {"id": event_id, "now": now})).one_or_none()
    await _audit(session, actor, "news_settled", event_id, found, reason)


async def _audit(
    session: AsyncSession,
    actor: str,
    action: str,
    event_id: UUID,
    found: Row[Any] | None,
    reason: str,
) -> None:
    if found is None:
        raise NotUntold
    await audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"event:{event_id}",
        detail={"kind": found.kind, "reason": reason[:200]},
    )
