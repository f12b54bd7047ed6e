"""WeChat and Telegram as the contract tests play them: requests at our door, answers to our calls.

Signing and encrypting are written anew here, from the platforms' rules, so that the adapters are not measured by
the library they use themselves. Answers go through httpx.MockTransport.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import SecretStr

from integrations.messages import MessageOut, Picture, Webhook
from integrations.settings import Settings
from integrations.telegram.channel import TelegramChannel
from integrations.wechat.channel import WeChatChannel

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
APPID, TOKEN, AES_KEY = "wx2c2769f8efd9abc2", "spamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID, ACCOUNT = "oyORnuP8q7ou2gfYjqLzSIWZf0rs", "gh_10f6c3c3ac5a"
BOT_TOKEN, HOOK_SECRET, CHAT = "123456:secret-of-the-bot", "hook-secret", 777

# An answer of the platform: JSON, a ready response, or an exception of the transport.
Reply = dict[str, Any] | httpx.Response | Exception


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "wechat_appid": APPID,
        "wechat_secret": SecretStr("wechat-secret"),
        "wechat_token": SecretStr(TOKEN),
        "wechat_aes_key": SecretStr(AES_KEY),
        "wechat_api_base": "http://127.0.0.1:9500/wechat",
        "telegram_token": SecretStr(BOT_TOKEN),
        "telegram_webhook_secret": SecretStr(HOOK_SECRET),
        "telegram_api_base": "http://127.0.0.1:9500/telegram",
    }
    return Settings(_env_file=None, **(values | changes))


@dataclass
class Answers:
    """Answers requests in turn, and remembers them. With nothing queued it says yes."""

    yes: Callable[[httpx.Request], dict[str, Any]]
    queue: list[Reply] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply: Reply = self.queue.pop(0) if self.queue else self.yes(request)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


class WeChat:
    """Plays api.weixin.qq.com and its callbacks in secure mode."""

    name = "wechat"

    def __init__(self, **changes: Any) -> None:
        self.answers = Answers(self._yes)
        self.token_answers: list[Reply] = []
        self.token_requests: list[dict[str, Any]] = []
        http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.channel: WeChatChannel = WeChatChannel(
            settings(**changes), http=http, redis=None, now=lambda: NOW
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/cgi-bin/stable_token"):
            return self.answers(request)
        self.token_requests.append(json.loads(request.content))
        number = len(self.token_requests)
        reply = (
            self.token_answers.pop(0)
            if self.token_answers
            else {"access_token": f"T{number}", "expires_in": 7200}
        )
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)

    @staticmethod
    def _yes(request: httpx.Request) -> dict[str, Any]:
        if request.url.path.endswith("/media/upload"):
            return {"type": "image", "media_id": "uploaded", "created_at": 1}
        return {"errcode": 0, "errmsg": "ok"}

    @property
    def sent_texts(self) -> list[str]:
        bodies = [json.loads(r.content) for r in self.answers.requests if r.url.path.endswith("/custom/send")]
        return [body["text"]["content"] for body in bodies if body["msgtype"] == "text"]

    def webhook(self, content: str | bytes, **query: str) -> Webhook:
        """A signed POST; `content` is the inner part: fields of the XML, or whole bytes."""
        inner = content if isinstance(content, bytes) else f"<xml>{content}</xml>".encode()
        return self.signed(self.encrypt(inner), **query)

    def signed(self, encrypted: str, *, now: datetime = NOW, **query: str) -> Webhook:
        body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        timestamp, nonce = str(int(now.timestamp())), "1320562132"
        signature = self.signature(TOKEN, timestamp, nonce, encrypted)
        given = {
            "signature": self.signature(TOKEN, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature,
        }
        return Webhook("POST", given | query, {"content-type": "text/xml"}, body.encode())

    def text(self, text: str = "你好", message_id: int = 1) -> Webhook:
        return self.message("text", f"<Content><![CDATA[{text}]]></Content>", message_id)

    def message(self, what: str, fields: str, message_id: int = 1) -> Webhook:
        return self.webhook(self.head(what) + fields + f"<MsgId>{message_id}</MsgId>")

    def event(self, event: str, fields: str = "") -> Webhook:
        return self.webhook(self.head("event") + f"<Event><![CDATA[{event}]]></Event>{fields}")

    @staticmethod
    def head(what: str) -> str:
        return (
            f"<ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
            f"<CreateTime>{int(NOW.timestamp())}</CreateTime><MsgType><![CDATA[{what}]]></MsgType>"
        )

    @staticmethod
    def signature(*parts: str) -> str:
        return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's choice

    @staticmethod
    def encrypt(inner: bytes, appid: str = APPID, prefix: bytes | None = None) -> str:
        plain = (prefix or os.urandom(16)) + struct.pack(">I", len(inner)) + inner + appid.encode()
        padding = 32 - len(plain) % 32
        return base64.b64encode(WeChat._aes().encryptor().update(plain + bytes([padding]) * padding)).decode()

    @staticmethod
    def decrypt(encrypted: str) -> tuple[str, str]:
        """Text and appid."""
        plain = WeChat._aes().decryptor().update(base64.b64decode(encrypted))
        plain = plain[16 : -plain[-1]]
        length = struct.unpack(">I", plain[:4])[0]
        return plain[4 : 4 + length].decode(), plain[4 + length :].decode()

    @staticmethod
    def _aes() -> Cipher[modes.CBC]:
        key = base64.b64decode(AES_KEY + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    # What the shared cases need

    def forged(self) -> Webhook:
        return self.webhook(self.head("text"), msg_signature="0" * 40)

    def unsigned(self) -> Webhook:
        signed = self.text()
        return Webhook("POST", {"encrypt_type": "aes"}, signed.headers, signed.body)

    def of_content(self, content: bytes) -> Webhook:
        return self.webhook(content)

    def of_body(self, body: bytes) -> Webhook:
        return Webhook("POST", self.text().query, {}, body)

    def stranger(self) -> Webhook:
        return self.signed(self.encrypt(b"<xml></xml>", "wx0000000000000000"))

    def old(self, age: timedelta) -> Webhook:
        return self.signed(self.encrypt(f"<xml>{self.head('text')}</xml>".encode()), now=NOW - age)


class Telegram:
    """Plays api.telegram.org and its webhooks."""

    name = "telegram"

    def __init__(self, **changes: Any) -> None:
        self.answers = Answers(self._yes)
        self.channel: TelegramChannel = TelegramChannel(
            settings(**changes), now=lambda: NOW, transport=self.answers.transport
        )

    @staticmethod
    def _yes(request: httpx.Request) -> dict[str, Any]:
        if request.url.path.endswith(("/sendMessage", "/sendPhoto")):
            return {
                "ok": True,
                "result": {"message_id": 42, "date": 1, "chat": {"id": CHAT, "type": "private"}},
            }
        if request.url.path.endswith("/getFile"):
            return {
                "ok": True,
                "result": {"file_id": "f", "file_unique_id": "u", "file_path": "photos/file_1.jpg"},
            }
        return {"ok": True, "result": True}

    @property
    def sent_texts(self) -> list[str]:
        return [
            self.parameters(r)["text"] for r in self.answers.requests if r.url.path.endswith("/sendMessage")
        ]

    @staticmethod
    def parameters(request: httpx.Request) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}

    def webhook(self, update: dict[str, Any] | bytes, secret: str = HOOK_SECRET) -> Webhook:
        body = update if isinstance(update, bytes) else json.dumps({"update_id": 9000, **update}).encode()
        return Webhook("POST", {}, {"x-telegram-bot-api-secret-token": secret}, body)

    def text(self, text: str = "你好", message_id: int = 1) -> Webhook:
        return self.webhook({"update_id": 9000 + message_id, "message": self.message(text=text)})

    @staticmethod
    def message(**content: Any) -> dict[str, Any]:
        return {
            "message_id": 5,
            "date": int(NOW.timestamp()),
            "chat": {"id": CHAT, "type": "private", "first_name": "明"},
            "from": {"id": CHAT, "is_bot": False, "first_name": "明"},
            **content,
        }

    # What the shared cases need

    def forged(self) -> Webhook:
        return self.webhook({"message": self.message(text="hi")}, secret="wrong")

    def unsigned(self) -> Webhook:
        return Webhook("POST", {}, {}, self.text().body)

    def of_content(self, content: bytes) -> Webhook:
        return self.webhook(content)

    def of_body(self, body: bytes) -> Webhook:
        return self.webhook(body)


Platform = WeChat | Telegram
RECIPIENT = {"wechat": OPENID, "telegram": str(CHAT)}
PICTURE = Picture(b"\x89PNG picture")


def message(platform: Platform, text: str = "您好", **more: Any) -> MessageOut:
    return MessageOut(platform.name, RECIPIENT[platform.name], text, **more)


_platforms: dict[type[Platform], Platform] = {}


def kept(played: type[Platform]) -> Platform:
    """One of each for examples by the hundred, which change nothing in it."""
    return _platforms.setdefault(played, played())
