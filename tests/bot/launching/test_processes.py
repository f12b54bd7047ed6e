"""The supervisor over small stand-in programs: restarts, clean stops, ports, and what a kill -9 left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.launching.leftovers import MARKER, hold, started_on, stop_orphans
from bot.launching.processes import Process, Supervisor, check_ports
from bot.launching.starting import StartError, free_ports, wait_until

pytestmark = pytest.mark.slow

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
PARENT = (
    sys.executable,
    "-c",
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "time.sleep(600)",
)
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)
TELLER = (
    sys.executable,
    "-c",
    "import json, os, time; print(json.dumps(dict(os.environ)), flush=True); time.sleep(600)",
)


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "var with % and spaces"
    yield directory
    for process in started_on(directory):
        process.kill()


def _pid(supervisor: Supervisor, name: str) -> int:
    assert wait_until(lambda: supervisor.states()[name].pid > 0, 90)
    return supervisor.states()[name].pid


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_process_that_dies_is_started_again(var: Path) -> None:
    # A signal between fork and exec is lost; that one is killed after stop_seconds.
    with Supervisor(var, [Process("sleeper", SLEEPER, early=True, stop_seconds=2)]) as supervisor:
        first = _pid(supervisor, "sleeper")
        os.kill(first, signal.SIGKILL)
        assert wait_until(lambda: supervisor.states()["sleeper"].pid not in {0, first}, 90)


def test_what_is_not_early_waits_to_be_started(var: Path) -> None:
    with Supervisor(var, [Process("sleeper", SLEEPER)]) as supervisor:
        assert supervisor.states()["sleeper"].pid == 0
        supervisor.start("sleeper")
        assert _pid(supervisor, "sleeper")
        supervisor.start("sleeper")  # again does no harm


def test_stopping_leaves_nothing_not_even_grandchildren_or_the_stubborn(var: Path) -> None:
    table = [Process("parent", PARENT, early=True), Process("stubborn", STUBBORN, early=True, stop_seconds=1)]
    with Supervisor(var, table) as supervisor:
        parent = psutil.Process(_pid(supervisor, "parent"))
        assert wait_until(lambda: bool(parent.children()), 90)
        assert wait_until(lambda: "deaf" in supervisor.log("stubborn").read_text(), 90)
        pids = [parent.pid, parent.children()[0].pid, _pid(supervisor, "stubborn")]
    assert not any(_lives(pid) for pid in pids)
    assert started_on(var) == []


def test_a_process_has_its_own_environment_and_no_other(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_KEYS", "not for everybody")
    value = 'quote" percent% dollar$ 汉字\nline'
    with Supervisor(var, [Process("teller", TELLER, {"GIVEN": value}, early=True)]) as supervisor:
        assert wait_until(
            lambda: supervisor.log("teller").exists() and supervisor.log("teller").read_text() != "", 90
        )
        seen = json.loads(supervisor.log("teller").read_text())
    assert seen.pop("LC_CTYPE", "") in {"", "C.UTF-8"}  # Python sets this one itself
    assert seen == {"GIVEN": value, MARKER: str(var)}


def test_files_that_hold_secrets_are_private(var: Path) -> None:
    with Supervisor(var, [Process("sleeper", SLEEPER, {"KEY": "secret"}, early=True)]) as supervisor:
        command = psutil.Process(_pid(supervisor, "sleeper")).cmdline()
    assert (var / "run").stat().st_mode & 0o777 == 0o700
    assert (var / "run/sleeper.json").stat().st_mode & 0o777 == 0o600
    assert "secret" not in " ".join(command)


def test_nice_is_set(var: Path) -> None:
    with Supervisor(var, [Process("sleeper", SLEEPER, nice=5, early=True)]) as supervisor:
        process = psutil.Process(_pid(supervisor, "sleeper"))
        assert wait_until(lambda: process.nice() == os.nice(0) + 5, 90)


def test_a_process_that_cannot_start_is_told_with_the_end_of_its_log(var: Path) -> None:
    broken = (sys.executable, "-c", "raise SystemExit('no such thing as a key')")
    with Supervisor(var, [Process("broken", broken, early=True)]) as supervisor:
        log = supervisor.log("broken")
        assert wait_until(lambda: log.exists() and "no such thing" in log.read_text(), 90)
        with pytest.raises(StartError, match="no such thing as a key"):
            supervisor.wait_for("broken", lambda: False, 1)


@pytest.mark.slow
def test_a_process_that_supervisor_gave_up_is_tried_again(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.launching.processes.START_TRIES", 2)
    works = tmp_path / "works"
    sometimes = f"import pathlib, time; time.sleep(600 if pathlib.Path({str(works)!r}).exists() else 0)"
    with Supervisor(var, [Process("sometimes", (sys.executable, "-c", sometimes), early=True)]) as supervisor:
        assert wait_until(lambda: supervisor.states()["sometimes"].word == "FATAL", 90, every=0.5)
        works.touch()
        assert supervisor.revive() == ["sometimes"]
        assert wait_until(lambda: supervisor.states()["sometimes"].word == "RUNNING", 90)


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        free = Process("free", SLEEPER, port=free_ports())
        with pytest.raises(StartError) as error:
            check_ports([free, Process("gateway", SLEEPER, port=port, setting="GATEWAY_PORT")])
    assert str(error.value).count("\n") == 0
    assert f"Port {port} (gateway)" in str(error.value)
    assert "GATEWAY_PORT" in str(error.value)
    assert f"(pid {os.getpid()})" in str(error.value)


def test_kill_9_of_the_supervisor_leaves_orphans_and_the_next_start_stops_them(var: Path) -> None:
    supervisor = Supervisor(var, [Process("parent", PARENT, early=True)])
    supervisor.__enter__()
    pid = _pid(supervisor, "parent")
    assert wait_until(lambda: bool(psutil.Process(pid).children()), 90)
    child = psutil.Process(pid).children()[0].pid
    assert supervisor._child is not None
    os.kill(supervisor._child.pid, signal.SIGKILL)
    supervisor._child.wait()
    assert _lives(pid)
    assert _lives(child)
    assert not supervisor.alive
    assert stop_orphans(var) == 2
    assert not _lives(pid)
    assert not _lives(child)


def test_other_programs_are_no_orphans(var: Path) -> None:
    other = subprocess.Popen(SLEEPER, env={MARKER: f"{var}-of-somebody-else"})
    try:
        assert stop_orphans(var) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_only_one_runs_on_a_directory(var: Path) -> None:
    with (
        hold(var),
        pytest.raises(StartError, match=f"already running on .* \\(pid {os.getpid()}\\)"),
        hold(var),
    ):
        pass
    with hold(var):
        pass
