"""Our program as it runs: `daozhen up` on data of its own, measured from outside."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from bot.launching import secrets
from bot.launching.secrets import Launch
from bot.launching.table import Databases, ports_from
from integrations.runtime import Runtime, open_runtime
from integrations.settings import ROOT
from tests.bench.journeys import Line

PORT_BASE = 9360
START_SECONDS = 300
# Not ours, or not part of a real hospital's machine.
OUTSIDE = ("postgres", "sandbox")


@dataclass
class OurRasa:
    """The sealed Rasa of the running program."""

    pid: int
    port: int
    token: str
    name: str = "ours"

    def request(self, line: Line, conversation: str, message_id: str) -> tuple[str, dict[str, str], Any]:
        body = {
            "conversation": conversation,
            "message_id": message_id,
            "text": line.text,
            "metadata": line.metadata(message_id),
        }
        return "/webhooks/daozhen/turns", {"Authorization": f"Bearer {self.token}"}, body

    def texts(self, answer: Any) -> list[str]:
        return [message["text"] for message in answer["messages"]]


@dataclass
class System:
    """The program, up and ready."""

    process: subprocess.Popen[bytes]
    settings: Launch
    addresses: dict[str, str]
    runtime: Runtime

    @property
    def rasa(self) -> OurRasa:
        return OurRasa(
            self.processes()["rasa"].pid, PORT_BASE + 4, self.settings.rasa_token.get_secret_value()
        )

    def rasas(self) -> list[OurRasa]:
        """All of them, by port."""
        token = self.settings.rasa_token.get_secret_value()
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            words = child.cmdline()
            if _kind(words) == "rasa":
                found.append(OurRasa(child.pid, int(words[words.index("--port") + 1]), token))
        return sorted(found, key=lambda one: one.port)

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.actions_port}/webhook"

    def resident_mb(self) -> dict[str, float]:
        """Resident megabytes by process, without Postgres, sandbox and this driver. Pages that processes
        share are counted in each of them."""
        found: dict[str, float] = {}
        for name, process in self.processes().items():
            if name not in OUTSIDE:
                own = name in ("up", "supervisor")  # the others are their children
                family = [process, *(() if own else process.children(recursive=True))]
                found[name] = sum(one.memory_info().rss for one in family) / 2**20
        return found

    def processes(self) -> dict[str, psutil.Process]:
        """The supervisor's children by what they are."""
        top = psutil.Process(self.process.pid)
        named = {"up": top}
        for child in top.children(recursive=True):
            name = _kind(child.cmdline())
            if name and child.pid not in {one.pid for one in named.values()}:
                named.setdefault(name, child)
        return named


def _kind(command: list[str]) -> str:
    words = " ".join(command)
    kinds = {
        "supervisord": "supervisor",
        "components.serve": "rasa",
        "-m actions": "actions",
        "celery -A bot.worker:celery worker": "worker",
        "celery -A bot.beat:celery beat": "beat",
        "bot.app:app": "gateway",
        "sandbox": "sandbox",
        "desk": "desk",
        "valkey-server": "valkey",
        "postgres": "postgres",
    }
    return next((name for mark, name in kinds.items() if mark in words), "")


@asynccontextmanager
async def running(var: Path, *, rasas: int = 1) -> AsyncIterator[System]:
    """Starts the program with its data in `var` and stops it on leaving. Raises RuntimeError."""
    var.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    log = (var / "up.log").open("wb")
    command = [sys.executable, "-m", "bot.cli", "up", "--var", str(var), "--port-base", str(PORT_BASE)]
    command += ["--rasas", str(rasas)]
    process = subprocess.Popen(  # noqa: ASYNC220
        command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
    )
    try:
        await _wait_until_ready(process, var)
        settings = secrets.load(var, changes=ports_from(PORT_BASE, rasas))
        addresses = Databases(settings, var).addresses()
        changed = {"database_url": addresses["DATABASE_URL"], "redis_url": addresses["REDIS_URL"]}
        async with open_runtime(settings.model_copy(update=changed)) as runtime:
            yield System(process, settings, addresses, runtime)
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, 60)
        log.close()


async def _wait_until_ready(process: subprocess.Popen[bytes], var: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with httpx.AsyncClient() as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                answer = await http.get(f"http://127.0.0.1:{PORT_BASE}/health/ready")
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                return
            await asyncio.sleep(0.5)
    raise RuntimeError(f"daozhen up is not ready:\n{(var / 'up.log').read_text()[-2000:]}")
