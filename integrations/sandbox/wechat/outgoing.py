"""`message/custom/send`: which messages WeChat takes, and what the phone shows of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from integrations.sandbox.wechat.account import TYPING, Account, WeChatUser
from integrations.sandbox.wechat.errors import WeChatError

TEXT_BYTES = 2048
MAX_ARTICLES = 1  # customer-service messages carry one article since 2018

Body = dict[str, Any]


def send_custom(account: Account, data: dict[str, Any]) -> WeChatUser:
    """Puts one customer-service message on the patient's phone. Raises WeChatError."""
    user = account.user(str(data.get("touser", "")))
    if user is None:
        raise WeChatError(40003)
    kind = data.get("msgtype")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if kind is None or reader is None:
        raise WeChatError(40008)
    if not user.followed:
        raise WeChatError(43004)
    content = data.get(kind)
    if not isinstance(content, dict):
        raise WeChatError(44004 if kind == "text" else 47001)
    body = reader(account, content)
    user.quota.take(account.clock())
    user.typing_until = None
    user.thread.add("account", kind, body)
    return user


def set_typing(account: Account, data: dict[str, Any]) -> WeChatUser:
    """`message/custom/typing`. Raises WeChatError."""
    user = account.user(str(data.get("touser", "")))
    if user is None:
        raise WeChatError(40003)
    if data.get("command") not in ("Typing", "CancelTyping"):
        raise WeChatError(47001)
    user.typing_until = account.clock() + TYPING if data["command"] == "Typing" else None
    user.thread.touch()
    return user


def _text(account: Account, content: Body) -> Body:
    text = content.get("content")
    if not isinstance(text, str) or not text:
        raise WeChatError(44004)
    if len(text.encode()) > TEXT_BYTES:
        raise WeChatError(45002)
    return {"text": text}


def _media(account: Account, content: Body) -> Body:
    media_id = content.get("media_id")
    if not media_id:
        raise WeChatError(41006)
    if account.media.get(str(media_id)) is None:
        raise WeChatError(40007)
    return {"media_id": media_id}


def _video(account: Account, content: Body) -> Body:
    return _media(account, content) | {"text": str(content.get("title", ""))}


def _music(account: Account, content: Body) -> Body:
    if not content.get("musicurl") or not content.get("hqmusicurl"):
        raise WeChatError(47001)
    return {"text": str(content.get("title", "")), "url": content["musicurl"]}


def _news(account: Account, content: Body) -> Body:
    articles = content.get("articles")
    if not isinstance(articles, list) or not articles:
        raise WeChatError(44003)
    if len(articles) > MAX_ARTICLES:
        raise WeChatError(45008)
    wanted = ("title", "description", "url", "picurl")
    return {"articles": [{name: str(article.get(name, "")) for name in wanted} for article in articles]}


def _msgmenu(account: Account, content: Body) -> Body:
    items = content.get("list")
    good = isinstance(items, list) and all(
        isinstance(item, dict) and item.get("id") is not None and item.get("content") for item in items
    )
    if not good or not items:
        raise WeChatError(47001)
    head, tail = str(content.get("head_content", "")), str(content.get("tail_content", ""))
    listed = [{"id": str(item["id"]), "content": str(item["content"])} for item in items]
    if len("".join([head, *(item["content"] for item in listed), tail]).encode()) > TEXT_BYTES:
        raise WeChatError(45002)
    return {"text": head, "items": listed, "tail": tail}


def _mini_program(account: Account, content: Body) -> Body:
    if not content.get("appid") or not content.get("pagepath"):
        raise WeChatError(47001)
    return _media(account, {"media_id": content.get("thumb_media_id")}) | {
        "text": str(content.get("title", ""))
    }


READERS: dict[str, Callable[[Account, Body], Body]] = {
    "text": _text,
    "image": _media,
    "voice": _media,
    "video": _video,
    "music": _music,
    "news": _news,
    "msgmenu": _msgmenu,
    "miniprogrampage": _mini_program,
}
