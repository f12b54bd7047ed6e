"""Telegram's updates into MessageIn."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from telegram import CallbackQuery, Chat, ChatMember, Message, Update

from integrations import menu
from integrations.channel import Malformed
from integrations.messages import Kind, Location, Media, MessageIn
from integrations.texts import clean

NAME = "telegram"

# Other kinds of updates are not ours, and a new shape of theirs must not make the library fail.
_READ = frozenset({"update_id", Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY})
_COMMANDS = frozenset(intent for intent, _ in menu.ENTRIES)
_LONGEST_TAG = 35  # of a language, by BCP 47
_GONE = frozenset({ChatMember.BANNED, ChatMember.LEFT})


def read(body: bytes, now: datetime) -> list[MessageIn]:
    """One update; empty when it is none for us (polls, channels, inline queries). Raises Malformed.

    `now` dates what Telegram does not date (pressed buttons).
    """
    try:
        update = json.loads(body)
        known = Update.de_json({name: part for name, part in update.items() if name in _READ}, None)
        return _read(known, update.get(Update.MY_CHAT_MEMBER), now)
    except Malformed:
        raise
    except Exception as error:  # the library checks no types: whatever junk meets first is raised
        raise Malformed("no update of Telegram's") from error


def _read(update: Update, membership: dict[str, Any] | None, now: datetime) -> list[MessageIn]:
    chat = _chat(update, membership)
    if chat is None:
        return []
    user = update.effective_user
    base = MessageIn(
        channel=NAME,
        external_id=str(_integer(update.update_id)),
        sender=str(_integer(chat.id)),
        kind=Kind.EVENT,
        sent_at=now,
        language=_text(user.language_code)[:_LONGEST_TAG] if user else "",
    )
    if chat.type != Chat.PRIVATE:  # what others write in a group is not ours to keep
        return [replace(base, choice="group")]
    if membership:
        return [_membership(base, membership)]
    if update.callback_query is not None:
        return [_pressed(base, update.callback_query)]
    if update.edited_message is not None:
        return [_edited(base, update.edited_message)]
    if update.message is not None:
        return [_message(_dated(base, update.message, update.message.date), update.message)]
    return [base]


def _chat(update: Update, membership: dict[str, Any] | None) -> Chat | None:
    if membership:
        return Chat.de_json(membership["chat"], None)
    if update.callback_query is not None and update.callback_query.message is None:
        return Chat(update.callback_query.from_user.id, Chat.PRIVATE)
    return update.effective_chat


def _pressed(base: MessageIn, query: CallbackQuery) -> MessageIn:
    seen = str(_integer(query.message.message_id)) if query.message else ""
    choice = _text(query.data)
    kind = Kind.CHOICE if choice else Kind.EVENT
    return replace(base, kind=kind, choice=choice, callback_ref=_text(query.id), message_ref=seen)


def _membership(base: MessageIn, change: dict[str, Any]) -> MessageIn:
    """In a private chat Telegram tells this when the patient blocks or unblocks us; after unblocking the phone
    sends /start by itself, which is greeted. Read by hand: the library
    wants all the rights that a member might have, and their list grows."""
    gone = change["new_chat_member"]["status"] in _GONE
    sent_at = datetime.fromtimestamp(_integer(change["date"]), UTC)
    return replace(base, kind=Kind.UNFOLLOW if gone else Kind.EVENT, sent_at=sent_at)


def _edited(base: MessageIn, message: Message) -> MessageIn:
    edited = _dated(base, message, message.edit_date or message.date)
    return replace(edited, kind=Kind.EDIT, text=_text(message.text) or _text(message.caption))


def _dated(base: MessageIn, message: Message, when: Any) -> MessageIn:
    return replace(base, sent_at=_time(when), message_ref=str(_integer(message.message_id)))


def _message(base: MessageIn, message: Message) -> MessageIn:
    if text := _text(message.text):
        return _text_message(base, text)
    caption = replace(base, text=_text(message.caption), album=_text(message.media_group_id))
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return replace(caption, kind=Kind.IMAGE, media=_media(largest, "image/jpeg"))
    if message.location or message.venue:
        return replace(base, kind=Kind.LOCATION, location=_location(message))
    if message.contact:  # the phone that the patient shares is the patient's answer
        return replace(base, kind=Kind.TEXT, text=_text(message.contact.phone_number))
    if message.sticker:
        return replace(base, kind=Kind.STICKER, media=_media(message.sticker, "image/webp"))
    for kind, attachment, mime in (
        (Kind.VOICE, message.voice, "audio/ogg"),
        (Kind.VIDEO, message.video or message.video_note or message.animation, "video/mp4"),
        (Kind.FILE, message.document or message.audio, ""),
    ):
        if attachment:
            media = _media(attachment, mime)
            is_picture = kind is Kind.FILE and media.mime.startswith("image/")
            return replace(caption, kind=Kind.IMAGE if is_picture else kind, media=media)
    return replace(base, choice="message")


def _text_message(base: MessageIn, text: str) -> MessageIn:
    command, _, argument = text.partition(" ")
    name = command.removeprefix("/").partition("@")[0]
    name = menu.COMMANDS.get(name, name)
    if command.startswith("/") and name == "start":
        return replace(base, kind=Kind.FOLLOW, choice=argument.strip())
    if command.startswith("/") and name in _COMMANDS:
        return replace(base, kind=Kind.MENU, choice=name)
    return replace(base, kind=Kind.TEXT, text=text)


def _media(attachment: Any, mime: str) -> Media:
    return Media(id=_text(attachment.file_id), mime=_text(getattr(attachment, "mime_type", None)) or mime)


def _location(message: Message) -> Location | None:
    place = message.venue.location if message.venue else message.location
    if place is None:
        return None
    latitude, longitude = float(place.latitude), float(place.longitude)
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    return Location(latitude, longitude, _text(message.venue.title) if message.venue else "")


def _text(value: object) -> str:
    """Only text, and only characters that a database takes (JSON may spell NUL and half surrogates)."""
    return clean(value) if isinstance(value, str) else ""


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise Malformed("an id that is no number")
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise Malformed("no date")
    return value.astimezone(UTC)
