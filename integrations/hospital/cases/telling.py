"""News of a case for the patient whose it is."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.events import EventKind
from integrations.hospital.models import Case


async def tell(session: AsyncSession, kind: EventKind, case: Case, **more: object) -> None:
    """An event for who told of it; of a difference about money nobody hears."""
    if case.account_id is None or case.contact_id is None:
        return
    payload = {"case_id": str(case.id)} | more
    await events.emit(session, kind, account_id=case.account_id, contact_id=case.contact_id, payload=payload)
