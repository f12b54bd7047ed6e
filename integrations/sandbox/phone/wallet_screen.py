"""The wallet: what the phone's owner paid and got back, in WeChat and Alipay; and the scan of a code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from nicegui import ui

from integrations.sandbox.alipay.trades import yuan
from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import Open, avatar, box, mark, words
from integrations.sandbox.world import World

SHOWN = 60
REFUND_WORDS = {
    "PROCESSING": "退款处理中",
    "SUCCESS": "退款已到账",
    "ABNORMAL": "退款异常",
    "CLOSED": "退款关闭",
}
COLORS = {"微信支付": "#07c160", "支付宝": "#1677ff"}


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    platform: str
    title: str
    amount_fen: int  # negative: paid
    state: str
    number: str


class WalletScreen:
    def __init__(self, world: World, person: Person, open_link: Open) -> None:
        self._world, self._person, self._open = world, person, open_link
        self._seen: object = None
        with box("screen wallet", "wallet-screen"):
            with box("head"):
                words("钱包", "head-title")
            with box("scan-line"):
                self._code = ui.input(placeholder="粘贴付款二维码的内容").props("borderless dense")
                mark(self._code.classes("scan-input"), "scan-code")
                button = mark(box("scan-go", tag="button").props("type=button"), "scan-go")
                with button:
                    ui.icon("qr_code_scanner")
                    words("扫一扫")
                button.on("click", self._scan)
            self._list = box("chat-body wallet-lines", "wallet-lines")

    def refresh(self) -> None:
        versions = (self._world.wechatpay.book.version, self._world.alipay.book.version)
        if versions == self._seen:
            return
        self._seen = versions
        lines = sorted(self._lines(), key=lambda line: line.at, reverse=True)[:SHOWN]
        self._list.clear()
        with self._list:
            if not lines:
                with box("empty"):
                    ui.icon("receipt_long")
                    words("还没有付过款")
            for line in lines:
                self._draw(line)

    def _scan(self) -> None:
        """A code leads to the page that pays it; any other address opens."""
        content = (self._code.value or "").strip()
        if content:
            self._code.value = ""
            own = self._world.options.own_address(self._world.settings)
            link = content.startswith(("http://", "https://"))
            self._open(content if link else f"{own}/wechatpay/scan?code={quote(content, safe='')}")

    def _draw(self, line: Line) -> None:
        with mark(box("wallet-line"), "wallet-line", number=line.number):
            avatar("", 40, icon="local_hospital", color=COLORS[line.platform])
            with box("wallet-words"):
                words(line.title, "wallet-title")
                at = line.at.astimezone(self._world.settings.zone)
                words(f"{line.platform} · {at:%m月%d日 %H:%M}", "wallet-time")
            with box("wallet-right"):
                sign = "+" if line.amount_fen > 0 else "-"
                words(f"{sign}{yuan(abs(line.amount_fen))}", f"wallet-amount {'back' if sign == '+' else ''}")
                words(line.state, "wallet-state")

    def _lines(self) -> Iterator[Line]:
        yield from self._wechat()
        for trade in self._world.alipay.book.all():
            if trade.buyer is not self._person or trade.paid_at is None:
                continue
            back = trade.refunded_fen
            state = "已全额退款" if back >= trade.amount_fen else "已部分退款" if back else "支付成功"
            yield Line(trade.paid_at, "支付宝", trade.subject, -trade.amount_fen, state, trade.out_trade_no)
            for one in trade.refunds:
                told = REFUND_WORDS["SUCCESS" if one.done else "PROCESSING"]
                yield Line(
                    one.at, "支付宝", f"退款-{trade.subject}", one.amount_fen, told, one.out_request_no
                )

    def _wechat(self) -> Iterator[Line]:
        user = self._world.account.user_of(self._person)
        for trade in self._world.wechatpay.book.all() if user else ():
            if not user or trade.paid_at is None or trade.openid != user.openid:
                continue
            left = trade.refundable_fen
            state = "已全额退款" if left <= 0 else "已部分退款" if left < trade.amount_fen else "支付成功"
            yield Line(
                trade.paid_at, "微信支付", trade.description, -trade.amount_fen, state, trade.out_trade_no
            )
            for one in trade.refunds:
                title = f"退款-{trade.description}"
                told = REFUND_WORDS[one.status]
                yield Line(one.created_at, "微信支付", title, one.total_fen, told, one.out_refund_no)
