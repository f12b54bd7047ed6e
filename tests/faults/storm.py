"""What breaks, at random: processes killed or standing still, platforms that fail in all their ways, Redis
emptied, Postgres gone. The seed decides what and when, so that a bad run can be had again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from tests.stack import Stack, kill_all

PROCESSES = ("gateway", "worker", "beat", "rasa", "actions", "valkey", "postgres")
_SEND = {"wechat": "custom/send", "telegram": "sendMessage"}
_DOOR = {"wechat": "callback", "telegram": "webhook"}
_MONEY = {
    "wechatpay": ("jsapi", "native", "query", "close", "refund", "query_refund", "notify"),
    "alipay": (
        "alipay.trade.query", "alipay.trade.close", "alipay.trade.refund",
        "alipay.trade.fastpay.refund.query", "notify",
    ),
}  # fmt: skip


@dataclass
class Storm:
    """Runs in a thread of its own between `begin` and `end`. `log`: what was done, with its second."""

    stack: Stack
    seed: int
    pause: tuple[float, float] = (2.0, 6.0)  # seconds between two breaks
    log: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._blow, name="storm")
        self.failed: Exception | None = None

    def begin(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def end(self) -> None:
        """Stops, lets every platform be well again, and waits until the program is ready. Raises what went
        wrong with the breaking itself."""
        self._over.set()
        self._thread.join()
        self.stack.sandbox.delete("/faults").raise_for_status()
        self.stack.wait_until_ready()
        if self.failed:
            raise self.failed

    def _blow(self) -> None:
        breaks: list[tuple[int, Callable[[], str]]] = [
            (5, self._kill),
            (2, self._freeze),
            (4, self._platform),
            (3, self._payments),
            (1, self._empty_redis),
        ]
        weights, actions = zip(*breaks, strict=True)
        try:
            while not self._over.wait(self.chance.uniform(*self.pause)):
                [action] = self.chance.choices(actions, weights)
                done = action()
                self.log.append((round(time.monotonic() - self._began, 1), done))
        except Exception as error:  # noqa: BLE001 - told by end(), in the thread that tests
            self.failed = error

    def _kill(self) -> str:
        name = self.chance.choice(PROCESSES)
        try:
            kill_all([self.chance.choice(self.stack.processes(name))])
        except LookupError:
            return f"{name} is not there yet"
        return f"kill -9 {name}"

    def _freeze(self) -> str:
        name, seconds = self.chance.choice(PROCESSES[:5]), self.chance.uniform(1, 4)
        try:
            with self.stack.frozen(name):
                self._over.wait(seconds)
        except LookupError:
            return f"{name} is not there yet"
        return f"{name} stands still for {seconds:.1f} s"

    def _platform(self) -> str:
        platform = self.chance.choice(tuple(_SEND))
        ways: list[dict[str, Any]] = [
            {"operation": _SEND[platform], "code": 500},
            {"operation": _SEND[platform], "drop_after_accept": True},
            {"operation": _SEND[platform], "delay_s": 11},
            {"operation": _SEND[platform], "code": {"wechat": -1, "telegram": 429}[platform]},
            {"operation": _DOOR[platform], "drop_after_accept": True},  # delivered again
            {"operation": _DOOR[platform], "delay_s": 2},  # later messages overtake it
        ]
        rule = {"platform": platform, "count": self.chance.randint(1, 8), **self.chance.choice(ways)}
        self.stack.sandbox.post("/faults", json=rule).raise_for_status()
        return f"{rule}"

    def _payments(self) -> str:
        """Down, slow, or done without a word of it."""
        platform = self.chance.choice(tuple(_MONEY))
        operation = self.chance.choice(_MONEY[platform])
        ways: list[dict[str, Any]] = [{"code": 502}, {"drop_after_accept": True}, {"delay_s": 3}]
        if operation == "refund":
            ways.append({"code": "NOT_ENOUGH"})
        rule = {"platform": platform, "operation": operation, "count": self.chance.randint(1, 6)}
        rule |= self.chance.choice(ways)
        self.stack.sandbox.post("/faults", json=rule).raise_for_status()
        return f"{rule}"

    def _empty_redis(self) -> str:
        try:
            with redis.Redis.from_url(self.stack.addresses["REDIS_URL"], socket_timeout=5) as client:
                client.flushall()
        except redis.RedisError:
            return "redis is not there to be emptied"
        return "redis emptied"
