"""python -m tests.bench.rasas: how much more two Rasa processes carry than one, when Rasa is what limits.

On a small machine the driver, the action server and Postgres would limit two of them first. So each Rasa is held to the
same share of a core (stopped and continued by turns, as a quota of a container does), small enough that the rest of
the machine has room: what is left to measure is whether two of them stand in each other's way. Patients talk in
conversations of their own, as many at once per Rasa in both runs; a conversation stays with its Rasa, as in production.
Goal: 1.7.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

from tests.bench import latest, system
from tests.bench.drive import Wire
from tests.bench.journeys import ENDLESS, departments, read, registered_patient
from tests.bench.system import OurRasa, System

GOAL = 1.7
SHARE = 0.25  # of a core, for each Rasa
PERIOD = 0.1  # seconds
AT_ONCE = 4  # conversations per Rasa
WARM_UP, SECONDS = 5.0, 30.0


@contextmanager
def held(rasa: OurRasa) -> Iterator[None]:
    """The process runs for its share of every period."""
    over = Event()

    def turns() -> None:
        while not over.is_set():
            os.kill(rasa.pid, signal.SIGCONT)
            time.sleep(PERIOD * SHARE)
            os.kill(rasa.pid, signal.SIGSTOP)
            time.sleep(PERIOD * (1 - SHARE))

    thread = Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.kill(rasa.pid, signal.SIGCONT)


async def carried(ours: System, rasas: list[OurRasa], first_patient: int) -> float:
    """Messages a second."""
    name = (await departments(ours.runtime))[0]
    lines = await read(ours.runtime, ENDLESS, department=name, day="明天")
    count = 0
    began = time.perf_counter() + WARM_UP

    async def talk(rasa: OurRasa, person: str) -> None:
        nonlocal count
        wire = await Wire(rasa).open()
        for line in cycle(lines):
            await wire.say(line, person)
            now = time.perf_counter()
            if now > began + SECONDS:
                return
            count += now > began

    people = [
        (rasa, await registered_patient(ours.runtime, first_patient + at * AT_ONCE + number))
        for at, rasa in enumerate(rasas)
        for number in range(AT_ONCE)
    ]
    began = time.perf_counter() + WARM_UP
    with ExitStack() as stack:
        for rasa in rasas:
            stack.enter_context(held(rasa))
        await asyncio.gather(*(talk(rasa, person) for rasa, person in people))
    return count / SECONDS


async def measure(folder: Path) -> dict[str, float]:
    async with system.running(folder, rasas=2) as ours:
        first, second = ours.rasas()
        one = (await carried(ours, [first], 8_000) + await carried(ours, [second], 8_100)) / 2
        two = await carried(ours, [first, second], 8_200)
    print(f"One Rasa: {one:.1f} messages a second; two: {two:.1f}")
    return {"rasa_two_ratio": two / one}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder) / "var"))
    latest.keep(figures)
    print(f"rasa_two_ratio: {figures['rasa_two_ratio']:.2f} (goal: at least {GOAL})")
    return 0 if figures["rasa_two_ratio"] >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
