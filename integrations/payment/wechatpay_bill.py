"""The daily bill of WeChat Pay (交易账单, bill_type ALL): lines of fields that all begin with a backtick, then sums.
Amounts are yuan."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.money import BillLine
from integrations.payment.amounts import fen, moment

_SUMS = "总交易单数"


def read_bill(text: str) -> list[BillLine]:
    """Raises ValueError for what is no whole bill."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise ValueError("an empty file")
    names = lines[0].split(",")
    end = next((at for at, line in enumerate(lines) if line.startswith(_SUMS)), None)
    if end is None or end + 1 >= len(lines):
        raise ValueError("a bill without its sums")
    rows = [dict(zip(names, _fields(line), strict=True)) for line in lines[1:end]]
    if int(_fields(lines[end + 1])[0]) != len(rows):
        raise ValueError("a bill with fewer lines than it says")
    try:
        return list(_read(rows))
    except KeyError as error:
        raise ValueError("a bill without a column that is needed") from error


def _fields(line: str) -> list[str]:
    """A name may hold a comma, but no backtick behind it."""
    return line.strip().removeprefix("`").split(",`")


def _read(rows: list[dict[str, str]]) -> Iterator[BillLine]:
    for row in rows:
        number, transaction = row["商户订单号"], row["微信订单号"]
        at = moment(row["交易时间"])
        if row["交易状态"] == "SUCCESS":
            yield BillLine(number, transaction, fen(row["订单金额"]), at)
        elif row["交易状态"] == "REFUND" and row["退款状态"] != "FAIL":
            yield BillLine(number, transaction, fen(row["申请退款金额"]), at, row["商户退款单号"])
