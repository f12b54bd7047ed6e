"""The daily bill of WeChat Pay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from integrations.payment.interface import (
    NoBill,
    Unavailable,
)
from integrations.payment.wechatpay import WeChatPay
from tests.payment_platforms import (
    BASE,
    PlayedWeChatPay,
    sha1,
    wechat_bill,
)

from .conftest import always

_PACKED = wechat_bill(
    ("GH1", "4200", "35.00", ""), ("GH2", "4201", "0.29", ""), ("GH1", "4200", "35.00", "GH1R1")
)


def _bill(packed: bytes, announced: str) -> Callable[[httpx.Request], Any]:
    url = f"{BASE}/wechatpay/v3/billdownload/file?token=a%2Fb"

    def answer(request: httpx.Request) -> Any:
        if "billdownload" in request.url.path:
            return 200, packed
        return 200, {"download_url": url, "hash_type": "SHA1", "hash_value": announced}

    return answer


async def test_a_bill_is_fetched_and_read_to_the_fen(played: PlayedWeChatPay, pay: WeChatPay) -> None:
    played.script = _bill(_PACKED, sha1(_PACKED))
    played.headers = lambda headers: headers
    lines = await pay.bill(date(2026, 11, 21))
    assert [(one.out_trade_no, one.transaction_id, one.amount_fen, one.out_refund_no) for one in lines] == [
        ("GH1", "4200", 3500, ""),
        ("GH2", "4201", 29, ""),
        ("GH1", "4200", 3500, "GH1R1"),
    ]
    assert lines[0].at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert dict(played.requests[0].url.params) == {
        "bill_date": "2026-11-21",
        "bill_type": "ALL",
        "tar_type": "GZIP",
    }


@pytest.mark.parametrize(
    ("packed", "announced"),
    [(_PACKED, "0" * 40), (_PACKED[:-9], sha1(_PACKED)), (b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709")],
)
async def test_a_bill_that_came_broken_is_fetched_again(
    played: PlayedWeChatPay, pay: WeChatPay, packed: bytes, announced: str
) -> None:
    played.script = _bill(packed, announced)
    with pytest.raises(Unavailable):
        await pay.bill(date(2026, 11, 21))


@pytest.mark.parametrize("code", ["NO_STATEMENT_EXIST", "STATEMENT_CREATING"])
async def test_a_bill_that_is_not_there(played: PlayedWeChatPay, pay: WeChatPay, code: str) -> None:
    played.script = always(400, {"code": code})
    with pytest.raises(NoBill):
        await pay.bill(date(2026, 11, 21))
