"""Telegram's limits for what a bot may put into a message."""

from __future__ import annotations

import json
from typing import Any

from integrations.sandbox.telegram.errors import bad_request

TEXT_UNITS = 4096  # UTF-16 code units
CAPTION_UNITS = 1024
CALLBACK_DATA_BYTES = 64
MAX_BUTTONS = 100


def units(text: str) -> int:
    """Length as Telegram counts it: an emoji outside the basic plane is two."""
    return len(text.encode("utf-16-le")) // 2


def check_text(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    if not text:
        raise bad_request("message text is empty")
    if units(text) > TEXT_UNITS:
        raise bad_request("message is too long")
    return text


def check_caption(value: Any) -> str:
    caption = "" if value is None else str(value)
    if units(caption) > CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return caption


def check_plain(params: dict[str, Any]) -> None:
    """Formatting is not played; saying so is better than showing the marks."""
    if params.get("parse_mode"):
        raise bad_request("unsupported parse_mode")


def read_markup(value: Any) -> dict[str, Any]:
    """reply_markup as an object, checked. Raises TelegramError."""
    if value in (None, ""):
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise bad_request("can't parse reply keyboard markup JSON object") from error
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in value:
        return {"inline_keyboard": _rows(value["inline_keyboard"], _inline_button)}
    if "keyboard" in value:
        return {"keyboard": _rows(value["keyboard"], _reply_button)}
    return value


def _rows(rows: Any, read: Any) -> list[list[dict[str, Any]]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be of type Array')
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return [[read(button) for button in row] for row in rows if row]


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if button.get("url"):
        if not str(button["url"]).startswith(("http://", "https://", "tg://")):
            raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: wrong HTTP URL")
        return {"text": text, "url": str(button["url"])}
    data = button.get("callback_data")
    if data is None:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if not 1 <= len(str(data).encode()) <= CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    return {"text": text, "callback_data": str(data)}


def _reply_button(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        return {"text": button}
    if isinstance(button, dict) and button.get("text"):
        return {"text": str(button["text"]), "request_contact": bool(button.get("request_contact"))}
    raise bad_request('can\'t parse keyboard button: Field "text" must be of type String')
