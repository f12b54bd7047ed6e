"""The chain over the audit log: complete, in order, and every tampering shows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from integrations.database import Database, utcnow
from integrations.hospital import audit, audit_reading
from integrations.hospital.audit_reading import Head, Report


async def _record(database: Database, count: int, actor: str = "staff:li.na") -> None:
    async with database.begin() as session:
        session.info["address"] = "10.0.0.7"
        for number in range(count):
            detail = {"reason": "核对: 证件 \x1f 1:2", "n": number}
            await audit.record(
                session, actor=actor, action="revealed", subject=f"patient:{number}", detail=detail
            )


async def _seal(database: Database) -> int:
    async with database.begin() as session:
        return await audit_reading.seal(session)


async def _verify(database: Database, kept: Head | None = None, now: datetime | None = None) -> Report:
    async with database.begin() as session:
        return await audit_reading.verify(session, now or utcnow(), kept=kept)


async def test_what_is_written_is_sealed_in_order(database: Database) -> None:
    await _record(database, 3)
    assert (await _verify(database)).faults == []  # it waits, but not for long yet
    assert await _seal(database) == 3
    assert await _seal(database) == 0
    await _record(database, 2)
    assert await _seal(database) == 2
    report = await _verify(database)
    assert (report.links, report.faults) == (5, [])


async def test_sealers_at_once_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(_record(database, 5) for _ in range(6)))
    assert sum(await asyncio.gather(*(_seal(database) for _ in range(5)))) == 30
    report = await _verify(database)
    assert (report.links, report.faults) == (30, [])


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (
            "UPDATE audit_events SET actor = 'staff:else' WHERE subject = 'patient:2'",
            "link 3 or its event was changed",
        ),
        ("UPDATE audit_events SET detail = detail || '{\"n\": 9}' WHERE subject = 'patient:2'", "link 3"),
        ("UPDATE audit_events SET at = at - interval '1 hour' WHERE subject = 'patient:4'", "link 5"),
        ("DELETE FROM audit_events WHERE subject = 'patient:2'", "the event of link 3 is gone"),
        ("DELETE FROM audit_chain WHERE seq = 3", "links 3 to 3 are missing"),
        ("DELETE FROM audit_chain WHERE seq = 5", "stands outside the chain"),
        ("UPDATE audit_chain SET hash = '\\x00' WHERE seq = 2", "link 2"),
        (
            "DELETE FROM audit_chain WHERE seq > 3; DELETE FROM audit_events WHERE subject >= 'patient:3'",
            "does not stand in the chain",  # only a head that was kept elsewhere shows it
        ),
    ],
)
async def test_tampering_shows(database: Database, tables: str, tampering: str, found: str) -> None:
    await _record(database, 5)
    await _seal(database)
    head = (await _verify(database)).head
    with psycopg.connect(tables, options="-c session_replication_role=replica") as owner:
        owner.execute(tampering)
    faults = (await _verify(database, kept=head)).faults
    assert any(found in fault for fault in faults), faults


async def test_what_is_removed_before_its_seal_shows(database: Database, tables: str) -> None:
    await _record(database, 1)
    with psycopg.connect(tables, options="-c session_replication_role=replica") as owner:
        owner.execute("DELETE FROM audit_events")
    [fault] = (await _verify(database)).faults
    assert "was removed before its seal" in fault


async def test_what_waits_too_long_shows(database: Database) -> None:
    await _record(database, 1)
    [fault] = (await _verify(database, now=utcnow() + timedelta(minutes=11))).faults
    assert "waits for its seal" in fault


async def test_searching(database: Database) -> None:
    await _record(database, 3)
    await _record(database, 2, actor="staff:wang")
    async with database.begin() as session:
        by_actor = await audit_reading.search(session, actor="staff:wang")
        by_subject = await audit_reading.search(session, subject="patient:1")
        none = await audit_reading.search(session, until=datetime(2020, 1, 1, tzinfo=UTC))
        wild = await audit_reading.search(session, actor="%")
        few = await audit_reading.search(session, limit=2)
    assert [one.subject for one in by_actor] == ["patient:1", "patient:0"]
    assert len(by_subject) == 2
    assert by_subject[0].detail["address"] == "10.0.0.7"
    assert (none, wild) == ([], [])
    assert len(few) == 2
