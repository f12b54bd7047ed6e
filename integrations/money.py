"""Money as people read it, and who takes it. It is kept in whole fen everywhere."""

from __future__ import annotations

from enum import StrEnum


class Platform(StrEnum):
    """Where a payment is made."""

    WECHATPAY = "wechatpay"
    ALIPAY = "alipay"


def yuan(fen: int) -> str:
    """¥35, ¥35.50"""
    whole, rest = divmod(fen, 100)
    return f"¥{whole}.{rest:02}" if rest else f"¥{whole}"
