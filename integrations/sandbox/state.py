"""What the sandbox remembers, all of it in memory and bounded: people, conversations, media, the protocol log."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Side = Literal["patient", "account", "notice"]


@dataclass(slots=True)
class Entry:
    """One thing seen in a conversation. `revision` rises with every change, so that a screen can redraw it.

    `state` is what the phone shows beside it: "sending", "" (done), "failed", "deleted".
    `attempts` are the deliveries to the program: {at, ms, outcome, status?}.
    """

    id: int
    at: datetime
    side: Side
    kind: str
    body: dict[str, Any]
    ref: str = ""  # the platform's own id
    state: str = ""
    revision: int = 0
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "at": self.at.isoformat(), "side": self.side, "kind": self.kind, "ref": self.ref,
            "state": self.state, **self.body, "attempts": list(self.attempts),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One HTTP exchange with the program. `inbound` means that the program called us. `error` is empty on success."""

    id: int
    at: datetime
    platform: str
    operation: str
    inbound: bool
    who: str
    ms: int
    status: int
    error: str
    request: Any
    response: Any

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "at": self.at.isoformat(), "platform": self.platform, "operation": self.operation,
            "direction": "from_program" if self.inbound else "to_program", "who": self.who, "ms": self.ms,
            "status": self.status, "error": self.error, "request": self.request, "response": self.response,
        }  # fmt: skip


class Thread:
    """One conversation: what the phone shows (`entries`) and the exchanges behind it (`records`)."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._last = 0
        self._changed = asyncio.Event()
        self.version = 0
        self.entries: deque[Entry] = deque(maxlen=limit)
        self.records: deque[Record] = deque(maxlen=limit)

    def add(self, side: Side, kind: str, body: dict[str, Any], *, ref: str = "", state: str = "") -> Entry:
        self._last += 1
        entry = Entry(self._last, self._clock(), side, kind, body, ref, state)
        self.entries.append(entry)
        self.touch()
        return entry

    def touch(self, entry: Entry | None = None) -> None:
        """Says that something (one entry) changed: every open screen and every waiting reader looks again."""
        if entry is not None:
            entry.revision += 1
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def find(self, ref: str) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if entry.ref == ref), None)

    async def answer_after(self, entry_id: int, seconds: float) -> None:
        """Returns when the account said something after entry `entry_id`, or when the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while not any(e.side != "patient" and e.id > entry_id for e in self.entries):
                    await self._changed.wait()
        except TimeoutError:
            return


class ProtocolLog:
    """The last exchanges of all platforms. Access tokens and keys never come in here."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._last = 0
        self.records: deque[Record] = deque(maxlen=limit)

    @property
    def version(self) -> int:
        return self._last

    def add(
        self, platform: str, operation: str, *, inbound: bool, began: datetime, who: str = "", status: int = 200,
        error: str = "", request: Any = None, response: Any = None, thread: Thread | None = None,
    ) -> Record:  # fmt: skip
        self._last += 1
        ms = round((self._clock() - began) / timedelta(milliseconds=1))
        record = Record(
            self._last, began, platform, operation, inbound, who, ms, status, error, request, response
        )
        self.records.append(record)
        if thread is not None:
            thread.records.append(record)
            thread.touch()
        return record


@dataclass(frozen=True, slots=True)
class MediaFile:
    id: str
    content: bytes
    mime: str
    name: str
    expires_at: datetime


class MediaStore:
    """Files by id, until they expire or the newest ones need their room."""

    def __init__(self, clock: Clock, seconds: int, limit_bytes: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._limit = limit_bytes
        self._size = 0
        self._files: OrderedDict[str, MediaFile] = OrderedDict()

    def put(self, content: bytes, mime: str, name: str, media_id: str = "") -> MediaFile:
        media_id = media_id or secrets.token_urlsafe(48)
        expires = self._clock() + timedelta(seconds=self._seconds)
        file = MediaFile(media_id, content, mime, name, expires)
        self._files[media_id] = file
        self._size += len(content)
        while self._size > self._limit and len(self._files) > 1:
            self._drop(next(iter(self._files)))
        return file

    def get(self, media_id: str) -> MediaFile | None:
        file = self._files.get(media_id)
        if file is not None and file.expires_at <= self._clock():
            self._drop(media_id)
            return None
        return file

    def _drop(self, media_id: str) -> None:
        self._size -= len(self._files.pop(media_id).content)


class Background:
    """Tasks that outlive the request that began them, ended together with the application."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a sandbox task failed", exc_info=error)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
