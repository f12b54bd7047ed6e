"""Events for patients and the audit log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from integrations.hospital import audit, events
from integrations.hospital.events import EventKind
from integrations.hospital.models import AuditEvent


async def _emit(clinic: Any, count: int) -> None:
    contact = await clinic.contact()
    async with clinic.database.begin() as session:
        for number in range(count):
            await events.emit(
                session,
                EventKind.HOLD_EXPIRED,
                account_id=contact.account_id,
                contact_id=contact.id,
                payload={"n": number},
            )


async def _claim(clinic: Any, limit: int) -> list[int]:
    async with clinic.database.begin() as session:
        return [event.payload["n"] for event in await events.claim(session, limit, clinic.now)]


async def test_events_come_in_order_and_once(clinic: Any) -> None:
    await _emit(clinic, 5)
    assert await _claim(clinic, 3) == [0, 1, 2]
    assert await _claim(clinic, 3) == [3, 4]
    assert await _claim(clinic, 3) == []


async def test_claimers_at_once_share_the_events(clinic: Any) -> None:
    await _emit(clinic, 40)
    claimed = await asyncio.gather(*(_claim(clinic, 10) for _ in range(6)))
    rest = await _claim(clinic, 100)
    assert sorted(sum(claimed, rest)) == list(range(40))


async def test_a_failed_claim_leaves_its_events_open(clinic: Any) -> None:
    await _emit(clinic, 2)

    async def fail() -> None:
        async with clinic.database.begin() as session:
            assert len(await events.claim(session, 10, clinic.now)) == 2
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await _claim(clinic, 10) == [0, 1]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
async def test_the_audit_log_only_grows(clinic: Any, statement: str) -> None:
    async with clinic.database.begin() as session:
        await audit.record(session, actor="actions", action="token_revealed", subject="patient:1")
    with pytest.raises(ProgrammingError, match="append-only"):
        async with clinic.database.begin() as session:
            await session.execute(text(statement))


async def test_what_staff_wrote_is_kept_without_the_numbers_of_people(clinic: Any) -> None:
    """For ever, and against what the field asks for."""
    detail = {"reason": "回电 13812345678", "note": "110101199003078515 是他本人", "order": "JC20261122"}
    async with clinic.database.begin() as session:
        await audit.record(session, actor="staff:x", action="revealed", subject="patient:1", detail=detail)
        [kept] = await session.scalars(select(AuditEvent.detail))
    assert kept == {"reason": "回电 [phone]", "note": "[id_number] 是他本人", "order": "JC20261122"}
