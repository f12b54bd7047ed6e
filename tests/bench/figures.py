"""The measurements themselves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle, islice

from tests.bench.drive import Bot, Meter, Wire
from tests.bench.journeys import BOOKING, ENDLESS, Line, departments, read, registered_patient
from tests.bench.system import System

WARM_UP = 5  # bookings before the clock runs
BOOKINGS = 60
LONG = 2_040  # messages of the endless conversation
WINDOW = 40  # the 20th message stands for messages 1 to 40, the 2,020th for 2,001 to 2,040
CONVERSATIONS = 2  # at once, for the sake of a finer clock
STOCK_SECONDS = 120.0  # how long the stock one may take for its endless conversation


@dataclass
class Journey:
    """CPU of a booking: milliseconds a message, and what the last patient read."""

    cpu_ms: float
    wall_ms: float
    last_words: str


@dataclass
class History:
    """Milliseconds of CPU a message, by the number of the message in its conversation."""

    curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.curve[-1][1] / self.curve[0][1]


async def bookings(system: System, bot: Bot, first_patient: int) -> Journey:
    """Patients who book one after the other, each in their own conversation."""
    names = await departments(system.runtime)
    lines = [await _booking_lines(system, name, day) for day in ("下周三", "下周四") for name in names]
    people = [await registered_patient(system.runtime, first_patient + n) for n in range(WARM_UP + BOOKINGS)]
    wire, meter, said, count = await Wire(bot).open(), Meter(bot.pid), [""], 0
    clock = time.perf_counter()
    for number, (person, booking) in enumerate(zip(people, cycle(lines), strict=False)):
        if number == WARM_UP:
            meter.start()
            count, clock = wire.sent, time.perf_counter()
        for line in booking:
            said = await wire.say(line, person)
    sent = wire.sent - count
    return Journey(meter.per_message(sent), 1000 * (time.perf_counter() - clock) / sent, " ".join(said))


async def _booking_lines(system: System, department: str, day: str) -> list[Line]:
    return await read(system.runtime, BOOKING, department=department, day=day)


async def endless(system: System, bot: Bot, first_patient: int, seconds: float | None = None) -> History:
    """The same few messages over and over in one conversation, as far as `seconds` allow."""
    name = (await departments(system.runtime))[0]
    lines = await read(system.runtime, ENDLESS, department=name, day="明天")
    people = [await registered_patient(system.runtime, first_patient + n) for n in range(CONVERSATIONS)]
    people = people[:1] if seconds else people
    wires, meter, history = [await Wire(bot).open() for _ in people], Meter(bot.pid), History()
    warm_up = await registered_patient(system.runtime, first_patient - 1)
    await _say_all(wires[0], warm_up, list(islice(cycle(lines), 2 * len(lines))))
    deadline = time.monotonic() + (seconds or 3600)
    for start in range(0, LONG, WINDOW):
        meter.start()
        window = list(islice(cycle(lines), start, start + WINDOW))
        await asyncio.gather(
            *(_say_all(wire, person, window) for wire, person in zip(wires, people, strict=True))
        )
        history.curve.append((start + WINDOW // 2, meter.per_message(WINDOW * len(people))))
        if time.monotonic() > deadline:
            break
    return history


async def _say_all(wire: Wire, person: str, lines: list[Line]) -> None:
    for line in lines:
        await wire.say(line, person)
