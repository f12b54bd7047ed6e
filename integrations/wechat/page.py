"""The JS-SDK's key for a page of ours: in a 服务号 a patient can give the permission for a subscription notice only by
pressing WeChat's own button (wx-open-subscribe), which a page shows after it proved that it belongs to the account.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

MOST_TEMPLATES: Final = 3  # one press asks for three templates at most


@dataclass(frozen=True, slots=True)
class PageKey:
    """What wx.config takes, where the SDK is, and which templates the button asks for."""

    appid: str
    timestamp: int
    nonce: str
    signature: str
    script: str
    templates: tuple[str, ...]

    @classmethod
    def sign(
        cls,
        *,
        appid: str,
        ticket: str,
        url: str,
        nonce: str,
        now: datetime,
        script: str,
        templates: tuple[str, ...],
    ) -> Self:
        """`url` is the page's address as the patient's WeChat opened it, up to a "#"."""
        timestamp = int(now.timestamp())
        return cls(
            appid=appid,
            timestamp=timestamp,
            nonce=nonce,
            signature=signature(ticket, nonce, timestamp, url),
            script=script,
            templates=templates[:MOST_TEMPLATES],
        )


def signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """SHA-1 over the four parts in the order of their names: WeChat's rule."""
    parts = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url.partition('#')[0]}"
    return hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 - WeChat's choice
