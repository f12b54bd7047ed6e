from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import xmltodict

from integrations.channel import (
    Forbidden,
    Handshake,
    NotConfigured,
    OwnAgents,
    PassiveReply,
    Rationed,
    Rejected,
    SendError,
    Throttled,
)
from integrations.messages import (
    MessageIn,
    MessageOut,
    NativeSession,
    Option,
    Picture,
    SessionChange,
    Webhook,
)
from tests.contracts.platforms import ACCOUNT, APPID, NOW, OPENID, TOKEN, WeChat


@pytest.fixture
def wechat() -> WeChat:
    return WeChat()


def message(text: str = "", *titles: str, **more: Any) -> MessageOut:
    options = tuple(Option(f"o{number}", title) for number, title in enumerate(titles))
    return MessageOut("wechat", OPENID, text, options, **more)


# Our address


def greeting(**changes: str) -> Webhook:
    timestamp = str(int(NOW.timestamp()))
    query = {"timestamp": timestamp, "nonce": "n", "echostr": "5927782489442352469"}
    query["signature"] = WeChat.signature(TOKEN, timestamp, "n")
    return Webhook("GET", query | changes)


def test_the_address_is_proved_by_the_echo(wechat: WeChat) -> None:
    assert isinstance(wechat.channel, Handshake)
    assert wechat.channel.handshake(greeting()).body == b"5927782489442352469"


@pytest.mark.parametrize(
    "changes", [{"signature": "0" * 40}, {"nonce": "m"}, {"timestamp": "1"}, {"signature": ""}]
)
def test_a_forged_greeting_gets_no_echo(wechat: WeChat, changes: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        wechat.channel.handshake(greeting(**changes))
    with pytest.raises(NotConfigured):
        WeChat(wechat_token="").channel.handshake(greeting(**changes))


# What comes in


def test_only_secure_mode_is_taken(wechat: WeChat) -> None:
    signed = wechat.text()
    plain = f"<xml>{wechat.head('text')}<Content>hi</Content><MsgId>1</MsgId></xml>".encode()
    for query in (
        {**signed.query, "encrypt_type": "raw"},
        {k: v for k, v in signed.query.items() if k[0] != "e"},
    ):
        with pytest.raises(Forbidden):
            wechat.channel.parse(Webhook("POST", query, {}, plain))
        with pytest.raises(Forbidden):
            wechat.channel.parse(replace(signed, query=query))


def test_a_recorded_request_is_worthless_later(wechat: WeChat) -> None:
    wechat.channel.parse(wechat.old(timedelta(hours=23)))
    with pytest.raises(Forbidden):
        wechat.channel.parse(wechat.old(timedelta(hours=25)))


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(minutes=-10)], ids=str)
def test_a_clock_of_ours_that_is_wrong_turns_nobody_away(wechat: WeChat, wrong: timedelta) -> None:
    assert wechat.channel.parse(wechat.old(wrong))


def test_another_accounts_message_is_refused(wechat: WeChat) -> None:
    with pytest.raises(Forbidden):
        wechat.channel.parse(wechat.stranger())


def test_events_are_told_apart_by_all_that_names_them(wechat: WeChat) -> None:
    hooks = [
        wechat.event("CLICK", "<EventKey>help</EventKey>"),
        wechat.event("CLICK", "<EventKey>help</EventKey>"),
        wechat.event("CLICK", "<EventKey>emergency_help</EventKey>"),
        wechat.event("SCAN", "<EventKey>help</EventKey>"),
    ]
    ids = [wechat.channel.parse(hook)[0].external_id for hook in hooks]
    assert ids[0] == f"{OPENID}:{int(NOW.timestamp())}:CLICK:help"
    assert len(set(ids)) == 3


def test_an_endless_event_key_still_fits_an_index(wechat: WeChat) -> None:
    keys = ["https://x.cn/" + "a" * 3000 + end for end in "12"]
    ids = [
        wechat.channel.parse(wechat.event("VIEW", f"<EventKey>{key}</EventKey>"))[0].external_id
        for key in keys
    ]
    assert ids[0] != ids[1]
    assert max(map(len, ids)) < 100


