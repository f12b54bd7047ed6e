"""WeChat's XML into MessageIn."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import xmltodict
from wechatpy.parser import parse_message

from integrations.channel import Malformed
from integrations.messages import Kind, Location, Media, MessageIn, NativeSession, SessionChange
from integrations.wechat import news

NAME = "wechat"

# WeChat's own bodies stay under 20 kB. Deeply nested XML takes time by the square of its size, and this is read
# before the signature can be checked.
_MOST_BYTES = 64 * 1024

# What WeChat writes in place of a custom sticker.
_UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"

_EVENTS = {
    "subscribe": Kind.FOLLOW,
    "subscribe_scan": Kind.FOLLOW,  # wechatpy's name for a follow by QR code; the prefix qrscene_ is gone
    "unsubscribe": Kind.UNFOLLOW,
    "scan": Kind.SCAN,
    "click": Kind.MENU,
}


_SESSIONS = {
    "kf_create_session": (SessionChange.OPENED, "KfAccount"),
    "kf_switch_session": (SessionChange.SWITCHED, "ToKfAccount"),
    "kf_close_session": (SessionChange.CLOSED, "KfAccount"),
}


def encrypted_part(body: bytes) -> str:
    """The Encrypt element of a POST in secure mode. Raises Malformed."""
    if len(body) > _MOST_BYTES:
        raise Malformed("larger than WeChat's messages are")
    try:
        encrypted = xmltodict.parse(body)["xml"]["Encrypt"]
    except Exception as error:  # expat and xmltodict raise half a dozen kinds on junk
        raise Malformed("no XML of WeChat's") from error
    if not isinstance(encrypted, str):
        raise Malformed("Encrypt is no text")
    return encrypted


def read(xml: str) -> MessageIn:
    """One decrypted message or event. What is authentic but unknown becomes EVENT. Raises Malformed when
    sender or time are missing."""
    try:
        message = parse_message(xml)
        # wechatpy's typed attributes fail on odd values; msgmenu ids and subscribe_msg_* are only here.
        data = message._data  # noqa: SLF001
        sender, created = _text(data, "FromUserName"), int(_text(data, "CreateTime"))
        sent_at = datetime.fromtimestamp(created, UTC)
        what = _text(data, "MsgType").lower()
    except Exception as error:  # wechatpy raises four kinds on junk, and gives None on nothing
        raise Malformed("no message of WeChat's") from error
    if not sender or len(sender) > 64:
        raise Malformed("no sender")
    base = MessageIn(
        channel=NAME,
        external_id=_external_id(data, sender, created),
        sender=sender,
        kind=Kind.EVENT,
        sent_at=sent_at,
        recipient=_text(data, "ToUserName"),
        message_ref=_text(data, "MsgId"),
    )
    return _event(base, data) if what == "event" else _message(base, data, what)


def _external_id(data: dict[str, Any], sender: str, created: int) -> str:
    """MsgId; events have none: sender, time, event and key together name one. What is told about notices has no
    key either, and two of them may end in one second: what they say names them."""
    if message_id := _text(data, "MsgId"):
        return _bounded(message_id)
    event = _text(data, "Event") or _text(data, "MsgType")
    key = _text(data, "EventKey") or news.fingerprint(data)
    return _bounded(":".join((sender, str(created), event, key)))


def _bounded(name: str) -> str:
    """A unique index takes short values only, and the key of a VIEW event is a whole URL."""
    return name if len(name) <= 200 else "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def _event(base: MessageIn, data: dict[str, Any]) -> MessageIn:
    event = _text(data, "Event").lower()
    kind = _EVENTS.get(event, Kind.EVENT)
    choice = event if kind is Kind.EVENT else _text(data, "EventKey")
    session = None
    if event in _SESSIONS:
        change, agent = _SESSIONS[event]
        session = NativeSession(change, _text(data, agent)[:64])
    return replace(base, kind=kind, choice=choice, news=news.read(event, data), session=session)


def _message(base: MessageIn, data: dict[str, Any], what: str) -> MessageIn:
    media = Media(id=_text(data, "MediaId"), url=_text(data, "PicUrl"))
    match what:
        case "text":
            return _text_message(base, data)
        case "image":
            return replace(base, kind=Kind.IMAGE, media=media)
        case "voice":
            mime = f"audio/{_text(data, 'Format').lower() or 'amr'}"
            return replace(
                base, kind=Kind.VOICE, media=replace(media, mime=mime), text=_text(data, "Recognition")
            )
        case "video" | "shortvideo":
            return replace(base, kind=Kind.VIDEO, media=media)
        case "file":
            return replace(base, kind=Kind.FILE, text=_text(data, "Title"))
        case "location":
            return replace(base, kind=Kind.LOCATION, location=_location(data))
        case "link" | "miniprogrampage":
            lines = (_text(data, name) for name in ("Title", "Description", "Url"))
            return replace(base, kind=Kind.LINK, text="\n".join(line for line in lines if line))
    return replace(base, choice=what)


def _text_message(base: MessageIn, data: dict[str, Any]) -> MessageIn:
    text = _text(data, "Content")
    if text == _UNSUPPORTED:
        return replace(base, kind=Kind.STICKER)
    if choice := _text(data, "bizmsgmenuid"):
        return replace(base, kind=Kind.CHOICE, choice=choice, text=text)
    return replace(base, kind=Kind.TEXT, text=text)


def _location(data: dict[str, Any]) -> Location | None:
    try:
        latitude, longitude = float(_text(data, "Location_X")), float(_text(data, "Location_Y"))
    except ValueError:
        return None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    return Location(latitude, longitude, _text(data, "Label"))


def _text(data: dict[str, Any], name: str) -> str:
    """A field as text; empty when it is missing, nested or given twice."""
    value = data.get(name)
    return value if isinstance(value, str) else ""
