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


class Bookings:
    """Patients who book at one Rasa, one after the other, each in their own conversation. What happens between two
    calls of `next` is not counted."""

    def __init__(self, system: System, bot: Bot, first_patient: int) -> None:
        self._system, self._bot, self._first = system, bot, first_patient
        self._number = self._sent = 0
        self._cpu_ms = self._wall_ms = 0.0
        self._said = [""]

    async def open(self) -> Bookings:
        names = await departments(self._system.runtime)
        read_ = [
            await _booking_lines(self._system, name, day) for day in ("下周三", "下周四") for name in names
        ]
        self._lines = cycle(read_)
        self._wire, self._meter = await Wire(self._bot).open(), Meter(self._bot.pid)
        return self

    async def next(self) -> None:
        """One patient's booking; the first WARM_UP are not counted."""
        person = await registered_patient(self._system.runtime, self._first + self._number)
        self._meter.start()
        booking, clock = next(self._lines), time.perf_counter()
        for line in booking:
            self._said = await self._wire.say(line, person)
        if self._number >= WARM_UP:
            self._sent += len(booking)
            self._cpu_ms += self._meter.per_message(1)
            self._wall_ms += 1000 * (time.perf_counter() - clock)
        self._number += 1

    @property
    def journey(self) -> Journey:
        return Journey(self._cpu_ms / self._sent, self._wall_ms / self._sent, " ".join(self._said))


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
