"""One contract for every chat platform: what goes out, and what a failure to send means."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzz
from hypothesis import strategies as st

from integrations import menu
from integrations.channel import (
    Channel,
    FetchMedia,
    Menu,
    NoticeRefused,
    Rejected,
    SendError,
    Throttled,
    Unavailable,
    Unknown,
    Unreachable,
    WindowClosed,
)
from integrations.messages import Option
from tests.contracts.platforms import (
    BOT_TOKEN,
    PICTURE,
    TOKEN,
    Platform,
    Reply,
    Telegram,
    WeChat,
    kept,
    message,
)


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
    channel, text = kept(played).channel, "".join(words)
    pieces = channel.split(text)
    assert all(piece and channel.fits(piece) for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_long_texts_are_cut_after_a_sentence(platform: Platform) -> None:
    sentence = "请带好身份证，提前十五分钟到门诊楼三层分诊台签到。"
    pieces = platform.channel.split(sentence * 200)
    assert len(pieces) > 1
    assert all(piece.endswith("。") for piece in pieces)


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


async def test_wechats_one_menu_is_read_in_both_languages_and_nothing_is_cut_off() -> None:
    account = WeChat()
    await account.channel.publish_menu()
    bar = json.loads(account.answers.requests[-1].content)["button"]
    lists = [entry for top in bar for entry in top.get("sub_button", ())]
    for most, titles in ((8, bar), (16, lists)):
        for title in (one["name"] for one in titles):
            assert sum(2 if ord(character) > 0x2E80 else 1 for character in title) <= most, title
            assert re.search("[A-Za-z]", title)
            assert re.search("[\u4e00-\u9fff]", title)
    keys = [entry["key"] for entry in (bar[0], *lists)]
    assert keys == [key for key, _ in menu.ENTRIES]


async def test_telegram_has_commands_for_chinese_phones_and_english_for_all_others() -> None:
    account = Telegram()
    await account.channel.publish_menu()
    sent = [Telegram.parameters(request) for request in account.answers.requests]
    said = {one.get("language_code", ""): json.loads(one["commands"]) for one in sent}
    assert set(said) == {"zh", ""}
    assert {one["command"]: one["description"] for one in said["zh"]} == dict(menu.ENTRIES)
    assert {one["command"]: one["description"] for one in said[""]} == menu.ENGLISH


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
