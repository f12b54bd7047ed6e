"""Table, latest.json and plot."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.burst import Burst
from tests.bench.figures import History, Journey
from tests.bench.load import GOAL_P95, Load
from tests.bench.payments import Callbacks
from tests.bench.reminding import Reminding
from tests.bench.stack_cpu import AT_ONCE, StackCpu
from tests.bench.takeover import Takeovers

_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)  # seconds

GOALS = {
    "cpu_ratio_rasa": 0.25,
    "cpu_ratio_stack": 1.0,
    "history_ratio": 1.2,
    "rss_mb": 1500.0,
    "burst_stored_p99_s": 1.0,
    "burst_answered_p999_s": 5.0,
    "burst_lost": 0.0,
    "burst_twice": 0.0,
    "pay_callbacks_s": 10.0,
    "pay_callbacks_wrong": 0.0,
    "follow_up_cost_ratio": 1.2,
    "follow_up_lost": 0.0,
    "follow_up_twice": 0.0,
    "follow_up_rss_growth_mb": 20.0,
    "takeover_sent_after": 0.0,
}


@dataclass
class Results:
    ours: Journey
    stock: Journey
    our_history: History
    stock_history: History
    resident: dict[str, float]
    stock_rasa_mb: float
    stack: StackCpu
    idle: dict[str, float]
    burst: Burst
    load: Load
    callbacks: Callbacks
    reminding: Reminding
    takeovers: Takeovers

    @property
    def figures(self) -> dict[str, float]:
        return {
            "cpu_ratio_rasa": round(self.ours.cpu_ms / self.stock.cpu_ms, 3),
            "history_ratio": round(self.our_history.ratio, 3),
            "rss_mb": round(sum(self.resident.values()), 1),
            "cpu_ms_ours": round(self.ours.cpu_ms, 2),
            "cpu_ms_stock": round(self.stock.cpu_ms, 2),
            "rss_mb_rasa": round(self.resident.get("rasa", 0.0), 1),
            "rss_mb_rasa_stock": round(self.stock_rasa_mb, 1),
            "history_ratio_stock": round(self.stock_history.ratio, 2),
            "history_reached_stock": float(self.stock_history.curve[-1][0]),
            "cpu_ratio_stack": round(self.stack.total_ms / self.stock.cpu_ms, 3),
            "cpu_ms_stack": round(self.stack.total_ms, 2),
            **{f"cpu_ms_stack_{name}": round(spent, 2) for name, spent in self.stack.cpu_ms.items()},
            **{f"waited_ms_{name}": round(waited, 1) for name, waited in self.stack.waited_ms.items()},
            "idle_ms_per_second": round(sum(self.idle.values()), 1),
            "burst_stored_p99_s": round(self.burst.stored_p99, 3),
            "burst_answered_p999_s": round(self.burst.answered_p999, 3),
            "burst_last_reply_s": round(self.burst.last_reply, 1),
            "burst_passive": float(self.burst.passive),
            "burst_lost": float(self.burst.lost),
            "burst_twice": float(self.burst.twice),
            "sustained_per_second": self.load.sustained,
            "pay_callbacks_s": round(self.callbacks.seconds, 2),
            "pay_callbacks_wrong": float(self.callbacks.wrong),
            **{f"pay_callbacks_cpu_ms_{name}": round(ms, 2) for name, ms in self.callbacks.cpu_ms.items()},
            **self.reminding.figures,
            **self.takeovers.figures,
        }


def table(results: Results) -> str:
    """What a person reads."""
    ours, stock, figures = results.ours, results.stock, results.figures
    at, then = results.stock_history.curve[0], results.stock_history.curve[-1]
    first, last = results.our_history.curve[0], results.our_history.curve[-1]
    rows = [
        ("", "ours", "stock"),
        ("CPU of Rasa per message of a booking", f"{ours.cpu_ms:.1f} ms", f"{stock.cpu_ms:.1f} ms"),
        ("time per message (one patient at a time)", f"{ours.wall_ms:.1f} ms", f"{stock.wall_ms:.1f} ms"),
        (f"CPU at message {first[0]}", f"{first[1]:.1f} ms", f"{at[1]:.1f} ms"),
        (f"CPU at message {last[0]}", f"{last[1]:.1f} ms", f"(at {then[0]}) {then[1]:.1f} ms"),
        ("Rasa resident", f"{results.resident.get('rasa', 0):.0f} MB", f"{results.stock_rasa_mb:.0f} MB"),
        *((f"  {name}", f"{size:.0f} MB", "") for name, size in sorted(results.resident.items())),
        (
            "CPU of the whole program per message",
            f"{results.stack.total_ms:.1f} ms",
            f"{stock.cpu_ms:.1f} ms (Rasa alone)",
        ),
        *((f"  {name}", f"{spent:.1f} ms", "") for name, spent in sorted(results.stack.cpu_ms.items())),
        *(
            (f"an answer, {AT_ONCE} patients at once, {name}", f"{waited:.0f} ms", "")
            for name, waited in results.stack.waited_ms.items()
        ),
        ("CPU of the whole program while nobody writes", f"{figures['idle_ms_per_second']} ms/s", ""),
        ("500 in a second: the last reply after", f"{results.burst.last_reply:.0f} s", ""),
        (
            f"messages a second, p95 under {GOAL_P95} s",
            f"{results.load.sustained:g}",
            "one process of each kind",
        ),
        *(
            (name, str(figures[name]), f"goal: at most {goal} {_verdict(figures[name], goal)}")
            for name, goal in GOALS.items()
        ),
    ]
    return "\n".join(f"{name:44} {one:>12}   {other}" for name, one, other in rows)


def _verdict(value: float, goal: float) -> str:
    return "(reached)" if value <= goal else "(MISSED)"


def write(results: Results, folder: Path) -> None:
    """latest.json, bench.png and latency.png."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(results.figures, indent=2) + "\n", encoding="utf-8")
    _plot(results, folder / "bench.png")
    _plot_latency(results, folder / "latency.png")


def _plot(results: Results, file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _bars(left, results)
    for name, history in (("stock", results.stock_history), ("ours", results.our_history)):
        right.plot(*zip(*history.curve, strict=True), label=name)
    right.set(
        title="A message late in a conversation",
        xlabel="number of the message",
        ylabel="CPU ms",
        yscale="log",
    )
    right.legend()
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _bars(axes: Any, results: Results) -> None:
    bars = axes.bar(["stock", "ours"], [results.stock.cpu_ms, results.ours.cpu_ms])
    axes.bar_label(bars, fmt="%.1f ms")
    axes.set(title="Rasa, one message of a booking", ylabel="CPU ms")


def _plot_latency(results: Results, file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    rates = [step.rate for step in results.load.steps]
    axes.plot(rates, [step.p50 for step in results.load.steps], marker="o", label="median")
    axes.plot(rates, [step.p95 for step in results.load.steps], marker="o", label="95 of 100")
    axes.axhline(GOAL_P95, color="grey", linestyle="--", linewidth=1)
    axes.set(
        title="From the webhook to the reply, one process of each kind",
        xlabel="messages a second",
        ylabel="seconds",
        yscale="log",
    )
    axes.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.minorticks_off()
    axes.legend()
    figure.savefig(file, dpi=110)
    plt.close(figure)
