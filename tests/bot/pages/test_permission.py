"""Where WeChat allows it, the pages on which something was paid or booked ask for the permission to send a notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest

from integrations.channel import SendError
from integrations.channel import Unavailable as WeChatDown

from .money import IN_WECHAT, WeChat

BUTTON = '<wx-open-subscribe id="subscribe" template="T1,T2">'


@dataclass
class AskingWeChat(WeChat):
    """An account that sends subscription notices."""

    takes_notices: bool = True
    asks_permission: bool = True
    same_notice_for: timedelta = timedelta(0)
    key_fails: SendError | None = None

    def notice_template(self, kind: str) -> str | None:
        return "T1"

    async def notify(self, recipient, notice, *, client_id):
        raise NotImplementedError

    async def page_key(self, url: str):
        if self.key_fails:
            raise self.key_fails
        return SimpleNamespace(
            appid="wx1", timestamp=1, nonce="n", signature=f"signed {url}", templates=("T1", "T2"),
            script="https://res.wx.test/jweixin.js",
        )  # fmt: skip


@pytest.fixture
def asking(cash):
    cash.wechat = AskingWeChat()
    cash.rt.channels["wechat"] = cash.wechat
    return cash


async def pages(cash, who) -> tuple[str, str]:
    """The page that pays a number, and its card."""
    order_no = await cash.held(who)
    pay = await cash.pay_link(who, order_no)
    await cash.pay(order_no, 3500)
    return pay, pay.replace("/pay/", "/card/")


async def test_the_pages_of_what_was_paid_and_booked_ask_for_it(asking):
    who = await asking.patient()
    for path in await pages(asking, who):
        page = await (await asking.owner(who)).get(path)
        assert page.status_code == 200
        assert BUTTON in page.text
        assert f"signed http://127.0.0.1:8000{path}" in page.text


async def test_nobody_else_and_nowhere_else_is_asked(asking):
    who = await asking.patient()
    pay, _ = await pages(asking, who)
    assert "wx-open-subscribe" not in (await asking.browser(IN_WECHAT, "o-stranger").get(pay)).text
    assert "wx-open-subscribe" not in (await asking.browser().get(pay)).text
    asking.wechat.asks_permission = False  # an account with template messages needs none
    assert "wx-open-subscribe" not in (await (await asking.owner(who)).get(pay)).text


async def test_without_wechats_key_the_page_says_all_the_same(asking):
    asking.wechat.key_fails = WeChatDown("errcode -1")
    who = await asking.patient()
    for path in await pages(asking, who):
        page = await (await asking.owner(who)).get(path)
        assert (page.status_code, "wx-open-subscribe" in page.text) == (200, False)
