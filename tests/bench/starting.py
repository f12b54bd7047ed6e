"""python -m tests.bench.starting: how long the program takes from its second start until it is ready, and how much
memory its Rasa then holds, after messages enough to have touched everything.

The first start makes database, secrets and model, and is not counted. Goals: 20 s, 600 MB.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.bench import latest, system
from tests.bench.figures import Bookings

GOALS = {"start_seconds": 20.0, "rasa_mb": 600.0}
BOOKINGS = 20


async def measure(folder: Path) -> dict[str, float]:
    async with system.running(folder):
        pass
    began = time.perf_counter()
    async with system.running(folder) as ours:
        took = time.perf_counter() - began
        bookings = await Bookings(ours, ours.rasa, 6_000).open()
        for _ in range(BOOKINGS):
            await bookings.next()
        resident = psutil.Process(ours.rasa.pid).memory_info().rss / 2**20
    return {"start_seconds": took, "rasa_mb": resident}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder) / "var"))
    latest.keep(figures)
    for name, goal in GOALS.items():
        print(f"{name}: {figures[name]:.1f} (goal: at most {goal:.0f})")
    return 0 if all(figures[name] <= goal for name, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
