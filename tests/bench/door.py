"""The platforms' side of our webhooks in raw asyncio: signed and sealed, a connection for each request."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode

from integrations.sandbox.wechat.callback import to_xml
from integrations.sandbox.wechat.crypto import Envelope, signature
from integrations.settings import Settings

_ANSWER_SECONDS = 60  # far more than a platform waits: what is late shall be seen, not cut


@dataclass(frozen=True, slots=True)
class Patient:
    """Somebody on a platform: an openid, or the number of a chat."""

    channel: str
    platform_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A signed request of a platform's, ready to be sent."""

    external_id: str
    request: bytes


@dataclass(slots=True)
class Delivery:
    """One request and its answer; times are seconds since the epoch. `reply`: the patient's answer came with it."""

    external_id: str
    asked_at: float
    answered_at: float
    status: int
    reply: bool

    @property
    def seconds(self) -> float:
        return self.answered_at - self.asked_at


class Door:
    """Brings patients' messages to the gateway as WeChat and Telegram do."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._envelope = Envelope(settings.wechat_aes_key.get_secret_value(), settings.wechat_appid)
        self._numbers = count(time.time_ns() // 1000)

    async def bring(self, patient: Patient, text: str) -> Delivery:
        """Raises OSError and asyncio.IncompleteReadError when the gateway hangs up."""
        return await self.send(self.write(patient, text))

    def write(self, patient: Patient, text: str) -> Letter:
        external_id = str(next(self._numbers))
        make = self._wechat if patient.channel == "wechat" else self._telegram
        return Letter(external_id, make(patient.platform_id, external_id, text))

    async def send(self, letter: Letter) -> Delivery:
        """Raises OSError and asyncio.IncompleteReadError when the gateway hangs up."""
        asked_at = time.time()
        status, body = await exchange(self._settings.gateway_port, letter.request)
        return Delivery(letter.external_id, asked_at, time.time(), status, reply=body.startswith(b"<xml>"))

    def _wechat(self, openid: str, message_id: str, text: str) -> bytes:
        now = str(int(time.time()))
        message = {
            "ToUserName": "gh_bench",
            "FromUserName": openid,
            "CreateTime": int(now),
            "MsgType": "text",
            "Content": text,
            "MsgId": int(message_id),
        }
        sealed, nonce = self._envelope.seal(to_xml(message)), secrets.token_hex(5)
        token = self._settings.wechat_token.get_secret_value()
        query = {
            "timestamp": now,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature(token, now, nonce, sealed),
        }
        body = to_xml({"ToUserName": "gh_bench", "Encrypt": sealed}).encode()
        return post(f"/webhooks/wechat?{urlencode(query)}", "text/xml", body)

    def _telegram(self, chat_id: str, update_id: str, text: str) -> bytes:
        person = {"id": int(chat_id), "first_name": "P", "is_bot": False, "type": "private"}
        message = {
            "message_id": int(update_id) % 10**9,
            "date": int(time.time()),
            "chat": person,
            "from": person,
            "text": text,
        }
        secret = self._settings.telegram_webhook_secret.get_secret_value()
        body = json.dumps({"update_id": int(update_id), "message": message}).encode()
        return post(
            "/webhooks/telegram", "application/json", body, f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
        )


async def exchange(port: int, request: bytes) -> tuple[int, bytes]:
    """Status (0 for none) and body. Raises OSError and asyncio.IncompleteReadError when the gateway hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(_ANSWER_SECONDS):
            answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split(b" ", 2)[1]) if head else 0), body


def post(path: str, kind: str, body: bytes, more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {kind}\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
