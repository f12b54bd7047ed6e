"""The whole program in the foreground: up, killed, up again on the same data, and down without a trace."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bot.launching.leftovers import started_on
from bot.launching.starting import free_ports, port_is_free, wait_until
from integrations.settings import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture
def var(place: Path) -> Iterator[Path]:
    yield place / "var"
    for process in started_on(place / "var"):
        process.kill()


def _up(var: Path, base: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot.cli", "up", "--var", str(var), "--port-base", str(base)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _until_ready(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    said = ""
    for line in child.stdout:
        said += line
        if "is ready after" in line:
            return said
    pytest.fail(f"it ended with status {child.wait()}:\n{said}")


def test_up_kill_9_of_everything_up_again_and_down(var: Path) -> None:
    base = free_ports(5)
    child = _up(var, base)
    assert "secrets.env" in _until_ready(child)
    assert httpx.get(f"http://127.0.0.1:{base}/health/ready").status_code == 200

    _kill_everything(child, var)
    secrets = (var / "secrets.env").read_text()
    child = _up(var, base)
    said = _until_ready(child)
    assert "Preparing a new" not in said
    assert (var / "secrets.env").read_text() == secrets

    child.kill()  # it alone: the supervisor and all the rest go on
    child.wait()
    assert started_on(var)
    child = _up(var, base)
    assert "an earlier run had left behind" in _until_ready(child)

    child.send_signal(signal.SIGINT)
    assert child.wait(240) == 0
    assert started_on(var) == []
    assert all(port_is_free(base + n) for n in range(5))


def test_a_port_in_use_is_said_before_anything_starts(var: Path) -> None:
    base = free_ports(5)
    holder = subprocess.Popen([sys.executable, "-m", "http.server", str(base), "--bind", "127.0.0.1"])
    try:
        assert wait_until(lambda: not port_is_free(base), 90)
        child = _up(var, base)
        said, _ = child.communicate(timeout=600)
        assert child.returncode == 1
        assert f"Port {base} (gateway) is in use" in said
        assert "Traceback" not in said
        assert started_on(var) == []
    finally:
        holder.kill()
        holder.wait()


def _kill_everything(child: subprocess.Popen[str], var: Path) -> None:
    child.kill()
    for process in started_on(var):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    child.wait()
    assert wait_until(lambda: not started_on(var), 90)
