"""WeChat's message encryption, written from its rules and not from the library that the program uses.

AES-256-CBC, key = base64(EncodingAESKey + "="), iv = the key's first 16 bytes, PKCS#7 to blocks of 32 bytes;
plain text = 16 random bytes + length (4 bytes, big endian) + message + appid.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class BadEnvelope(Exception):
    """What came back cannot be decrypted or is not for this account."""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's choice


def signed(given: str, *parts: str) -> bool:
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


class Envelope:
    """Encrypts to and decrypts from one account."""

    def __init__(self, aes_key: str, appid: str) -> None:
        key = base64.b64decode(aes_key + "=")
        if len(key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self._appid = appid.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def seal(self, message: str) -> str:
        content = message.encode()
        plain = secrets.token_bytes(16) + struct.pack(">I", len(content)) + content + self._appid
        padding = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, encrypted: str) -> str:
        """The message inside. Raises BadEnvelope."""
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise BadEnvelope("not AES-CBC in base64") from error
        padding = plain[-1] if plain else 0
        if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
            raise BadEnvelope("wrong padding")
        (length,) = struct.unpack(">I", plain[16:20])
        message, appid = plain[20 : 20 + length], plain[20 + length : -padding]
        if appid != self._appid:
            raise BadEnvelope("another appid")
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise BadEnvelope("not UTF-8") from error
