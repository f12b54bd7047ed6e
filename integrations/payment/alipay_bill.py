"""The daily bill of Alipay (业务明细): a zip of CSV files in GBK. Lines that begin with # are no data, the first other
line names the columns; amounts are yuan, those of refunds below zero."""

from __future__ import annotations

import csv
import io
import zipfile

from integrations.money import BillLine
from integrations.payment.amounts import fen, moment

_REFUND = "退款"
_SUMMARY = "汇总"
_MOST = 200 * 1024 * 1024  # bytes; more than any hospital's day


def read_bill(content: bytes) -> list[BillLine]:
    """Raises ValueError for what is no bill."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            details = [one for one in packed.infolist() if _SUMMARY not in _name(one)]
            if len(details) != 1 or details[0].file_size > _MOST:
                raise ValueError("not one file of details")
            text = packed.read(details[0]).decode("gb18030")
    except zipfile.BadZipFile as error:
        raise ValueError("no zip") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = csv.DictReader(lines)
    try:
        return [_line({name.strip(): value.strip() for name, value in row.items()}) for row in rows]
    except (KeyError, AttributeError) as error:
        raise ValueError("a bill without a column that is needed") from error


def _line(row: dict[str, str]) -> BillLine:
    refund = row["业务类型"] == _REFUND
    amount = fen(row["订单金额（元）"])
    return BillLine(
        out_trade_no=row["商户订单号"],
        transaction_id=row["支付宝交易号"],
        amount_fen=-amount if refund else amount,
        at=moment(row["完成时间"]),
        out_refund_no=row["退款批次号/请求号"] if refund else "",
    )


def _name(file: zipfile.ZipInfo) -> str:
    """Alipay writes names in GBK without saying so; zipfile then takes them for code page 437."""
    utf8 = file.flag_bits & 0x800
    return file.filename if utf8 else file.filename.encode("cp437").decode("gb18030", "replace")
