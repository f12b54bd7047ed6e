"""CPU of all processes that take part in answering a patient, from the webhook to the platform call."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psutil

from tests.bench.system import System

# The whole program but the launcher; the sandbox stands for the outside platforms.
COUNTED = ("gateway", "worker", "beat", "rasa", "actions", "postgres", "valkey")


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process, of its children, and of children that have ended."""
    spent = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


@dataclass
class StackMeter:
    """What each process takes from `start` on."""

    system: System
    before: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        self.clock = time.perf_counter()
        self.before = self._now()

    def per_message(self, messages: int) -> dict[str, float]:
        """Milliseconds a message by process."""
        now = self._now()
        return {name: 1000 * (now[name] - self.before[name]) / messages for name in now}

    def _now(self) -> dict[str, float]:
        return {
            name: cpu_seconds(process) for name, process in self.system.processes().items() if name in COUNTED
        }
