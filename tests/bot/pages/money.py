"""A hospital with a held number, WeChat's and Telegram's patients, and payment platforms that keep what they did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import text

from integrations.channel import Rejected, SendError
from integrations.hospital import page_subjects
from integrations.hospital.billing import orders, paying
from integrations.hospital.billing.paying import Trade
from integrations.hospital.models import FoundBy, Order, OrderKind
from integrations.money import Platform
from integrations.payment.interface import Charge, Prepared, State, TradeNews, Way
from integrations.runtime import Runtime
from tests.bot.conftest import RationedPlatform
from tests.integrations.hospital.conftest import Booker, Clinic

IN_WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.49"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"
# Words that tell what somebody is treated for.
CLINICAL = ("科室", "李静", "门诊", "挂号", "检查", "血常规", "就诊", "医生", "医师")


@dataclass
class WeChat(RationedPlatform):
    """Its browser proves whoever has a code."""

    names_readers: bool = True
    codes: dict[str, str] = field(default_factory=dict)
    down: SendError | None = None

    def is_own_browser(self, user_agent: str) -> bool:
        return "MicroMessenger" in user_agent

    def reader_address(self, return_to: str, state: str) -> str:
        return str(httpx.URL("https://open.wechat.test/authorize", params={"to": return_to, "state": state}))

    async def reader(self, code: str) -> str:
        if self.down:
            raise self.down
        try:
            return self.codes.pop(code)  # it works once
        except KeyError:
            raise Rejected("errcode 40163") from None


@dataclass
class PaymentPlatform:
    """Opens what it is asked to; `fail` is raised instead."""

    name: Platform
    opened: list[tuple[Way, Charge]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    paid: dict[str, TradeNews] = field(default_factory=dict)
    fail: Exception | None = None

    async def prepare(self, way: Way, charge: Charge) -> Prepared:
        if self.fail:
            raise self.fail
        self.opened.append((way, charge))
        match way:
            case Way.JSAPI:
                return Prepared(bridge={"appId": "wx", "package": f"prepay_id={charge.out_trade_no}"})
            case Way.NATIVE:
                return Prepared(code=f"weixin://wxpay/bizpayurl?pr={charge.out_trade_no}")
        return Prepared(url=f"https://{self.name}.test/pay?no={charge.out_trade_no}&way={way}")

    def pay(self, amount_fen: int, rt: Runtime) -> None:
        number = self.opened[-1][1].out_trade_no
        self.paid[number] = TradeNews(number, State.DONE, f"T{number}", amount_fen, rt.now(), "o-payer")

    async def query(self, out_trade_no: str) -> TradeNews:
        if self.fail:
            raise self.fail
        self.asked.append(out_trade_no)
        return self.paid.get(out_trade_no, TradeNews(out_trade_no, State.OPEN))


class Phone:
    """Somebody's browser: cookies are kept, redirects are followed within the hospital's pages only."""

    def __init__(self, client: httpx.AsyncClient, agent: str, wechat: WeChat, openid: str = "") -> None:
        self.client, self.agent, self.wechat, self.openid = client, agent, wechat, openid

    async def get(self, path: str) -> httpx.Response:
        return await self._follow(await self._send("GET", path))

    async def post(self, path: str, **data: str) -> httpx.Response:
        return await self._follow(await self._send("POST", path, data=data))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, path, headers={"user-agent": self.agent}, **more)

    async def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(5):
            if answer.status_code not in (302, 303):
                return answer
            target = urlsplit(answer.headers["location"])
            if target.netloc == "open.wechat.test":
                query = parse_qs(target.query)
                code = f"code-{len(self.wechat.codes)}-{self.openid}"
                self.wechat.codes[code] = self.openid
                back = httpx.URL(query["to"][0]).copy_merge_params({"code": code, "state": query["state"][0]})
                target = urlsplit(str(back))
            answer = await self._send("GET", f"{target.path}?{target.query}")
        raise AssertionError("round in circles")


@dataclass
class Cash:
    """The hospital, its gateway, and how to open a browser."""

    rt: Runtime
    clinic: Clinic
    wechat: WeChat
    wechatpay: PaymentPlatform
    alipay: PaymentPlatform
    transport: httpx.AsyncBaseTransport

    def browser(self, agent: str = DESKTOP, openid: str = "") -> Phone:
        client = httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8000")
        return Phone(client, agent, self.wechat, openid)

    async def owner(self, who: Booker) -> Phone:
        """Within WeChat, the one who chats."""
        async with self.rt.database.begin() as session:
            openid = await session.scalar(
                text("SELECT platform_id FROM contacts WHERE id = :id"), {"id": who.contact_id}
            )
        return self.browser(IN_WECHAT, openid)

    async def patient(self, channel: str = "wechat", language: str = "zh-Hans") -> Booker:
        who = await self.clinic.booker(channel=channel)
        async with self.rt.database.begin() as session:
            values = {"id": who.contact_id, "language": language}
            await session.execute(
                text("INSERT INTO conversations (id, language) VALUES (:id, :language)"), values
            )
            await session.execute(text("INSERT INTO controls (conversation_id) VALUES (:id)"), values)
        return who

    async def held(self, who: Booker, fee_fen: int = 3500, **rules: Any) -> str:
        """The number of the order of an appointment that waits for its payment."""
        made = await self.clinic.book(who, await self.clinic.schedule(fee_fen=fee_fen, **rules))
        assert made.order_no
        return made.order_no

    async def bill(self, who: Booker, *items: tuple[str, int], hours: float = 72) -> str:
        async with self.rt.database.begin() as session:
            made = await orders.open_order(
                session,
                OrderKind.TEST,
                [orders.Item(name, amount) for name, amount in items],
                patient_id=who.patient_id,
                account_id=who.account_id,
                contact_id=who.contact_id,
                expires_at=self.rt.now() + timedelta(hours=hours),
                now=self.rt.now(),
            )
            return (await session.get_one(Order, made)).order_no

    async def pay(self, order_no: str, amount_fen: int, payer: str | None = None) -> str:
        """As the platform's callback tells it."""
        async with self.rt.database.begin() as session:
            opened = await paying.open_payment(
                session, order_no, Platform.WECHATPAY, "jsapi", self.rt.now(), payer
            )
            trade = Trade(
                Platform.WECHATPAY, opened.out_trade_no, f"T{order_no}", amount_fen, self.rt.now(), payer
            )
            await paying.receive(session, trade, FoundBy.CALLBACK, self.rt.now())
            return opened.out_trade_no

    async def link(self, make: Any, who: Booker, *subject: Any) -> str:
        async with self.rt.database.begin() as session:
            path: str = await make(session, who.contact_id, *subject, self.rt.now())
            return path

    async def pay_link(self, who: Booker, order_no: str) -> str:
        async with self.rt.database.begin() as session:
            until = (await orders.order(session, order_no)).expires_at
        return await self.link(page_subjects.pay_link, who, order_no, until)

    async def pay_for_link(self, who: Booker, order_no: str) -> str:
        async with self.rt.database.begin() as session:
            until = (await orders.order(session, order_no)).expires_at
        return await self.link(page_subjects.pay_for_link, who, order_no, until)

    async def count(self, table: str) -> int:
        async with self.rt.database.begin() as session:
            found: int = (await session.scalars(text(f"SELECT count(*) FROM {table}"))).one()  # noqa: S608
            return found


def words(answer: httpx.Response) -> str:
    """What is read on a page."""
    body = re.sub(r"(?s)<(style|script|svg|footer).*?</\1>", "", answer.text)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))
