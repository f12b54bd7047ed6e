"""Trackers in Postgres: one encrypted row per conversation, written by compare-and-swap.

Table rasa_tracker(sender_id text primary key, version bigint, key_id text, data bytea, updated_at timestamptz).
The role that Rasa connects as needs select, insert and update on it and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import logging
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg_pool import AsyncConnectionPool
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from components.compaction import compact

SELECT = "select version, key_id, data from rasa_tracker where sender_id = %s"
INSERT = """insert into rasa_tracker (sender_id, version, key_id, data, updated_at)
values (%s, 1, %s, %s, now()) on conflict (sender_id) do nothing"""
UPDATE = """update rasa_tracker set version = version + 1, key_id = %s, data = %s, updated_at = now()
where sender_id = %s and version = %s"""
NONCE_BYTES = 12

logger = logging.getLogger(__name__)


class StaleTracker(Exception):
    """Somebody else stored a turn of this conversation since we read it."""


class Unreadable(Exception):
    """The stored tracker cannot be decrypted with the keys we have, or is damaged."""


class UnknownKey(Unreadable):
    """Sealed under a key that is not in TRACKER_KEYS, or not yet: keys are being rotated."""


@dataclass(frozen=True)
class Keys:
    """AES-256 keys by id; the first one writes, all of them read."""

    ring: dict[str, AESGCM]
    current: str
    fingerprints: tuple[str, ...] = ()  # "k2/9f3a01bc": tells a key from another of the same id, and no more

    @classmethod
    def parse(cls, text: str) -> Keys:
        """Reads "id:base64,id:base64". Raises ValueError when that is no list of 32-byte keys."""
        ring: dict[str, AESGCM] = {}
        fingerprints = []
        for part in text.split(","):
            key_id, _, encoded = part.strip().partition(":")
            try:
                key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
            except binascii.Error:
                key = b""
            if not key_id or len(key) != 32 or key_id in ring:
                raise ValueError("TRACKER_KEYS must be id:base64,… with 32 bytes for each id")
            ring[key_id] = AESGCM(key)
            digest = hmac.digest(key, b"daozhen key fingerprint", "sha256")
            fingerprints.append(f"{key_id}/{digest[:4].hex()}")
        return cls(ring, next(iter(ring)), tuple(fingerprints))

    def now(self) -> Keys:
        """Itself: a ring that is given once stays as it is (see KeyFile)."""
        return self

    def encrypt(self, sender_id: str, data: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.ring[self.current].encrypt(nonce, data, sender_id.encode())

    def decrypt(self, sender_id: str, key_id: str, blob: bytes) -> bytes:
        """Raises UnknownKey, and Unreadable for a wrong key and for a row that belongs to another conversation."""
        if key_id not in self.ring:
            raise UnknownKey(f"no key {key_id!r} in TRACKER_KEYS")
        try:
            return self.ring[key_id].decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], sender_id.encode())
        except InvalidTag as error:
            raise Unreadable("wrong key, or not this conversation's row") from error


class KeyFile:
    """Keys in a file with the line TRACKER_KEYS=…, read again when it changes. Raises ValueError, OSError."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.state = self._state()
        self.keys = self._read()

    def now(self) -> Keys:
        """The keys as they stand now; those of before while the file cannot be read."""
        try:
            state = self._state()
            if state != self.state:
                self.keys = self._read()
                self.state = state
        except (OSError, ValueError) as error:
            logger.error(
                "the tracker keys cannot be read again; those of before go on: %s", type(error).__name__
            )
        return self.keys

    def _state(self) -> tuple[int, int, int]:
        found = self.file.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> Keys:
        for line in self.file.read_text(encoding="utf-8").splitlines():
            if line.startswith("TRACKER_KEYS="):
                return Keys.parse(line.partition("=")[2])
        raise ValueError(f"no TRACKER_KEYS in {self.file}")


def keys_from(environment: Mapping[str, str]) -> Union[Keys, KeyFile]:
    """From TRACKER_KEYS_FILE or TRACKER_KEYS. Raises ValueError, OSError."""
    file = environment.get("TRACKER_KEYS_FILE")
    return KeyFile(Path(file)) if file else Keys.parse(environment.get("TRACKER_KEYS", ""))


class PostgresTrackerStore(TrackerStore):
    """Rasa's tracker store over one table. `open` before the first use."""

    def __init__(
        self,
        domain: Domain | None,
        event_broker: EventBroker | None,
        url: str,
        keys: Union[Keys, KeyFile],
        pool_size: int = 4,
    ) -> None:
        super().__init__(domain, event_broker)
        self.keys = keys
        self.pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            open=False,
            timeout=5,
            kwargs={"autocommit": True, "prepare_threshold": 0},
        )

    @classmethod
    def from_endpoint(cls, endpoint: EndpointConfig, domain: Domain | None = None) -> PostgresTrackerStore:
        """From the tracker_store part of endpoints.yml and the keys of the environment. Raises ValueError, OSError."""
        return cls(domain, None, endpoint.url, keys_from(os.environ))

    async def open(self) -> None:
        """Connects, and fails unless the table can be read. Raises psycopg.Error or PoolTimeout."""
        await self.pool.open(wait=True, timeout=10)
        async with self.pool.connection() as connection:
            await connection.execute(SELECT, ("",))

    async def close(self) -> None:
        await self.pool.close()

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """An empty tracker; its first save makes the row (stock saves it empty at once)."""
        tracker = self.init_tracker(sender_id)
        tracker.row_version = 0
        return tracker

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Raises Unreadable, psycopg.Error."""
        async with self.pool.connection() as connection:
            row = await (await connection.execute(SELECT, (sender_id,), binary=True)).fetchone()
        if row is None:
            return None
        version, key_id, blob = row
        events = load_events(self.keys.now().decrypt(sender_id, key_id, bytes(blob)))
        tracker = DialogueStateTracker.from_events(sender_id, events, self.domain.slots)
        tracker.row_version = version
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Raises StaleTracker when the row is not the one this tracker was read from; psycopg.Error."""
        version: int = tracker.row_version
        keys = self.keys.now()
        data = keys.encrypt(tracker.sender_id, dump_events(compact(tracker)))
        async with self.pool.connection() as connection:
            if version == 0:
                cursor = await connection.execute(INSERT, (tracker.sender_id, keys.current, data))
            else:
                cursor = await connection.execute(UPDATE, (keys.current, data, tracker.sender_id, version))
        if cursor.rowcount != 1:
            raise StaleTracker(tracker.sender_id)
        tracker.row_version = version + 1


def dump_events(events: list[Event]) -> bytes:
    text = json.dumps([_as_dict(event) for event in events], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 1)


def load_events(data: bytes) -> list[Event]:
    try:
        return list(deserialise_events(json.loads(zlib.decompress(data))))
    except (zlib.error, ValueError) as error:
        raise Unreadable("damaged tracker") from error


def _as_dict(event: Event) -> dict[str, Any]:
    """Without the intent ranking and the second copies of text and metadata that Rasa keeps of a message."""
    stored: dict[str, Any] = event.as_dict()
    if isinstance(event, UserUttered):
        stored["parse_data"] = {key: event.parse_data.get(key) for key in ("intent", "entities", "text")}
    return stored
