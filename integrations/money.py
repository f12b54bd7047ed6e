"""Money as people read it, and who takes it. It is kept in whole fen everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Platform(StrEnum):
    """Where a payment is made."""

    WECHATPAY = "wechatpay"
    ALIPAY = "alipay"


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a platform's bill of a day: a payment, or (with `out_refund_no`) a refund. Amounts are positive."""

    out_trade_no: str
    transaction_id: str
    amount_fen: int
    at: datetime
    out_refund_no: str = ""


def yuan(fen: int) -> str:
    """¥35, ¥35.50"""
    whole, rest = divmod(fen, 100)
    return f"¥{whole}.{rest:02}" if rest else f"¥{whole}"
