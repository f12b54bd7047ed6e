"""The account's templates, as its owner chose them from WeChat's library, and the rules for what may be filled in.

Template messages and subscription notices have templates of their own; an id of one kind is unknown to the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.wechat.errors import WeChatError

_DATE = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}月\d{1,2}日)"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
# What the type in a field's name (thing1, time3) takes.
_RULES = {
    "thing": r"[^\r\n\t]{1,20}",
    "number": r"-?\d+(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "character_string": r"[!-~ ]{1,32}",
    "time": rf"({_DATE} ?)?{_CLOCK}(~({_DATE} ?)?{_CLOCK})?",
    "date": rf"{_DATE}( {_CLOCK})?",
    "amount": r"[¥$]?\d{1,10}(\.\d+)?元?",
    "phone_number": r"[+\d -]{1,17}",
    "name": r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
}


@dataclass(frozen=True, slots=True)
class Template:
    """`fields` are the template's keywords in their order, with the label that the patient reads."""

    id: str
    title: str
    fields: dict[str, str]

    def card(self, data: Any) -> list[tuple[str, str]]:
        """Labels and values as the card shows them. Raises WeChatError 47003 for anything that does not fit."""
        if not isinstance(data, dict):
            raise WeChatError(47001)
        lines = []
        for name, label in self.fields.items():
            entry = data.get(name)
            value = entry.get("value") if isinstance(entry, dict) else None
            kind = name.rstrip("0123456789")
            if not isinstance(value, str) or not re.fullmatch(_RULES[kind], value):
                raise WeChatError(47003, f"data.{name}.value invalid")
            lines.append((label, value))
        for name in data:
            if name not in self.fields:
                raise WeChatError(47003, f"data.{name} is no field of the template")
        return lines


def _listed(*templates: Template) -> dict[str, Template]:
    return {template.id: template for template in templates}


# A hospital's account would choose others; the fields are what counts.
TEMPLATE_MESSAGES = _listed(
    Template(
        "QkT3mVw7s0yJ9dPzLr2nXb5HcU8aEfG1iKoMtRvWx4A",
        "预约服务通知",
        {"thing1": "通知内容", "character_string2": "订单编号", "time3": "通知时间"},
    ),
    Template(
        "Zp8RnD4hY2vKq6LsXw0cJmT7bFgU5aEiOo3MtVkWx1B",
        "资料审核通知",
        {"thing1": "通知内容", "time2": "通知时间", "phrase3": "状态"},
    ),
)
SUBSCRIPTIONS = _listed(
    Template(
        "Sb5HcQkT3mVw7s0yJ9dPzLr2nXU8aEfG1iKoMtRvWx4",
        "服务进度提醒",
        {"thing1": "提醒内容", "character_string2": "订单编号", "time3": "提醒时间"},
    ),
)
