"""Two thousand patients at the moment when the hundred numbers of a doctor are released, through the connection pools
of four action servers on one Postgres."""

from __future__ import annotations

import asyncio
import time as clock
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from integrations.connections import Pools
from integrations.database import Database
from integrations.hospital import booking
from integrations.hospital.models import Appointment

from .conftest import Booker, Clinic

pytestmark = pytest.mark.slow

PATIENTS, NUMBERS, SERVERS = 2000, 100, 4
POOLS = Pools(fixed=1, sessions=10)  # of each server
TURNS = 16  # that a worker gives to its action server at once; the others wait in the inbox
SEVEN = datetime.combine(Clinic.today, time(7), ZoneInfo("Asia/Shanghai"))
LAST = Clinic.today + timedelta(days=14)

_CROWD = text("""
    WITH a AS (INSERT INTO accounts SELECT FROM generate_series(1, :many) RETURNING id),
         numbered AS (SELECT id, row_number() OVER () AS n FROM a),
         c AS (
             INSERT INTO contacts (account_id, channel, platform_id) SELECT id, 'wechat', id::text FROM numbered
             RETURNING id, account_id
         ),
         p AS (
             INSERT INTO patients (name, masked_name, id_number, id_number_index, phone, phone_index, birth_date, sex,
                                   status)
             SELECT '', '*', '', int8send(n), '', '', '1990-03-07', 'female', 'verified' FROM numbered
             RETURNING id, id_number_index
         ),
         linked AS (
             INSERT INTO account_patients (account_id, patient_id, relation)
             SELECT numbered.id, p.id, 'self' FROM numbered JOIN p ON p.id_number_index = int8send(n)
             RETURNING account_id, patient_id
         )
    SELECT linked.account_id, c.id, linked.patient_id FROM linked JOIN c USING (account_id)
""")


@dataclass
class Attempt:
    """What one patient got: how long it took, and what they could choose when it was too late."""

    place: int
    result: Any
    others: int = 0
    seconds: float = 0.0


@dataclass
class Server:
    """An action server: its pool, and the worker's places for turns."""

    database: Database
    turns: asyncio.Semaphore

    async def attempt(self, place: int, who: Booker, schedule: UUID, ward: UUID) -> Attempt:
        began = clock.perf_counter()
        async with self.turns:
            made = await _attempt(self.database, place, who, schedule, ward)
        made.seconds = clock.perf_counter() - began
        return made


async def _attempt(database: Database, place: int, who: Booker, schedule: UUID, ward: UUID) -> Attempt:
    try:
        async with database.begin() as session:
            made = await booking.book(
                session,
                schedule_id=schedule,
                slot_id=None,
                patient_id=who.patient_id,
                contact_id=who.contact_id,
                key=None,
                now=SEVEN,
                hold=timedelta(minutes=15),
            )
        return Attempt(place, made)
    except booking.SessionFull as full:
        async with database.begin() as session:
            others = await booking.sessions(
                session, department_id=ward, first=Clinic.today, last=LAST, now=SEVEN
            )
        return Attempt(place, full, len(others))


async def _watch(database: Database, seen: list[int]) -> None:
    """How many connections this database has open, every so often."""
    while True:
        seen.append(await _connections(database))
        await asyncio.sleep(0.5)


async def _connections(database: Database) -> int:
    async with database.begin() as session:
        statement = text("""
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend'
        """)
        return int(await session.scalar(statement) or 0)


async def _deadlocks(database: Database) -> int:
    """So many there have been in this database."""
    async with database.begin() as session:
        statement = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(await session.scalar(statement) or 0)


async def test_two_thousand_patients_at_the_release_of_a_hundred_numbers(
    clinic: Clinic, tables: str, record_property: Any
) -> None:
    rules = {"release_at": time(7), "per_day": 2, "open_at_once": 5, "holds_at_once": 2, "holds_per_day": 4}
    schedule = await clinic.schedule(slots=NUMBERS, fee_fen=5000, day=LAST, start=time(8), **rules)
    async with clinic.database.begin() as session:
        crowd = [Booker(*row) for row in await session.execute(_CROWD, {"many": PATIENTS})]
        ward = await session.scalar(
            text("SELECT department_id FROM schedules WHERE id = :id"), {"id": schedule}
        )
        await session.execute(text("ANALYZE"))
        await session.execute(  # a colleague's afternoon, for those who come too late
            text("""
                WITH s AS (
                    INSERT INTO schedules (practitioner_id, department_id, date, period, fee_fen, location, capacity)
                    SELECT practitioner_id, department_id, date, 'afternoon', 5000, location, 1 FROM schedules
                    WHERE id = :id RETURNING id, date
                )
                INSERT INTO slots (schedule_id, number, date, time, starts_at)
                SELECT id, 1, date, '14:00', (date + time '14:00') AT TIME ZONE 'Asia/Shanghai' FROM s
            """),
            {"id": schedule},
        )
    with pytest.raises(booking.OutsideHorizon) as early:
        await clinic.book(crowd[0], schedule, now=SEVEN - timedelta(seconds=1))
    assert early.value.opens_at == SEVEN

    deadlocks = await _deadlocks(clinic.database)
    others = await _connections(clinic.database)  # those that tests before this one have opened stay
    connections: list[int] = []
    async with AsyncExitStack() as stack:
        servers = []
        for _ in range(SERVERS):
            database = Database(tables, pools=POOLS)
            stack.push_async_callback(database.close)
            servers.append(Server(database, asyncio.Semaphore(TURNS)))
        watching = asyncio.create_task(_watch(clinic.database, connections))
        began = clock.perf_counter()
        attempts = await asyncio.gather(
            *(servers[place % SERVERS].attempt(place, who, schedule, ward) for place, who in enumerate(crowd))
        )
        took = clock.perf_counter() - began
        watching.cancel()

    kinds = Counter(type(one.result).__name__ for one in attempts)
    waits = sorted(one.seconds for one in attempts)
    winners = sorted(one.place for one in attempts if isinstance(one.result, booking.AppointmentView))
    figures = {
        "seconds": round(took, 1),
        "per_second": round(PATIENTS / took),
        "median_s": round(waits[PATIENTS // 2], 2),
        "p99_s": round(waits[PATIENTS * 99 // 100], 2),
        "last_winner": winners[-1],
        "connections": max(connections) - others,
    }
    record_property("release_rush", figures)
    print(figures)

    assert kinds == {"AppointmentView": NUMBERS, "SessionFull": PATIENTS - NUMBERS}
    assert all(one.others == 1 for one in attempts if isinstance(one.result, booking.SessionFull))
    # Nobody is overtaken but by those whose requests were under way at the same time.
    assert winners[-1] < NUMBERS + 2 * SERVERS * TURNS
    assert max(connections) - others <= SERVERS * POOLS.most
    async with clinic.database.begin() as session:
        slots = list(await session.scalars(select(Appointment.slot_id)))
    assert len(slots) == len(set(slots)) == NUMBERS
    assert await _deadlocks(clinic.database) == deadlocks
