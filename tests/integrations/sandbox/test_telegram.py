"""The Bot API: limits and errors in Telegram's words, and updates that come again until they are taken."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.sandbox.media import sample_ogg, sample_picture
from integrations.sandbox.options import Options
from integrations.sandbox.world import World

from .conftest import BOT_TOKEN, Clock, Gateway

API = f"/telegram/bot{BOT_TOKEN}"


@pytest.fixture
def options(options: Options) -> Options:
    return options.model_copy(update={"telegram_chat_burst": 5})


async def call(sandbox: httpx.AsyncClient, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
    answer = await sandbox.post(f"{API}/{method}", json=params)
    return answer.status_code, answer.json()


async def patient(sandbox: httpx.AsyncClient, **order: Any) -> int:
    made = await sandbox.post("/inspect/telegram/users", json=order)
    return made.raise_for_status().json()["chat_id"]


async def act(sandbox: httpx.AsyncClient, chat_id: int, kind: str = "text", **order: Any) -> dict[str, Any]:
    order = {"chat_id": chat_id, "type": kind, **order}
    return (await sandbox.post("/inspect/telegram/messages", json=order)).raise_for_status().json()


async def phone(sandbox: httpx.AsyncClient, chat_id: int) -> dict[str, Any]:
    return (await sandbox.get("/inspect/telegram", params={"chat_id": chat_id})).json()


def updates(gateway: Gateway) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in gateway.requests]


def keyboard(*data: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": one, "callback_data": one}] for one in data]}


async def test_tokens(sandbox: httpx.AsyncClient) -> None:
    assert (await sandbox.get(f"{API}/getMe")).json()["result"]["is_bot"] is True
    wrong = await sandbox.get("/telegram/bot123456:other/getMe")
    assert (wrong.status_code, wrong.json()["description"]) == (401, "Unauthorized")
    assert (await sandbox.get("/telegram/botjunk/getMe")).status_code == 404
    assert (await call(sandbox, "sendSomething"))[0] == 404


async def test_start_reaches_the_webhook_with_the_secret(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    chat_id = await patient(sandbox, payload="bind_1")
    request, _ = gateway.requests[-1]
    assert request.headers["x-telegram-bot-api-secret-token"] == "hook-secret"
    assert request.url.path == "/webhooks/telegram"
    message = updates(gateway)[-1]["message"]
    assert message["text"] == "/start bind_1"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert message["chat"]["id"] == chat_id


@pytest.mark.parametrize("payload", ["x" * 65, "绑定", "a b", "a=b", "a\n"])
async def test_a_link_carries_no_other_payload(sandbox: httpx.AsyncClient, payload: str) -> None:
    made = await sandbox.post("/inspect/telegram/users", json={"payload": payload})
    assert made.status_code == 422
    chat_id = await patient(sandbox, payload="x" * 64)
    order = {"chat_id": chat_id, "type": "start", "text": payload}
    assert (await sandbox.post("/inspect/telegram/messages", json=order)).status_code == 422


REFUSED = [
    ({"text": ""}, 400, "Bad Request: message text is empty"),
    ({"text": "  "}, 400, "Bad Request: message text is empty"),
    ({"text": "字" * 4097}, 400, "Bad Request: message is too long"),
    ({"text": "😀" * 2049}, 400, "Bad Request: message is too long"),
    ({"chat_id": 1}, 400, "Bad Request: chat not found"),
    ({"chat_id": ""}, 400, "Bad Request: chat_id is empty"),
    ({"reply_markup": keyboard("x" * 65)}, 400, "Bad Request: BUTTON_DATA_INVALID"),
    ({"reply_markup": keyboard("科" * 22)}, 400, "Bad Request: BUTTON_DATA_INVALID"),
    ({"reply_markup": "{"}, 400, "Bad Request: can't parse reply keyboard markup JSON object"),
    ({"reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, 400, "Bad Request: can't parse inline keyboard button: "
     "Text buttons are unallowed in the inline keyboard"),
]  # fmt: skip


async def test_what_is_not_taken(sandbox: httpx.AsyncClient) -> None:
    for changes, code, words in REFUSED:
        chat_id = await patient(sandbox)
        status, answer = await call(sandbox, "sendMessage", **{"chat_id": chat_id, "text": "您好"} | changes)
        assert (status, answer["error_code"], answer["description"]) == (code, code, words)


async def test_what_just_fits(sandbox: httpx.AsyncClient) -> None:
    chat_id = await patient(sandbox)
    for text in ("字" * 4096, "😀" * 2048):
        assert (await call(sandbox, "sendMessage", chat_id=chat_id, text=text))[0] == 200
    markup = keyboard("x" * 64)
    assert (await call(sandbox, "sendMessage", chat_id=chat_id, text="a", reply_markup=markup))[0] == 200


async def test_blocked_and_never_started(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    chat_id = await patient(sandbox)
    await act(sandbox, chat_id, "block")
    assert updates(gateway)[-1]["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    status, answer = await call(sandbox, "sendMessage", chat_id=chat_id, text="您好")
    assert (status, answer["description"]) == (403, "Forbidden: bot was blocked by the user")
    await act(sandbox, chat_id, "start")
    assert (await call(sandbox, "sendMessage", chat_id=chat_id, text="您好"))[0] == 200
    stranger = await patient(sandbox, start=False)
    assert (await call(sandbox, "sendMessage", chat_id=stranger, text="您好"))[0] == 403


async def test_one_message_a_second_in_a_chat(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    chat_id = await patient(sandbox)
    clock.stop()
    answers = [await call(sandbox, "sendMessage", chat_id=chat_id, text=str(n)) for n in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1]["parameters"] == {"retry_after": 1}
    assert answers[-1][1]["description"] == "Too Many Requests: retry after 1"
    clock.turn(seconds=1)
    assert (await call(sandbox, "sendMessage", chat_id=chat_id, text="x"))[0] == 200


async def test_thirty_a_second_over_all_chats(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    clock.stop()
    chats = [await patient(sandbox, wait=False) for _ in range(40)]
    answers = [await call(sandbox, "sendMessage", chat_id=chat_id, text="x") for chat_id in chats]
    assert [status for status, _ in answers] == [200] * 30 + [429] * 10
    clock.turn(seconds=1)
    assert (await call(sandbox, "sendMessage", chat_id=chats[-1], text="x"))[0] == 200


async def test_a_pressed_button_spins_until_it_is_answered(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    chat_id = await patient(sandbox)
    _, sent = await call(sandbox, "sendMessage", chat_id=chat_id, text="选", reply_markup=keyboard("a", "b"))
    message_id = sent["result"]["message_id"]
    await act(sandbox, chat_id, "callback", message_id=message_id, data="b")
    query = updates(gateway)[-1]["callback_query"]
    assert (query["data"], query["message"]["message_id"]) == ("b", message_id)
    assert (await phone(sandbox, chat_id))["messages"][-1]["spinning"] == {"b": query["id"]}
    answered = await call(sandbox, "answerCallbackQuery", callback_query_id=query["id"], text="好的")
    assert answered == (200, {"ok": True, "result": True})
    seen = await phone(sandbox, chat_id)
    assert seen["messages"][-1]["spinning"] == {}
    assert seen["toast"]["text"] == "好的"
    again = await call(sandbox, "answerCallbackQuery", callback_query_id=query["id"])
    assert again[0] == 400
    missing = {"chat_id": chat_id, "type": "callback", "message_id": message_id, "data": "c"}
    assert (await sandbox.post("/inspect/telegram/messages", json=missing)).status_code == 404


async def test_a_query_is_too_old_after_a_minute(
    sandbox: httpx.AsyncClient, gateway: Gateway, clock: Clock
) -> None:
    chat_id = await patient(sandbox)
    _, sent = await call(sandbox, "sendMessage", chat_id=chat_id, text="选", reply_markup=keyboard("a"))
    await act(sandbox, chat_id, "callback", message_id=sent["result"]["message_id"], data="a")
    clock.turn(seconds=61)
    query = updates(gateway)[-1]["callback_query"]["id"]
    _, answer = await call(sandbox, "answerCallbackQuery", callback_query_id=query)
    assert answer["description"].startswith("Bad Request: query is too old")


async def test_edit_and_delete(sandbox: httpx.AsyncClient, gateway: Gateway, clock: Clock) -> None:
    chat_id = await patient(sandbox)
    _, sent = await call(sandbox, "sendMessage", chat_id=chat_id, text="一", reply_markup=keyboard("a"))
    own = {"chat_id": chat_id, "message_id": sent["result"]["message_id"]}
    assert (await call(sandbox, "editMessageReplyMarkup", **own))[0] == 200
    _, same = await call(sandbox, "editMessageReplyMarkup", **own)
    assert same["description"].startswith("Bad Request: message is not modified")
    _, edited = await call(sandbox, "editMessageText", **own, text="二")
    assert edited["result"]["text"] == "二"
    theirs = await act(sandbox, chat_id, text="11010519491231002X")
    patients = {"chat_id": chat_id, "message_id": theirs["message_id"]}
    assert (await call(sandbox, "editMessageText", **patients, text="x"))[0] == 400
    assert (await call(sandbox, "deleteMessage", **patients))[0] == 200
    assert "11010519491231002X" not in json.dumps((await phone(sandbox, chat_id))["messages"])
    assert (await call(sandbox, "deleteMessage", **patients))[0] == 400
    clock.turn(hours=49)
    assert (await call(sandbox, "deleteMessage", **own))[0] == 400


async def test_the_patient_edits(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    chat_id = await patient(sandbox)
    sent = await act(sandbox, chat_id, text="头痛")
    await act(sandbox, chat_id, "edit", message_id=sent["message_id"], text="胸痛")
    update = updates(gateway)[-1]
    assert update["edited_message"]["text"] == "胸痛"
    assert update["edited_message"]["message_id"] == sent["message_id"]
    assert "edit_date" in update["edited_message"]


KINDS = ["photo", "voice", "video", "document", "sticker", "location", "contact"]


async def test_every_kind_has_its_object(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    for kind in KINDS:
        chat_id = await patient(sandbox)
        await act(sandbox, chat_id, kind)
        assert kind in updates(gateway)[-1]["message"]


async def test_files(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    chat_id = await patient(sandbox)
    await act(sandbox, chat_id, "voice")
    file_id = updates(gateway)[-1]["message"]["voice"]["file_id"]
    _, found = await call(sandbox, "getFile", file_id=file_id)
    path = found["result"]["file_path"]
    assert (await sandbox.get(f"/telegram/file/bot{BOT_TOKEN}/{path}")).content == sample_ogg()
    assert (await sandbox.get(f"/telegram/file/bot123:x/{path}")).status_code == 401
    _, missing = await call(sandbox, "getFile", file_id="nothing")
    assert missing["description"] == "Bad Request: invalid file_id"


async def test_send_photo(sandbox: httpx.AsyncClient) -> None:
    chat_id = await patient(sandbox)

    async def send(files: Any, **data: str) -> httpx.Response:
        return await sandbox.post(f"{API}/sendPhoto", data={"chat_id": str(chat_id), **data}, files=files)

    picture = {"photo": ("card.png", sample_picture(), "image/png")}
    assert (await send(picture, caption="就诊卡")).json()["result"]["caption"] == "就诊卡"
    attached = {"pic": ("card.png", sample_picture(), "image/png")}
    assert (await send(attached, photo="attach://pic")).status_code == 200
    text = {"photo": ("card.png", b"no picture", "image/png")}
    assert (await send(text)).json()["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert (await send(picture, caption="字" * 1025)).json()["description"].endswith("caption is too long")


async def test_a_refused_update_comes_again_with_its_id_and_in_order(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    chat_id = await patient(sandbox)
    first = len(gateway.requests)
    statuses = [500, 503, 200, 200]

    async def answer(request: Request, body: bytes) -> Response:
        return Response("", statuses.pop(0))

    gateway.answer = answer
    await act(sandbox, chat_id, text="一", wait=False)
    sent = await act(sandbox, chat_id, text="二")
    texts = [update["message"]["text"] for update in updates(gateway)[first:]]
    ids = [update["update_id"] for update in updates(gateway)[first:]]
    assert texts == ["一", "一", "一", "二"]
    assert len(set(ids)) == 2
    assert sent["taken"]
    info = (await call(sandbox, "getWebhookInfo"))[1]["result"]
    assert info["last_error_message"].startswith("Wrong response from the webhook: 503")
    assert info["pending_update_count"] == 0


@pytest.mark.parametrize("answer_seconds", [2])
async def test_an_update_that_is_not_answered_comes_again(
    sandbox: httpx.AsyncClient, gateway: Gateway
) -> None:
    chat_id = await patient(sandbox)
    first = len(gateway.requests)

    async def answer(request: Request, body: bytes) -> Response:
        if len(gateway.requests) == first + 1:
            await asyncio.Event().wait()
        return Response()

    gateway.answer = answer
    sent = await act(sandbox, chat_id, text="一")
    assert [attempt["outcome"] for attempt in sent["attempts"]] == ["Read timeout expired", "accepted"]


async def test_the_webhook_may_answer_with_a_method(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    async def answer(request: Request, body: bytes) -> Response:
        chat_id = json.loads(body)["message"]["chat"]["id"]
        return JSONResponse({"method": "sendMessage", "chat_id": chat_id, "text": "收到"})

    gateway.answer = answer
    chat_id = await patient(sandbox)
    assert (await phone(sandbox, chat_id))["messages"][-1]["text"] == "收到"


async def test_set_and_delete_the_webhook(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    _, plain = await call(sandbox, "setWebhook", url="http://example.org/hook")
    assert plain["description"] == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    _, secret = await call(sandbox, "setWebhook", url=gateway.url, secret_token="ä")
    assert secret["description"] == "Bad Request: secret token contains unallowed characters"
    chat_id = await patient(sandbox)
    await call(sandbox, "deleteWebhook")
    before = len(gateway.requests)
    await act(sandbox, chat_id, text="wartet", wait=False)
    assert (await call(sandbox, "getWebhookInfo"))[1]["result"]["pending_update_count"] == 1
    assert len(gateway.requests) == before
    await call(sandbox, "setWebhook", url=f"{gateway.url}/other", secret_token="new")
    await act(sandbox, chat_id, text="danach")
    assert [update["message"]["text"] for update in updates(gateway)[before:]] == ["wartet", "danach"]
    assert gateway.requests[-1][0].headers["x-telegram-bot-api-secret-token"] == "new"
    assert gateway.requests[-1][0].url.path == "/other"


async def test_commands(sandbox: httpx.AsyncClient) -> None:
    commands = [{"command": "book", "description": "预约挂号"}]
    assert (await call(sandbox, "setMyCommands", commands=commands))[0] == 200
    assert (await call(sandbox, "getMyCommands"))[1]["result"] == commands
    _, bad = await call(sandbox, "setMyCommands", commands=[{"command": "挂号", "description": "x"}])
    assert bad["description"] == "Bad Request: BOT_COMMAND_INVALID"


async def test_typing(sandbox: httpx.AsyncClient, world: World) -> None:
    chat_id = await patient(sandbox)
    assert (await call(sandbox, "sendChatAction", chat_id=chat_id, action="typing"))[0] == 200
    chat = world.bot.chat(chat_id)
    assert chat is not None
    assert chat.typing_until is not None
    assert (await call(sandbox, "sendChatAction", chat_id=chat_id, action="dancing"))[0] == 400


async def test_faults(sandbox: httpx.AsyncClient) -> None:
    chat_id = await patient(sandbox)
    rule = {"platform": "telegram", "operation": "sendMessage", "code": 429, "retry_after": 7, "count": 1}
    await sandbox.post("/inspect/faults", json=rule)
    status, answer = await call(sandbox, "sendMessage", chat_id=chat_id, text="x")
    assert (status, answer["parameters"]["retry_after"]) == (429, 7)
    assert (await call(sandbox, "sendMessage", chat_id=chat_id, text="x"))[0] == 200
    assert (await sandbox.post("/inspect/faults", json={"platform": "fax"})).status_code == 422
