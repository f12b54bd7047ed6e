"""Money as people read it. It is kept in whole fen everywhere."""

from __future__ import annotations


def yuan(fen: int) -> str:
    """¥35, ¥35.50"""
    whole, rest = divmod(fen, 100)
    return f"¥{whole}.{rest:02}" if rest else f"¥{whole}"
