"""The audit log: written in the transaction it tells of, never changed (see models.journal)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import AuditEvent
from integrations.language.personal import redact

_WRITTEN = ("reason", "note")  # in staff's own words


async def record(
    session: AsyncSession, *, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """`actor` is a role or a staff account ("actions", "staff:<id>"), `subject` a thing by id ("patient:<id>").
    No personal values in any of them: what staff wrote themselves is kept without the numbers of people. From where it
    was done is added where the session knows it (`session.info["address"]`)."""
    kept: dict[str, Any] = {"address": session.info["address"]} if "address" in session.info else {}
    kept |= detail or {}
    kept |= {key: redact(kept[key]) for key in _WRITTEN if isinstance(kept.get(key), str)}
    row = {"actor": actor, "action": action, "subject": subject, "detail": kept}
    # inline: no RETURNING, for the application's role may write here but not read
    await session.execute(insert(AuditEvent).values(row).inline())
