"""`/v3/bill/tradebill`: a day's payments and refunds as a file, in yuan, with WeChat Pay's columns and backticks."""

from __future__ import annotations

import gzip
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock
from integrations.sandbox.wechatpay.errors import PayError
from integrations.sandbox.wechatpay.trades import Book, Refund, Trade

COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
KEPT = timedelta(days=92)
LINK = timedelta(minutes=5)
MARK = "\ufeff"  # the file begins with it


class Bills:
    """`ready` are days whose bill is there before its hour."""

    def __init__(self, book: Book, options: Options, clock: Clock, own: str) -> None:
        self._book, self._options, self._clock, self._own = book, options, clock, own
        self.ready: set[date] = set()
        self._files: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()

    def ask(self, query: dict[str, str]) -> dict[str, Any]:
        """Raises PayError."""
        day, kind = _day(query.get("bill_date", "")), query.get("bill_type", "ALL")
        if kind not in ("ALL", "SUCCESS", "REFUND"):
            raise PayError("PARAM_ERROR", "bill_type 不在枚举值中")
        if query.get("tar_type", "GZIP") != "GZIP":
            raise PayError("PARAM_ERROR", "tar_type 不在枚举值中")
        self._must_exist(day)
        rows = list(self._rows(day, kind))
        if not rows:
            raise PayError("NO_STATEMENT_EXIST")
        text = "\r\n".join([COLUMNS, *(_line(row) for row in rows), SUMMARY, _line(_sums(rows)), ""])
        plain = (MARK + text).encode()
        packed = query.get("tar_type") == "GZIP"
        token = secrets.token_urlsafe(48)
        self._files[token] = (gzip.compress(plain) if packed else plain, self._clock() + LINK)
        while len(self._files) > 200:
            self._files.popitem(last=False)
        url = f"{self._own}/wechatpay/v3/billdownload/file?token={token}" + (
            "&tartype=gzip" if packed else ""
        )
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(plain).hexdigest(),  # noqa: S324 - WeChat's choice; of the file unpacked
            "download_url": url,
        }

    def file(self, token: str) -> bytes:
        content, ends = self._files.get(token, (b"", self._clock()))
        if ends <= self._clock():
            raise PayError("INVALID_REQUEST", "账单下载地址无效或已过期")
        return content

    def _must_exist(self, day: date) -> None:
        now = self._clock().astimezone(self._book.zone)
        if day in self.ready:
            return
        if day >= now.date() or day < (now - KEPT).date():
            raise PayError("NO_STATEMENT_EXIST")
        if day == (now - timedelta(days=1)).date() and now.hour < self._options.wechatpay_bill_hour:
            raise PayError("STATEMENT_CREATING")

    def _rows(self, day: date, kind: str) -> Iterator[list[str]]:
        for trade in self._book.all():
            if kind != "REFUND" and trade.paid_at and self._on(trade.paid_at, day):
                yield self._row(trade, None)
            for refund in trade.refunds if kind != "SUCCESS" else []:
                if refund.status != "CLOSED" and self._on(refund.created_at, day):
                    yield self._row(trade, refund)

    def _on(self, moment: datetime, day: date) -> bool:
        return moment.astimezone(self._book.zone).date() == day

    def _row(self, trade: Trade, refund: Refund | None) -> list[str]:
        moment = refund.created_at if refund else trade.paid_at
        assert moment
        paid, back = (0, refund.total_fen) if refund else (trade.amount_fen, 0)
        return [
            f"{moment.astimezone(self._book.zone):%Y-%m-%d %H:%M:%S}", trade.appid, trade.mchid, "0", "",
            trade.transaction_id, trade.out_trade_no, trade.openid, trade.type, "REFUND" if refund else "SUCCESS",
            "OTHERS", "CNY", _yuan(paid), "0.00", refund.refund_id if refund else "0",
            refund.out_refund_no if refund else "0", _yuan(back), "0.00", "ORIGINAL" if refund else "",
            refund.status if refund else "", trade.description, trade.attach, f"{(paid - back) * 6 / 100_000:.5f}",
            "0.60%", _yuan(paid), _yuan(back), "",
        ]  # fmt: skip


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PayError("PARAM_ERROR", "bill_date 格式错误，应为 yyyy-MM-DD")


def _line(values: list[str]) -> str:
    return ",".join(f"`{value}" for value in values)


def _sums(rows: list[list[str]]) -> list[str]:
    def total(column: int, places: int = 2) -> str:
        return f"{sum(float(row[column]) for row in rows):.{places}f}"

    return [str(len(rows)), total(12), total(16), total(17), total(22, 5), total(24), total(25)]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
