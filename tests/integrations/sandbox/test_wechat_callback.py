"""What the program hears from WeChat, and what the patient sees of its answers."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest
import xmltodict
from starlette.requests import Request
from starlette.responses import Response
from wechatpy.crypto import WeChatCrypto

from integrations.sandbox.app import create_app
from integrations.sandbox.options import Options
from integrations.sandbox.wechat.crypto import BadEnvelope, Envelope, signature
from integrations.sandbox.wechat.passive import NOTICE
from integrations.sandbox.world import World
from integrations.settings import Settings

from .conftest import AES_KEY, APPID, TOKEN, Gateway, listening

# The library that the program uses, as the other side of our own implementation.
crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)


def decrypted(request: Request, body: bytes) -> dict[str, str]:
    query = request.query_params
    plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
    return xmltodict.parse(plain)["xml"]


def passive(message: dict[str, str], **changes: str) -> str:
    """A text reply to a message, as plain XML."""
    fields = {
        "ToUserName": message["FromUserName"], "FromUserName": message["ToUserName"],
        "CreateTime": str(int(time.time())), "MsgType": "text", "Content": "您好",
    } | changes  # fmt: skip
    return xmltodict.unparse({"xml": fields}, full_document=False)


def sealed(xml: str) -> str:
    return crypto.encrypt_message(xml, "nonce1", str(int(time.time())))


async def patient(sandbox: httpx.AsyncClient) -> str:
    made = (await sandbox.post("/inspect/wechat/users", json={})).raise_for_status()
    return made.json()["openid"]


async def act(sandbox: httpx.AsyncClient, openid: str, kind: str = "text", **order: object) -> dict:
    order = {"openid": openid, "type": kind, **order}
    return (await sandbox.post("/inspect/wechat/messages", json=order)).raise_for_status().json()


async def phone(sandbox: httpx.AsyncClient, openid: str) -> list[dict]:
    return (await sandbox.get("/inspect/wechat", params={"openid": openid})).json()["messages"]


# The example that comes with WeChat's own sample code.
PUBLISHED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2L"
    "dJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6u"
    "x5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJ"
    "pXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCz"
    "pu9GhglF2PE="
)


def test_the_published_example() -> None:
    """5d197aaf… is the msg_signature of the sample for these four parts."""
    made = signature(TOKEN, "1409735669", "1320562132", PUBLISHED)
    assert made == "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
    opened = xmltodict.parse(Envelope(AES_KEY, APPID).open(PUBLISHED))["xml"]
    assert opened["FromUserName"] == "oyORnuP8q7ou2gfYjqLzSIWZf0rs"


def test_another_appid_and_a_broken_envelope_are_refused() -> None:
    with pytest.raises(BadEnvelope, match="appid"):
        Envelope(AES_KEY, "wx0000000000000000").open(PUBLISHED)
    for broken in ("", "not base64!", PUBLISHED[:64], PUBLISHED[:-8] + "AAAAAAA="):
        with pytest.raises(BadEnvelope):
            Envelope(AES_KEY, APPID).open(broken)


async def test_a_message_is_signed_encrypted_and_readable(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    openid = await patient(sandbox)
    sent = await act(sandbox, openid, text="我想挂号 ]]> <b>")
    request, body = gateway.requests[-1]
    query = request.query_params
    assert query["encrypt_type"] == "aes"
    assert query["signature"] == signature(TOKEN, query["timestamp"], query["nonce"])
    message = decrypted(request, body)
    assert message["Content"] == "我想挂号 ]]> <b>"
    assert message["FromUserName"] == openid
    assert len(openid) == 28
    assert message["MsgId"] == sent["msg_id"]
    assert sent["outcome"] == "answered"
    assert sent["reply"] is None


async def test_a_passive_reply_is_shown(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)

    async def answer(request: Request, body: bytes) -> Response:
        return Response(sealed(passive(decrypted(request, body))))

    gateway.answer = answer
    sent = await act(sandbox, openid, text="你好")
    assert sent["reply"]["text"] == "您好"
    quota = (await sandbox.get("/inspect/wechat", params={"openid": openid})).json()["quota"]
    assert quota["windows"]["message"]["left"] == 5  # passive replies cost nothing


BAD_ANSWERS = {
    "json": lambda message: '{"text": "hi"}',
    "plain XML in secure mode": passive,
    "wrong signature": lambda message: sealed(passive(message)).replace("MsgSignature><!", "MsgSignature>0<!"),
    "another appid": lambda message: WeChatCrypto(TOKEN, AES_KEY, "wx0000000000000000").encrypt_message(
        passive(message), "nonce1", "1700000000"
    ),
    "sides not swapped": lambda message: sealed(passive(message, ToUserName=message["ToUserName"])),
    "empty text": lambda message: sealed(passive(message, Content="")),
    "text too long": lambda message: sealed(passive(message, Content="长" * 683)),
    "unknown type": lambda message: sealed(passive(message, MsgType="card")),
    "unescaped": lambda message: sealed(passive(message).replace("您好", "<b>")),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_ANSWERS)
async def test_a_bad_answer_shows_the_fault_notice(
    case: str, sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    openid = await patient(sandbox)

    async def answer(request: Request, body: bytes) -> Response:
        return Response(BAD_ANSWERS[case](decrypted(request, body)))

    gateway.answer = answer
    before = len(gateway.requests)
    sent = await act(sandbox, openid, text="你好")
    assert sent["outcome"] == "faulty"
    assert (await phone(sandbox, openid))[-1]["text"] == NOTICE
    assert len(gateway.requests) == before + 1  # an answer came: not delivered again


async def test_683_characters_fit_by_their_bytes(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)

    async def answer(request: Request, body: bytes) -> Response:
        return Response(sealed(passive(decrypted(request, body), Content="长" * 682 + "ab")))

    gateway.answer = answer
    assert (await act(sandbox, openid, text="你好"))["outcome"] == "answered"


@pytest.mark.parametrize("answer_seconds", [0.3])
async def test_no_answer_is_cut_and_delivered_three_times(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    openid = await patient(sandbox)

    async def answer(request: Request, body: bytes) -> Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody waits so long")

    gateway.answer = answer
    before = len(gateway.requests)
    sent = await act(sandbox, openid, text="你好")
    messages = [decrypted(*request) for request in gateway.requests[before:]]
    assert len(messages) == 3
    assert len({message["MsgId"] for message in messages}) == 1
    assert len({message["CreateTime"] for message in messages}) == 1
    assert sent["outcome"] == "lost"
    assert (await phone(sandbox, openid))[-1]["text"] == NOTICE


@pytest.mark.parametrize("answer_seconds", [5])
async def test_a_late_answer_is_taken_on_redelivery(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)
    seen: list[str] = []

    async def answer(request: Request, body: bytes) -> Response:
        seen.append(decrypted(request, body)["MsgId"])
        if len(seen) == 1:
            await asyncio.Event().wait()
        return Response(sealed(passive(decrypted(request, body))))

    gateway.answer = answer
    sent = await act(sandbox, openid, text="你好")
    assert seen == [sent["msg_id"]] * 2
    assert sent["reply"]["text"] == "您好"
    assert [attempt["outcome"] for attempt in sent["attempts"]] == ["cut: no answer in time", "replied"]


async def test_an_error_status_is_delivered_again(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)
    statuses = [500, 200]

    async def answer(request: Request, body: bytes) -> Response:
        return Response("", statuses.pop(0))

    gateway.answer = answer
    assert (await act(sandbox, openid, text="你好"))["outcome"] == "answered"
    assert statuses == []


async def test_events_have_no_message_id(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    made = (await sandbox.post("/inspect/wechat/users", json={"scene": "clinic7"})).json()
    event = decrypted(*gateway.requests[-1])
    assert (event["MsgType"], event["Event"], event["EventKey"]) == ("event", "subscribe", "qrscene_clinic7")
    assert "MsgId" not in event
    await act(sandbox, made["openid"], "scan", scene="clinic8")
    assert decrypted(*gateway.requests[-1])["Event"] == "SCAN"
    await act(sandbox, made["openid"], "unfollow")
    assert decrypted(*gateway.requests[-1])["Event"] == "unsubscribe"
    refused = await sandbox.post(
        "/inspect/wechat/messages", json={"openid": made["openid"], "type": "text", "text": "x"}
    )
    assert refused.status_code == 409  # only followers write


KINDS = {
    "image": ("image", {"PicUrl", "MediaId"}),
    "voice": ("voice", {"MediaId", "Format"}),
    "video": ("video", {"MediaId", "ThumbMediaId"}),
    "shortvideo": ("shortvideo", {"MediaId", "ThumbMediaId"}),
    "location": ("location", {"Location_X", "Location_Y", "Scale", "Label"}),
    "link": ("link", {"Title", "Url"}),
    "sticker": ("text", {"Content"}),
    "choice": ("text", {"Content", "bizmsgmenuid"}),
}


async def test_every_kind_has_its_fields(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    for kind in KINDS:
        openid = await patient(sandbox)
        await act(sandbox, openid, kind, text="x", menu_id="m1")
        message = decrypted(*gateway.requests[-1])
        name, fields = KINDS[kind]
        assert message["MsgType"] == name
        assert fields <= set(message)
        assert "MsgId" in message


async def test_recognition_only_when_given(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)
    await act(sandbox, openid, "voice")
    assert "Recognition" not in decrypted(*gateway.requests[-1])
    await act(sandbox, openid, "voice", recognition="我要挂号")
    assert decrypted(*gateway.requests[-1])["Recognition"] == "我要挂号"


async def test_the_picture_can_be_fetched(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    openid = await patient(sandbox)
    await act(sandbox, openid, "image")
    message = decrypted(*gateway.requests[-1])
    picture = await sandbox.get(message["PicUrl"])
    assert picture.content.startswith(b"\x89PNG")


async def test_the_handshake(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    async def echo(request: Request, body: bytes) -> Response:
        return Response(request.query_params["echostr"])

    gateway.answer = echo
    assert (await sandbox.post("/inspect/wechat/handshake")).json()["ok"]
    query = gateway.requests[-1][0].query_params
    assert query["signature"] == signature(TOKEN, query["timestamp"], query["nonce"])

    gateway.answer = None  # answers "success"
    assert not (await sandbox.post("/inspect/wechat/handshake")).json()["ok"]


async def test_a_lost_answer_is_a_redelivery(
    sandbox: httpx.AsyncClient, gateway: Gateway, world: World
) -> None:
    openid = await patient(sandbox)
    fault = {"platform": "wechat", "operation": "callback", "drop_after_accept": True, "count": 1}
    await sandbox.post("/inspect/faults", json=fault)
    before = len(gateway.requests)
    assert (await act(sandbox, openid, text="你好"))["outcome"] == "answered"
    ids = [decrypted(*request)["MsgId"] for request in gateway.requests[before:]]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_the_connection_is_really_cut(settings: Settings) -> None:
    """Over a real socket: the program's side sees that WeChat has left."""
    left = asyncio.Event()

    async def answer(request: Request, body: bytes) -> Response:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            left.set()
        return Response("success")

    gateway = Gateway(answer=answer)
    async with listening(gateway) as url:
        options = Options(gateway=url, wechat_answer_seconds=0.2, wechat_deliveries=1)
        app = create_app(settings, options, phone=False)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as sandbox:
            made = (await sandbox.post("/inspect/wechat/users", json={})).json()
        await asyncio.wait_for(left.wait(), 60)
        await app.state.world.close()
    assert made["delivery"]["attempts"][0]["outcome"] == "cut: no answer in time"
