"""Delivering updates to the bot's webhook: in order for each chat, again and again until they are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.sandbox.faults import Faults
from integrations.sandbox.state import Background, Entry, ProtocolLog
from integrations.sandbox.telegram.bot import Bot, Chat
from integrations.sandbox.telegram.group import Group

HEADER = "X-Telegram-Bot-Api-Secret-Token"

# Runs a method named in the webhook's own answer: (method, params) -> None.
Direct = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Delivery:
    """An update on its way. `taken` is done when the webhook answered 2xx (or the bot was restarted)."""

    update: dict[str, Any]
    entry: Entry | None
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "update_id": self.update["update_id"],
            "taken": self.taken.is_set(),
            "attempts": self.attempts,
        }


class Updates:
    def __init__(
        self, bot: Bot, http: httpx.AsyncClient, faults: Faults, log: ProtocolLog, background: Background
    ) -> None:
        self._bot = bot
        self._http = http
        self._faults = faults
        self._log = log
        self._background = background
        self._connections = asyncio.Semaphore(bot.options.telegram_connections)
        self.direct: Direct | None = None

    def push(
        self, chat: Chat | Group, kind: str, content: dict[str, Any], entry: Entry | None = None
    ) -> Delivery:
        """Queues one update of the chat."""
        update = {"update_id": self._bot.next_update_id(), kind: content}
        delivery = Delivery(update, entry, attempts=entry.attempts if entry else [])
        allowed = self._bot.webhook.allowed
        if allowed and kind not in allowed:
            delivery.taken.set()
            return delivery
        chat.pending.append(delivery)
        self.resume(chat)
        return delivery

    def resume(self, chat: Chat | Group) -> None:
        if chat.pending and not chat.draining and self._bot.webhook.url:
            chat.draining = True
            self._background.start(self._drain(chat))

    async def _drain(self, chat: Chat | Group) -> None:
        pause = self._bot.options.telegram_retry_pause
        try:
            while chat.pending and self._bot.webhook.url:
                delivery: Delivery = chat.pending[0]
                if await self._attempt(chat, delivery):
                    if chat.pending and chat.pending[0] is delivery:
                        chat.pending.popleft()
                    self._finish(chat, delivery)
                    pause = self._bot.options.telegram_retry_pause
                else:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, self._bot.options.telegram_retry_pause_max)
        finally:
            chat.draining = False

    def _finish(self, chat: Chat | Group, delivery: Delivery) -> None:
        delivery.taken.set()
        if delivery.entry is not None and delivery.entry.state == "sending":
            delivery.entry.state = ""
            chat.thread.touch(delivery.entry)

    async def _attempt(self, chat: Chat | Group, delivery: Delivery) -> bool:
        hook, began = self._bot.webhook, self._bot.clock()
        fault = self._faults.draw("telegram", "webhook")
        status, problem, answer = 0, "", None
        try:
            if fault:
                await fault.wait()
            headers = {HEADER: hook.secret} if hook.secret else {}
            async with self._connections, asyncio.timeout(self._bot.options.telegram_answer_seconds):
                response = await self._http.post(hook.url, json=delivery.update, headers=headers)
            status = response.status_code
            if fault and fault.drop:
                problem = "the answer was lost on the way"
            elif not 200 <= status < 300:
                problem = f"Wrong response from the webhook: {status} {response.reason_phrase}"
            else:
                answer = _method_in(response)
        except TimeoutError:
            problem = "Read timeout expired"
        except httpx.HTTPError as error:
            problem = f"Connection failed: {type(error).__name__}"
        self._note(chat, delivery, began, status, problem)
        if answer and self.direct:
            await self.direct(answer.pop("method"), answer)
        return not problem

    def _note(self, chat: Chat | Group, delivery: Delivery, began: Any, status: int, problem: str) -> None:
        if problem:
            self._bot.webhook.last_error = problem
            self._bot.webhook.last_error_at = began
        record = self._log.add(
            "telegram", "webhook", inbound=False, began=began, who=str(chat.id), status=status, error=problem,
            request=delivery.update, thread=chat.thread,
        )  # fmt: skip
        outcome = problem or "accepted"
        delivery.attempts.append(
            {"at": began.isoformat(), "ms": record.ms, "outcome": outcome, "status": status}
        )


def _method_in(response: httpx.Response) -> dict[str, Any] | None:
    """A bot may answer an update with one method call as JSON."""
    if not response.content or "json" not in response.headers.get("content-type", ""):
        return None
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("method"), str) else None
