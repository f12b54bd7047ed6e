"""What members of the staff's group do there, and the updates that the bot gets."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.telegram import objects
from integrations.sandbox.telegram.bot import Bot
from integrations.sandbox.telegram.group import Group
from integrations.sandbox.telegram.updates import Delivery, Updates

# As whom an administrator writes who stays anonymous.
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


class Members:
    """Each action queues an update and gives its Delivery."""

    def __init__(self, bot: Bot, updates: Updates) -> None:
        self._bot = bot
        self._updates = updates

    def write(
        self,
        group: Group,
        topic: int,
        user: dict[str, Any],
        kind: str,
        body: dict[str, Any],
        *,
        anonymous: bool,
    ) -> Delivery | None:
        """None: the bot does not get it, for it is not there, or no administrator: then it gets commands only. Raises
        KeyError for a topic that is not there, or is closed to members."""
        if topic and (not group.forum or topic not in group.topics or group.topics[topic].closed):
            raise KeyError(topic)
        ref = str(self._bot.next_message_id())
        entry = group.thread.add("patient", kind, body | {"topic": topic, "user": user["id"]}, ref=ref)
        if group.gone or group.kicked or not (group.reads or body["text"].startswith("/")):
            return None
        message = group.message_object(entry, ANONYMOUS if anonymous else user)
        if anonymous:
            message["sender_chat"] = group.chat_object()
        return self._updates.push(group, "message", message, entry)

    def picture(self, content: bytes) -> dict[str, Any]:
        """Telegram sends several sizes of a photo; ours are the same file twice."""
        photo = objects.file_object(self._bot, content, "image/png", "photo.png", width=1280, height=960)
        return {"object": [photo | {"width": 320, "height": 240}, photo], "media_id": photo["file_id"]}

    def document(self, content: bytes) -> dict[str, Any]:
        made = objects.file_object(
            self._bot, content, "application/pdf", "a.pdf", file_name="a.pdf", mime_type="application/pdf"
        )
        return {"object": made, "media_id": made["file_id"]}

    def edit(self, group: Group, message_id: int, user: dict[str, Any], text: str) -> Delivery:
        """Raises KeyError."""
        entry = group.thread.find(str(message_id))
        if entry is None or entry.body.get("user") != user["id"]:
            raise KeyError(message_id)
        entry.body |= {"text": text, "edited_at": int(self._bot.clock().timestamp())}
        group.thread.touch(entry)
        return self._updates.push(group, "edited_message", group.message_object(entry, user), entry)
