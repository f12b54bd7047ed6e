"""A stock Rasa 3.6.21 on the same domain, data and action server; REST channel, Redis tracker store."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from integrations.settings import ROOT
from tests.bench.journeys import Line
from tests.bench.system import System

PYTHON = ROOT / ".venv-rasa/bin/python"
PARTS = ROOT / "tests/bench/stock"
PORT = 9375
EPOCHS = 16  # as config.yml has it
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "LOG_LEVEL": "ERROR"}


@dataclass
class StockRasa:
    pid: int
    port: int = PORT
    name: str = "stock"

    def request(self, line: Line, conversation: str, message_id: str) -> tuple[str, dict[str, str], Any]:
        body = {"sender": conversation, "message": line.text, "metadata": line.metadata(message_id)}
        return "/webhooks/rest/webhook", {}, body

    def texts(self, answer: Any) -> list[str]:
        return [message.get("text", "") for message in answer]


def configuration(epochs: int = EPOCHS) -> str:
    """The stock configuration, with so many epochs of DIET and TED."""
    written = (PARTS / "config.yml").read_text(encoding="utf-8")
    return written.replace(f"epochs: {EPOCHS}\n", f"epochs: {epochs}\n")


def train(folder: Path, epochs: int = EPOCHS) -> Path:
    """The stock model, trained anew only when domain, data or configuration changed (half an hour at 16 epochs)."""
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    sources = [file for file in (ROOT / "dialogs").glob("*/*.yml") if file.parent.name != "components"]
    for source in [*sources, PARTS / "stories.yml"]:
        target = data / source.parent.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    config = folder / "config.yml"
    config.write_text(configuration(epochs), encoding="utf-8")
    inputs = [ROOT / "domain.yml", config, *sorted(data.rglob("*.yml"))]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in inputs)).hexdigest()[:16]
    model = folder / f"stock-{digest}.tar.gz"
    if not model.exists():
        print(f"Training the stock model (DIET and TED, {epochs} epochs each) …", flush=True)
        command = [str(PYTHON), "-W", "ignore", "-m", "rasa", "train", "--force"]
        command += ["--config", str(config), "--domain", str(ROOT / "domain.yml")]
        command += ["--data", str(data), "--out", str(folder), "--fixed-model-name", model.name]
        cache = {"RASA_CACHE_DIRECTORY": str(folder / "cache")}  # otherwise it lies beside the sources
        done = subprocess.run(
            command, env=_environment() | cache, capture_output=True, text=True, check=False
        )
        if done.returncode or not model.exists():
            raise RuntimeError(f"The stock Rasa could not be trained:\n{(done.stdout + done.stderr)[-3000:]}")
    return model


def _environment() -> dict[str, str]:
    return {**os.environ, **QUIET, "PYTHONPATH": str(PARTS)}


@asynccontextmanager
async def running(system: System, model: Path, log: Path) -> AsyncIterator[StockRasa]:
    """Serves the model against the program's own action server and Valkey. Raises RuntimeError."""
    redis = urlsplit(system.addresses["REDIS_URL"])
    command = [str(PYTHON), "-W", "ignore", "-m", "rasa", "run", "--model", str(model), "--port", str(PORT)]
    command += ["--interface", "127.0.0.1", "--endpoints", str(PARTS / "endpoints.yml")]
    command += ["--credentials", str(PARTS / "credentials.yml")]
    environment = _environment() | {
        "ACTIONS_URL": system.actions_url,
        "STOCK_REDIS_PORT": str(redis.port),
        "STOCK_REDIS_PASSWORD": redis.password or "",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            command, env=environment, stdout=out, stderr=out, cwd=log.parent
        )
    try:
        await _wait_until_ready(process, log)
        yield StockRasa(process.pid)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)


async def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    async with httpx.AsyncClient() as http:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if (await http.get(f"http://127.0.0.1:{PORT}/webhooks/rest/")).is_success:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.5)
    raise RuntimeError(f"the stock Rasa is not ready:\n{log.read_text()[-2000:]}")  # noqa: ASYNC240
