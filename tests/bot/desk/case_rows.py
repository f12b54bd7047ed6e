"""What waits at the desk: a complaint, news that never left."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from integrations.hospital import events
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    CaseKind,
    Category,
)
from tests.bot.desk.clicking import patient_of
from tests.bot.desk.conftest import Desks


async def complaint(desks: Desks, words: str = "等了两个小时") -> str:
    account, contact, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        return await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, words,
            account_id=account, contact_id=contact, patient_id=patient, about=About(), now=desks.rt.now(),
        )  # fmt: skip


async def news_given_up(desks: Desks) -> UUID:
    """A hold ran out, and nobody could be told of it. Gives the event."""
    account, contact, _ = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        await events.emit(
            session,
            EventKind.HOLD_EXPIRED,
            account_id=account,
            contact_id=contact,
            payload={"order_no": "O1"},
        )
        gave_up = text(
            "UPDATE hospital_events SET given_up_at = :now, error = 'KeyError', tries = 13 RETURNING id"
        )
        event: UUID = (await session.execute(gave_up, {"now": desks.rt.now()})).scalar_one()
    return event
