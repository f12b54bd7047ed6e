"""Money by JSON: pay as a patient would, see what the platforms know, make refunds, notices and bills go wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import Field

from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.alipay.trades import Trade as AlipayTrade
from integrations.sandbox.orders import Order
from integrations.sandbox.people import Person
from integrations.sandbox.posting import Delivery
from integrations.sandbox.wechat.account import WeChatUser
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.notices import Manner
from integrations.sandbox.wechatpay.trades import Trade
from integrations.sandbox.world import World

LISTED = 200
AnyTrade = Trade | AlipayTrade


class PayOrder(Order):
    """`person` or `openid`: who pays a trade that anyone may pay (empty: the newest person). `late`: the payer was
    in time, the platform was not. `notify` false: the platform never tells of it; else after `delay_s`."""

    out_trade_no: str
    person: str = ""
    openid: str = ""
    late: bool = False
    notify: bool = True
    delay_s: float = Field(default=0, ge=0, le=86_400)


class RefundOutcome(Order):
    """What becomes of a trade's refund: of the one named, of those on their way, and of later ones."""

    out_trade_no: str
    out_refund_no: str = ""
    outcome: Literal["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"]


class NoticeOrder(Order):
    """A notice once more, of the payment or (with `out_refund_no`) of a refund, and how it is to look."""

    out_trade_no: str
    out_refund_no: str = ""
    manner: Manner = "again"


class BillOrder(Order):
    """Makes the bill of `day` be there now; with `out_trade_no` moves that trade's payment and refunds to the day."""

    day: date
    out_trade_no: str = ""


class FinishOrder(Order):
    out_trade_no: str


class SheetOrder(Order):
    openid: str
    accept: bool = True


def router(world: World) -> APIRouter:
    routes = APIRouter(prefix="/inspect/pay")
    _paying(routes, world)
    _refunds(routes, world)
    _telling(routes, world)
    _sheets(routes, world)
    return routes


def _paying(routes: APIRouter, world: World) -> None:
    @routes.post("")
    async def pay_trade(order: PayOrder) -> dict[str, Any]:
        """404 when nobody opened the trade, 409 when it cannot be paid (any more)."""
        trade = _trade(world, order.out_trade_no)
        try:
            delivery = _pay(world, trade, order)
        except (PayError, AlipayError) as error:
            raise HTTPException(409, str(error)) from error
        return _about(world, trade) | {"notice": delivery.as_json() if delivery else None}

    @routes.get("/trades")
    async def trades(out_trade_no: str = "", limit: int = LISTED) -> list[dict[str, Any]]:
        """What the platforms know, newest first."""
        chosen = [_trade(world, out_trade_no)] if out_trade_no else _all(world)[:limit]
        return [_about(world, trade) for trade in chosen]

    @routes.post("/bill")
    async def bill(order: BillOrder) -> dict[str, Any]:
        if order.out_trade_no:
            _move(_trade(world, order.out_trade_no), order.day, world)
        world.wechatpay.bills.ready.add(order.day)
        world.alipay.bills.ready.add(order.day)
        return {"day": order.day.isoformat()}


def _pay(world: World, trade: AnyTrade, order: PayOrder) -> Delivery | None:
    how: dict[str, Any] = {"late": order.late, "notify": order.notify, "delay_s": order.delay_s}
    if isinstance(trade, AlipayTrade):
        return world.alipay.interfaces.pay(trade.out_trade_no, trade.buyer or _person(world, order), **how)
    delivery = world.wechatpay.payer.pay(trade, _payer(world, trade, order), **how)
    world.wechatpay.sheets.paid(trade)
    return delivery


def _refunds(routes: APIRouter, world: World) -> None:
    @routes.get("/refunds")
    async def refunds(out_trade_no: str = "") -> list[dict[str, Any]]:
        chosen = [_trade(world, out_trade_no)] if out_trade_no else _all(world)
        return [one for trade in chosen for one in _refunds_of(world, trade)][:LISTED]

    @routes.post("/refunds")
    async def settle(order: RefundOutcome) -> dict[str, Any]:
        trade = _trade(world, order.out_trade_no)
        if isinstance(trade, AlipayTrade):
            _settle_alipay(world, trade, order)
            return _about(world, trade)
        trade.outcome = order.outcome
        for refund in trade.refunds:
            on_its_way = not order.out_refund_no and refund.status == "PROCESSING"
            if on_its_way or refund.out_refund_no == order.out_refund_no:
                world.wechatpay.interfaces.settle_refund(trade, refund, order.outcome)
        return _about(world, trade)

    @routes.post("/finish")
    async def finish(order: FinishOrder) -> dict[str, Any]:
        """As if the months for refunds were over: Alipay's TRADE_FINISHED."""
        trade = _trade(world, order.out_trade_no)
        if not isinstance(trade, AlipayTrade) or trade.paid_at is None:
            raise HTTPException(409, "not a paid trade of Alipay")
        trade.finished = True
        world.alipay.notices.changed(trade)
        return _about(world, trade)


def _settle_alipay(world: World, trade: AlipayTrade, order: RefundOutcome) -> None:
    if order.outcome not in ("SUCCESS", "PROCESSING"):
        raise HTTPException(409, "Alipay's refunds are done or not yet done")
    trade.outcome = order.outcome
    for refund in trade.refunds:
        if order.outcome == "SUCCESS" and not refund.done:
            world.alipay.interfaces.settle_refund(trade, refund)


