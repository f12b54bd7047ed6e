"""A payment platform in memory: honest about money, and unreliable in all else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from integrations.messages import Answer, Webhook
from integrations.money import BillLine, Platform
from integrations.payment.interface import (
    Charge,
    NoBill,
    NoFunds,
    NumberUsed,
    Prepared,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Unavailable,
    Way,
)

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Trade:
    charge: Charge
    terms: tuple[object, ...]
    closed: bool = False
    transaction: str = ""
    paid_at: datetime | None = None


@dataclass
class Back:
    out_trade_no: str
    amount_fen: int
    state: State
    at: datetime


@dataclass
class MemoryPlatform:
    """`fault`: what the next call meets: "down" (nothing happened), "lost" (it happened, and no answer came).
    `refunds_become`: the state of new refunds; NoFunds raises."""

    now: Callable[[], datetime]
    name: Platform = Platform.WECHATPAY
    received: Answer = field(default_factory=Answer)
    fault: str = ""
    refunds_become: State | type[NoFunds] = State.DONE
    trades: dict[str, Trade] = field(default_factory=dict)
    refunds: dict[str, Back] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    news: list[TradeNews | RefundNews] = field(default_factory=list)  # callbacks, as they become known

    def _call(self, what: str) -> Callable[[], None]:
        """Gives what is to be called before the answer goes back."""
        self.calls.append(what)
        fault, self.fault = self.fault, ""
        if fault == "down":
            raise Unavailable(fault)

        def answer() -> None:
            if fault == "lost":
                raise Unavailable(fault)

        return answer

    async def prepare(self, way: Way, charge: Charge) -> Prepared:
        answer = self._call("prepare")
        terms = (way, charge.amount_fen, charge.expires_at, charge.payer, charge.client_ip)
        known = self.trades.setdefault(charge.out_trade_no, Trade(charge, terms))
        if known.paid_at or known.closed or known.terms != terms:
            raise NumberUsed("used", "OUT_TRADE_NO_USED")
        answer()
        return Prepared(code=charge.out_trade_no)

    def pay(self, out_trade_no: str) -> bool:
        """A payer pays. Whether the platform took the money."""
        trade = self.trades[out_trade_no]
        if self.state(trade) is not State.OPEN:
            return False
        trade.paid_at, trade.transaction = self.now(), f"T{len(self.calls)}-{out_trade_no}"
        self.news.append(self.told(out_trade_no))
        return True

    def state(self, trade: Trade) -> State:
        if trade.paid_at:
            return State.DONE
        ran_out = trade.charge.expires_at is not None and trade.charge.expires_at <= self.now()
        return State.CLOSED if trade.closed or ran_out else State.OPEN

    def told(self, out_trade_no: str) -> TradeNews:
        trade = self.trades.get(out_trade_no)
        if trade is None:
            return TradeNews(out_trade_no, State.UNKNOWN)
        if not trade.paid_at:
            return TradeNews(out_trade_no, self.state(trade))
        return TradeNews(
            out_trade_no, State.DONE, trade.transaction, trade.charge.amount_fen, trade.paid_at, "oPayer"
        )

    async def query(self, out_trade_no: str) -> TradeNews:
        answer = self._call("query")
        answer()
        return self.told(out_trade_no)

    async def close(self, out_trade_no: str) -> None:
        answer = self._call("close")
        if trade := self.trades.get(out_trade_no):
            if trade.paid_at:
                raise Refused("paid", "ORDERPAID")
            trade.closed = True
        answer()

    async def refund(
        self, *, out_trade_no: str, out_refund_no: str, amount_fen: int, total_fen: int, reason: str
    ) -> RefundNews:
        answer = self._call("refund")
        if out_refund_no not in self.refunds:
            if isinstance(self.refunds_become, type):
                raise self.refunds_become("no money", "NOT_ENOUGH")
            trade = self.trades[out_trade_no]
            gone = sum(
                one.amount_fen
                for one in self.refunds.values()
                if one.out_trade_no == out_trade_no and one.state is not State.CLOSED
            )
            if not trade.paid_at or gone + amount_fen > trade.charge.amount_fen:
                raise Refused("more than was paid", "INVALID_REQUEST")
            self.refunds[out_refund_no] = Back(out_trade_no, amount_fen, self.refunds_become, self.now())
        answer()
        return self.told_refund(out_refund_no)

    def become(self, out_refund_no: str, state: State) -> None:
        self.refunds[out_refund_no].state = state
        self.news.append(self.told_refund(out_refund_no))

    def told_refund(self, out_refund_no: str) -> RefundNews:
        known = self.refunds.get(out_refund_no)
        if known is None:
            return RefundNews(out_refund_no, State.UNKNOWN)
        return RefundNews(out_refund_no, known.state, f"P{out_refund_no}", known.amount_fen)

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> RefundNews:
        answer = self._call("query_refund")
        answer()
        return self.told_refund(out_refund_no)

    async def bill(self, day: date) -> Sequence[BillLine]:
        answer = self._call("bill")
        answer()
        paid = [
            BillLine(number, one.transaction, one.charge.amount_fen, one.paid_at)
            for number, one in self.trades.items()
            if one.paid_at and one.paid_at.astimezone(ZONE).date() == day
        ]
        back = [
            BillLine(
                one.out_trade_no, self.trades[one.out_trade_no].transaction, one.amount_fen, one.at, number
            )
            for number, one in self.refunds.items()
            if one.state is not State.CLOSED and one.at.astimezone(ZONE).date() == day
        ]
        if not paid + back:
            raise NoBill("nothing", "NO_STATEMENT_EXIST")
        return paid + back

    async def read(self, webhook: Webhook) -> TradeNews | RefundNews | None:
        raise NotImplementedError

    def net(self, out_trade_no: str) -> int:
        """What of its money is with the hospital."""
        trade = self.trades.get(out_trade_no)
        if trade is None or not trade.paid_at:
            return 0
        return trade.charge.amount_fen - sum(
            one.amount_fen
            for one in self.refunds.values()
            if one.out_trade_no == out_trade_no and one.state is State.DONE
        )
