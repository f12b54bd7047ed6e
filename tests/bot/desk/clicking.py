"""What a member of staff does at the desk, and what may be read afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from integrations.hospital import patients
from integrations.hospital.models import AuditEvent
from tests.bot.desk.conftest import Desks, Visitor
from tests.people_rows import registered

LONG = 100  # tenths of a second that something may take on a busy machine
WHY = "phoned about it"


async def patient_of(desks: Desks) -> tuple[UUID, UUID, UUID]:
    """Account, contact and patient of 张明, who registered."""
    rt = desks.rt
    async with rt.database.begin() as session:
        contact = await registered(session, rt.crypto, rt.now(), channel="telegram", agreed=True)
        patient = await patients.self_patient(session, contact.account_id)
        assert patient
        return contact.account_id, contact.id, patient.id


async def press(visitor: Visitor, action: str, **values: Any) -> None:
    """An action of the open row, with what its first step asks."""
    await click(visitor, f"do-{action}")
    if values:
        await fill(visitor, **values)


async def fill(visitor: Visitor, **values: Any) -> None:
    for name, value in values.items():
        await visitor.user.should_see(marker=f"ask-{name}", retries=LONG)
        next(iter(visitor.user.find(marker=f"ask-{name}").elements)).set_value(value)
    await click(visitor, "queue-confirm")


async def click(visitor: Visitor, marker: str) -> None:
    await visitor.user.should_see(marker=marker, retries=LONG)
    visitor.user.find(marker=marker).click()


async def see(visitor: Visitor, *words: str) -> None:
    for one in words:
        await visitor.user.should_see(one, retries=LONG)


async def open_row(visitor: Visitor, path: str, key: object) -> None:
    await visitor.user.open(path)
    await click(visitor, f"row-{key}")


async def audited(desks: Desks, action: str) -> list[tuple[str, dict[str, Any]]]:
    async with desks.rt.database.begin() as session:
        found = select(AuditEvent.actor, AuditEvent.detail).where(AuditEvent.action == action)
        found = found.order_by(AuditEvent.id)
        return [(row.actor, row.detail) for row in await session.execute(found)]


async def rows_of(desks: Desks, wanted: Any) -> list[Any]:
    async with desks.rt.database.begin() as session:
        return list(await session.scalars(wanted))
