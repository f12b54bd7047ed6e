"""Five hundred patients write within one second, half on each platform."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from sqlalchemy import text

from tests.bench.door import Delivery, Door, Letter, Patient
from tests.bench.people import last_entry, replies, sandbox
from tests.bench.system import System

PATIENTS = 500
WORDS = "医院地址在哪"
_LOOK_SECONDS = 0.05  # between two looks into the table: what "stored" is too large by at most
_STORED_SECONDS = 30
_LAST_SECONDS = 180

_STORED = text("SELECT external_id FROM inbound WHERE received_at >= :begin")
_OPEN = text("""
    SELECT (SELECT count(*) FROM inbound WHERE status = 'pending')
         + (SELECT count(*) FROM outbound WHERE status IN ('queued', 'sending')) AS open
""")


@dataclass
class Burst:
    """Seconds from the request on: until another connection saw the message stored; until the platform had its HTTP
    answer; until the last patient had the reply. `lost`: messages not stored, or without any reply; `twice`: patients
    who got more than one."""

    stored_p99: float
    answered_p999: float
    last_reply: float
    passive: int
    lost: int
    twice: int


async def burst(system: System, people: list[Patient]) -> Burst:
    async with sandbox(system) as http:
        before = await _last_entries(http, people)
        door = Door(system.settings)
        letters = [
            door.write(one, WORDS) for one in people
        ]  # beforehand: the platforms have machines of their own
        begin = time.time()
        seen = asyncio.create_task(_watch(system, begin))
        deliveries = await _send(door, letters, begin)
        stored = await seen
        await _until_quiet(system)
        last_reply = time.time() - begin
        got = await asyncio.gather(
            *(
                _got(http, one, entry, brought)
                for one, entry, brought in zip(people, before, deliveries, strict=True)
            )
        )
    missing = [one for one in deliveries if one.status != 200 or one.external_id not in stored]
    waits = sorted(stored[one.external_id] - one.asked_at for one in deliveries if one.external_id in stored)
    return Burst(
        stored_p99=at(waits, 0.99),
        answered_p999=at(sorted(one.seconds for one in deliveries), 0.999),
        last_reply=last_reply,
        passive=sum(one.reply for one in deliveries),
        lost=len(missing) + sum(many == 0 for many in got),
        twice=sum(many > 1 for many in got),
    )


def at(ordered: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


async def _send(door: Door, letters: list[Letter], begin: float) -> list[Delivery]:
    """All within one second."""
    sent = []
    for number, letter in enumerate(letters):
        await asyncio.sleep(begin + number / len(letters) - time.time())
        sent.append(asyncio.create_task(door.send(letter)))
    return await asyncio.gather(*sent)


async def _watch(system: System, begin: float) -> dict[str, float]:
    """When each message was first seen in the table."""
    seen: dict[str, float] = {}
    since = datetime.fromtimestamp(begin, UTC)
    while len(seen) < PATIENTS and time.time() < begin + _STORED_SECONDS:
        async with system.runtime.database.transaction() as session:
            for row in await session.execute(_STORED, {"begin": since}):
                seen.setdefault(row.external_id, time.time())
        await asyncio.sleep(_LOOK_SECONDS)
    return seen


async def _until_quiet(system: System) -> None:
    deadline = time.time() + _LAST_SECONDS
    while time.time() < deadline:
        async with system.runtime.database.transaction() as session:
            if not (await session.execute(_OPEN)).one().open:
                return
        await asyncio.sleep(0.2)


async def _last_entries(http: httpx.AsyncClient, people: list[Patient]) -> list[int]:
    return [await last_entry(http, patient) for patient in people]


async def _got(http: httpx.AsyncClient, patient: Patient, before: int, brought: Delivery) -> int:
    return brought.reply + len(await replies(http, patient, before))
