"""Making a platform fail on demand: an error code, a delay, or an accepted request whose answer is lost."""

from __future__ import annotations

import asyncio
import random
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class FaultRule(BaseModel):
    """What fails, and how often.

    `operation` is the platform's own name ("custom/send", "sendMessage", "SendSms", "IdCardVerification"), or
    "callback" / "webhook" for what WeChat / Telegram delivers to the program, "notify" for WeChat Pay's and
    Alipay's news, "push" for Kuaidi100's; None is every call of the platform.
    `code` is the platform's error code; all but SMS and identity check also take 500 to 599, which is that HTTP
    status. `drop_after_accept`: the work is done, the connection is closed without an answer (of deliveries: the
    program's answer is thrown away). `lie` makes a payment platform say something untrue in news and in answers to
    queries. `rate` is the share of calls hit, `count` how many at most.
    """

    model_config = ConfigDict(extra="forbid")

    platform: Literal["wechat", "telegram", "sms", "identity", "wechatpay", "alipay", "kuaidi100"]
    operation: str | None = None
    code: int | str | None = None
    delay_s: float = Field(default=0, ge=0, le=600, validation_alias=AliasChoices("delay_s", "delay"))
    drop_after_accept: bool = False
    lie: Literal["amount", "order", "appid", "mchid"] | None = None
    retry_after: int = Field(default=1, ge=0)  # Telegram's 429 says it
    rate: float = Field(default=1, ge=0, le=1)
    count: int | None = Field(default=None, ge=1)
    seed: int | None = None


class Fault:
    """One hit of a rule."""

    def __init__(self, rule: FaultRule) -> None:
        self.code = rule.code
        self.drop = rule.drop_after_accept
        self.lie = rule.lie
        self.retry_after = rule.retry_after
        self._delay = rule.delay_s

    @property
    def http_status(self) -> int | None:
        return self.code if isinstance(self.code, int) and 500 <= self.code <= 599 else None

    async def wait(self) -> None:
        await asyncio.sleep(self._delay)


class _Armed:
    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.left = rule.count
        self.hits = 0
        self._chance = random.Random(rule.seed)  # noqa: S311 - repeatable, not secret

    def hit(self, platform: str, operation: str) -> bool:
        if self.rule.platform != platform or self.rule.operation not in (None, operation) or self.left == 0:
            return False
        if self._chance.random() >= self.rule.rate:
            return False
        self.hits += 1
        self.left = None if self.left is None else self.left - 1
        return True


class Faults:
    """The rules in force. The first one that hits decides."""

    def __init__(self, limit: int = 100) -> None:
        self._armed: list[_Armed] = []
        self._limit = limit
        self.version = 0

    def add(self, rule: FaultRule) -> None:
        self._armed = [*self._armed, _Armed(rule)][-self._limit :]
        self.version += 1

    def clear(self) -> None:
        self._armed.clear()
        self.version += 1

    def draw(self, platform: str, operation: str) -> Fault | None:
        for armed in self._armed:
            if armed.hit(platform, operation):
                self.version += 1
                return Fault(armed.rule)
        return None

    def as_json(self) -> list[dict[str, object]]:
        return [
            {**armed.rule.model_dump(exclude_none=True), "hits": armed.hits, "left": armed.left}
            for armed in self._armed
        ]


class Cut(Response):
    """Begins an answer and leaves it: the server closes the connection, the caller never learns the outcome."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        await send(start)
