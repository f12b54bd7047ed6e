"""The account's menu: WeChat's limits for `menu/create`."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.wechat.errors import WeChatError

TYPES = {
    "click", "view", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin",
    "location_select", "media_id", "article_id", "article_view_limited", "miniprogram",
}  # fmt: skip
MAX_BUTTONS, MAX_NAME = 3, 16
MAX_SUB_BUTTONS, MAX_SUB_NAME = 5, 60
MAX_KEY, MAX_URL = 128, 1024


def check_menu(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a menu that WeChat would take. Raises WeChatError."""
    buttons = data.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MAX_BUTTONS:
        raise WeChatError(40016)
    for button in buttons:
        _check_button(button, MAX_NAME, 40018)
    return buttons


def _check_button(button: Any, max_name: int, name_error: int) -> None:
    name = button.get("name") if isinstance(button, dict) else None
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= max_name:
        raise WeChatError(name_error)
    children = button.get("sub_button")
    if children:
        if name_error != 40018 or not isinstance(children, list) or len(children) > MAX_SUB_BUTTONS:
            raise WeChatError(40023)
        for child in children:
            _check_button(child, MAX_SUB_NAME, 40025)
        return
    kind = button.get("type")
    if kind not in TYPES:
        raise WeChatError(40017)
    key, url = button.get("key"), button.get("url")
    if kind in ("click", "location_select") and not (
        isinstance(key, str) and 1 <= len(key.encode()) <= MAX_KEY
    ):
        raise WeChatError(40019)
    if kind in ("view", "miniprogram") and not (isinstance(url, str) and 1 <= len(url.encode()) <= MAX_URL):
        raise WeChatError(40020)
