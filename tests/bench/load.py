"""How long patients wait for their reply when more and more of them write, until the machine is at its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import text

from tests.bench.burst import at
from tests.bench.door import Delivery, Door, Patient
from tests.bench.journeys import ENDLESS, departments
from tests.bench.system import System

RATES = (2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 100, 120, 150, 200)  # messages a second
SECONDS = 12.0  # a step
GOAL_P95 = 0.5  # seconds
_OVER = 3.0  # seconds at p95, after which no higher step is tried
_LAST_SECONDS = 60

# From the webhook's acceptance to the end of the platform call, or of the answer that carried the reply.
_WAITED = text("""
    SELECT inbound.external_id, extract(epoch FROM min(outbound.sent_at) - inbound.received_at) AS seconds
    FROM inbound JOIN outbound ON outbound.inbound_id = inbound.id
    WHERE inbound.external_id = ANY(:ids) AND outbound.sent_at IS NOT NULL
    GROUP BY inbound.id
""")
_ORDINARY, _ORDINARY_RATE = "你好", 50.0


@dataclass
class Step:
    """A rate of messages a second and the waits there, in seconds; `open`: not answered a minute later."""

    rate: float
    p50: float
    p95: float
    open: int

    @property
    def good(self) -> bool:
        return self.p95 < GOAL_P95 and not self.open


@dataclass
class Load:
    steps: list[Step] = field(default_factory=list)

    @property
    def sustained(self) -> float:
        """The highest rate up to which every step was good; 0 for none."""
        best = 0.0
        for step in self.steps:
            if not step.good:
                break
            best = step.rate
        return best


async def load(system: System, people: list[Patient]) -> Load:
    """The patients take turns, so that nobody writes twice within seconds (Telegram keeps a pace for each chat)."""
    door, found, turn = Door(system.settings), Load(), count()
    people = _mixed(people)
    name = (await departments(system.runtime))[0]
    lines = [line.format(department=name) for line in ENDLESS]
    for rate in RATES:
        brought = await _bring(door, people, lines, turn, rate)
        step = await _measure(system, rate, brought)
        found.steps.append(step)
        print(f"  {rate} a second: {step.p50:.2f} s, p95 {step.p95:.2f} s, {step.open} open", flush=True)
        if step.p95 > _OVER or step.open:
            break
    return found


async def warm_up(system: System, people: list[Patient]) -> None:
    """Some seconds of an ordinary morning, so that no process does anything for the first time."""
    brought = await _bring(Door(system.settings), _mixed(people), [_ORDINARY], count(), _ORDINARY_RATE)
    await _measure(system, _ORDINARY_RATE, brought)


def _mixed(people: list[Patient]) -> list[Patient]:
    """Every eighth on Telegram: a bot of theirs may send 30 messages a second, and the machine is to be measured."""
    telegram = [one for one in people if one.channel == "telegram"]
    wechat = [one for one in people if one.channel == "wechat"]
    for place, one in enumerate(telegram[: len(wechat) // 7]):
        wechat.insert(8 * place + 7, one)
    return wechat


async def _bring(
    door: Door, people: list[Patient], lines: list[str], turn: count[int], rate: float
) -> list[Delivery]:
    begin, brought = time.time(), []
    for number in range(int(rate * SECONDS)):
        await asyncio.sleep(begin + number / rate - time.time())
        at_turn = next(turn)
        patient, line = people[at_turn % len(people)], lines[at_turn // len(people) % len(lines)]
        brought.append(asyncio.create_task(door.bring(patient, line)))
    return await asyncio.gather(*brought)


async def _measure(system: System, rate: float, brought: list[Delivery]) -> Step:
    ids, deadline = [one.external_id for one in brought], time.time() + _LAST_SECONDS
    while True:
        async with system.runtime.database.transaction() as session:
            waits = sorted(float(row.seconds) for row in await session.execute(_WAITED, {"ids": ids}))
        if len(waits) == len(ids) or time.time() > deadline:
            return Step(rate, at(waits, 0.5), at(waits, 0.95), len(ids) - len(waits))
        await asyncio.sleep(0.5)