def _telling(routes: APIRouter, world: World) -> None:
    @routes.post("/notices")
    async def notify(order: NoticeOrder) -> dict[str, Any]:
        """The program's answer to the notice."""
        trade = _trade(world, order.out_trade_no)
        if trade.paid_at is None:
            raise HTTPException(409, "not paid")
        if isinstance(trade, AlipayTrade):
            return (await _tell_of_alipay(world, trade, order)).as_json()
        notices = world.wechatpay.notices
        if not order.out_refund_no:
            return (await notices.send_payment(trade, order.manner)).as_json()
        for refund in trade.refunds:
            if refund.out_refund_no == order.out_refund_no:
                return (await notices.send_refund(trade, refund, order.manner)).as_json()
        raise HTTPException(404, "the trade has no such refund")


async def _tell_of_alipay(world: World, trade: AlipayTrade, order: NoticeOrder) -> Delivery:
    if order.manner == "signtest":
        raise HTTPException(409, "Alipay sends no probes")
    refunds = {refund.out_request_no: refund for refund in trade.refunds}
    if order.out_refund_no and order.out_refund_no not in refunds:
        raise HTTPException(404, "the trade has no such refund")
    return await world.alipay.notices.send(trade, refunds.get(order.out_refund_no), order.manner)


def _sheets(routes: APIRouter, world: World) -> None:
    sheets = world.wechatpay.sheets

    @routes.get("/sheets")
    async def listed() -> list[dict[str, Any]]:
        """Payments that pages on phones are asking for just now."""
        return [{"openid": one.openid} | _about(world, one.trade) for one in sheets.all()]

    @routes.post("/sheets")
    async def answer(order: SheetOrder) -> dict[str, Any]:
        if sheets.of(order.openid) is None:
            raise HTTPException(404, "no payment sheet is open there")
        try:
            sheets.accept(order.openid) if order.accept else sheets.dismiss(order.openid)
        except PayError as error:
            raise HTTPException(409, str(error)) from error
        return {"accepted": order.accept}


def _all(world: World) -> list[AnyTrade]:
    """Of both platforms, newest first."""
    both: list[AnyTrade] = [*world.wechatpay.book.all(), *world.alipay.book.all()]
    return sorted(both, key=lambda trade: trade.created_at, reverse=True)


def _trade(world: World, number: str) -> AnyTrade:
    found = [world.wechatpay.book.find(number), world.alipay.book.find(number)]
    known = [trade for trade in found if trade is not None]
    if not known:
        raise HTTPException(404, "nobody opened a trade of this number")
    return max(known, key=lambda trade: trade.created_at)


def _payer(world: World, trade: Trade, order: PayOrder) -> WeChatUser:
    user = world.account.user(order.openid or trade.openid)
    if order.openid and user is None:
        raise HTTPException(404, "no such openid")
    return user or world.wechat.user(_person(world, order))


def _person(world: World, order: PayOrder) -> Person:
    if user := world.account.user(order.openid):
        return user.person
    person = world.people.get(order.person) if order.person else None
    if order.person and person is None:
        raise HTTPException(404, "no such person")
    return person or next(iter(world.people.newest(1)), None) or world.people.make()


def _about(world: World, trade: AnyTrade) -> dict[str, Any]:
    now, paid_at = world.clock(), trade.paid_at
    about = {"created_at": trade.created_at.isoformat(), "paid_at": paid_at.isoformat() if paid_at else None}
    refunds: dict[str, Any] = {"refunds": _refunds_of(world, trade)}
    if isinstance(trade, AlipayTrade):
        known = {"platform": "alipay", "type": trade.method, "description": trade.subject}
        return (
            about | known | world.alipay.book.about(trade, now) | {"amount_fen": trade.amount_fen} | refunds
        )
    about |= {"platform": "wechatpay", "type": trade.type, "description": trade.description}
    if trade.closes_at:
        about["closes_at"] = trade.closes_at.isoformat()
    said = world.wechatpay.book.trade_json(trade, now)
    return about | {"openid": trade.openid} | said | {"amount_fen": trade.amount_fen} | refunds


def _refunds_of(world: World, trade: AnyTrade) -> list[dict[str, Any]]:
    if isinstance(trade, AlipayTrade):
        return [
            {
                "platform": "alipay", "out_trade_no": trade.out_trade_no, "out_refund_no": one.out_request_no,
                "amount_fen": one.amount_fen, "status": "SUCCESS" if one.done else "PROCESSING",
            }
            for one in trade.refunds
        ]  # fmt: skip
    book = world.wechatpay.book
    return [
        {"platform": "wechatpay", "amount_fen": one.total_fen} | book.refund_json(trade, one)
        for one in trade.refunds
    ]


def _move(trade: AnyTrade, day: date, world: World) -> None:
    def moved(moment: datetime) -> datetime:
        was = moment.astimezone(world.settings.zone).date()
        return moment + timedelta(days=(day - was).days)

    if trade.paid_at is None:
        raise HTTPException(409, "not paid")
    trade.paid_at = moved(trade.paid_at)
    if isinstance(trade, AlipayTrade):
        for one in trade.refunds:
            one.at = moved(one.at)
        return
    for refund in trade.refunds:
        refund.created_at = moved(refund.created_at)
