"""Platforms write money as yuan with at most two decimals. Never through floats: 0.29 * 100 is 28.999999999999996."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))  # the time of the platforms, whatever the hospital's setting

_YUAN = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)


def fen(yuan: str) -> int:
    """25, 25.5, -25.50 → whole fen. Raises ValueError."""
    found = _YUAN.fullmatch(yuan.strip())
    if found is None:
        raise ValueError("not an amount of money")
    sign, whole, decimals = found.groups()
    amount = int(whole) * 100 + int((decimals or "").ljust(2, "0"))
    return -amount if sign else amount


def yuan(fen: int) -> str:
    """2500 → 25.00"""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02}"


def moment(said: str) -> datetime:
    """2026-11-22 09:30:00, in China. Raises ValueError."""
    return datetime.strptime(said.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)
