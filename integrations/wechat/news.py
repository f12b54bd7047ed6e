"""What WeChat tells about notices: permissions given and taken, and what became of those that were sent.

Template messages: TEMPLATESENDJOBFINISH. Subscription notices: subscribe_msg_popup_event (the patient was asked),
subscribe_msg_change_event (the patient changed the settings), subscribe_msg_sent_event.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from integrations.messages import NoticeFate, NoticeNews

_LISTS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
_ASKED = {"accept": NoticeFate.GRANTED, "reject": NoticeFate.REFUSED}
_MOST = 20  # templates in one event


def read(event: str, data: dict[str, Any]) -> tuple[NoticeNews, ...]:
    """The news of an event (its name in lower case); none for other events and for parts that are unknown."""
    if event == "templatesendjobfinish":
        return (_finished(_word(data, "MsgID"), _word(data, "Status")),)
    found = []
    for entry in _entries(event, data):
        template, status = _word(entry, "TemplateId"), _word(entry, "SubscribeStatusString").lower()
        if event == "subscribe_msg_sent_event":
            done = "success" if _word(entry, "ErrorCode") == "0" else _word(entry, "ErrorStatus") or "failed"
            found.append(_finished(_word(entry, "MsgID"), done))
        elif event == "subscribe_msg_popup_event" and status in _ASKED:
            found.append(NoticeNews(_ASKED[status], template))
        elif event == "subscribe_msg_change_event" and status == "reject":
            found.append(NoticeNews(NoticeFate.REVOKED, template))
    return tuple(found)


def fingerprint(data: dict[str, Any]) -> str:
    """What tells two such events of one patient in one second apart; empty for other events."""
    parts = [data.get(name) for name in ("MsgID", *_LISTS.values()) if data.get(name)]
    if not parts:
        return ""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _finished(message: str, status: str) -> NoticeNews:
    """Status is success, failed:user block or failed: system failed."""
    fate = NoticeFate.DELIVERED if status == "success" else NoticeFate.FAILED
    return NoticeNews(fate, platform_id=message, reason=status[:60])


def _entries(event: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One template is an element List, several are several of them."""
    block = data.get(_LISTS.get(event, ""))
    entries = block.get("List") if isinstance(block, dict) else None
    for entry in (entries if isinstance(entries, list) else [entries])[:_MOST]:
        if isinstance(entry, dict):
            yield entry


def _word(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value.strip()[:64].replace("\0", "") if isinstance(value, str) else ""
