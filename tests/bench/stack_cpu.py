"""CPU of all processes that take part in answering a patient, from the webhook to the platform call."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
import psutil

from tests.bench.door import Delivery, Door, Patient
from tests.bench.journeys import BOOKING, departments
from tests.bench.people import arrive, last_entry, replies, sandbox
from tests.bench.system import System

# The whole program but its launcher; the sandbox stands for the outside platforms.
COUNTED = ("gateway", "worker", "beat", "rasa", "actions", "postgres", "valkey")
WARM_UP = 4
BOOKINGS = 60


@dataclass
class StackCpu:
    """Milliseconds a message by process, and how long a patient waited (median, by channel)."""

    cpu_ms: dict[str, float]
    waited_ms: dict[str, float]
    last_words: str

    @property
    def total_ms(self) -> float:
        return sum(self.cpu_ms.values())


async def bookings(system: System, first: int) -> StackCpu:
    """Registered patients who book one after the other, every second one on the other platform."""
    door, names = Door(system.settings), await departments(system.runtime)
    async with sandbox(system) as http:
        people = await arrive(system, http, WARM_UP + BOOKINGS, first)
        meter, waits, said = Meter(system), {"wechat": [], "telegram": []}, ""
        for number, patient in enumerate(people):
            if number == WARM_UP:
                meter.start()
            day = ("下周三", "下周四")[number // len(names) % 2]
            for line in BOOKING:
                words = line.format(department=names[number % len(names)], day=day)
                delivery, said = await _say(http, door, patient, words)
                if number >= WARM_UP:
                    waits[patient.channel].append(time.time() - delivery.asked_at)
        cpu = meter.per_message(BOOKINGS * len(BOOKING))
    return StackCpu(cpu, {name: 1000 * sorted(all_)[len(all_) // 2] for name, all_ in waits.items()}, said)


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
