from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital.billing import orders, paying, receipts
from integrations.hospital.billing.paying import Trade
from integrations.hospital.models import FoundBy, Platform


@pytest.mark.parametrize(("channel", "by_other"), [("wechat", True), ("telegram", False)])
async def test_a_relative_is_named_only_where_the_owners_own_account_is_known(
    clinic: Any, channel: str, by_other: bool
) -> None:
    made = await clinic.book(await clinic.booker(channel=channel), await clinic.schedule(fee_fen=3500))
    async with clinic.database.begin() as session:
        opened = await paying.open_payment(
            session, made.order_no, Platform.WECHATPAY, "jsapi", clinic.now, "oSomebody"
        )
        trade = Trade(Platform.WECHATPAY, opened.out_trade_no, "42000", 3500, clinic.now, "oSomebody")
        await paying.receive(session, trade, FoundBy.CALLBACK, clinic.now)
        order = await orders.order(session, made.order_no)
        [paid] = (await receipts.payments_of(session, [order.id]))[order.id]
    assert paid.by_other is by_other
