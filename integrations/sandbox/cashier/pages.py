"""The pages' addresses. Whoever opens them says who pays; on the phone its owner is chosen already."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.alipay.trades import Trade as AlipayTrade
from integrations.sandbox.alipay.trades import masked_phone, yuan
from integrations.sandbox.people import Person
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.interfaces import CODE_URL
from integrations.sandbox.wechatpay.trades import Trade
from integrations.sandbox.world import World

LISTED = 40
EMPTY: dict[str, Any] = {
    "title": "收银台", "said": "", "bad": False, "ask_code": False, "people": [], "chosen": "", "account": "",
    "hidden": {},
}  # fmt: skip
Text = Annotated[str, Form()]


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html")


def _show(brand: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(_template().render(**(EMPTY | {"brand": brand} | values)))


def router(world: World) -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    _alipay(routes, world)
    _wechat(routes, world)
    return routes


def _people(world: World) -> list[dict[str, str]]:
    listed = world.people.newest(LISTED) or [world.people.make()]
    users = [world.account.user_of(person) for person in listed]
    return [
        {"key": person.key, "name": person.name, "phone": person.phone, "openid": user.openid if user else ""}
        for person, user in zip(listed, users, strict=True)
    ]


def _person(world: World, key: str) -> Person:
    return world.people.get(key) or next(iter(world.people.newest(1)), None) or world.people.make()


# Alipay: the buyer signs in, then pays


def _alipay(routes: APIRouter, world: World) -> None:
    interfaces = world.alipay.interfaces

    @routes.get("/alipay/cashier")
    async def cashier(trade: str = "", error: str = "", person: str = "") -> Response:
        if error:
            return _show("alipay", said=error, bad=True)
        try:
            return _alipay_step(world, interfaces.payable(trade), _person(world, person) if person else None)
        except AlipayError as problem:
            return _show("alipay", said=problem.message, bad=True)

    @routes.post("/alipay/cashier")
    async def act(trade: Text, do: Text, person: Text = "") -> Response:
        found = world.alipay.book.find(trade)
        try:
            if do == "cancel" and found:
                return _cancelled(found)
            buyer = _person(world, person)
            if do == "begin":
                return _alipay_step(world, interfaces.begin(trade, buyer), buyer)
            interfaces.pay(trade, buyer)
        except AlipayError as problem:
            return _show("alipay", said=problem.message, bad=True)
        return _alipay_back(world, trade)


def _alipay_step(world: World, trade: AlipayTrade, buyer: Person | None) -> Response:
    hidden = {"trade": trade.out_trade_no} | ({"person": buyer.key} if buyer else {})
    return _show(
        "alipay", title="支付宝收银台", payee=world.alipay.application.name, amount=yuan(trade.amount_fen),
        description=trade.subject, number=trade.out_trade_no, hidden=hidden, action="/alipay/cashier",
        people=[] if buyer else _people(world), account=masked_phone(buyer) if buyer else "",
        do="pay" if buyer else "begin", button="确认付款" if buyer else "登录",
    )  # fmt: skip


def _cancelled(trade: AlipayTrade) -> Response:
    address = trade.quit_url or trade.return_url.partition("?")[0]
    return RedirectResponse(address, 303) if address else _show("alipay", said="已取消付款", bad=True)


def _alipay_back(world: World, number: str) -> Response:
    """To the seller's page with what was paid, signed; where the seller named none, a word is said here."""
    alipay, trade = world.alipay, world.alipay.book.find(number)
    assert trade
    if not trade.return_url:
        return _show("alipay", said="付款成功，请返回商家页面")
    fields = {
        "charset": "utf-8", "out_trade_no": number, "method": f"{trade.method}.return", "version": "1.0",
        "total_amount": yuan(trade.amount_fen), "trade_no": trade.trade_no,
        "auth_app_id": alipay.application.app_id, "app_id": alipay.application.app_id,
        "seller_id": alipay.application.seller_id, "timestamp": alipay.book.stamp(world.clock()),
    }  # fmt: skip
    joint = "&" if urlsplit(trade.return_url).query else "?"
    return RedirectResponse(f"{trade.return_url}{joint}{urlencode(alipay.application.signed(fields))}", 303)


# WeChat Pay: in a browser (H5), and by a code that a phone scans


def _wechat(routes: APIRouter, world: World) -> None:
    @routes.get("/wechatpay/h5")
    async def browser(prepay_id: str = "", redirect_url: str = "") -> Response:
        return _wechat_page(world, prepay_id, "MWEB", redirect_url)

    @routes.get("/wechatpay/scan")
    async def scan(code: str = "") -> Response:
        if not code:
            return _show("wechat", ask_code=True)
        return _wechat_page(world, code.removeprefix(CODE_URL), "NATIVE", "")

    @routes.post("/wechatpay/cashier")
    async def act(session: Text, do: Text, person: Text = "", redirect_url: Text = "") -> Response:
        trade = world.wechatpay.book.by_session(session, world.clock())
        if do == "cancel" or trade is None:
            return _back(redirect_url) or _show("wechat", said="没有付款", bad=True)
        try:
            world.wechatpay.payer.pay(trade, world.wechat.user(_person(world, person)))
        except PayError as error:
            return _show("wechat", said=error.message, bad=True)
        return _back(redirect_url) or _show("wechat", said="支付成功")


def _wechat_page(world: World, session: str, kind: str, redirect_url: str) -> Response:
    trade = world.wechatpay.book.by_session(session, world.clock())
    if trade is None or trade.type != kind:
        return _show("wechat", said="支付链接已失效，请回到商家页面重新支付", bad=True)
    state = trade.state(world.clock())
    if state != "NOTPAY":
        return _show(
            "wechat", said="该订单已支付" if trade.paid_at else "该订单已关闭", bad=not trade.paid_at
        )
    return _wechat_step(world, trade, {"session": session, "redirect_url": redirect_url})


def _wechat_step(world: World, trade: Trade, hidden: dict[str, str]) -> Response:
    return _show(
        "wechat", title="微信支付", payee=world.wechatpay.keys.merchant.name, amount=yuan(trade.amount_fen),
        description=trade.description, number=trade.out_trade_no, hidden=hidden, action="/wechatpay/cashier",
        people=_people(world), do="pay", button="确认支付",
    )  # fmt: skip


def _back(redirect_url: str) -> Response | None:
    return RedirectResponse(redirect_url, 303) if redirect_url.startswith(("http://", "https://")) else None
