"""Money by JSON: pay as a patient would, see what the platforms know, make refunds, notices and bills go wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import Field

from integrations.sandbox.orders import Order
from integrations.sandbox.wechat.account import WeChatUser
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.notices import Manner
from integrations.sandbox.wechatpay.trades import Refund, Trade
from integrations.sandbox.world import World


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
    pay = world.wechatpay

    @routes.post("")
    async def pay_trade(order: PayOrder) -> dict[str, Any]:
        """404 when nobody opened the trade, 409 when it cannot be paid (any more)."""
        trade = _trade(world, order.out_trade_no)
        try:
            delivery = pay.payer.pay(
                trade,
                _payer(world, trade, order),
                late=order.late,
                notify=order.notify,
                delay_s=order.delay_s,
            )
        except PayError as error:
            raise HTTPException(409, f"{error.code}: {error.message}") from error
        pay.sheets.paid(trade)
        return _about(world, trade) | {"notice": delivery.as_json() if delivery else None}

    @routes.get("/trades")
    async def trades(out_trade_no: str = "") -> list[dict[str, Any]]:
        """What the platforms know, newest first."""
        if out_trade_no:
            return [_about(world, _trade(world, out_trade_no))]
        return [_about(world, trade) for trade in list(pay.book.all())[::-1][:200]]


def _refunds(routes: APIRouter, world: World) -> None:
    pay = world.wechatpay

    @routes.get("/refunds")
    async def refunds(out_trade_no: str = "") -> list[dict[str, Any]]:
        chosen = [_trade(world, out_trade_no)] if out_trade_no else list(pay.book.all())[::-1]
        found = [pay.book.refund_json(trade, one) for trade in chosen for one in trade.refunds]
        return [{"platform": "wechatpay", **one} for one in found[:200]]

    @routes.post("/refunds")
    async def settle(order: RefundOutcome) -> dict[str, Any]:
        trade = _trade(world, order.out_trade_no)
        trade.outcome = order.outcome
        for refund in trade.refunds:
            if order.out_refund_no == refund.out_refund_no or (
                not order.out_refund_no and refund.status == "PROCESSING"
            ):
                pay.interfaces.settle_refund(trade, refund, order.outcome)
        return _about(world, trade)


def _telling(routes: APIRouter, world: World) -> None:
    pay = world.wechatpay

    @routes.post("/notices")
    async def notify(order: NoticeOrder) -> dict[str, Any]:
        """The program's answer to the notice."""
        trade = _trade(world, order.out_trade_no)
        if order.out_refund_no:
            refund = _refund(trade, order.out_refund_no)
            return (await pay.notices.send_refund(trade, refund, order.manner)).as_json()
        if trade.paid_at is None:
            raise HTTPException(409, "not paid")
        return (await pay.notices.send_payment(trade, order.manner)).as_json()

    @routes.post("/bill")
    async def bill(order: BillOrder) -> dict[str, Any]:
        if order.out_trade_no:
            _move(_trade(world, order.out_trade_no), order.day, world)
        pay.bills.ready.add(order.day)
        return {"day": order.day.isoformat()}


def _sheets(routes: APIRouter, world: World) -> None:
    pay = world.wechatpay

    @routes.get("/sheets")
    async def sheets() -> list[dict[str, Any]]:
        """Payments that pages on phones are asking for just now."""
        return [{"openid": one.openid} | _about(world, one.trade) for one in pay.sheets.all()]

    @routes.post("/sheets")
    async def answer_sheet(order: SheetOrder) -> dict[str, Any]:
        if pay.sheets.of(order.openid) is None:
            raise HTTPException(404, "no payment sheet is open there")
        try:
            pay.sheets.accept(order.openid) if order.accept else pay.sheets.dismiss(order.openid)
        except PayError as error:
            raise HTTPException(409, f"{error.code}: {error.message}") from error
        return {"accepted": order.accept}


def _trade(world: World, number: str) -> Trade:
    trade = world.wechatpay.book.find(number)
    if trade is None:
        raise HTTPException(404, "nobody opened a trade of this number")
    return trade


def _refund(trade: Trade, number: str) -> Refund:
    for refund in trade.refunds:
        if refund.out_refund_no == number:
            return refund
    raise HTTPException(404, "the trade has no such refund")


def _payer(world: World, trade: Trade, order: PayOrder) -> WeChatUser:
    user = world.account.user(order.openid or trade.openid)
    if order.openid and user is None:
        raise HTTPException(404, "no such openid")
    if user is not None:
        return user
    person = world.people.get(order.person) if order.person else None
    if order.person and person is None:
        raise HTTPException(404, "no such person")
    return world.wechat.user(person or next(iter(world.people.newest(1)), None) or world.people.make())


def _about(world: World, trade: Trade) -> dict[str, Any]:
    book = world.wechatpay.book
    about = {"platform": "wechatpay", "type": trade.type, "description": trade.description}
    about |= {"created_at": trade.created_at.isoformat(), "openid": trade.openid}
    if trade.closes_at:
        about["closes_at"] = trade.closes_at.isoformat()
    said = book.trade_json(trade, world.clock())
    return about | said | {"refunds": [book.refund_json(trade, one) for one in trade.refunds]}


def _move(trade: Trade, day: date, world: World) -> None:
    def moved(moment: datetime) -> datetime:
        was = moment.astimezone(world.settings.zone).date()
        return moment + timedelta(days=(day - was).days)

    if trade.paid_at is None:
        raise HTTPException(409, "not paid")
    trade.paid_at = moved(trade.paid_at)
    for refund in trade.refunds:
        refund.created_at = moved(refund.created_at)
