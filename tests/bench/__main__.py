"""`make bench`: our Rasa and a stock one, side by side on the same machine in the same run."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from integrations.settings import ROOT
from tests.bench import (
    burst,
    figures,
    load,
    payments,
    people,
    reminding,
    stack_cpu,
    stock_rasa,
    system,
    takeover,
)
from tests.bench.drive import Bot
from tests.bench.figures import Journey
from tests.bench.report import GOALS, Results, table, write

OUT = ROOT / "var/bench"
_TURNS_BETWEEN = 4


async def measure(folder: Path, model: Path) -> Results:
    """Says what each part found as it goes: the whole takes a quarter of an hour."""
    print("Starting the program …", flush=True)
    async with system.running(folder / "var") as ours:
        async with stock_rasa.running(ours, model, folder / "stock.log") as stock:
            print("Bookings …", flush=True)
            our_journey, stock_journey, stack = await book(ours, stock)
            for journey in (our_journey, stock_journey):
                print(f"  {journey.cpu_ms:.1f} ms of CPU a message; the last words: {journey.last_words!r}")
            print(f"  the whole program {stack.total_ms:.1f} ms: {_rounded(stack.cpu_ms)}")
            idle = await stack_cpu.idle(ours)
            print(f"  while nobody writes, ms a second: {_rounded(idle)}")
            print("Endless conversations …", flush=True)
            stock_history = await figures.endless(ours, stock, 2_000, figures.STOCK_SECONDS)
            stock_mb = psutil.Process(stock.pid).memory_info().rss / 2**20
        our_history = await figures.endless(ours, ours.rasa, 3_000)
        print(f"  late against early: {our_history.ratio:.2f}")
        async with people.sandbox(ours) as http:
            print(f"{burst.PATIENTS} patients arrive …", flush=True)
            crowd = await people.arrive(ours, http, burst.PATIENTS, 5_000)
        print("Some of them, then all at once …", flush=True)
        await load.warm_up(ours, crowd)
        rush = await burst.burst(ours, crowd)
        print(f"  {rush}")
        print("More and more of them …", flush=True)
        waits = await load.load(ours, crowd)
        resident = ours.resident_mb()
        print(f"  resident MB: {_rounded(resident)}")
        print(f"{payments.CALLBACKS} callbacks of payments …", flush=True)
        told = await payments.callbacks(ours, 20_000)
        print(f"  {told}")
    print(f"{reminding.MANY} follow-ups and reminders …", flush=True)
    due = await reminding.measure()
    print(due.plan)
    print("Takeovers while the bot's replies are on their way …", flush=True)
    taken = await takeover.run()
    print(f"  {taken}")
    return Results(
        our_journey,
        stock_journey,
        our_history,
        stock_history,
        resident,
        stock_mb,
        stack,
        idle,
        rush,
        waits,
        told,
        due,
        taken,
    )


def _rounded(parts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in parts.items()}


async def book(ours: system.System, stock: Bot) -> tuple[Journey, Journey, stack_cpu.StackCpu]:
    """The three take turns: what else this machine does meanwhile meets them alike. The whole program's turn comes
    less often and brings a group of patients."""
    many = figures.WARM_UP + figures.BOOKINGS
    async with people.sandbox(ours) as http:
        alone = await figures.Bookings(ours, ours.rasa, 0).open()
        rival = await figures.Bookings(ours, stock, 1_000).open()
        whole = await stack_cpu.Bookings(ours, http).open(4_000, -(-many // _TURNS_BETWEEN))
        for turn in range(many):
            await alone.next()
            await rival.next()
            if turn % _TURNS_BETWEEN == 0:
                await whole.next()
    return alone.journey, rival.journey, whole.spent


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--stock-model", type=Path, help="instead of training one (half an hour, once)")
    parser.add_argument(
        "--epochs", type=int, default=stock_rasa.EPOCHS, help="of the stock model: 100 are hours of training"
    )
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    model = options.stock_model or stock_rasa.train(OUT, options.epochs)
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(measure(Path(folder), model.resolve()))
    write(results, OUT)
    print(table(results))
    return 0 if all(results.figures[name] <= goal for name, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
