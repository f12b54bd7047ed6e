"""The JSON objects of the Bot API that both directions share."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.people import Person
from integrations.sandbox.state import Entry
from integrations.sandbox.telegram.bot import Bot, Chat


def bot_user(bot: Bot) -> dict[str, Any]:
    name = bot.options.telegram_username
    return {"id": bot.id, "is_bot": True, "first_name": bot.name, "username": name}


def user(chat: Chat) -> dict[str, Any]:
    return {
        "id": chat.id,
        "is_bot": False,
        "first_name": chat.person.name,
        "language_code": chat.language_code,
    }


def private_chat(chat: Chat) -> dict[str, Any]:
    return {"id": chat.id, "type": "private", "first_name": chat.person.name}


def message(bot: Bot, chat: Chat, entry: Entry) -> dict[str, Any]:
    """A Message, from either side."""
    body = entry.body
    made: dict[str, Any] = {
        "message_id": int(entry.ref),
        "from": user(chat) if entry.side == "patient" else bot_user(bot),
        "chat": private_chat(chat),
        "date": int(entry.at.timestamp()),
    }
    if body.get("edited_at"):
        made["edit_date"] = body["edited_at"]
    if body.get("inline_keyboard"):
        made["reply_markup"] = {"inline_keyboard": body["inline_keyboard"]}
    return made | _content(entry)


def _content(entry: Entry) -> dict[str, Any]:
    body, text = entry.body, entry.body.get("text", "")
    if entry.kind == "text":
        return {"text": text} | _commands(text)
    if entry.kind in ("location", "contact"):
        return {entry.kind: body["object"]}
    caption = {"caption": text} if text and entry.kind != "sticker" else {}
    return {entry.kind: body["object"]} | caption


def _commands(text: str) -> dict[str, Any]:
    if not text.startswith("/") or len(text) < 2:
        return {}
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]}


def contact(person: Person, chat: Chat) -> dict[str, Any]:
    return {"phone_number": f"86{person.phone}", "first_name": person.name, "user_id": chat.id}


def file_object(bot: Bot, content: bytes, mime: str, name: str, **more: Any) -> dict[str, Any]:
    """Stores a file and gives its Bot API object."""
    file = bot.files.put(content, mime, name)
    return {"file_id": file.id, "file_unique_id": file.id[:16], "file_size": len(content), **more}
