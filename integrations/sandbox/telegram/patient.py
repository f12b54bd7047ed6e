"""What a patient does in Telegram, and the update that the bot gets."""

from __future__ import annotations

import secrets
from typing import Any

from integrations.sandbox.people import Person
from integrations.sandbox.state import Entry
from integrations.sandbox.telegram import objects
from integrations.sandbox.telegram.bot import Bot, Chat, Query
from integrations.sandbox.telegram.updates import Delivery, Updates


class NotStarted(Exception):
    """Before /start there is no chat with the bot; a blocked bot gets nothing."""


class Patients:
    """Each action queues an update and gives its Delivery."""

    def __init__(self, bot: Bot, updates: Updates) -> None:
        self.bot = bot
        self._updates = updates

    def chat(self, person: Person) -> Chat:
        return self.bot.chat_of(person) or self.bot.add_chat(person)

    def start(self, chat: Chat, payload: str = "") -> Delivery:
        """/start: opens the chat, and unblocks the bot when it was blocked."""
        if chat.blocked:
            chat.blocked = False
            self._member(chat, "kicked", "member")
        chat.started = True
        return self.say(chat, f"/start {payload}".strip())

    def say(self, chat: Chat, text: str) -> Delivery:
        return self._message(chat, "text", {"text": text})

    def edit(self, chat: Chat, message_id: int, text: str) -> Delivery:
        """Raises KeyError when there is no such message of the patient."""
        entry = self._entry(chat, message_id, "patient")
        entry.body |= {"text": text, "edited_at": int(self.bot.clock().timestamp())}
        chat.thread.touch(entry)
        content = objects.message(self.bot, chat, entry)
        return self._updates.push(chat, "edited_message", content, entry)

    def press(self, chat: Chat, message_id: int, data: str) -> Delivery:
        """Presses an inline button of a message. Raises KeyError when it has no such button."""
        entry = self._entry(chat, message_id, "account")
        buttons = [button for row in entry.body.get("inline_keyboard", []) for button in row]
        if data not in [button.get("callback_data") for button in buttons]:
            raise KeyError(data)
        query = Query(str(secrets.randbits(62)), data, chat, entry, self.bot.clock())
        self.bot.open_query(query)
        entry.body.setdefault("spinning", {})[data] = query.id
        chat.thread.touch(entry)
        content = {
            "id": query.id, "from": objects.user(chat), "message": objects.message(self.bot, chat, entry),
            "chat_instance": str(chat.id), "data": data,
        }  # fmt: skip
        return self._updates.push(chat, "callback_query", content, entry)

    def picture(self, chat: Chat, content: bytes, caption: str = "", mime: str = "image/jpeg") -> Delivery:
        """Telegram sends several sizes of a photo; ours are the same file twice."""
        photo = objects.file_object(self.bot, content, mime, "photo.jpg", width=1280, height=960)
        sizes = [photo | {"width": 320, "height": 240}, photo]
        return self._message(chat, "photo", {"text": caption, "object": sizes, "media_id": photo["file_id"]})

    def voice(self, chat: Chat, content: bytes, seconds: int) -> Delivery:
        made = objects.file_object(
            self.bot, content, "audio/ogg", "voice.oga", duration=seconds, mime_type="audio/ogg"
        )
        return self._file(chat, "voice", made, seconds=seconds)

    def video(self, chat: Chat, content: bytes) -> Delivery:
        made = objects.file_object(
            self.bot,
            content,
            "video/mp4",
            "video.mp4",
            duration=5,
            width=640,
            height=360,
            mime_type="video/mp4",
        )
        return self._file(chat, "video", made)

    def document(self, chat: Chat, content: bytes, name: str, mime: str) -> Delivery:
        made = objects.file_object(self.bot, content, mime, name, file_name=name, mime_type=mime)
        return self._file(chat, "document", made, text="", name=name)

    def sticker(self, chat: Chat, content: bytes, emoji: str) -> Delivery:
        made = objects.file_object(
            self.bot, content, "image/webp", "sticker.webp", type="regular", width=512, height=512,
            is_animated=False, is_video=False, emoji=emoji, set_name="renhe",
        )  # fmt: skip
        return self._file(chat, "sticker", made, sticker=emoji)

    def location(self, chat: Chat, latitude: float, longitude: float, label: str) -> Delivery:
        point = {"latitude": latitude, "longitude": longitude}
        return self._message(chat, "location", {"object": point, "text": label, **point})

    def contact(self, chat: Chat) -> Delivery:
        """Shares the patient's own phone number."""
        made = objects.contact(chat.person, chat)
        return self._message(chat, "contact", {"object": made, "text": chat.person.phone})

    def block(self, chat: Chat) -> Delivery:
        chat.blocked = True
        chat.thread.add("notice", "blocked", {"text": "已屏蔽机器人"})
        return self._member(chat, "member", "kicked")

    def _file(self, chat: Chat, kind: str, made: dict[str, Any], **body: Any) -> Delivery:
        return self._message(chat, kind, {"object": made, "media_id": made["file_id"], **body})

    def _message(self, chat: Chat, kind: str, body: dict[str, Any]) -> Delivery:
        if not chat.started or chat.blocked:
            raise NotStarted
        ref = str(self.bot.next_message_id())
        entry = chat.thread.add("patient", kind, body, ref=ref, state="sending")
        return self._updates.push(chat, "message", objects.message(self.bot, chat, entry), entry)

    def _entry(self, chat: Chat, message_id: int, side: str) -> Entry:
        entry = chat.thread.find(str(message_id))
        if entry is None or entry.side != side or entry.state == "deleted":
            raise KeyError(message_id)
        return entry

    def _member(self, chat: Chat, before: str, after: str) -> Delivery:
        bot = objects.bot_user(self.bot)
        content = {
            "chat": objects.private_chat(chat), "from": objects.user(chat),
            "date": int(self.bot.clock().timestamp()),
            "old_chat_member": {"user": bot, "status": before}, "new_chat_member": {"user": bot, "status": after},
        }  # fmt: skip
        return self._updates.push(chat, "my_chat_member", content)
