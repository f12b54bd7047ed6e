"""Notices outside the window: what leaves, what a refusal means, what the platform's events tell."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from integrations.channel import (
    AsksOnPage,
    NoticeFaulty,
    NoticeRefused,
    Notices,
    Rejected,
    SendError,
    Throttled,
    TooLarge,
    Unavailable,
    Unknown,
    Unreachable,
)
from integrations.messages import Kind, MessageOut, Notice, NoticeFate, NoticeNews, Picture
from integrations.wechat.channel import WeChatChannel
from integrations.wechat.notices import read_templates
from integrations.wechat.page import signature
from tests.contracts.platforms import NOW, OPENID, Reply, Telegram, WeChat, settings

TEMPLATES = {
    "hold_expired": {
        "id": "T1",
        "fields": {"thing1": "words", "character_string2": "number", "time3": "time"},
    },
    "*": {"id": "T2", "fields": {"thing1": "words", "phrase2": "=已更新"}},
}
NEWS = Notice("hold_expired", "预约保留已过期", datetime(2026, 11, 22, 1, 5, tzinfo=UTC), "O1")


def account(notice: str = "template", templates: Any = TEMPLATES) -> WeChat:
    return WeChat(
        wechat_notice=notice,
        wechat_notice_templates=json.dumps(templates),
        public_url="https://hospital.test",
    )


async def sent(wechat: WeChat, news: Notice = NEWS) -> tuple[str, dict[str, Any]]:
    await wechat.channel.notify(OPENID, news, client_id="row1")
    request = wechat.answers.requests[-1]
    return request.url.path.rpartition("/cgi-bin/")[2], json.loads(request.content)


FILLED = {
    "thing1": {"value": "预约保留已过期"},
    "character_string2": {"value": "O1"},
    "time3": {"value": "2026年11月22日 09:05"},
}


async def test_a_template_message_as_wechat_takes_it() -> None:
    assert await sent(account()) == (
        "message/template/send",
        {
            "touser": OPENID,
            "template_id": "T1",
            "url": "https://hospital.test/notice/hold_expired?lang=zh-Hans",
            "data": FILLED,
            "client_msg_id": "row1",
        },
    )


async def test_a_subscription_notice_as_wechat_takes_it() -> None:
    assert await sent(account("subscription")) == (
        "message/subscribe/bizsend",
        {
            "touser": OPENID,
            "template_id": "T1",
            "page": "https://hospital.test/notice/hold_expired?lang=zh-Hans",
            "data": FILLED,
        },
    )


async def test_other_kinds_and_fixed_texts() -> None:
    _, message = await sent(account(), Notice("identity_settled", "资料有了结果", NOW))
    assert message["template_id"] == "T2"
    assert message["data"] == {"thing1": {"value": "资料有了结果"}, "phrase2": {"value": "已更新"}}


def test_what_an_account_can_and_cannot() -> None:
    template, subscription, none = (account(mode).channel for mode in ("template", "subscription", "none"))
    assert isinstance(template, Notices)
    assert (template.asks_permission, subscription.asks_permission) == (False, True)
    assert template.same_notice_for < timedelta(minutes=10)
    assert subscription.same_notice_for == timedelta(0)
    assert template.notice_template("hold_expired") == "T1"
    assert template.notice_template("anything") == "T2"
    assert none.notice_template("hold_expired") is None
    assert account(templates={}).channel.notice_template("hold_expired") is None
    assert not isinstance(Telegram().channel, Notices)  # it takes our messages until it is blocked


async def test_without_a_template_nothing_is_tried() -> None:
    wechat = account(templates={})
    with pytest.raises(NoticeFaulty):
        await wechat.channel.notify(OPENID, NEWS, client_id="row1")
    assert wechat.answers.requests == []


@pytest.mark.parametrize(
    "setting",
    ["{", "[]", '{"a": 1}', '{"a": {"id": "T"}}', '{"a": {"id": "T", "fields": {"thing1": "doctor"}}}'],
)
def test_a_setting_that_cannot_be_read_stops_the_start(setting: str) -> None:
    with pytest.raises(ValueError, match="WECHAT_NOTICE_TEMPLATES"):
        read_templates(setting)


def said(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "no"}


ERRORS: list[tuple[Reply, type[SendError]]] = [
    (said(43101), NoticeRefused),
    (said(40037), NoticeFaulty),
    (said(47003), NoticeFaulty),
    (said(43004), Unreachable),
    (said(40003), Unreachable),
    (said(45009), Throttled),
    (said(45011), Throttled),
    (said(48001), Rejected),
    (said(-1), Unavailable),
    (httpx.ConnectError("refused"), Unavailable),
    (httpx.Response(500), Unavailable),
    (httpx.ReadTimeout("slow"), Unknown),
    (httpx.RemoteProtocolError("closed"), Unknown),
    (httpx.Response(200, text="<html>login</html>"), Unknown),
]


@pytest.mark.parametrize("mode", ["template", "subscription"])
@pytest.mark.parametrize(("reply", "expected"), ERRORS, ids=lambda value: str(value)[:40])
async def test_a_failure_says_what_it_means(mode: str, reply: Reply, expected: type[SendError]) -> None:
    wechat = account(mode)
    wechat.answers.queue = [reply]
    with pytest.raises(SendError) as raised:
        await wechat.channel.notify(OPENID, NEWS, client_id="row1")
    assert type(raised.value) is expected
    assert len(wechat.answers.requests) == 1


# What events tell

POPUP = "<SubscribeMsgPopupEvent>{}</SubscribeMsgPopupEvent>"
ENTRY = (
    "<List><TemplateId><![CDATA[{}]]></TemplateId><SubscribeStatusString><![CDATA[{}]]></SubscribeStatusString>"
    "<PopupScene>2</PopupScene></List>"
)
TOLD: list[tuple[str, str, tuple[NoticeNews, ...]]] = [
    (
        "TEMPLATESENDJOBFINISH",
        "<MsgID>200163836</MsgID><Status><![CDATA[success]]></Status>",
        (NoticeNews(NoticeFate.DELIVERED, platform_id="200163836", reason="success"),),
    ),
    (
        "TEMPLATESENDJOBFINISH",
        "<MsgID>7</MsgID><Status><![CDATA[failed:user block]]></Status>",
        (NoticeNews(NoticeFate.FAILED, platform_id="7", reason="failed:user block"),),
    ),
    (
        "TEMPLATESENDJOBFINISH",
        "<MsgID>8</MsgID><Status><![CDATA[failed: system failed]]></Status>",
        (NoticeNews(NoticeFate.FAILED, platform_id="8", reason="failed: system failed"),),
    ),
    (
        "subscribe_msg_popup_event",
        POPUP.format(ENTRY.format("T1", "accept") + ENTRY.format("T2", "reject")),
        (NoticeNews(NoticeFate.GRANTED, "T1"), NoticeNews(NoticeFate.REFUSED, "T2")),
    ),
    (
        "subscribe_msg_popup_event",
        POPUP.format(ENTRY.format("T1", "accept")),
        (NoticeNews(NoticeFate.GRANTED, "T1"),),
    ),
    (
        "subscribe_msg_change_event",
        POPUP.replace("Popup", "Change").format(ENTRY.format("T1", "reject")),
        (NoticeNews(NoticeFate.REVOKED, "T1"),),
    ),
    (
        "subscribe_msg_sent_event",
        "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>9</MsgID><ErrorCode>0</ErrorCode>"
        "<ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
        (NoticeNews(NoticeFate.DELIVERED, platform_id="9", reason="success"),),
    ),
    (
        "subscribe_msg_sent_event",
        "<SubscribeMsgSentEvent><List><TemplateId>T1</TemplateId><MsgID>9</MsgID><ErrorCode>3</ErrorCode>"
        "<ErrorStatus>broken</ErrorStatus></List></SubscribeMsgSentEvent>",
        (NoticeNews(NoticeFate.FAILED, platform_id="9", reason="broken"),),
    ),
    ("subscribe_msg_popup_event", POPUP.format("<List/>"), ()),
    ("subscribe_msg_popup_event", POPUP.format(ENTRY.format("T1", "perhaps")), ()),
    ("subscribe_msg_popup_event", "<SubscribeMsgPopupEvent>junk</SubscribeMsgPopupEvent>", ()),
    ("kf_create_session", "<MsgID>1</MsgID>", ()),
]


@pytest.mark.parametrize(("event", "fields", "news"), TOLD)
def test_what_wechat_tells_about_notices_is_read(
    event: str, fields: str, news: tuple[NoticeNews, ...]
) -> None:
    wechat = account()
    (read,) = wechat.channel.parse(wechat.event(event, fields))
    assert (read.kind, read.choice, read.news) == (Kind.EVENT, event.lower(), news)


def test_two_reports_in_one_second_are_two_events_and_a_repetition_is_none() -> None:
    wechat = account()
    ids = {wechat.channel.parse(wechat.event(event, fields))[0].external_id for event, fields, _ in TOLD * 2}
    assert len(ids) == len(TOLD)


# The page


def test_the_signature_is_that_of_wechats_own_example() -> None:
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    url = "http://mp.weixin.qq.com?params=value"
    made = signature(ticket, "Wm3WZYTPz0wzccnW", 1414587457, url + "#part")
    assert made == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


async def test_the_ticket_is_asked_for_once_and_kept(valkey: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if request.url.path.endswith("stable_token"):
            return httpx.Response(200, json={"access_token": "T", "expires_in": 7200})
        return httpx.Response(
            200, json={"errcode": 0, "errmsg": "ok", "ticket": "ticket", "expires_in": 7200}
        )

    calls: list[str] = []
    redis = Redis.from_url(valkey)
    await redis.flushall()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        about = settings(wechat_notice="subscription", wechat_notice_templates=json.dumps(TEMPLATES))
        channel = WeChatChannel(about, http=http, redis=redis, now=lambda: NOW)
        assert isinstance(channel, AsksOnPage)
        keys = [await channel.page_key("https://hospital.test/notice/x") for _ in range(2)]
    await redis.aclose()
    assert len([call for call in calls if call.endswith("getticket")]) == 1
    assert keys[0].templates == ("T1", "T2")
    parts = f"jsapi_ticket=ticket&noncestr={keys[0].nonce}&timestamp={keys[0].timestamp}&url=https://hospital.test/notice/x"
    assert keys[0].signature == hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324
    assert keys[0].nonce != keys[1].nonce


# Media, both ways


def test_pictures_that_are_sent_together_share_an_album() -> None:
    telegram = Telegram()
    size = {"file_id": "m1", "file_unique_id": "u1", "width": 9, "height": 9}
    for more, album in (({"media_group_id": "g7"}, "g7"), ({}, "")):
        update = {"message": Telegram.message(photo=[size], **more)}
        (read,) = telegram.channel.parse(telegram.webhook(update))
        assert (read.kind, read.album) == (Kind.IMAGE, album)


def tg(description: str) -> httpx.Response:
    return httpx.Response(400, json={"ok": False, "error_code": 400, "description": description})


LARGE = {"file_id": "f", "file_unique_id": "u", "file_size": 2000, "file_path": "p"}
LOST: list[tuple[type[WeChat | Telegram], Reply, type[SendError]]] = [
    (WeChat, httpx.Response(200, content=b"x" * 2000), TooLarge),
    (WeChat, said(40007), Rejected),
    (WeChat, httpx.Response(500), Unavailable),
    (WeChat, httpx.ReadTimeout("slow"), Unavailable),
    (WeChat, httpx.ConnectError("refused"), Unavailable),
    (Telegram, tg("Bad Request: file is too big"), TooLarge),
    (Telegram, httpx.Response(200, json={"ok": True, "result": LARGE}), TooLarge),
    (Telegram, tg("Bad Request: invalid file_id"), Rejected),
    (Telegram, httpx.Response(500), Unavailable),
    (Telegram, httpx.ReadTimeout("slow"), Unknown),
]


@pytest.mark.parametrize(("played", "reply", "expected"), LOST)
async def test_what_cannot_be_fetched_says_whether_later_helps(
    played: type[WeChat | Telegram], reply: Reply, expected: type[SendError]
) -> None:
    platform = played()
    platform.answers.queue = [reply]
    with pytest.raises(SendError) as raised:
        await platform.channel.fetch("m1", limit=1000)
    assert type(raised.value) is expected


async def picture_calls(valkey: str, *answers: dict[str, Any], times: int) -> list[str]:
    """The calls that sending a picture made; `answers` are those of custom/send, then it says yes."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/cgi-bin/")[2]
        if name == "stable_token":
            return httpx.Response(200, json={"access_token": "T", "expires_in": 7200})
        calls.append(name)
        if name == "media/upload":
            return httpx.Response(200, json={"type": "image", "media_id": f"m{len(calls)}", "created_at": 1})
        return httpx.Response(200, json=queued.pop(0) if queued else {"errcode": 0, "errmsg": "ok"})

    calls: list[str] = []
    queued = list(answers)
    redis = Redis.from_url(valkey)
    await redis.flushall()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        channel = WeChatChannel(settings(), http=http, redis=redis, now=lambda: NOW)
        for _ in range(times):
            await channel.send(MessageOut("wechat", OPENID, picture=Picture(b"\x89PNG one")))
    await redis.aclose()
    return calls


async def test_the_same_picture_is_uploaded_once(valkey: str) -> None:
    calls = await picture_calls(valkey, times=3)
    assert calls == ["media/upload", *["message/custom/send"] * 3]


async def test_a_picture_that_wechat_forgot_is_uploaded_again(valkey: str) -> None:
    calls = await picture_calls(valkey, said(0), said(40007), times=2)
    assert calls == [
        "media/upload",
        "message/custom/send",
        *["message/custom/send", "media/upload", "message/custom/send"],
    ]
