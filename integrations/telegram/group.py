"""What staff write in their group, a forum with a topic for each patient."""

from __future__ import annotations

import json
from typing import Any

from telegram import Message, Update

from integrations.channel import Malformed
from integrations.messages import GroupMessage
from integrations.texts import clean

_READ = frozenset({"update_id", Update.MESSAGE, Update.EDITED_MESSAGE})


def read(body: bytes) -> GroupMessage | None:
    """One update; None for what stands in no topic, and for what Telegram itself writes there. Raises Malformed."""
    try:
        update = json.loads(body)
        known = Update.de_json({name: part for name, part in update.items() if name in _READ}, None)
        message = known.message or known.edited_message
        if message is None or not message.is_topic_message or message.message_thread_id is None:
            return None
        return _said(known, message)
    except Exception as error:  # the library checks no types: whatever junk meets first is raised
        raise Malformed("no update of Telegram's") from error


def _said(update: Update, message: Message) -> GroupMessage | None:
    """Whoever writes as the group or as a channel says not who they are."""
    words = _text(message.text) or _text(message.caption)
    largest = max(message.photo, key=lambda size: size.width * size.height, default=None)
    other = largest is None and bool(message.effective_attachment or message.checklist)
    if not (words or largest or other):
        return None
    named = message.from_user is not None and message.sender_chat is None
    return GroupMessage(
        update_id=int(update.update_id),
        group=int(message.chat.id),
        topic=int(message.message_thread_id or 0),
        user=int(message.from_user.id) if named and message.from_user else None,
        text=words,
        picture=_text(largest.file_id) if largest else "",
        other=other,
        edited=update.edited_message is not None,
    )


def _text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""
