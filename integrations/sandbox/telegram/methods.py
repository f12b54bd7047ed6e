"""The methods of the Bot API that the program may call."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.state import Entry
from integrations.sandbox.telegram import objects
from integrations.sandbox.telegram.bot import Bot, Chat, Query, Webhook
from integrations.sandbox.telegram.content import check_caption, check_plain, check_text, read_markup, units
from integrations.sandbox.telegram.errors import bad_request
from integrations.sandbox.telegram.group import Group
from integrations.sandbox.telegram.updates import Updates

ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip
TYPING = timedelta(seconds=5)
PHOTO_BYTES = 10 * 1024 * 1024
DOWNLOAD_BYTES = 20 * 1024 * 1024
TOAST_UNITS = 200
PICTURES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)

Params = dict[str, Any]


class Methods:
    """Each method takes its parameters (files as bytes) and gives `result`. All raise TelegramError."""

    def __init__(self, bot: Bot, updates: Updates) -> None:
        self._bot = bot
        self._updates = updates
        # Telegram does not mind the case of a method's name.
        self.table: dict[str, Callable[[Params], Any]] = {
            "getme": self.get_me,
            "sendmessage": self.send_message,
            "sendphoto": self.send_photo,
            "sendchataction": self.send_chat_action,
            "answercallbackquery": self.answer_callback_query,
            "editmessagetext": self.edit_message_text,
            "editmessagereplymarkup": self.edit_message_reply_markup,
            "deletemessage": self.delete_message,
            "createforumtopic": self.create_forum_topic,
            "closeforumtopic": lambda params: self._forum(params).turn(
                params.get("message_thread_id"), closed=True
            ),
            "reopenforumtopic": lambda params: self._forum(params).turn(
                params.get("message_thread_id"), closed=False
            ),
            "getchat": lambda params: self._staff(params).full_object(),
            "getchatmember": self.get_chat_member,
            "setwebhook": self.set_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "deletewebhook": self.delete_webhook,
            "setmycommands": self.set_my_commands,
            "getmycommands": self.get_my_commands,
            "deletemycommands": self.delete_my_commands,
            "getfile": self.get_file,
        }

    def get_me(self, params: Params) -> Any:
        abilities = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        return objects.bot_user(self._bot) | abilities

    # Messages

    def send_message(self, params: Params) -> Any:
        text = check_text(params.get("text"))
        check_plain(params)
        markup = read_markup(params.get("reply_markup"))
        if group := self._in_group(params):
            return self._show_in(group, params, "text", {"text": text})
        chat = self._bot.reachable(params.get("chat_id"))
        return self._show(chat, "text", {"text": text}, markup)

    def send_photo(self, params: Params) -> Any:
        caption = check_caption(params.get("caption"))
        check_plain(params)
        markup = read_markup(params.get("reply_markup"))
        group = self._in_group(params)
        chat = None if group else self._bot.reachable(params.get("chat_id"))
        photo = params.get("photo")
        if not photo:
            raise bad_request("there is no photo in the request")
        file = self._picture(photo)
        body = {"text": caption, "object": [file], "media_id": file["file_id"]}
        if group:
            return self._show_in(group, params, "photo", body)
        assert chat is not None, "one of the two"
        return self._show(chat, "photo", body, markup)

    # The staff's group

    def create_forum_topic(self, params: Params) -> Any:
        return self._forum(params).create(self._bot.next_message_id(), params.get("name"))

    def get_chat_member(self, params: Params) -> Any:
        group = self._staff(params)
        if str(params.get("user_id")) != str(self._bot.id):
            raise bad_request("PARTICIPANT_ID_INVALID")
        return group.member_object(objects.bot_user(self._bot))

    def _staff(self, params: Params) -> Group:
        """What is asked of any chat is asked of the group only."""
        group = self._in_group(params)
        if group is None:
            raise bad_request("chat not found")
        return group

    def _forum(self, params: Params) -> Group:
        group = self._in_group(params)
        if group is None:
            self._bot.reachable(params.get("chat_id"))
            raise bad_request("the chat is not a forum")
        return group

    def _in_group(self, params: Params) -> Group | None:
        found = self._bot.place(params.get("chat_id"))
        if not isinstance(found, Group):
            return None
        found.check()
        return found

    def _show_in(self, group: Group, params: Params, kind: str, body: Params) -> Any:
        topic = group.topic(params.get("message_thread_id"))
        self._bot.take_room(group)
        about = {"topic": topic.id if topic else 0}
        entry = group.thread.add("account", kind, body | about, ref=str(self._bot.next_message_id()))
        return group.message_object(entry, objects.bot_user(self._bot))

    def _picture(self, photo: Any) -> dict[str, Any]:
        if isinstance(photo, bytes):
            mime = next((mime for head, mime in PICTURES.items() if photo.startswith(head)), "")
            if not mime or len(photo) > PHOTO_BYTES:
                raise bad_request("IMAGE_PROCESS_FAILED" if not mime else "file is too big")
            return objects.file_object(self._bot, photo, mime, "photo.png", width=800, height=800)
        file = self._bot.files.get(str(photo))
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        sized = {"file_size": len(file.content), "width": 800, "height": 800}
        return {"file_id": file.id, "file_unique_id": file.id[:16], **sized}

    def _show(self, chat: Chat, kind: str, body: Params, markup: Params) -> Any:
        self._bot.take_room(chat)
        chat.typing_until = None
        if "keyboard" in markup:
            chat.keyboard = markup["keyboard"]
        elif markup.get("remove_keyboard"):
            chat.keyboard = []
        if "inline_keyboard" in markup:
            body["inline_keyboard"] = markup["inline_keyboard"]
        entry = chat.thread.add("account", kind, body, ref=str(self._bot.next_message_id()))
        return objects.message(self._bot, chat, entry)

    def send_chat_action(self, params: Params) -> Any:
        if params.get("action") not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._bot.reachable(params.get("chat_id"))
        chat.typing_until = self._bot.clock() + TYPING
        chat.thread.touch()
        return True

    def edit_message_text(self, params: Params) -> Any:
        text = check_text(params.get("text"))
        check_plain(params)
        chat, entry = self._own_message(params, "edit")
        markup = read_markup(params.get("reply_markup"))
        return self._change(chat, entry, {"text": text, "inline_keyboard": markup.get("inline_keyboard", [])})

    def edit_message_reply_markup(self, params: Params) -> Any:
        markup = read_markup(params.get("reply_markup"))
        chat, entry = self._own_message(params, "edit")
        return self._change(chat, entry, {"inline_keyboard": markup.get("inline_keyboard", [])})

    def _change(self, chat: Chat, entry: Entry, new: Params) -> Any:
        old = {"text": entry.body.get("text"), "inline_keyboard": entry.body.get("inline_keyboard", [])}
        if all(old[name] == value for name, value in new.items()):
            raise bad_request(NOT_MODIFIED)
        self._bot.take_room(chat)
        entry.body |= new
        if "text" in new:
            entry.body["edited_at"] = int(self._bot.clock().timestamp())
        chat.thread.touch(entry)
        return objects.message(self._bot, chat, entry)

    def _own_message(self, params: Params, what: str) -> tuple[Chat, Entry]:
        chat = self._bot.reachable(params.get("chat_id"))
        entry = chat.thread.find(str(params.get("message_id")))
        if entry is None or entry.state == "deleted":
            raise bad_request(f"message to {what} not found")
        if entry.side != "account":
            raise bad_request("message can't be edited")
        return chat, entry

    def delete_message(self, params: Params) -> Any:
        """A bot may delete its own and incoming messages of a private chat for 48 hours."""
        chat = self._bot.reachable(params.get("chat_id"))
        entry = chat.thread.find(str(params.get("message_id")))
        if entry is None or entry.state == "deleted":
            raise bad_request("message to delete not found")
        if self._bot.clock() - entry.at > timedelta(hours=48):
            raise bad_request("message can't be deleted for everyone")
        entry.state = "deleted"
        entry.body = {}
        chat.thread.touch(entry)
        return True

    def answer_callback_query(self, params: Params) -> Any:
        query = self._bot.queries.get(str(params.get("callback_query_id")))
        age = timedelta(seconds=self._bot.options.telegram_callback_seconds)
        if query is None or query.answered or self._bot.clock() - query.pressed_at > age:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        text = str(params.get("text") or "")
        if units(text) > TOAST_UNITS:
            raise bad_request("MESSAGE_TOO_LONG")
        query.answered = True
        self._stop_spinning(query, text, _truth(params.get("show_alert")))
        return True

    def _stop_spinning(self, query: Query, text: str, alert: bool) -> None:
        spinning = query.entry.body.get("spinning", {})
        if spinning.get(query.data) == query.id:
            del spinning[query.data]
        if text:
            query.chat.toast = {"id": query.id, "text": text, "alert": alert}
        query.chat.thread.touch(query.entry)

    # Webhook, commands, files

    def set_webhook(self, params: Params) -> Any:
        url = str(params.get("url") or "")
        secret = str(params.get("secret_token") or "")
        if not url:
            return self.delete_webhook(params)
        address = urlsplit(url)
        local = address.hostname in ("127.0.0.1", "localhost", "::1")
        if not address.hostname or (address.scheme != "https" and not (address.scheme == "http" and local)):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        allowed = _listed(params.get("allowed_updates"))
        self._bot.webhook = Webhook(url, secret, allowed)
        self._drop_or_resume(params)
        return True

    def delete_webhook(self, params: Params) -> Any:
        self._bot.webhook = Webhook()
        self._drop_or_resume(params)
        return True

    def _drop_or_resume(self, params: Params) -> None:
        for chat in self._bot.places():
            if _truth(params.get("drop_pending_updates")):
                chat.pending.clear()
            self._updates.resume(chat)

    def get_webhook_info(self, params: Params) -> Any:
        hook = self._bot.webhook
        info: Params = {
            "url": hook.url, "has_custom_certificate": False, "max_connections": self._bot.options.telegram_connections,
            "pending_update_count": sum(len(chat.pending) for chat in self._bot.places()),
        }  # fmt: skip
        if hook.last_error_at:
            info |= {
                "last_error_date": int(hook.last_error_at.timestamp()),
                "last_error_message": hook.last_error,
            }
        return info | ({"allowed_updates": hook.allowed} if hook.allowed else {})

    def set_my_commands(self, params: Params) -> Any:
        commands = _listed(params.get("commands"))
        for command in commands:
            if not isinstance(command, dict) or not re.fullmatch(
                r"[a-z0-9_]{1,32}", str(command.get("command"))
            ):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._bot.commands[_language(params)] = commands
        return True

    def get_my_commands(self, params: Params) -> Any:
        return self._bot.commands.get(_language(params), [])

    def delete_my_commands(self, params: Params) -> Any:
        self._bot.commands.pop(_language(params), None)
        return True

    def get_file(self, params: Params) -> Any:
        file = self._bot.files.get(str(params.get("file_id")))
        if file is None:
            raise bad_request("invalid file_id")
        if len(file.content) > DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        sized = {"file_size": len(file.content), "file_path": f"files/{file.id}"}
        return {"file_id": file.id, "file_unique_id": file.id[:16], **sized}


def _language(params: Params) -> str:
    code = str(params.get("language_code") or "")
    if not re.fullmatch(r"([a-z]{2})?", code):
        raise bad_request("LANG_CODE_INVALID")
    return code


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError as error:
            raise bad_request("can't parse JSON array") from error
    return value if isinstance(value, list) else []