# Answers in the webhook's own response


def answered(wechat: WeChat, out: MessageOut) -> dict[str, str]:
    (inbound,) = wechat.channel.parse(wechat.text())
    return opened(wechat.channel.passive(out, inbound).body)


def opened(body: bytes) -> dict[str, str]:
    """The reply as WeChat opens it: signature checked, decrypted, read."""
    outer = xmltodict.parse(body)["xml"]
    assert outer["MsgSignature"] == WeChat.signature(
        TOKEN, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"]
    )
    xml, appid = WeChat.decrypt(outer["Encrypt"])
    assert appid == APPID
    return dict(xmltodict.parse(xml)["xml"])


def test_a_passive_reply_is_signed_and_sealed(wechat: WeChat) -> None:
    assert isinstance(wechat.channel, PassiveReply)
    reply = answered(wechat, message("好的，请说出科室。"))
    assert reply == {
        "MsgType": "text",
        "FromUserName": ACCOUNT,
        "ToUserName": OPENID,
        "CreateTime": str(int(NOW.timestamp())),
        "Content": "好的，请说出科室。",
    }


@pytest.mark.parametrize("text", ["a]]>b", "]]>", "<xml>&amp;</xml>", "]]]]>>", "x\x00\x08y\ud83d"])
def test_no_text_breaks_out_of_the_reply(wechat: WeChat, text: str) -> None:
    expected = text.replace("\x00\x08", "").replace("\ud83d", "")
    assert answered(wechat, message(text))["Content"] == expected


def test_two_replies_to_one_text_look_different(wechat: WeChat) -> None:
    (inbound,) = wechat.channel.parse(wechat.text())
    assert wechat.channel.passive(message("好"), inbound) != wechat.channel.passive(message("好"), inbound)


@pytest.mark.parametrize("out", [message(picture=Picture(b"png")), message("好" * 700), message("")])
def test_what_is_no_passive_reply_is_said(wechat: WeChat, out: MessageOut) -> None:
    inbound: MessageIn = wechat.channel.parse(wechat.text())[0]
    with pytest.raises(Rejected):
        wechat.channel.passive(out, inbound)


def test_no_reply_is_the_word_success(wechat: WeChat) -> None:
    assert wechat.channel.nothing.body == b"success"


# Numbered options


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("有两位医生：", "有两位医生：\n1 王建国 ¥50\n2 李静\n回复数字选择"),
        ("请选医生，回复数字即可。", "请选医生，回复数字即可。\n1 王建国 ¥50\n2 李静"),
        ("回复“都可以”也行。", "回复“都可以”也行。\n1 王建国 ¥50\n2 李静"),
        ("医生会尽快回复您。", "医生会尽快回复您。\n1 王建国 ¥50\n2 李静\n回复数字选择"),
        ("Please reply with a number.", "Please reply with a number.\n1 王建国 ¥50\n2 李静"),
        ("", "1 王建国 ¥50\n2 李静\n回复数字选择"),
    ],
)
def test_options_become_numbered_lines(wechat: WeChat, text: str, written: str) -> None:
    out = message(text, "王建国\n¥50", "李静")
    assert wechat.channel.written(out) == written
    assert answered(wechat, out)["Content"] == written


def test_the_hint_gives_way_to_the_options(wechat: WeChat) -> None:
    out = message("好" * 678, "王建国")
    assert wechat.channel.fits(wechat.channel.written(out))
    assert wechat.channel.written(out).endswith("\n1 王建国")


# What goes out


async def test_chinese_is_sent_as_itself(wechat: WeChat) -> None:
    await wechat.channel.send(message("您好"))
    (request,) = wechat.answers.requests
    assert request.url.path == "/wechat/cgi-bin/message/custom/send"
    assert request.url.params["access_token"] == "T1"
    assert '"您好"'.encode() in request.content  # WeChat shows \\u escapes to the patient
    assert json.loads(request.content) == {"touser": OPENID, "msgtype": "text", "text": {"content": "您好"}}


