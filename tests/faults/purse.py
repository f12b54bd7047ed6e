"""How a patient of the storm pays: on the page behind the link of a held number, then on the phone. In time, or after
the hold ran out, or twice (a relative pays as well); the platform tells of it at once, later, or not at all."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import httpx
import psycopg

from tests.patients import Patient
from tests.stack import Stack

IN_WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.49"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"
_LINK, _ORDER = re.compile(r"http\S+/p/pay/[\w-]+"), re.compile(r"订单号：(\w+)")
_BUTTON = re.compile(r'class="button" href="([^"]+)"')
_MANNERS = {"not at all": 3, "in time": 4, "late": 2, "twice": 1}
_TRIES = ("", "02", "03", "04")  # how an order's payments are numbered


class Purse:
    """Of one patient. `done` counts what was done, by its manner."""

    def __init__(
        self,
        stack: Stack,
        http: httpx.AsyncClient,
        patient: Patient,
        chance: random.Random,
        done: Counter[str],
    ) -> None:
        self._stack, self._http, self._patient, self._chance, self.done = stack, http, patient, chance, done

    async def pay(self, said: str, deadline: float) -> None:
        """What an answer asks to be paid, if anything. Raises TimeoutError after the deadline (monotonic)."""
        link, order = _LINK.search(said), _ORDER.search(said)
        if not link or not order:
            return
        [manner] = self._chance.choices([*_MANNERS], [*_MANNERS.values()])
        ways = [self._bridge if self._patient.channel == "wechat" else self._wechatpay, self._alipay]
        for way in ways[: {"not at all": 0, "twice": 2}.get(manner, 1)]:
            if not await _until_known(lambda way=way: way(link[0]), deadline):
                manner = "over"
        if manner == "late":
            await _until_known(lambda: asyncio.to_thread(self._hold_runs_out, order[1]), deadline)
            await asyncio.sleep(self._chance.uniform(0, 8))
        paid = (
            [await self._phone_pays(order[1] + tried) for tried in _TRIES] if manner != "not at all" else []
        )
        self.done[f"{manner}, {sum(paid)} paid"] += 1

    async def _bridge(self, link: str) -> bool | None:
        """Whether WeChat's sheet comes up. None: to be tried again."""
        async with self._browser(IN_WECHAT) as browser:
            await browser.get(link)
            answer = await browser.post(f"{link}/wechatpay")
        return {200: True, 409: False, 410: False}.get(answer.status_code)

    async def _wechatpay(self, link: str) -> bool | None:
        page = await self._go(link, "wechatpay")
        return None if page is None else "<svg" in page

    async def _alipay(self, link: str) -> bool | None:
        page = await self._go(link, "alipay")
        if page is None:
            return None
        target = [found for found in _BUTTON.findall(page) if "gateway.do" in found]
        if not target:
            return False
        async with self._browser(DESKTOP) as browser:
            return (await browser.get(urljoin(link, target[0].replace("&amp;", "&")))).is_success or None

    async def _go(self, link: str, platform: str) -> str | None:
        async with self._browser(DESKTOP) as browser:
            answer = await browser.post(f"{link}/go", data={"platform": platform})
        return answer.text if answer.status_code in (200, 410) else None

    def _browser(self, agent: str) -> httpx.AsyncClient:
        whose = {"user-agent": agent, "x-sandbox-openid": self._patient.platform_id}
        return httpx.AsyncClient(headers=whose, follow_redirects=True, timeout=90)

    async def _phone_pays(self, out_trade_no: str) -> bool:
        """False: nobody opened it, or nobody can pay it any more."""
        chance = self._chance.random()
        order = {"out_trade_no": out_trade_no, "person": self._patient.person, "late": True}
        if chance < 0.15:
            order |= {"notify": False}
        elif chance < 0.3:
            order |= {"delay_s": round(self._chance.uniform(1, 10), 1)}
        answer = await self._http.post("/pay", json=order)
        assert answer.status_code in (200, 404, 409), answer.text
        return answer.status_code == 200

    def _hold_runs_out(self, order_no: str) -> bool:
        """As if its quarter of an hour had passed."""
        self._stack.rows(
            """
            WITH unpaid AS (
                UPDATE orders SET expires_at = now() WHERE order_no = %s AND status = 'unpaid' RETURNING appointment_id
            )
            UPDATE appointments SET hold_expires_at = now()
            WHERE id IN (SELECT appointment_id FROM unpaid) AND status = 'held'
            """,
            order_no,
        )
        return True


async def _until_known(trying: Callable[[], Awaitable[bool | None]], deadline: float) -> bool:
    """Tries again while everything breaks."""
    while time.monotonic() < deadline:
        try:
            if (known := await trying()) is not None:
                return known
        except (httpx.HTTPError, psycopg.OperationalError):
            pass
        await asyncio.sleep(1)
    raise TimeoutError("a page about money does not open")
