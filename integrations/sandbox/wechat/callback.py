"""Delivering a patient's message to the program: signed, encrypted, cut after five seconds, sent again."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from integrations.sandbox.faults import Faults
from integrations.sandbox.posting import post
from integrations.sandbox.state import Entry, ProtocolLog
from integrations.sandbox.wechat.account import Account, WeChatUser
from integrations.sandbox.wechat.crypto import Envelope, signature
from integrations.sandbox.wechat.passive import NOTICE, BadAnswer, Reply, read_passive

PATH = "/webhooks/wechat"
# VIEW opens a page, the others come by themselves: WeChat shows nothing when their delivery fails.
SILENT_EVENTS = {
    "VIEW", "LOCATION", "unsubscribe", "TEMPLATESENDJOBFINISH", "subscribe_msg_popup_event",
    "subscribe_msg_change_event", "subscribe_msg_sent_event", "kf_create_session", "kf_switch_session",
    "kf_close_session",
}  # fmt: skip


@dataclass(slots=True)
class Delivery:
    """How one message fared. `outcome`: answered, faulty (bad answer), lost (no answer in any attempt), or forwarded
    (one of WeChat's own agents has it, and the program hears nothing)."""

    ref: str
    outcome: str = "lost"
    reply: Entry | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "msg_id": self.ref,
            "outcome": self.outcome,
            "reply": self.reply.as_json() if self.reply else None,
            "attempts": self.attempts,
        }


class _NoAnswer(Exception):
    """Cut, refused, or answered with another status than 200: WeChat delivers again."""


def to_xml(fields: dict[str, Any]) -> str:
    """WeChat's XML: numbers plain, texts in CDATA."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: dict[str, Any]) -> str:
    """Of a list every entry becomes an element of the same name."""
    return "".join(
        f"<{name}>{_value(one)}</{name}>"
        for name, value in fields.items()
        for one in (value if isinstance(value, list) else [value])
    )


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _inner(value)
    if isinstance(value, int | float):
        return str(value)
    return "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def shown(fields: dict[str, Any]) -> str:
    """A message as an agent sees it."""
    return str(fields.get("Content") or f"[{fields.get('Event') or fields['MsgType']}]")


class Callbacks:
    def __init__(
        self, account: Account, http: httpx.AsyncClient, gateway: str, faults: Faults, log: ProtocolLog
    ) -> None:
        self._account = account
        self._http = http
        self._url = gateway + PATH
        self._faults = faults
        self._log = log

    async def deliver(self, user: WeChatUser, fields: dict[str, Any], entry: Entry) -> Delivery:
        """Sends one message or event until it is answered, and shows what WeChat shows of the answer."""
        delivery = Delivery(entry.ref, attempts=entry.attempts)
        options = self._account.options
        for attempt in range(options.wechat_deliveries):
            if attempt:
                await asyncio.sleep(options.wechat_retry_pause)
            try:
                reply = await self._attempt(user, fields, entry)
            except _NoAnswer:
                continue
            except BadAnswer:
                delivery.outcome = "faulty"
                break
            delivery.outcome = "answered"
            if reply is not None:
                user.typing_until = None
                if reply[0] == "transfer_customer_service":
                    user.native.hand_over(shown(fields), reply[1]["agent"])
                delivery.reply = user.thread.add("account", reply[0], reply[1] | {"passive": True})
            break
        if delivery.outcome != "answered" and fields.get("Event") not in SILENT_EVENTS:
            user.thread.add("notice", "fault", {"text": NOTICE, "for": entry.id})
        entry.state = "" if delivery.outcome == "answered" else "failed"
        user.thread.touch(entry)
        return delivery

    async def _attempt(self, user: WeChatUser, fields: dict[str, Any], entry: Entry) -> Reply | None:
        began = self._account.clock()
        fault = self._faults.draw("wechat", "callback")
        status, outcome, answer = 0, "", b""
        try:
            if fault:
                await fault.wait()
            response = await self._post(user.openid, fields)
            status, answer = response.status_code, response.content
            if fault and fault.drop:
                outcome = "the answer was lost on the way"
                raise _NoAnswer
            if status != 200:
                outcome = f"HTTP {status}"
                raise _NoAnswer
            reply = read_passive(self._account, user, answer)
            outcome = "replied" if reply else "accepted"
            return reply
        except TimeoutError as error:
            outcome = "cut: no answer in time"
            raise _NoAnswer from error
        except httpx.HTTPError as error:
            outcome = type(error).__name__
            raise _NoAnswer from error
        except BadAnswer as error:
            outcome = f"bad answer: {error}"
            raise
        finally:
            self._note(user, fields, entry, began, status, outcome, answer)

    async def _post(self, openid: str, fields: dict[str, Any]) -> httpx.Response:
        account = self._account
        encrypted = Envelope(account.aes_key, account.appid).seal(to_xml(fields))
        stamp, nonce = str(int(account.clock().timestamp())), str(secrets.randbelow(10**10))
        query = {
            "signature": signature(account.token, stamp, nonce), "timestamp": stamp, "nonce": nonce,
            "openid": openid, "encrypt_type": "aes",
            "msg_signature": signature(account.token, stamp, nonce, encrypted),
        }  # fmt: skip
        body = to_xml({"ToUserName": account.original_id, "Encrypt": encrypted})
        options = self._account.options
        return await post(
            self._http, self._url, params=query, content=body.encode(), headers={"content-type": "text/xml"},
            answer_seconds=options.wechat_answer_seconds, send_seconds=options.wechat_send_seconds,
        )  # fmt: skip

    def _note(
        self, user: WeChatUser, fields: dict[str, Any], entry: Entry, began: datetime,
        status: int, outcome: str, answer: bytes,
    ) -> None:  # fmt: skip
        good = outcome in ("replied", "accepted")
        record = self._log.add(
            "wechat", "callback", inbound=False, began=began, who=user.openid, status=status,
            error="" if good else outcome, request=fields, response=answer[:2000].decode(errors="replace"),
            thread=user.thread,
        )  # fmt: skip
        entry.attempts.append(
            {"at": began.isoformat(), "ms": record.ms, "outcome": outcome, "status": status}
        )

    async def verify_address(self) -> str:
        """The GET that WeChat makes when the address is entered in its console. "" or what is wrong."""
        account, began = self._account, self._account.clock()
        stamp, nonce, echo = str(int(began.timestamp())), secrets.token_hex(5), str(secrets.randbelow(10**18))
        signed = {"signature": signature(account.token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
        status = 0
        try:
            async with asyncio.timeout(account.options.wechat_answer_seconds):
                response = await self._http.get(self._url, params=signed | {"echostr": echo})
            status = response.status_code
            good = status == 200 and response.content == echo.encode()
            problem = "" if good else f"HTTP {status}: the answer is not the echostr"
        except TimeoutError:
            problem = "no answer in time"
        except httpx.HTTPError as error:
            problem = type(error).__name__
        self._log.add("wechat", "handshake", inbound=False, began=began, status=status, error=problem)
        return problem
