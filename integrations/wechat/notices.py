"""Notices outside the customer-service window: template messages and subscription notices.

WECHAT_NOTICE_TEMPLATES says which of the account's templates stands for which kind of notice, and which of the
template's fields takes what of ours:

    {"appointment_booked": {"id": "…", "fields": {"character_string1": "number", "thing2": "words", "time3": "time"}}}

The kind "*" stands for all that are not named. Instead of ours (words, number, time) a field may be given a fixed
text behind an equals sign: {"phrase4": "=已更新"}. Every field of a template must be filled, or WeChat refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from integrations.messages import Notice

# WeChat takes a second template message with the same client_msg_id for the first one, for ten minutes. The last
# two are ours, for the way and the clocks.
SAME_FOR: Final = timedelta(minutes=8)

EVERY_KIND: Final = "*"
_OURS = frozenset({"words", "number", "time"})


@dataclass(frozen=True, slots=True)
class Template:
    """One template of the account. `fields`: its field → ours, or "=" and a fixed text."""

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def filled(self, notice: Notice, zone: ZoneInfo) -> dict[str, dict[str, str]]:
        """The template's data as both interfaces take it."""
        ours = {
            "words": notice.words,
            "number": notice.number or "-",
            "time": f"{notice.at.astimezone(zone):%Y年%m月%d日 %H:%M}",
        }
        return {
            name: {"value": source[1:] if source.startswith("=") else ours[source]}
            for name, source in self.fields.items()
        }


def read_templates(setting: str) -> dict[str, Template]:
    """The templates by kind of notice. Raises ValueError, which names the kind that cannot be read."""
    try:
        found = json.loads(setting or "{}")
    except ValueError as error:
        raise ValueError(f"WECHAT_NOTICE_TEMPLATES is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("WECHAT_NOTICE_TEMPLATES is no JSON object")
    return {kind: _template(kind, about) for kind, about in found.items()}


def _template(kind: str, about: Any) -> Template:
    fields = about.get("fields") if isinstance(about, dict) else None
    if not (isinstance(fields, dict) and fields and isinstance(about.get("id"), str) and about["id"]):
        raise ValueError(f"WECHAT_NOTICE_TEMPLATES: {kind} needs id and fields")
    for name, source in fields.items():
        if not isinstance(source, str) or not (source in _OURS or source.startswith("=")):
            raise ValueError(f"WECHAT_NOTICE_TEMPLATES: {kind}.{name} is none of {sorted(_OURS)}")
    return Template(about["id"], fields)
