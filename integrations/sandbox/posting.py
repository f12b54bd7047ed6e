"""News for the program's webhooks: one post with a limit that counts from when it was sent, and its repetitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.sandbox.faults import Faults
from integrations.sandbox.state import Background, Clock, ProtocolLog


async def post(
    http: httpx.AsyncClient, url: str, *, answer_seconds: float, send_seconds: float, **request: Any
) -> httpx.Response:
    """Raises TimeoutError, httpx.HTTPError. The time to answer counts from here, however busy this machine is."""
    async with asyncio.timeout(answer_seconds + send_seconds) as limit:

        async def sent(step: str, info: Any) -> None:
            if step == "http11.send_request_body.complete":
                limit.reschedule(asyncio.get_running_loop().time() + answer_seconds)

        return await http.post(url, extensions={"trace": sent}, **request)


@dataclass(frozen=True, slots=True)
class Letter:
    """One piece of news. `make` gives headers and body, signed anew for each sending; its argument is a lie to tell.

    `taken` says whether an answer means that the program has it. `shown` is what the log shows.
    """

    url: str
    who: str
    make: Callable[[str | None], tuple[dict[str, str], bytes]]
    taken: Callable[[httpx.Response], bool]
    shown: Any


@dataclass(slots=True)
class Delivery:
    """How a letter fared. `attempts`: {at, status, outcome, answer}."""

    url: str
    taken: bool = False
    attempts: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"url": self.url, "taken": self.taken, "attempts": list(self.attempts)}


@dataclass(frozen=True, slots=True)
class Post:
    """A platform's way of telling. `pauses` are the seconds before each repetition, `scale` shortens them all."""

    platform: str
    operation: str
    http: httpx.AsyncClient
    background: Background
    faults: Faults
    log: ProtocolLog
    clock: Clock
    pauses: Sequence[float]
    scale: float
    answer_seconds: float
    send_seconds: float

    def start(self, letter: Letter, *, delay_s: float = 0) -> Delivery:
        """Sends until it is taken or the pauses are used up."""
        delivery = Delivery(letter.url)
        self.background.start(self._deliver(letter, delivery, delay_s))
        return delivery

    async def _deliver(self, letter: Letter, delivery: Delivery, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        await self.once(letter, delivery)
        for pause in self.pauses:
            if delivery.taken:
                return
            await asyncio.sleep(pause * self.scale)
            await self.once(letter, delivery)

    async def once(self, letter: Letter, delivery: Delivery) -> None:
        """One attempt, noted in the delivery and in the log."""
        began, status, answer, outcome = self.clock(), 0, "", ""
        fault = self.faults.draw(self.platform, self.operation)
        try:
            if fault:
                await fault.wait()
            headers, body = letter.make(fault.lie if fault else None)
            response = await post(
                self.http, letter.url, headers=headers, content=body,
                answer_seconds=self.answer_seconds, send_seconds=self.send_seconds,
            )  # fmt: skip
            status, answer = response.status_code, response.text[:500]
            if fault and fault.drop:
                outcome = "the answer was lost on the way"
            elif letter.taken(response):
                delivery.taken = True
            else:
                outcome = f"HTTP {status}: not taken"
        except TimeoutError:
            outcome = "no answer in time"
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        delivery.attempts.append(
            {"at": began.isoformat(), "status": status, "outcome": outcome or "taken", "answer": answer}
        )
        self.log.add(
            self.platform, self.operation, inbound=False, began=began, who=letter.who, status=status,
            error=outcome, request=letter.shown, response=answer,
        )  # fmt: skip
