"""alipay.data.dataservice.bill.downloadurl.query: a zip with two files in GBK, the day's lines and their sums."""

from __future__ import annotations

import io
import re
import secrets
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from integrations.sandbox.alipay.errors import AlipayError
from integrations.sandbox.alipay.keys import Application
from integrations.sandbox.alipay.trades import Book, Refund, Trade, masked_phone, yuan
from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock

COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
SUMS = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）"
LINK = timedelta(seconds=30)
RULE = "#" + "-" * 41


class Entry(zipfile.ZipInfo):
    """A name in GBK, without the mark for UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own
        return self.filename.encode("gbk"), self.flag_bits


class Bills:
    """`ready` are days whose bill is there before its hour."""

    def __init__(
        self, application: Application, book: Book, options: Options, clock: Clock, own: str
    ) -> None:
        self._application, self._book, self._options = application, book, options
        self._clock, self._own = clock, own
        self.ready: set[date] = set()
        self._files: OrderedDict[str, tuple[bytes, datetime]] = OrderedDict()

    def ask(self, biz: dict[str, Any]) -> dict[str, Any]:
        """Raises AlipayError."""
        if biz.get("bill_type") not in ("trade", "signcustomer"):
            raise AlipayError("isv.invalid-parameter", "bill_type 不正确")
        day = _day(str(biz.get("bill_date", "")))
        rows = list(self._rows(day)) if self._exists(day) else []
        if not rows:
            raise AlipayError("isp.bill_not_exist")
        token = secrets.token_hex(16)
        self._files[token] = (self._zip(day, rows), self._clock() + LINK)
        while len(self._files) > 200:
            self._files.popitem(last=False)
        name = f"{self._application.seller_id}0156_{day:%Y%m%d}.csv.zip"
        link = f"downloadFileName={name}&bizType=trade&fileType=csv.zip&bizDates={day:%Y%m%d}&fileId={token}"
        return {"bill_download_url": f"{self._own}/alipay/downloadBillFile.resource?{link}"}

    def file(self, token: str) -> bytes | None:
        content, ends = self._files.get(token, (None, self._clock()))
        return content if ends > self._clock() else None

    def _exists(self, day: date) -> bool:
        now = self._clock().astimezone(self._book.zone)
        early = day == (now - timedelta(days=1)).date() and now.hour < self._options.alipay_bill_hour
        return day in self.ready or (day < now.date() and not early)

    def _rows(self, day: date) -> Iterator[tuple[Trade, Refund | None]]:
        for trade in self._book.all():
            if trade.paid_at and self._on(trade.paid_at, day):
                yield trade, None
            for refund in trade.refunds:
                if refund.done and self._on(refund.at, day):
                    yield trade, refund

    def _on(self, moment: datetime, day: date) -> bool:
        return moment.astimezone(self._book.zone).date() == day

    def _zip(self, day: date, rows: list[tuple[Trade, Refund | None]]) -> bytes:
        name = f"{self._application.seller_id}0156_{day:%Y%m%d}_业务明细"
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(Entry(f"{name}.csv"), self._lines(day, rows).encode("gbk"))
            archive.writestr(Entry(f"{name}(汇总).csv"), self._sums(day, rows).encode("gbk"))
        return made.getvalue()

    def _head(self, day: date, title: str) -> list[str]:
        after = day + timedelta(days=1)
        return [
            f"#支付宝{title}", f"#账号：[{self._application.seller_id}0156]",
            f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]",
        ]  # fmt: skip

    def _lines(self, day: date, rows: list[tuple[Trade, Refund | None]]) -> str:
        paid = [trade.amount_fen for trade, refund in rows if refund is None]
        back = [refund.amount_fen for _, refund in rows if refund is not None]
        now = self._clock().astimezone(self._book.zone)
        return "\r\n".join([
            *self._head(day, "业务明细查询"), f"{RULE}业务明细列表{RULE[1:]}", COLUMNS,
            *(self._line(trade, refund) for trade, refund in rows), f"{RULE}业务明细列表结束{RULE[1:]}",
            f"#交易合计：{len(paid)}笔，商家实收共{yuan(sum(paid))}元，商家优惠共0.00元",
            f"#退款合计：{len(back)}笔，商家实收退款共{yuan(-sum(back))}元，商家优惠退款共0.00元",
            f"#导出时间：[{now:%Y年%m月%d日 %H:%M:%S}]", "",
        ])  # fmt: skip

    def _line(self, trade: Trade, refund: Refund | None) -> str:
        assert trade.paid_at
        assert trade.buyer
        amount = yuan(-refund.amount_fen if refund else trade.amount_fen)
        done = self._book.stamp(refund.at if refund else trade.paid_at)
        return ",".join([
            f"{trade.trade_no}\t", f"{trade.out_trade_no}\t", "退款" if refund else "交易", trade.subject,
            self._book.stamp(trade.created_at), done, "\t", "\t", "\t", "\t",
            f"*{trade.buyer.name[-1]}({masked_phone(trade.buyer)})\t", amount, amount,
            *["0.00"] * 5, "", "0.00\t", "0.00", f"{refund.out_request_no if refund else ''}\t", "0.00", "0.00", "",
        ])  # fmt: skip

    def _sums(self, day: date, rows: list[tuple[Trade, Refund | None]]) -> str:
        back = [refund for _, refund in rows if refund is not None]
        total = sum(-refund.amount_fen if refund else trade.amount_fen for trade, refund in rows)
        line = f"合计\t,\t,{len(rows) - len(back)}\t,{len(back)}\t,{yuan(total)},{yuan(total)}"
        rule = [f"{RULE}业务汇总列表{RULE[1:]}", SUMS, line, f"{RULE}业务汇总列表结束{RULE[1:]}", ""]
        return "\r\n".join([*self._head(day, "业务汇总查询"), *rule])


def _day(given: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise AlipayError("isv.invalid-parameter", "bill_date 不正确")
