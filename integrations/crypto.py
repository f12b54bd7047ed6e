"""Personal values at rest: AES-256-GCM under a ring of keys, and keyed hashes to find them again.

A sealed value is `1 | length of key id | key id | nonce (12) | ciphertext and tag (16)`. The context (the
column it stands in) is authenticated with it, so a value moved to another column does not open.
A blind index is `key id | ":" | HMAC-SHA256`: equal values have equal indexes, nothing can be read back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class BadKeys(ValueError):
    """The key setting cannot be read. The message never shows a key."""


class Undecryptable(Exception):
    """The value was sealed under a key we lack, for another context, or was changed."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id. `current` writes; all of them read, so that rotation needs no stop."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, setting: str) -> KeyRing:
        """Reads "id:base64,id:base64"; the first key is the one for writing. Raises BadKeys."""
        keys: dict[str, bytes] = {}
        entries = [part.strip() for part in setting.split(",") if part.strip()]
        for position, entry in enumerate(entries, start=1):
            key_id, _, encoded = entry.partition(":")
            if not _KEY_ID.fullmatch(key_id):
                raise BadKeys(f"key {position}: no id of A-Z a-z 0-9 _ - before the colon")
            if key_id in keys:
                raise BadKeys(f"key {position}: the id {key_id!r} appears twice")
            keys[key_id] = _key_bytes(key_id, encoded)
        if not keys:
            raise BadKeys("no keys")
        return cls(next(iter(keys)), keys)

    @classmethod
    def generate(cls, key_id: str) -> str:
        """A new random key as a setting's text."""
        return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"

    @property
    def newest(self) -> str:
        """The key that is to write; `current` may still be an older one (see integrations.presence)."""
        return next(iter(self.keys))

    def writing_with(self, key_id: str) -> KeyRing:
        return replace(self, current=key_id)

    def fingerprint(self, key_id: str) -> str:
        """Tells a key from another of the same id, and nothing else about it."""
        digest = hmac.digest(self.keys[key_id], b"daozhen key fingerprint", hashlib.sha256)
        return f"{key_id}/{digest[:4].hex()}"

    def header(self, key_id: str) -> bytes:
        """What every value sealed under this key begins with, and no other."""
        return bytes([_FORMAT, len(key_id)]) + key_id.encode()

    def seal(self, content: bytes, context: str) -> bytes:
        header = self.header(self.current)
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self.keys[self.current])
        return header + nonce + cipher.encrypt(nonce, content, header + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """The content again. Raises Undecryptable."""
        key_id, header, body = _split(sealed)
        if key_id not in self.keys:
            raise Undecryptable(f"sealed under key {key_id!r}, which is not in the ring")
        nonce, encrypted = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
        try:
            return AESGCM(self.keys[key_id]).decrypt(nonce, encrypted, header + context.encode())
        except (InvalidTag, ValueError):
            raise Undecryptable(f"does not open as {context}") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value was sealed under the key that writes now (if not: rotation is due)."""
        return key_of(sealed) == self.current

    def index(self, text: str, context: str, key_id: str | None = None) -> bytes:
        chosen = key_id or self.current
        message = len(context.encode()).to_bytes(2, "big") + context.encode() + text.encode()
        return chosen.encode() + b":" + hmac.digest(self.keys[chosen], message, hashlib.sha256)


class Crypto:
    """What services use: `data` seals values, `index` makes blind indexes; each ring rotates by itself.

    In a running process the rings are replaced when keys are rotated (integrations.presence)."""

    def __init__(self, data: KeyRing, index: KeyRing) -> None:
        self.data = data
        self.index = index

    def encrypt(self, text: str, context: str) -> bytes:
        """`context` names the place it is stored in, such as "patients.name"."""
        return self.data.seal(text.encode(), context)

    def decrypt(self, blob: bytes, context: str) -> str:
        """Raises Undecryptable."""
        return self.data.open(bytes(blob), context).decode()

    def blind(self, text: str, context: str) -> bytes:
        """The index to store. To look up, compare with all of `blinds`."""
        return self.index.index(text, context)

    def blinds(self, text: str, context: str) -> list[bytes]:
        """The index under every key of the ring, the one that `blind` gives first."""
        others = [key_id for key_id in self.index.keys if key_id != self.index.current]
        return [self.index.index(text, context, key_id) for key_id in (self.index.current, *others)]

    def reencrypt(self, blob: bytes, context: str) -> bytes | None:
        """The value sealed again under the current key, or None when it already is."""
        if self.data.is_current(bytes(blob)):
            return None
        return self.encrypt(self.decrypt(blob, context), context)


def key_of(sealed: bytes) -> str:
    """The id of the key that the value was sealed under. Raises Undecryptable."""
    return _split(sealed)[0]


def _key_bytes(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise BadKeys(f"key {key_id!r} is not base64") from None
    if len(key) != KEY_BYTES:
        raise BadKeys(f"key {key_id!r} has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _split(sealed: bytes) -> tuple[str, bytes, bytes]:
    """Key id, authenticated header, rest."""
    if len(sealed) < 2 or sealed[0] != _FORMAT or len(sealed) < 2 + sealed[1] + _NONCE_BYTES:
        raise Undecryptable("not a sealed value")
    end = 2 + sealed[1]
    return sealed[2:end].decode("ascii", "replace"), sealed[:end], sealed[end:]
