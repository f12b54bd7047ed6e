"""The whole program with its sandbox, started as an operator starts it, for tests that go through the
platforms' own doors. Nothing in it is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from bot.launching import table
from bot.launching.leftovers import started_on
from bot.launching.starting import free_ports
from bot.launching.up import Options

# How many gateways, workers and Rasas a program has, where a test does not say.
PROCESSES = int(os.environ.get("DAOZHEN_TEST_PROCESSES", "1"))

# What in a process's command line tells which one of the table it is.
_COMMANDS = {
    "gateway": "bot.app:app",
    "desk": "bot.desk.app:app",
    "worker": "celery worker",
    "beat": "celery beat",
    "actions": "-m actions",
    "rasa": "components.serve",
    "sandbox": "integrations.sandbox",
    "valkey": "valkey-server",
    "postgres": "bin/postgres",
}


# The patients of these tests write faster than people do, and in a long storm more than a phone need show; the real
# pace has tests of its own.
_PACE = {
    "SANDBOX_ENTRIES": "20000",
    "TELEGRAM_CHAT_BURST": "30",
    "SANDBOX_TELEGRAM_CHAT_PER_SECOND": "12",
    "SANDBOX_TELEGRAM_CHAT_BURST": "40",
    "QUIET_HOURS": "none",  # tests run at night as well
    "OFFICE_HOURS": str(Path(__file__).with_name("office_hours.yml")),
}


def eventually(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Returns as soon as the condition holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Stack:
    """A running program. `sandbox` is the client of the sandbox's own door, where patients are driven."""

    options: Options
    sandbox: httpx.Client

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.options.settings().gateway_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.options.settings().sandbox_port}"

    @property
    def desk_url(self) -> str:
        return f"http://127.0.0.1:{self.options.settings().desk_port}"

    @property
    def log_dir(self) -> Path:
        return self.options.var / "log"

    @property
    def addresses(self) -> dict[str, str]:
        """DATABASE_URL, REDIS_URL, TRACKER_DATABASE_URL of this run."""
        return table.Databases(self.options.settings(), self.options.var).addresses()

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Asks the database as its owner; what changes is committed."""
        with psycopg.connect(self.addresses["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def processes(self, name: str, which: str = "") -> list[psutil.Process]:
        """The main processes of one row of the table, as many as there are of it (DAOZHEN_TEST_PROCESSES); only those
        with `which` in their command line. Raises LookupError while there is none."""
        found = [
            process
            for process in started_on(self.options.var)
            if _COMMANDS[name] in (command := _command_line(process)) and which in command
        ]
        if not found:
            raise LookupError(f"{name} does not run")
        ours = {p.pid for p in found}
        return [p for p in found if _parent(p) not in ours]

    def process(self, name: str, which: str = "") -> psutil.Process:
        """One of them."""
        return self.processes(name, which)[0]

    def kill(self, name: str, which: str = "") -> None:
        """kill -9 of all of them, and returns when they are gone."""
        kill_all(self.processes(name, which))

    @contextmanager
    def frozen(self, name: str, which: str = "") -> Iterator[list[psutil.Process]]:
        """All of them stand still inside the block (SIGSTOP), so that what comes before it can be killed."""
        processes = self.processes(name, which)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield processes
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def wait_until_ready(self, seconds: float = 240) -> None:
        """Raises TimeoutError with the last answer, which names the part that is away."""
        deadline, last = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"{self.gateway_url}/health/ready", timeout=20)
                if answer.status_code == 200:
                    return
                last = answer.text
            except httpx.HTTPError as error:
                last = repr(error)
            time.sleep(0.3)
        raise TimeoutError(f"the program is not ready again: {last}")


def kill_all(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it was ending by itself
            process.kill()
    deadline = time.monotonic() + 60
    while any(_lives(one) for one in processes):
        if time.monotonic() > deadline:
            raise TimeoutError("it survives kill -9")
        time.sleep(0.02)


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:  # it ended while we looked
        return None


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.is_running()
    except psutil.NoSuchProcess:
        return False


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def running_stack(
    var: Path, *, environment: dict[str, str] | None = None, processes: int = PROCESSES
) -> Iterator[Stack]:
    """`daozhen up` on free ports, with its data below `var`; stopped as by Ctrl-C on leaving. `processes`: how many
    gateways, workers and Rasas there are."""
    counts = dict.fromkeys(("gateways", "workers", "rasas"), processes)
    options = Options(var, sandbox=True, port_base=free_ports(table.FURTHER_GATEWAYS + processes), **counts)
    numbers = [word for name, count in counts.items() for word in (f"--{name}", str(count))]
    output = var / "up.log"
    with output.open("wb") as log:
        up = subprocess.Popen(
            [
                *(sys.executable, "-m", "bot.cli", "up", "--var", str(var)),
                *("--port-base", str(options.port_base), *numbers),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_PACE, **(environment or {})},
        )
    try:
        _wait_for_greeting(up, output)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{options.settings().sandbox_port}/inspect", timeout=120
        ) as sandbox:
            yield Stack(options, sandbox)
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(240)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()


def _wait_for_greeting(up: subprocess.Popen[bytes], output: Path, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if "is ready" in output.read_text():
            return
        if up.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"the program did not start:\n{output.read_text()}")