async def test_a_picture_is_uploaded_and_sent(wechat: WeChat) -> None:
    await wechat.channel.send(message(picture=Picture(b"\x89PNG")))
    upload, send = wechat.answers.requests
    assert upload.url.path == "/wechat/cgi-bin/media/upload"
    assert upload.url.params["type"] == "image"
    assert b'name="media"; filename="picture.png"' in upload.content
    assert json.loads(send.content)["image"] == {"media_id": "uploaded"}


async def test_a_video_comes_by_its_address(wechat: WeChat) -> None:
    video = httpx.Response(200, content=b"mp4", headers={"content-type": "video/mp4"})
    wechat.answers.queue = [{"video_url": "http://127.0.0.1:9500/v"}, video]
    assert await wechat.channel.fetch("m1") == (b"mp4", "video/mp4")
    assert "access_token" not in wechat.answers.requests[1].url.params


async def test_the_days_quota_is_worth_an_alarm(wechat: WeChat) -> None:
    wechat.answers.queue = [{"errcode": 45009, "errmsg": "reach max api daily quota limit"}]
    with pytest.raises(Throttled) as raised:
        await wechat.channel.send(message("您好"))
    assert raised.value.loggable
    assert raised.value.retry_after >= 600
    assert not Throttled.loggable


async def test_which_agent_has_a_patient_is_asked_by_openid(wechat: WeChat) -> None:
    wechat.answers.queue = [
        {"createtime": 123456789, "kf_account": "test1@test"},
        {"createtime": 0, "kf_account": "", "errcode": 0, "errmsg": "ok"},
    ]
    assert isinstance(wechat.channel, OwnAgents)
    assert [await wechat.channel.agent_of(OPENID) for _ in range(2)] == ["test1@test", ""]
    asked = wechat.answers.requests[0].url
    assert asked.path.endswith("/customservice/kfsession/getsession")
    assert (asked.params["openid"], asked.params["access_token"]) == (OPENID, "T1")


@pytest.mark.parametrize(
    "answer", [{"errcode": 0, "errmsg": "ok"}, {"errcode": 65400, "errmsg": "no such interface"}]
)
async def test_an_answer_that_names_no_agent_says_not_that_there_is_none(
    wechat: WeChat, answer: dict[str, Any]
) -> None:
    wechat.answers.queue = [answer]
    with pytest.raises(SendError):
        await wechat.channel.agent_of(OPENID)


@pytest.mark.parametrize(
    ("event", "named", "change"),
    [
        ("kf_create_session", "KfAccount", SessionChange.OPENED),
        ("kf_close_session", "KfAccount", SessionChange.CLOSED),
        ("kf_switch_session", "ToKfAccount", SessionChange.SWITCHED),
    ],
)
def test_what_wechat_tells_of_its_agents_is_read(
    wechat: WeChat, event: str, named: str, change: SessionChange
) -> None:
    fields = "<FromKfAccount>before@renhe</FromKfAccount>" if change is SessionChange.SWITCHED else ""
    (read,) = wechat.channel.parse(wechat.event(event, f"{fields}<{named}>now@renhe</{named}>"))
    assert read.session == NativeSession(change, "now@renhe")


async def test_the_menu_has_three_entries_with_intents(wechat: WeChat) -> None:
    await wechat.channel.publish_menu()
    buttons = json.loads(wechat.answers.requests[0].content)["button"]
    assert [button["name"] for button in buttons] == ["挂号Book", "我的Me", "帮助Help"]
    assert buttons[0] == {"type": "click", "name": "挂号Book", "key": "book_appointment"}
    keys = [[entry["key"] for entry in button["sub_button"]] for button in buttons[1:]]
    help_entries = ["talk_to_human", "emergency_help", "help", "choose_language"]
    assert keys == [["my_appointments", "my_profile"], help_entries]


def test_quotas_are_those_of_the_rules(wechat: WeChat) -> None:
    assert isinstance(wechat.channel, Rationed)
    assert wechat.channel.quotas["message"] == (5, timedelta(hours=48))
    assert {wechat.channel.quotas[name] for name in ("menu", "follow", "scan")} == {(3, timedelta(minutes=1))}
