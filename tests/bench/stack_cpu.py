"""CPU of all processes that take part in answering a patient, from the webhook to the platform call."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import httpx
import psutil

from tests.bench.door import Delivery, Door, Patient
from tests.bench.journeys import BOOKING, departments
from tests.bench.people import arrive, last_entry, replies
from tests.bench.system import System

# The whole program but its launcher; the sandbox stands for the outside platforms.
COUNTED = ("gateway", "worker", "beat", "rasa", "actions", "postgres", "valkey")


# Patients who book side by side, half on each platform. One alone would mostly wait for Telegram's pace of a message
# a second in a chat, and all the idle work of these seconds would count as hers.
AT_ONCE = 8
_AFTERWARDS = 0.2  # seconds: what is written down once the reply has left belongs to it
_IDLE_SECONDS = 60


@dataclass
class StackCpu:
    """Milliseconds a message by process, and how long a patient waited (median, by channel)."""

    cpu_ms: dict[str, float]
    waited_ms: dict[str, float]
    last_words: str

    @property
    def total_ms(self) -> float:
        return sum(self.cpu_ms.values())


class Bookings:
    """Registered patients who book, AT_ONCE at a time, every second one on the other platform. What happens between two
    calls of `next` is not counted."""

    def __init__(self, system: System, http: httpx.AsyncClient) -> None:
        self._system, self._http = system, http
        self._door, self._meter = Door(system.settings), Meter(system)
        self._waits: dict[str, list[float]] = {"wechat": [], "telegram": []}
        self._cpu_ms: dict[str, float] = dict.fromkeys(COUNTED, 0.0)
        self._number = self._sent = 0
        self._said = ""

    async def open(self, first: int, groups: int) -> Bookings:
        """Patients for so many calls of `next`."""
        self._names = await departments(self._system.runtime)
        self._people = await arrive(self._system, self._http, groups * AT_ONCE, first)
        return self

    async def next(self) -> None:
        """The bookings of AT_ONCE patients; the first such group is not counted."""
        numbers = range(self._number, self._number + AT_ONCE)
        self._meter.start()
        waits = await asyncio.gather(*(self._book(number) for number in numbers))
        await asyncio.sleep(_AFTERWARDS)
        if self._number:
            for number, waited in zip(numbers, waits, strict=True):
                self._waits[self._people[number].channel] += waited
                self._sent += len(waited)
            for name, spent in self._meter.per_message(1).items():
                self._cpu_ms[name] += spent
        self._number += AT_ONCE

    async def _book(self, number: int) -> list[float]:
        """How long each message waited for its reply, in seconds."""
        patient, names = self._people[number], self._names
        day = ("下周三", "下周四")[number // len(names) % 2]
        waits = []
        for line in BOOKING:
            words = line.format(department=names[number % len(names)], day=day)
            delivery, self._said = await _say(self._http, self._door, patient, words)
            waits.append(time.time() - delivery.asked_at)
        return waits

    @property
    def spent(self) -> StackCpu:
        waited = {name: 1000 * sorted(all_)[len(all_) // 2] for name, all_ in self._waits.items()}
        cpu = {name: spent / self._sent for name, spent in self._cpu_ms.items()}
        return StackCpu(cpu, waited, self._said)


async def _say(http: httpx.AsyncClient, door: Door, patient: Patient, words: str) -> tuple[Delivery, str]:
    """Brings a message and waits for its answer, in the webhook's own or on the phone."""
    before = await last_entry(http, patient)
    delivery = await door.bring(patient, words)
    if delivery.status != 200:
        raise RuntimeError(f"the gateway answered {delivery.status} to {words}")
    said = "(in the webhook's answer)"
    if not delivery.reply:
        said = " ".join(await replies(http, patient, before, seconds=30))
        if not said:
            raise RuntimeError(f"no answer to {words}")
    return delivery, said


async def idle(system: System) -> dict[str, float]:
    """Milliseconds of CPU a second by process while no patient writes."""
    meter = Meter(system)
    meter.start()
    await asyncio.sleep(_IDLE_SECONDS)
    return meter.per_message(_IDLE_SECONDS)


class Meter:
    """CPU seconds of the counted processes since `start`, children that have ended included."""

    def __init__(self, system: System) -> None:
        self._processes = {name: one for name, one in system.processes().items() if name in COUNTED}

    def start(self) -> None:
        self._before = self._now()

    def per_message(self, messages: int) -> dict[str, float]:
        now = self._now()
        return {name: 1000 * (now[name] - self._before[name]) / messages for name in now}

    def _now(self) -> dict[str, float]:
        return {name: _cpu_seconds(process) for name, process in self._processes.items()}


def _cpu_seconds(process: psutil.Process) -> float:
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return spent
