"""Raw asyncio over one connection: a driver that costs less than what it measures."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

from tests.bench.journeys import Line


class Bot(Protocol):
    """A Rasa to talk to."""

    name: str
    pid: int
    port: int

    def request(self, line: Line, conversation: str, message_id: str) -> tuple[str, dict[str, str], Any]:
        """Path, headers and body of one message."""
        ...

    def texts(self, answer: Any) -> list[str]:
        """What the bot said."""
        ...


class Wire:
    """One HTTP/1.1 connection that is kept."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.sent = 0

    async def open(self) -> Wire:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.bot.port, limit=2**22)
        return self

    async def say(self, line: Line, conversation: str) -> list[str]:
        """Raises RuntimeError unless the bot answers 200."""
        self.sent += 1
        path, headers, body = self.bot.request(line, conversation, f"{time.time_ns():032x}")
        payload = json.dumps(body, ensure_ascii=False).encode()
        fields = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(payload)),
            **headers,
        }
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        self.writer.write(head.encode() + b"\r\n" + payload)
        async with asyncio.timeout(60):
            status, content = await self._answer()
        if status != 200:
            raise RuntimeError(f"{self.bot.name} answered {status} to {line.text}: {content[:200]!r}")
        return self.bot.texts(json.loads(content))

    async def _answer(self) -> tuple[int, bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (row.partition(":") for row in head[1:] if row)}
        return int(head[0].split()[1]), await self.reader.readexactly(int(fields["content-length"]))


@dataclass
class Meter:
    """CPU seconds of a process (user and system, all its threads)."""

    pid: int

    def __post_init__(self) -> None:
        self.process = psutil.Process(self.pid)
        self.start()

    def start(self) -> None:
        self.cpu, self.clock = self._cpu(), time.perf_counter()

    def per_message(self, messages: int) -> float:
        """Milliseconds of CPU a message since `start`."""
        return 1000 * (self._cpu() - self.cpu) / messages

    def _cpu(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system
