"""What the page shows on which an order is paid, by its owner (pay) or by somebody else (payfor, 代付)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request, Response

from bot.pages import codes, permission
from bot.pages.bill import Bill, bill_of, order_of
from bot.pages.reader import Answered, Reader, bill_gone, meet
from bot.pages.rendering import render
from bot.pages.speech import Line
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.page_subjects import PAY, PAY_FOR
from integrations.money import Platform

BACK = "back"  # of an address: the payer comes back from paying; counts the looks without a script
MOST_LOOKS = 8


@dataclass(frozen=True, slots=True)
class PayPage:
    reader: Reader
    bill: Bill

    @property
    def for_other(self) -> bool:
        return self.reader.link.purpose == PAY_FOR

    @property
    def full(self) -> bool:
        """Its reader may see what the order is for."""
        return self.reader.own and not self.for_other

    @property
    def path(self) -> str:
        return self.reader.path

    @property
    def address(self) -> str:
        return self.reader.rt.settings.public_url.rstrip("/") + self.path

    @property
    def script(self) -> str:
        """The address of WeChat's script, inside WeChat. Outside of it a WeChat patient's page looks whether it is not
        inside after all: browsers that WeChat opens do not always say so."""
        wanted = self.reader.inside or not self.reader.own
        return self.reader.rt.settings.wechat_jssdk_url if wanted else ""

    @property
    def offers(self) -> frozenset[str]:
        """Ways to pay that can be shown here: bridge (WeChat Pay within WeChat), wechatpay, alipay (elsewhere), and
        copy (Alipay, whose pages WeChat does not open)."""
        have = self.reader.rt.payments
        if self.bill.state != "open":
            return frozenset()
        if self.reader.inside:
            bridge = {"bridge"} if Platform.WECHATPAY in have and self.reader.platform_id else set()
            return frozenset(bridge | ({"copy"} if Platform.ALIPAY in have else set()))
        return frozenset(str(platform) for platform in have)

    async def renewed(self) -> PayPage:
        """With the order as it is by now. Raises UnknownOrder."""
        async with self.reader.rt.database.begin() as session:
            return replace(self, bill=await bill_of(session, self.reader, self.bill.order.order_no))

    async def show(self, *, looks: int = 0, notice: Line | None = None, status: int = 200) -> Response:
        """`looks`: how often a payer who came back has looked already; 0: they have not paid yet."""
        reader = self.reader
        return render(
            reader.request,
            "pay.html",
            reader.speech,
            status=status,
            scripts=permission.origin(self.script) if self.script else "",
            own_script=True,
            bill=self.bill,
            full=self.full,
            for_other=self.for_other,
            inside=reader.inside,
            script=self.script,
            page_key=await permission.key_for(reader) if self.full and reader.inside else None,
            offers=self.offers,
            path=self.path,
            token=reader.token,
            address=self.address,
            code=codes.svg(self.address) if reader.inside else "",
            looks=looks if self.bill.state == "open" else 0,
            most_looks=MOST_LOOKS,
            notice=notice,
        )


async def open_page(token: str, request: Request) -> PayPage:
    """A link opens only the page that it was made for. Raises Answered."""
    purpose = PAY_FOR if request.url.path.startswith(f"/p/{PAY_FOR}/") else PAY
    reader = await meet(request, token, {purpose}, owner=purpose == PAY)
    try:
        async with reader.rt.database.begin() as session:
            return PayPage(reader, await bill_of(session, reader, order_of(reader)))
    except UnknownOrder:
        raise Answered(bill_gone(reader)) from None


async def open_for_script(token: str, request: Request) -> PayPage | None:
    """For what the page's own script asks, which can show nothing else."""
    try:
        return await open_page(token, request)
    except Answered:
        return None


Opened = Annotated[PayPage, Depends(open_page)]
ForScript = Annotated[PayPage | None, Depends(open_for_script)]
