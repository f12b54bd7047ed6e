"""One contract for every chat platform: what is refused, what is read, what a failure to send means."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from integrations.channel import (
    Channel,
    FetchMedia,
    Forbidden,
    Malformed,
    Menu,
    NotConfigured,
    NoticeRefused,
    Rejected,
    SendError,
    Throttled,
    Unavailable,
    Unknown,
    Unreachable,
    WebhookError,
    WindowClosed,
)
from integrations.messages import Kind, MessageIn, MessageOut, Option, Picture
from tests.contracts.platforms import (
    ACCOUNT,
    BOT_TOKEN,
    CHAT,
    NOW,
    OPENID,
    TOKEN,
    Reply,
    Telegram,
    WeChat,
)

Platform = WeChat | Telegram
RECIPIENT = {"wechat": OPENID, "telegram": str(CHAT)}
PICTURE = Picture(b"\x89PNG picture")


@pytest.fixture(params=[WeChat, Telegram], ids=lambda platform: platform.name)
def platform(request: pytest.FixtureRequest) -> Platform:
    return request.param()


def message(platform: Platform, text: str = "您好", **more: Any) -> MessageOut:
    return MessageOut(platform.name, RECIPIENT[platform.name], text, **more)


# What comes in


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


@pytest.mark.parametrize(("played", "case"), readings())
def test_what_a_patient_does_is_read(played: type[Platform], case: Case) -> None:
    platform = played()
    (read,) = delivered(platform, case)
    assert (read.channel, read.sender) == (platform.name, RECIPIENT[platform.name])
    assert read.kind is case.kind
    assert read.text == case.text
    if case.choice or case.kind is not Kind.EVENT:
        assert read.choice == case.choice
    assert (read.media.id if read.media else "") == case.media
    assert ((read.location.latitude, read.location.longitude) if read.location else None) == case.place
    assert read.sent_at.utcoffset() == timedelta(0)
    assert read.recipient == (ACCOUNT if platform.name == "wechat" else "")


def test_every_kind_is_read_somewhere() -> None:
    assert {case.kind for case in READ.values()} == set(Kind) - {Kind.SYSTEM}


def test_a_repetition_has_the_same_id_and_another_message_has_not(platform: Platform) -> None:
    ids = [platform.channel.parse(platform.text(message_id=number))[0].external_id for number in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


# What is refused


@pytest.mark.parametrize("secret", ["wechat_token", "wechat_aes_key", "wechat_appid"])
def test_wechat_without_a_secret_does_not_exist(secret: str) -> None:
    platform = WeChat(**{secret: ""})
    with pytest.raises(NotConfigured):
        platform.channel.parse(platform.text())


@pytest.mark.parametrize("secret", ["telegram_token", "telegram_webhook_secret"])
def test_telegram_without_a_secret_does_not_exist(secret: str) -> None:
    platform = Telegram(**{secret: ""})
    with pytest.raises(NotConfigured):
        platform.channel.parse(platform.text())


def test_a_forged_request_is_refused(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        platform.channel.parse(platform.forged())


def test_an_unsigned_request_is_refused(platform: Platform) -> None:
    with pytest.raises(Forbidden):
        platform.channel.parse(platform.unsigned())


JUNK = {
    "empty": b"",
    "words": b"hello",
    "binary": bytes(range(256)),
    "null": b"null",
    "list": b"[]",
    "number": b"1e999",
    "unclosed": b'{"update_id": ',
    "wrong types": b'{"update_id": "x", "message": 5}',
    "xml without anything": b"<xml/>",
    "xml of another kind": b"<html><body>502</body></html>",
    "fields as elements": b"<xml><MsgType><a>b</a></MsgType><FromUserName>o</FromUserName></xml>",
    "fields twice": b"<xml><MsgType>text</MsgType><MsgType>text</MsgType></xml>",
    "event without a name": b"<xml><MsgType>event</MsgType></xml>",
    "no sender": b"<xml><MsgType>text</MsgType><CreateTime>1</CreateTime></xml>",
    "no time": b"<xml><MsgType>text</MsgType><FromUserName>o</FromUserName></xml>",
    "time beyond all calendars": b"<xml><MsgType>text</MsgType><FromUserName>o</FromUserName>"
    b"<CreateTime>99999999999999999999</CreateTime></xml>",
    "entities": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><MsgType>&b;</MsgType></xml>',
    "a megabyte": b"x" * 1_000_000,
    "deep json": b"[" * 500_000,
    "deep xml": b"<a>" * 300_000,
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_signed_junk_is_malformed(platform: Platform, junk: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(Malformed):
        platform.channel.parse(platform.of_content(junk))
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_body_of_junk_is_refused(platform: Platform, junk: bytes) -> None:
    with pytest.raises((Malformed, Forbidden)):
        platform.channel.parse(platform.of_body(junk))


def pieces_of(platform: Platform) -> list[bytes]:
    if isinstance(platform, WeChat):
        cases = [case.wechat for case in READ.values() if case.wechat]
        return [f"<xml>{platform.head(what)}{fields}</xml>".encode() for what, fields in cases]
    return [platform.webhook(case.telegram).body for case in READ.values() if case.telegram]


def assert_storable(read: MessageIn) -> None:
    """A database takes it: text without NUL and half characters, ids that are there, numbers that are numbers."""
    texts = [read.external_id, read.sender, read.text, read.choice, read.recipient, read.message_ref]
    texts += [read.callback_ref, *((read.media.id, read.media.mime, read.media.url) if read.media else ())]
    for text in texts:
        assert isinstance(text, str)
        assert "\0" not in text
        text.encode()
    assert read.external_id
    assert len(read.external_id) <= 256
    assert read.sender
    assert read.sent_at.tzinfo is UTC
    if read.location:
        assert abs(read.location.latitude) < 1e9


@fuzz(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("played", [WeChat, Telegram], ids=lambda platform: platform.name)
def test_whatever_is_signed_is_read_or_refused(played: type[Platform], data: st.DataObject) -> None:
    platform = _kept(played)
    body = bytearray(data.draw(st.sampled_from(pieces_of(platform))))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(start, min(len(body), start + 12)))
        body[start:end] = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(
                    [b"null", b"-1", b'"\\ud800"', b'"\\u0000"', b"{}", b"[]", b"true", b"1e400", b"<a/>"]
                ),
            )
        )
    for hook in (platform.of_content(bytes(body)), platform.of_body(bytes(body))):
        try:
            read = platform.channel.parse(hook)
        except WebhookError:
            continue
        for one in read:
            assert_storable(one)


@fuzz(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=300), query=st.dictionaries(st.text(max_size=12), st.text(max_size=30)))
@pytest.mark.parametrize("played", [WeChat, Telegram], ids=lambda platform: platform.name)
def test_random_requests_are_refused(played: type[Platform], body: bytes, query: dict[str, str]) -> None:
    platform = _kept(played)
    signed = platform.text()
    known = dict(zip(signed.query, query.values(), strict=False))
    for given_query in (query, {**signed.query, **known}):
        hook = type(signed)("POST", given_query, dict.fromkeys(signed.headers, "\udcff"), body)
        with pytest.raises(WebhookError):
            platform.channel.parse(hook)


_platforms: dict[type[Platform], Platform] = {}


def _kept(played: type[Platform]) -> Platform:
    return _platforms.setdefault(played, played())


# What goes out


@pytest.fixture
def sent(platform: Platform) -> Any:
    return lambda *args, **more: platform.channel.send(message(platform, *args, **more))


async def test_a_text_arrives_word_for_word(platform: Platform, sent: Any) -> None:
    text = "好的，11月25日（周三）😀 <b>&amp; \\u4f60 ]]>"
    await sent(text)
    assert platform.sent_texts == [text]


async def test_characters_no_platform_takes_are_left_out(platform: Platform, sent: Any) -> None:
    await sent("您\0好\ud800\x07")
    assert platform.sent_texts == ["您好"]


@pytest.mark.parametrize("text", ["", "x" * 5000])
async def test_what_cannot_be_sent_is_not_tried(platform: Platform, sent: Any, text: str) -> None:
    with pytest.raises(Rejected):
        await sent(text)
    assert platform.answers.requests == []


async def test_a_picture_and_its_text_both_arrive(platform: Platform, sent: Any) -> None:
    await sent("您的就诊卡", picture=PICTURE)
    contents = [request.content for request in platform.answers.requests]
    assert any(PICTURE.content in content for content in contents)
    assert any("您的就诊卡".encode() in content for content in contents)


def wechat(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "no"}


def tg(status: int, description: str = "no", **parameters: Any) -> httpx.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return httpx.Response(status, json=body | ({"parameters": parameters} if parameters else {}))


BOTH: list[tuple[str, Reply, type[SendError]]] = [
    ("connection refused", httpx.ConnectError("refused"), Unavailable),
    ("no connection in time", httpx.ConnectTimeout("slow"), Unavailable),
    ("all connections taken", httpx.PoolTimeout("full"), Unavailable),
    ("no answer in time", httpx.ReadTimeout("slow"), Unknown),
    ("cut while sending", httpx.WriteError("cut"), Unknown),
    ("cut while answering", httpx.ReadError("cut"), Unknown),
    ("closed without an answer", httpx.RemoteProtocolError("closed"), Unknown),
    ("500", httpx.Response(500, text="oops"), Unavailable),
    ("502", httpx.Response(502, text="<html>"), Unavailable),
    ("504", httpx.Response(504, text="<html>"), Unknown),
    ("200 that is no JSON", httpx.Response(200, text="<html>login</html>"), Unknown),
]
SEND_ERRORS: dict[type[Platform], list[tuple[str, Reply, type[SendError]]]] = {
    WeChat: [
        *BOTH,
        ("busy", wechat(-1), Unavailable),
        ("window shut", wechat(45015), WindowClosed),
        ("quota used up", wechat(45047), WindowClosed),
        ("day quota", wechat(45009), Throttled),
        ("minute quota", wechat(45011), Throttled),
        ("not a follower", wechat(43004), Unreachable),
        ("bad openid", wechat(40003), Unreachable),
        ("refused that notice", wechat(43101), NoticeRefused),
        ("too long", wechat(45002), Rejected),
        ("interface not granted", wechat(48001), Rejected),
        ("function taken away", wechat(48002), Rejected),
        ("never heard of", wechat(99999), Rejected),
        ("429", httpx.Response(429), Throttled),
        ("404", httpx.Response(404), Rejected),
    ],
    Telegram: [
        *BOTH,
        ("blocked", tg(403, "Forbidden: bot was blocked by the user"), Unreachable),
        ("no such chat", tg(400, "Bad Request: chat not found"), Unreachable),
        ("bad request", tg(400, "Bad Request: BUTTON_DATA_INVALID"), Rejected),
        ("wrong token", tg(401, "Unauthorized"), Rejected),
        ("no such method", tg(404, "Not Found"), Rejected),
        ("too large", tg(413, "Request Entity Too Large"), Rejected),
        ("patience", tg(429, "Too Many Requests: retry after 7", retry_after=7), Throttled),
        ("patience without a time", tg(429, "Too Many Requests"), Throttled),
        ("a result of another shape", httpx.Response(200, json={"ok": True, "result": {}}), Unknown),
    ],
}


@pytest.mark.parametrize(
    ("played", "reply", "expected"),
    [
        pytest.param(played, reply, expected, id=f"{played.name}: {name}")
        for played, cases in SEND_ERRORS.items()
        for name, reply, expected in cases
    ],
)
async def test_a_failure_to_send_says_what_it_means(
    played: type[Platform], reply: Reply, expected: type[SendError]
) -> None:
    platform = played()
    platform.answers.queue = [reply]
    with pytest.raises(SendError) as raised:
        await platform.channel.send(message(platform))
    assert type(raised.value) is expected
    assert len(platform.answers.requests) == 1  # nothing is repeated by itself


async def test_half_of_a_picture_with_a_text_is_not_repeated(platform: Platform, sent: Any) -> None:
    calls = ["media/upload", "custom/send"] if platform.name == "wechat" else ["sendPhoto"]
    went: list[Reply] = [platform.answers.yes(httpx.Request("POST", f"http://x/{call}")) for call in calls]
    platform.answers.queue = [*went, httpx.ConnectError("refused")]
    with pytest.raises(Unknown):
        await sent("字" * (600 if platform.name == "wechat" else 1500), picture=PICTURE)


# Length


def test_limits_are_those_of_the_platform(platform: Platform) -> None:
    full = "好" * 682 + "ab" if platform.name == "wechat" else "😀" * 2048
    assert platform.channel.fits(full)
    assert not platform.channel.fits(full + "c")


@fuzz(max_examples=35, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    words=st.lists(
        st.sampled_from(["好。", "疼！", "a b. ", "\n", "👨‍👩‍👧", "字" * 700, "x" * 900, "“嗯？”", "，"]),
        max_size=25,
    )
)
@pytest.mark.parametrize("played", [WeChat, Telegram], ids=lambda platform: platform.name)
def test_pieces_fit_and_nothing_is_lost(played: type[Platform], words: list[str]) -> None:
    channel, text = _kept(played).channel, "".join(words)
    pieces = channel.split(text)
    assert all(piece and channel.fits(piece) for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_long_texts_are_cut_after_a_sentence(platform: Platform) -> None:
    sentence = "请带好身份证，提前十五分钟到门诊楼三层分诊台签到。"
    pieces = platform.channel.split(sentence * 200)
    assert len(pieces) > 1
    assert all(piece.endswith("。") for piece in pieces)


# The rest of the protocol


async def test_options_reach_the_patient(platform: Platform, sent: Any) -> None:
    await sent("有两位医生：", options=(Option("a1", "王建国 ¥50"), Option("a2", "李静 ¥35")))
    request = platform.answers.requests[0]
    if isinstance(platform, Telegram):
        body = str(json.loads(Telegram.parameters(request)["reply_markup"]))
    else:
        body = request.content.decode()
    assert "王建国 ¥50" in body
    assert "李静 ¥35" in body


async def test_media_are_fetched(platform: Platform) -> None:
    assert isinstance(platform.channel, FetchMedia)
    picture = httpx.Response(200, content=b"\xff\xd8jpeg", headers={"content-type": "image/jpeg"})
    platform.answers.queue = [picture]
    if isinstance(platform, Telegram):
        platform.answers.queue.insert(0, platform.answers.yes(httpx.Request("POST", "http://x/getFile")))
    assert await platform.channel.fetch("m1") == (b"\xff\xd8jpeg", "image/jpeg")


async def test_media_that_are_gone_say_so(platform: Platform) -> None:
    assert isinstance(platform.channel, FetchMedia)
    platform.answers.queue = [
        wechat(40007) if platform.name == "wechat" else tg(400, "Bad Request: wrong file_id")
    ]
    with pytest.raises(Rejected):
        await platform.channel.fetch("m1")


async def test_the_menu_is_published(platform: Platform) -> None:
    assert isinstance(platform.channel, Menu)
    await platform.channel.publish_menu()
    assert b"my_appointments" in platform.answers.requests[0].content


def test_both_are_channels_that_merge(platform: Platform) -> None:
    assert isinstance(platform.channel, Channel)
    assert platform.channel.merges


async def test_no_secret_and_no_word_of_a_patient_is_logged(
    platform: Platform, sent: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await sent("我的号码是13800138000")
    platform.answers.queue = [httpx.Response(200, text="13800138000")]
    with pytest.raises(Unknown):
        await sent("我的号码是13800138000")
    platform.channel.parse(platform.text("13800138000"))
    for secret in ("13800138000", BOT_TOKEN, "access_token=", TOKEN, "wechat-secret"):
        assert secret not in caplog.text
