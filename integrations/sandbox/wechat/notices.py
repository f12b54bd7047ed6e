"""Template messages and subscription notices: which ones WeChat takes, the card on the phone, and the event that
tells afterwards what became of one."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from integrations.sandbox.faults import Faults
from integrations.sandbox.state import Background
from integrations.sandbox.wechat.account import Account, WeChatUser
from integrations.sandbox.wechat.errors import WeChatError
from integrations.sandbox.wechat.patient import Patients
from integrations.sandbox.wechat.templates import SUBSCRIPTIONS, TEMPLATE_MESSAGES, Template

SAME_FOR = timedelta(minutes=10)  # in which a client_msg_id stands for one message
MOST_REMEMBERED = 10_000

Body = dict[str, Any]


class Notices:
    """`report` is the fault that makes the sending fail inside WeChat, after the interface said yes."""

    report = "notice/report"

    def __init__(self, account: Account, patients: Patients, faults: Faults, background: Background) -> None:
        self._account = account
        self._patients = patients
        self._faults = faults
        self._background = background
        self._known: dict[tuple[str, str], tuple[Any, int]] = {}

    def send_template(self, data: Body) -> Body:
        """`message/template/send`. Raises WeChatError."""
        user, template = self._addressed(data, TEMPLATE_MESSAGES)
        lines = template.card(data.get("data"))
        name = str(data.get("client_msg_id") or "")
        known = self._known.get((user.openid, name)) if name else None
        if known and self._account.clock() - known[0] < SAME_FOR:
            return _taken(known[1])  # the same message again: nothing more is shown
        number = self._next()
        if name:
            self._remember(user, name, number)
        self._after(user, template, lines, str(data.get("url") or ""), number, self._finish_template)
        return _taken(number)

    def send_subscription(self, data: Body) -> Body:
        """`message/subscribe/bizsend`: uses up one permission. Raises WeChatError."""
        user, template = self._addressed(data, SUBSCRIPTIONS)
        lines = template.card(data.get("data"))
        if user.permissions.get(template.id, 0) < 1:
            raise WeChatError(43101)
        user.permissions[template.id] -= 1
        number = self._next()
        self._after(user, template, lines, str(data.get("page") or ""), number, self._finish_subscription)
        return _taken(number)

    def _addressed(self, data: Body, library: dict[str, Template]) -> tuple[WeChatUser, Template]:
        user = self._account.user(str(data.get("touser", "")))
        if user is None:
            raise WeChatError(40003)
        template = library.get(str(data.get("template_id", "")))
        if template is None:
            raise WeChatError(40037)
        if not user.followed:
            raise WeChatError(43004)
        return user, template

    def _next(self) -> int:
        return 4_000_000_000_000_000_000 + secrets.randbelow(10**18)

    def _remember(self, user: WeChatUser, name: str, number: int) -> None:
        self._known[user.openid, name] = (self._account.clock(), number)
        while len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def _after(
        self, user: WeChatUser, template: Template, lines: list[tuple[str, str]], url: str, number: int,
        finish: Callable[[WeChatUser, Template, int, str], None],
    ) -> None:  # fmt: skip
        """What happens behind the interface: the card appears, or does not, and the account hears of it."""
        status = "success"
        if user.blocks_notices:
            status = "failed:user block"
        elif self._faults.draw("wechat", self.report):
            status = "failed: system failed"
        else:
            words = "\n".join([template.title, *(f"{label}：{value}" for label, value in lines)])
            body = {
                "text": words,
                "title": template.title,
                "lines": [list(line) for line in lines],
                "url": url,
            }
            user.thread.add("account", "service_notice", body, ref=str(number))
        finish(user, template, number, status)

    def _finish_template(self, user: WeChatUser, template: Template, number: int, status: str) -> None:
        self._patients.tell(user, "TEMPLATESENDJOBFINISH", {"MsgID": number, "Status": status})

    def _finish_subscription(self, user: WeChatUser, template: Template, number: int, status: str) -> None:
        good = status == "success"
        entry = {
            "TemplateId": template.id, "MsgID": number, "ErrorCode": 0 if good else 1,
            "ErrorStatus": "success" if good else status.removeprefix("failed:").strip(),
        }  # fmt: skip
        self._patients.tell(user, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": [entry]}})


def _taken(number: int) -> Body:
    return {"errcode": 0, "errmsg": "ok", "msgid": number}
