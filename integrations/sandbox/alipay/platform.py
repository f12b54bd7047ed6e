"""Alipay, all its parts together."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from integrations.sandbox.alipay.api import Door
from integrations.sandbox.alipay.bill import Bills
from integrations.sandbox.alipay.interfaces import Interfaces
from integrations.sandbox.alipay.keys import Application, application_of
from integrations.sandbox.alipay.notices import PAUSES, Notices
from integrations.sandbox.alipay.trades import Book
from integrations.sandbox.faults import Faults
from integrations.sandbox.options import Options
from integrations.sandbox.posting import Post
from integrations.sandbox.state import Background, Clock, ProtocolLog
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class Alipay:
    application: Application
    book: Book
    notices: Notices
    interfaces: Interfaces
    bills: Bills
    door: Door


def build(
    settings: Settings, options: Options, clock: Clock, http: httpx.AsyncClient, background: Background,
    faults: Faults, log: ProtocolLog,
) -> Alipay:  # fmt: skip
    application, book = application_of(settings, options), Book(settings.zone)
    post = Post(
        "alipay", "notify", http, background, faults, log, clock, PAUSES, options.alipay_notify_scale,
        options.alipay_answer_seconds, options.wechat_send_seconds,
    )  # fmt: skip
    notices = Notices(application, book, post, clock)
    bills = Bills(application, book, options, clock, options.own_address(settings))
    interfaces = Interfaces(book, notices, bills, clock)
    door = Door(application, interfaces, faults, log, clock)
    return Alipay(application, book, notices, interfaces, bills, door)
