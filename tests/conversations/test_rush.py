"""Two hundred patients after fifty numbers at once, on both platforms: every number is sold once, and who comes
too late hears so and what to do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
import pytest

from tests.conversations.hospital import Hospital
from tests.patients import PATIENTS, Patient, is_answer
from tests.stack import Stack

pytestmark = pytest.mark.slow

PATIENTS_MANY = 200
NUMBERS = 50
AT_ONCE = 60  # patients whose requests are on the way at the same time
PATIENCE = 300.0  # seconds a patient waits for an answer


@dataclass
class Caller:
    """A patient of the rush, driven without a thread of their own."""

    http: httpx.AsyncClient
    patient: Patient
    turn: asyncio.Semaphore
    said: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    async def say(self, words: str) -> str:
        return await self.act("text", text=words)

    async def act(self, kind: str, **more: str) -> str:
        """Does something on the platform, and gives the answer."""
        door, began = f"/{self.patient.channel}", time.monotonic()
        async with self.turn:
            order = {**self.patient.address, "type": kind, **more, "wait": False}
            sent = await self.http.post(f"{door}/messages", json=order)
            sent.raise_for_status()
        after = sent.json()["entry"]
        while time.monotonic() - began < PATIENCE:
            seen = await self.http.get(door, params={**self.patient.address, "after": after, "wait_s": 20})
            found = seen.json()["messages"]
            after = max([after, *(one["id"] for one in found if one["side"] == "account")])
            if answers := [one for one in found if is_answer(one)]:
                self.waited.append(time.monotonic() - began)
                self.said.append("\n".join(_whole(one) for one in answers))
                return self.said[-1]
        raise TimeoutError(f"no answer to {kind} {more}")

    async def book(self, when: str, doctor: str) -> None:
        """Asks for the half day, and confirms when a number of it is offered."""
        answer = await self.say(f"{when}挂{doctor}医生")
        if "请确认" in answer and doctor in answer:
            await self.say("确认")


def _whole(entry: dict[str, Any]) -> str:
    buttons = [button["text"] for row in entry.get("inline_keyboard") or [] for button in row]
    return "\n".join([entry.get("text") or "", *buttons])


@pytest.fixture(scope="module")
def crowd(stack: Stack, hospital: Hospital) -> list[Patient]:
    """Half on each platform, all registered, all greeted."""
    kinds = [PATIENTS[channel] for channel in sorted(PATIENTS)]
    people: list[Patient] = []
    for number in range(PATIENTS_MANY):
        kind = kinds[number % len(kinds)]
        people.append(kind.arrive(stack.sandbox, **{kind.meeting: False}))
    hospital.register(people)

    async def meet() -> None:
        async with httpx.AsyncClient(base_url=str(stack.sandbox.base_url), timeout=90) as http:
            turn = asyncio.Semaphore(8)

            async def one(patient: Patient) -> None:
                async with turn:
                    await Caller(http, patient, asyncio.Semaphore()).act(patient.meeting)

            await asyncio.gather(*(one(patient) for patient in people))

    asyncio.run(meet())
    return people


async def test_fifty_numbers_are_sold_once_each_and_the_others_are_told(
    crowd: list[Patient], stack: Stack, hospital: Hospital, record_property: Any
) -> None:
    schedule, when = hospital.half_day("万红梅", slots=NUMBERS)
    busy = _Busy(stack)
    began = time.monotonic()
    limits = httpx.Limits(max_connections=PATIENTS_MANY, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=str(stack.sandbox.base_url), timeout=90, limits=limits) as http:
        turn = asyncio.Semaphore(AT_ONCE)
        callers = [Caller(http, patient, turn) for patient in crowd]
        await asyncio.gather(*(caller.book(when, "万红梅") for caller in callers))
    took = time.monotonic() - began
    waits = sorted(wait for caller in callers for wait in caller.waited)
    figures = {
        "seconds": round(took, 1),
        "messages": len(waits),
        "median_s": round(waits[len(waits) // 2], 2),
        "p99_s": round(waits[int(len(waits) * 0.99)], 2),
        "cpu_s": busy.since(),
    }
    record_property("rush", figures)
    print(figures)

    booked = [caller for caller in callers if "约好了" in caller.said[-1]]
    told = [caller for caller in callers if caller not in booked]
    assert len(booked) == NUMBERS
    assert all("约满" in "".join(caller.said) for caller in told)
    assert all("医师" in caller.said[-1] for caller in told)  # with others to choose from
    rows = hospital.rows(
        "SELECT slot_id, patient_id FROM appointments WHERE schedule_id = %s AND status = 'booked'", schedule
    )
    assert len(rows) == NUMBERS
    assert len({slot for slot, _ in rows}) == NUMBERS
    assert len({patient for _, patient in rows}) == NUMBERS
    left = hospital.one("SELECT count(*) FROM inbound WHERE status <> 'done'")
    assert left == 0


class _Busy:
    """CPU seconds by process, from now on: which one is the bottleneck."""

    NAMES = ("gateway", "worker", "rasa", "actions", "sandbox", "postgres", "valkey")

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.before = self._read()

    def _read(self) -> dict[str, float]:
        seconds = {}
        for name in self.NAMES:
            main = self.stack.process(name)
            times = [process.cpu_times() for process in (main, *main.children(recursive=True))]
            seconds[name] = sum(one.user + one.system for one in times)
        own = psutil.Process().cpu_times()
        return {**seconds, "driver": own.user + own.system}

    def since(self) -> dict[str, float]:
        return {name: round(after - self.before[name], 1) for name, after in self._read().items()}
