"""WeChat Pay, all its parts together."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from integrations.sandbox.faults import Faults
from integrations.sandbox.options import Options
from integrations.sandbox.posting import Post
from integrations.sandbox.state import Background, Clock, ProtocolLog
from integrations.sandbox.wechat.account import Account
from integrations.sandbox.wechatpay.api import Door
from integrations.sandbox.wechatpay.bill import Bills
from integrations.sandbox.wechatpay.interfaces import Interfaces
from integrations.sandbox.wechatpay.keys import Keys, merchant_of
from integrations.sandbox.wechatpay.notices import PAUSES, Notices
from integrations.sandbox.wechatpay.payer import Payer
from integrations.sandbox.wechatpay.sheets import Sheets
from integrations.sandbox.wechatpay.trades import Book
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class WeChatPay:
    keys: Keys
    book: Book
    notices: Notices
    payer: Payer
    sheets: Sheets
    interfaces: Interfaces
    bills: Bills
    door: Door


def build(
    settings: Settings, options: Options, clock: Clock, account: Account, http: httpx.AsyncClient,
    background: Background, faults: Faults, log: ProtocolLog,
) -> WeChatPay:  # fmt: skip
    keys = Keys(merchant_of(settings), settings, options, clock)
    book, own = Book(settings.zone), options.own_address(settings)
    post = Post(
        "wechatpay", "notify", http, background, faults, log, clock, PAUSES, options.wechatpay_notify_scale,
        options.wechatpay_answer_seconds, options.wechat_send_seconds,
    )  # fmt: skip
    notices = Notices(keys, book, post, clock)
    payer = Payer(book, notices, clock)
    return WeChatPay(
        keys=keys, book=book, notices=notices, payer=payer,
        sheets=Sheets(account, keys.merchant, book, payer, clock),
        interfaces=Interfaces(account, keys, book, notices, background, options, clock, own),
        bills=Bills(book, options, clock, own), door=Door(keys, faults, log, clock),
    )  # fmt: skip
