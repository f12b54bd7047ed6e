"""Reading what the program answers to a callback, as strictly as WeChat does."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from integrations.sandbox.wechat.account import Account, WeChatUser
from integrations.sandbox.wechat.crypto import BadEnvelope, Envelope, signed
from integrations.sandbox.wechat.outgoing import TEXT_BYTES

NOTICE = "该公众号提供的服务出现故障，请稍后再试"
MAX_ARTICLES = 8

Reply = tuple[str, dict[str, Any]]


class BadAnswer(Exception):
    """The patient sees the fault notice. The text says why, for the protocol log."""


def read_passive(account: Account, user: WeChatUser, body: bytes) -> Reply | None:
    """Kind and content of the passive reply; None for an empty body or `success`. Raises BadAnswer."""
    if body.strip() in (b"", b"success"):
        return None
    outer = _parse(body, "the answer is no XML")
    encrypted = outer.findtext("Encrypt")
    if not encrypted:
        raise BadAnswer("not encrypted, though the account is in secure mode")
    stamp, nonce = outer.findtext("TimeStamp", ""), outer.findtext("Nonce", "")
    if not stamp or not nonce:
        raise BadAnswer("TimeStamp or Nonce missing")
    if not signed(outer.findtext("MsgSignature", ""), account.token, stamp, nonce, encrypted):
        raise BadAnswer("wrong MsgSignature")
    try:
        message = Envelope(account.aes_key, account.appid).open(encrypted)
    except BadEnvelope as error:
        raise BadAnswer(f"cannot be decrypted: {error}") from error
    return _read_message(account, user, _parse(message.encode(), "the decrypted message is no XML"))


def _parse(content: bytes, reason: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in content:
        raise BadAnswer(reason)
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - entities were refused above
    except ElementTree.ParseError as error:
        raise BadAnswer(f"{reason}: {error}") from error
    if root.tag != "xml":
        raise BadAnswer(f"{reason}: the root is <{root.tag}>")
    return root


def _read_message(account: Account, user: WeChatUser, root: ElementTree.Element) -> Reply:
    if root.findtext("ToUserName") != user.openid or root.findtext("FromUserName") != account.original_id:
        raise BadAnswer("ToUserName or FromUserName is not the other side of this message")
    if not (root.findtext("CreateTime") or "").strip().isdigit():
        raise BadAnswer("CreateTime missing")
    kind = root.findtext("MsgType") or ""
    match kind:
        case "text":
            return kind, _text(root)
        case "image" | "voice" | "video":
            return kind, _media(account, root, kind)
        case "music":
            return kind, {
                "text": root.findtext("Music/Title", ""),
                "url": root.findtext("Music/MusicUrl", ""),
            }
        case "news":
            return kind, _news(root)
        case "transfer_customer_service":
            return kind, {"agent": root.findtext("TransInfo/KfAccount", "")}
    raise BadAnswer(f"unknown MsgType {kind!r}")


def _text(root: ElementTree.Element) -> dict[str, Any]:
    text = root.findtext("Content")
    if not text:
        raise BadAnswer("Content is empty")
    if len(text.encode()) > TEXT_BYTES:
        raise BadAnswer(f"Content is longer than {TEXT_BYTES} bytes")
    return {"text": text}


def _media(account: Account, root: ElementTree.Element, kind: str) -> dict[str, Any]:
    media_id = root.findtext(f"{kind.capitalize()}/MediaId") or ""
    if account.media.get(media_id) is None:
        raise BadAnswer("unknown MediaId")
    return {"media_id": media_id}


def _news(root: ElementTree.Element) -> dict[str, Any]:
    items = root.findall("Articles/item")
    if not 1 <= len(items) <= MAX_ARTICLES or root.findtext("ArticleCount") != str(len(items)):
        raise BadAnswer("ArticleCount does not fit Articles")
    names = {"title": "Title", "description": "Description", "url": "Url", "picurl": "PicUrl"}
    return {"articles": [{key: item.findtext(tag, "") for key, tag in names.items()} for item in items]}
