"""Both channels, SMS and the identity check against the played platforms, over real connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.channel import (
    Channel,
    Rejected,
    SendError,
    Throttled,
    Unavailable,
    Unknown,
    Unreachable,
    WindowClosed,
)
from integrations.identity.interface import Outcome
from integrations.identity.tencent import TencentIdentity
from integrations.messages import Kind, MessageIn, MessageOut, Option, Picture, Webhook
from integrations.sandbox.app import create_app
from integrations.sandbox.options import Options
from integrations.settings import Settings
from integrations.sms.interface import SmsLimited, SmsUnknown
from integrations.sms.tencent import TencentSms
from integrations.telegram.channel import TelegramChannel
from integrations.wechat.channel import WeChatChannel
from tests.contracts.platforms import settings as base_settings

# One sandbox for all tests here; each has a patient of its own.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass
class Program:
    """Our side in small: parses what comes to the webhooks, gives a passive reply when one is laid out."""

    channels: dict[str, Channel] = field(default_factory=dict)
    read: list[MessageIn] = field(default_factory=list)
    passive: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        channel = self.channels[request.url.path.rpartition("/")[2]]
        hook = Webhook(
            request.method, dict(request.query_params), dict(request.headers), await request.body()
        )
        if request.method == "GET":
            assert isinstance(channel, WeChatChannel)
            return Response(channel.handshake(hook).body)
        read = channel.parse(hook)
        self.read += read
        if isinstance(channel, WeChatChannel):
            out = MessageOut("wechat", read[0].sender, self.passive)
            answer = channel.passive(out, read[0]) if self.passive else channel.nothing
            return Response(answer.body, media_type=answer.media_type)
        return Response()


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        )
        task = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await task


@dataclass
class Stage:
    program: Program
    sandbox: httpx.AsyncClient  # its inspection
    settings: Settings
    http: httpx.AsyncClient

    async def order(self, path: str, **order: Any) -> dict[str, Any]:
        response = await self.sandbox.post(f"/inspect/{path}", json=order)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def commands(self, language: str) -> dict[str, str]:
        """What Telegram keeps for phones in a language; "" for all others."""
        token = self.settings.telegram_token.get_secret_value()
        address = f"{self.settings.telegram_api_base}/bot{token}/getMyCommands"
        response = await self.http.post(address, json={"language_code": language} if language else {})
        return {one["command"]: one["description"] for one in response.json()["result"]}

    async def fault(self, **rule: Any) -> None:
        response = await self.sandbox.post("/inspect/faults", json={"count": 1, **rule})
        assert response.status_code == 200, response.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(valkey: str) -> AsyncIterator[Stage]:
    program = Program()
    keys = {
        "sms_secret_id": "sms-id", "sms_secret_key": "sms-key", "sms_app_id": "1400006666",
        "sms_sign_name": "仁和医院", "sms_template_code": "1110", "sms_consent_template_code": "1120",
        "identity_secret_id": "id-id", "identity_secret_key": "id-key",
    }  # fmt: skip
    async with listening(program) as gateway:
        options = Options(gateway=gateway, telegram_chat_burst=50, telegram_retry_pause=0.05)
        app = create_app(base_settings(**keys), options, phone=False)
        async with (
            listening(app) as base,
            httpx.AsyncClient(base_url=base) as client,
            httpx.AsyncClient() as http,
        ):
            bases = {name: f"{base}/{name}" for name in ("wechat", "telegram", "sms", "identity")}
            settings = base_settings(
                **keys,
                wechat_api_base=bases["wechat"],
                telegram_api_base=bases["telegram"],
                sms_api_base=bases["sms"],
                identity_api_base=bases["identity"],
            )
            redis = Redis.from_url(valkey)
            await redis.flushall()
            telegram = TelegramChannel(settings)
            program.channels = {
                "wechat": WeChatChannel(settings, http=http, redis=redis),
                "telegram": telegram,
            }
            yield Stage(program, client, settings, http)
            await telegram.close()
            await redis.aclose()
        await app.state.world.close()


@dataclass
class Talk:
    """One patient on one platform."""

    stage: Stage
    name: str
    patient: str

    @property
    def channel(self) -> Any:
        return self.stage.program.channels[self.name]

    @property
    def who(self) -> dict[str, Any]:
        return {"openid": self.patient} if self.name == "wechat" else {"chat_id": int(self.patient)}

    async def does(self, what: str, **more: Any) -> MessageIn:
        self.stage.program.read.clear()
        self.last = await self.stage.order(f"{self.name}/messages", type=what, **self.who, **more)
        return self.stage.program.read[-1]

    async def gets(self, text: str = "", *titles: str, picture: Picture | None = None) -> str:
        options = tuple(Option(f"o{number}", title) for number, title in enumerate(titles))
        return str(await self.channel.send(MessageOut(self.name, self.patient, text, options, picture)))

    async def sees(self) -> list[dict[str, Any]]:
        seen = await self.stage.sandbox.get(f"/inspect/{self.name}", params=self.who)
        return [entry for entry in seen.json()["messages"] if entry["side"] == "account"]


@pytest_asyncio.fixture(params=["wechat", "telegram"], loop_scope="module")
async def talk(request: pytest.FixtureRequest, stage: Stage) -> Talk:
    stage.program.read.clear()
    stage.program.passive = ""
    made = await stage.order(f"{request.param}/users", name="王小明")
    (follow,) = stage.program.read
    assert follow.kind is Kind.FOLLOW
    patient = made["openid"] if request.param == "wechat" else made["chat_id"]
    assert follow.sender == str(patient)
    return Talk(stage, request.param, str(patient))


on_wechat = pytest.mark.parametrize("talk", ["wechat"], indirect=True)
on_telegram = pytest.mark.parametrize("talk", ["telegram"], indirect=True)


async def test_words_go_both_ways(talk: Talk) -> None:
    text = "👋 <b>我要挂号</b> &amp; ]]>"
    assert (await talk.does("text", text=text)).text == text
    await talk.gets(text)
    assert (await talk.sees())[-1]["text"] == text


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("voice", Kind.VOICE),
        ("video", Kind.VIDEO),
        ("location", Kind.LOCATION),
        ("sticker", Kind.STICKER),
    ],
)
async def test_more_than_words_is_read(talk: Talk, what: str, kind: Kind) -> None:
    assert (await talk.does(what)).kind is kind


async def test_media_are_fetched(talk: Talk) -> None:
    picture = await talk.does("image" if talk.name == "wechat" else "photo")
    assert picture.kind is Kind.IMAGE
    assert picture.media is not None
    content, mime = await talk.channel.fetch(picture.media.id)
    assert content.startswith(b"\x89PNG")
    if talk.name == "wechat":  # Telegram tells a type only by the name of the file
        assert mime == "image/png"
    with pytest.raises(Rejected):
        await talk.channel.fetch("no-such-media")


async def test_pictures_and_options_are_shown(talk: Talk) -> None:
    await talk.does("text", text="挂号")
    await talk.gets("有两位医生：", "王建国", "李静", picture=Picture(PIXEL))
    seen = str(await talk.sees())
    for part in ("有两位医生", "王建国", "李静"):
        assert part in seen


async def test_every_piece_of_a_long_text_is_taken(talk: Talk) -> None:
    await talk.does("text", text="须知")
    pieces = talk.channel.split("请带好身份证，提前十五分钟签到。😀" * 120)
    assert len(pieces) > 1 if talk.name == "wechat" else len(pieces) == 1
    for piece in pieces:
        await talk.gets(piece)


@on_wechat
async def test_the_menu_is_taken_and_its_keys_come_back(talk: Talk) -> None:
    await talk.channel.publish_menu()
    tapped = await talk.does("menu", key="my_appointments")
    assert (tapped.kind, tapped.choice) == (Kind.MENU, "my_appointments")


@on_wechat
async def test_the_address_is_accepted(talk: Talk) -> None:
    assert await talk.stage.order("wechat/handshake") == {"ok": True, "problem": ""}


@on_wechat
async def test_a_passive_reply_is_shown(talk: Talk) -> None:
    talk.stage.program.passive = "您好 ]]> <a>"
    await talk.does("text", text="你好")
    assert (await talk.sees())[-1]["text"] == "您好 ]]> <a>"


@on_wechat
async def test_quota_and_window_are_told_apart_from_failures(talk: Talk) -> None:
    await talk.does("text", text="你好")
    granted = sum(talk.channel.quotas[trigger][0] for trigger in ("follow", "message"))
    for _ in range(granted):
        await talk.gets("好")
    with pytest.raises(WindowClosed):
        await talk.gets("好")
    await talk.does("text", text="还在吗")
    await talk.gets("在")
    await talk.stage.order("wechat/quota/shut", openid=talk.patient)
    with pytest.raises(WindowClosed):
        await talk.gets("好")


@on_wechat
async def test_a_forgotten_token_is_renewed(talk: Talk) -> None:
    await talk.does("text", text="你好")
    for code in (40001, 42001):
        await talk.stage.fault(platform="wechat", operation="custom/send", code=code)
        await talk.gets("好")


@on_wechat
async def test_unfollowed_is_unreachable(talk: Talk) -> None:
    assert (await talk.does("unfollow")).kind is Kind.UNFOLLOW
    with pytest.raises(Unreachable):
        await talk.gets("好")


@on_telegram
async def test_a_button_is_pressed_and_stops_spinning(talk: Talk) -> None:
    message_id = await talk.gets("选：", "王建国", "李静")
    pressed = await talk.does("callback", message_id=int(message_id), data="o1")
    assert (pressed.kind, pressed.choice, pressed.message_ref) == (Kind.CHOICE, "o1", message_id)
    await talk.channel.answer_callback(pressed.callback_ref)


@on_telegram
async def test_edits_are_edits_and_messages_can_be_deleted(talk: Talk) -> None:
    said = await talk.does("text", text="头疼")
    edited = await talk.does("edit", message_id=int(said.message_ref), text="喘不上气")
    assert (edited.kind, edited.text) == (Kind.EDIT, "喘不上气")
    await talk.channel.delete(talk.patient, said.message_ref)
    await talk.channel.delete(talk.patient, said.message_ref)  # gone already


@on_telegram
async def test_the_command_menu_is_taken(talk: Talk) -> None:
    await talk.channel.publish_menu()
    assert (await talk.does("text", text="/my_profile")).choice == "my_profile"
    for tag, wanted in {"zh": "我的预约", "": "My appointments"}.items():
        assert (await talk.stage.commands(tag))["my_appointments"] == wanted


@on_telegram
async def test_blocked_is_unreachable(talk: Talk) -> None:
    assert (await talk.does("block")).kind is Kind.UNFOLLOW
    with pytest.raises(Unreachable):
        await talk.gets("好")


FAULTS: list[tuple[str, dict[str, Any], type[SendError]]] = [
    ("wechat", {"code": -1}, Unavailable),
    ("wechat", {"code": 45011}, Throttled),
    ("wechat", {"code": 503}, Unavailable),
    ("wechat", {"drop_after_accept": True}, Unknown),
    ("telegram", {"code": 429, "retry_after": 3}, Throttled),
    ("telegram", {"code": 502}, Unavailable),
    ("telegram", {"code": 400}, Rejected),
    ("telegram", {"drop_after_accept": True}, Unknown),
]


@pytest.mark.parametrize(("talk", "rule", "expected"), FAULTS, indirect=["talk"], ids=str)
async def test_faults_of_the_platform_mean_what_they_should(
    talk: Talk, rule: dict[str, Any], expected: type[SendError]
) -> None:
    await talk.does("text", text="你好")
    operation = "custom/send" if talk.name == "wechat" else "sendMessage"
    await talk.stage.fault(platform=talk.name, operation=operation, **rule)
    with pytest.raises(SendError) as raised:
        await talk.gets("好")
    assert type(raised.value) is expected


async def test_a_code_reaches_the_phone(stage: Stage) -> None:
    sms, phone = TencentSms(stage.settings, http=stage.http), "+8613800138000"
    await sms.send_code(phone, "482913")
    seen = (await stage.sandbox.get("/inspect/sms", params={"phone": phone})).json()["messages"]
    assert "482913" in str(seen[-1])
    with pytest.raises(SmsLimited):
        await sms.send_code(phone, "482914")
    await stage.fault(platform="sms", drop_after_accept=True)
    with pytest.raises(SmsUnknown):
        await sms.send_code("+8613800138001", "482915")


async def test_the_identity_check_answers(stage: Stage) -> None:
    check, number = TencentIdentity(stage.settings, http=stage.http).check, "11010519491231002X"
    person = await stage.order("telegram/users", name="王小红", start=False)
    assert await check("李小明", person["id_number"]) is Outcome.MISMATCH
    assert await check("李小红", number) is Outcome.MATCH
    assert await check("L", number) is Outcome.MISMATCH
    for code, outcome in (("-5", Outcome.NO_RECORD), ("-7", Outcome.LIMIT), ("-4", Outcome.UNAVAILABLE)):
        await stage.fault(platform="identity", code=code)
        assert await check("李小红", number) is outcome
    await stage.fault(platform="identity", drop_after_accept=True)
    assert await check("李小红", number) is Outcome.UNAVAILABLE
