"""What a patient does, as each platform brings it, and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from integrations.messages import Kind, MessageIn
from tests.contracts.platforms import (
    CHAT,
    NOW,
    Platform,
    Telegram,
    WeChat,
)


@dataclass(frozen=True)
class Case:
    """What a patient does: on WeChat (type and XML), on Telegram (update), and what we should read."""

    kind: Kind
    wechat: tuple[str, str] | None = None
    telegram: dict[str, Any] | None = None
    text: str = ""
    choice: str = ""
    media: str = ""
    place: tuple[float, float] | None = None


def telegram(**content: Any) -> dict[str, Any]:
    return {"message": Telegram.message(**content)}


def pressed(data: str | None, **changes: Any) -> dict[str, Any]:
    sender = {"id": CHAT, "is_bot": False, "first_name": "明"}
    query = {
        "id": "cb1",
        "from": sender,
        "chat_instance": "1",
        "message": Telegram.message(text="选"),
        "data": data,
    }
    return {"callback_query": query | changes}


def membership(status: str, chat_type: str = "private") -> dict[str, Any]:
    user = {"id": 1, "is_bot": True, "first_name": "b"}
    return {
        "my_chat_member": {
            "chat": {"id": CHAT, "type": chat_type},
            "from": {"id": CHAT, "is_bot": False, "first_name": "明"},
            "date": int(NOW.timestamp()),
            "old_chat_member": {"user": user, "status": "member"},
            "new_chat_member": {"user": user, "status": status, "until_date": 0},
        }
    }


def photo(file_id: str, width: int) -> dict[str, Any]:
    return {"file_id": file_id, "file_unique_id": file_id, "width": width, "height": width}


FILE = {"file_id": "m1", "file_unique_id": "u1"}


CDATA = "<{0}><![CDATA[{1}]]></{0}>".format


READ = {
    "text": Case(
        Kind.TEXT, ("text", CDATA("Content", "头疼三天")), telegram(text="头疼三天"), text="头疼三天"
    ),
    "emoji": Case(
        Kind.TEXT,
        ("text", CDATA("Content", "👨‍👩‍👧" * 300)),
        telegram(text="👨‍👩‍👧" * 300),
        text="👨‍👩‍👧" * 300,
    ),
    "markup": Case(
        Kind.TEXT,
        ("text", "<Content>&lt;script&gt;'; DROP TABLE patients;--</Content>"),
        telegram(text="<script>'; DROP TABLE patients;--"),
        text="<script>'; DROP TABLE patients;--",
    ),
    "no words": Case(Kind.TEXT, ("text", "<Content></Content>")),
    "picture": Case(
        Kind.IMAGE,
        ("image", CDATA("PicUrl", "http://mmbiz/1") + CDATA("MediaId", "m1")),
        telegram(photo=[photo("small", 90), photo("m1", 1280), photo("middle", 320)]),
        media="m1",
    ),
    "picture with words": Case(
        Kind.IMAGE, None, telegram(photo=[photo("m1", 90)], caption="胸口疼"), text="胸口疼", media="m1"
    ),
    "picture as a file": Case(
        Kind.IMAGE, None, telegram(document={**FILE, "mime_type": "image/png"}), media="m1"
    ),
    "voice": Case(
        Kind.VOICE,
        ("voice", CDATA("MediaId", "m1") + CDATA("Format", "amr")),
        telegram(voice={**FILE, "duration": 3}),
        media="m1",
    ),
    "voice understood": Case(
        Kind.VOICE,
        ("voice", CDATA("MediaId", "m1") + CDATA("Recognition", "我要挂号")),
        text="我要挂号",
        media="m1",
    ),
    "video": Case(
        Kind.VIDEO,
        ("shortvideo", CDATA("MediaId", "m1") + CDATA("ThumbMediaId", "t")),
        telegram(video={**FILE, "duration": 3, "width": 9, "height": 9}),
        media="m1",
    ),
    "file": Case(
        Kind.FILE,
        None,
        telegram(document={**FILE, "mime_type": "application/pdf", "file_name": "a.pdf"}),
        media="m1",
    ),
    "sticker": Case(
        Kind.STICKER,
        None,
        telegram(
            sticker={
                **FILE,
                "width": 9,
                "height": 9,
                "is_animated": False,
                "is_video": False,
                "type": "regular",
            }
        ),
        media="m1",
    ),
    "sticker that WeChat cannot show": Case(
        Kind.STICKER, ("text", CDATA("Content", "【收到不支持的消息类型，暂无法显示】"))
    ),
    "location": Case(
        Kind.LOCATION,
        ("location", "<Location_X>39.9</Location_X><Location_Y>116.4</Location_Y>" + CDATA("Label", "北京")),
        telegram(location={"latitude": 39.9, "longitude": 116.4}),
        place=(39.9, 116.4),
    ),
    "location off the map": Case(
        Kind.LOCATION, ("location", "<Location_X>nan</Location_X><Location_Y>east</Location_Y>")
    ),
    "link": Case(
        Kind.LINK,
        ("link", CDATA("Title", "题") + CDATA("Description", "文") + CDATA("Url", "https://x.cn")),
        text="题\n文\nhttps://x.cn",
    ),
    "phone shared": Case(
        Kind.TEXT,
        None,
        telegram(contact={"phone_number": "+8613800138000", "first_name": "明"}),
        text="+8613800138000",
    ),
    "choice": Case(
        Kind.CHOICE,
        ("text", CDATA("Content", "心内科") + "<bizmsgmenuid>c1</bizmsgmenuid>"),
        None,
        "心内科",
        "c1",
    ),
    "button": Case(Kind.CHOICE, None, pressed("c1"), choice="c1"),
    "button of a vanished message": Case(Kind.CHOICE, None, pressed("c1", message=None), choice="c1"),
    "menu": Case(
        Kind.MENU,
        ("event", CDATA("Event", "CLICK") + CDATA("EventKey", "book_appointment")),
        telegram(text="/book_appointment@renhe_bot"),
        choice="book_appointment",
    ),
    "follow": Case(
        Kind.FOLLOW, ("event", CDATA("Event", "subscribe") + "<EventKey></EventKey>"), telegram(text="/start")
    ),
    "follow by code": Case(
        Kind.FOLLOW,
        ("event", CDATA("Event", "subscribe") + CDATA("EventKey", "qrscene_d7") + CDATA("Ticket", "t")),
        telegram(text="/start d7"),
        choice="d7",
    ),
    "unblock": Case(Kind.EVENT, None, membership("member")),
    "unfollow": Case(Kind.UNFOLLOW, ("event", CDATA("Event", "unsubscribe")), membership("kicked")),
    "scan": Case(Kind.SCAN, ("event", CDATA("Event", "SCAN") + CDATA("EventKey", "d7")), choice="d7"),
    "edit": Case(
        Kind.EDIT, None, {"edited_message": Telegram.message(text="喘不上气", edit_date=1)}, text="喘不上气"
    ),
    "group": Case(
        Kind.EVENT,
        None,
        {"message": {**Telegram.message(text="大家好"), "chat": {"id": CHAT, "type": "group", "title": "g"}}},
        choice="group",
    ),
    "notice event": Case(
        Kind.EVENT,
        (
            "event",
            CDATA("Event", "subscribe_msg_popup_event")
            + "<SubscribeMsgPopupEvent><List/></SubscribeMsgPopupEvent>",
        ),
        choice="subscribe_msg_popup_event",
    ),
    "agent event": Case(
        Kind.EVENT, ("event", CDATA("Event", "kf_create_session")), choice="kf_create_session"
    ),
    "unknown event": Case(Kind.EVENT, ("event", CDATA("Event", "moon_landing")), choice="moon_landing"),
    "unknown message": Case(
        Kind.EVENT, ("hologram", ""), telegram(hologram={"depth": 3}, dice={"value": 1, "emoji": "🎲"})
    ),
}


def readings() -> list[Any]:
    return [
        pytest.param(played, case, id=f"{played.name}: {name}")
        for name, case in READ.items()
        for played in (WeChat, Telegram)
        if getattr(case, played.name) is not None
    ]


def delivered(platform: Platform, case: Case) -> list[MessageIn]:
    if isinstance(platform, WeChat):
        assert case.wechat is not None
        what, fields = case.wechat
        hook = (
            platform.webhook(platform.head(what) + fields)
            if what == "event"
            else platform.message(what, fields)
        )
        return platform.channel.parse(hook)
    assert case.telegram is not None
    return platform.channel.parse(platform.webhook(case.telegram))
