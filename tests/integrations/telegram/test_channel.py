from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from integrations.channel import (
    AnswerCallback,
    DeleteMessage,
    Forbidden,
    Paced,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from integrations.messages import MessageOut, Option, Picture
from integrations.telegram import verification
from tests.contracts.platforms import BOT_TOKEN, CHAT, HOOK_SECRET, NOW, Telegram


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


def message(text: str = "您好", *options: tuple[str, str], **more: Any) -> MessageOut:
    return MessageOut("telegram", str(CHAT), text, tuple(Option(*option) for option in options), **more)


def refusal(status: int, description: str, **parameters: Any) -> httpx.Response:
    return httpx.Response(status, json={"ok": False, "description": description, "parameters": parameters})


def keyboard(telegram: Telegram) -> list[list[dict[str, str]]]:
    markup = Telegram.parameters(telegram.answers.requests[-1])["reply_markup"]
    return json.loads(markup)["inline_keyboard"]  # type: ignore[no-any-return]


def test_its_pace_is_thirty_a_second_and_one_a_second_to_each(telegram: Telegram) -> None:
    """The count for one patient is of three seconds (integrations.throttle)."""
    assert isinstance(telegram.channel, Paced)
    assert (telegram.channel.per_second, telegram.channel.per_chat) == (30, 3)


# What comes in


@pytest.mark.parametrize("given", ["", "hook-secre", "hook-secrets", "HOOK-SECRET", "密", "\udcff"])
def test_only_the_secret_itself_opens(given: str) -> None:
    verification.verify(secret=HOOK_SECRET, given=HOOK_SECRET)
    with pytest.raises(Forbidden):
        verification.verify(secret=HOOK_SECRET, given=given)


def test_a_message_can_be_named_for_deletion(telegram: Telegram) -> None:
    (read,) = telegram.channel.parse(telegram.text("11010519491231002X"))
    assert read.message_ref == "5"
    assert read.sent_at == NOW


def test_an_edit_is_dated_by_the_edit(telegram: Telegram) -> None:
    edited = Telegram.message(caption="喘不上气", photo=[], edit_date=1_800_000_000)
    (read,) = telegram.channel.parse(telegram.webhook({"edited_message": edited}))
    assert (read.text, read.sent_at) == ("喘不上气", datetime.fromtimestamp(1_800_000_000, UTC))


def test_a_pressed_button_names_query_and_message(telegram: Telegram) -> None:
    sender = {"id": CHAT, "is_bot": False, "first_name": "明"}
    seen = Telegram.message(text="选")
    query = {"id": "cb7", "from": sender, "chat_instance": "1", "message": seen, "data": "c1"}
    (read,) = telegram.channel.parse(telegram.webhook({"callback_query": query}))
    assert (read.callback_ref, read.message_ref, read.sent_at) == ("cb7", "5", NOW)


@pytest.mark.parametrize(
    "update",
    [
        {"poll": {"id": "1", "question": "?"}},
        {"channel_post": Telegram.message(text="news")},
        {
            "inline_query": {
                "id": "1",
                "from": {"id": 1, "is_bot": False, "first_name": "a"},
                "query": "",
                "offset": "",
            }
        },
        {"something_new": {"chat": {"id": CHAT}}},
        {},
    ],
)
def test_what_belongs_to_no_chat_is_taken_and_forgotten(telegram: Telegram, update: dict[str, Any]) -> None:
    assert telegram.channel.parse(telegram.webhook(update)) == []


def test_what_others_write_in_groups_is_not_kept(telegram: Telegram) -> None:
    chat = {"id": -100, "type": "supergroup", "title": "g"}
    for update in ("message", "edited_message"):
        content = {**Telegram.message(text="张三得了肺炎"), "chat": chat}
        (read,) = telegram.channel.parse(telegram.webhook({update: content}))
        assert (read.text, read.sender) == ("", "-100")


def test_a_button_in_a_group_is_no_choice(telegram: Telegram) -> None:
    sender = {"id": CHAT, "is_bot": False, "first_name": "明"}
    seen = {**Telegram.message(text="选"), "chat": {"id": -100, "type": "group", "title": "g"}}
    query = {"id": "cb", "from": sender, "chat_instance": "1", "message": seen, "data": "c1"}
    (read,) = telegram.channel.parse(telegram.webhook({"callback_query": query}))
    assert read.choice == "group"


def test_unknown_commands_are_words(telegram: Telegram) -> None:
    (read,) = telegram.channel.parse(telegram.text("/drop tables"))
    assert (read.kind, read.text) == ("text", "/drop tables")


# What goes out


async def test_a_message_goes_to_the_configured_address(telegram: Telegram) -> None:
    assert await telegram.channel.send(message()) == "42"
    (request,) = telegram.answers.requests
    assert str(request.url) == f"http://127.0.0.1:9500/telegram/bot{BOT_TOKEN}/sendMessage"
    parameters = Telegram.parameters(request)
    assert (parameters["chat_id"], parameters["text"]) == (str(CHAT), "您好")


async def test_no_preview_opens_a_one_time_link(telegram: Telegram) -> None:
    await telegram.channel.send(message("https://hospital.example/p/abc"))
    options = json.loads(Telegram.parameters(telegram.answers.requests[0])["link_preview_options"])
    assert options == {"is_disabled": True}


async def test_options_become_buttons(telegram: Telegram) -> None:
    await telegram.channel.send(message("选：", ("a", "王建国 主任医师 ¥50 余4"), ("b", "李静")))
    assert keyboard(telegram) == [
        [{"text": "王建国 主任医师 ¥50 余4", "callback_data": "a"}],
        [{"text": "李静", "callback_data": "b"}],
    ]
    await telegram.channel.send(message("选：", *((str(hour), f"{hour}:30") for hour in range(8, 12))))
    assert [len(row) for row in keyboard(telegram)] == [3, 1]


@pytest.mark.parametrize("option_id", ["", "x" * 65, "好" * 22])
async def test_an_option_that_no_button_can_carry_is_refused(telegram: Telegram, option_id: str) -> None:
    with pytest.raises(Rejected):
        await telegram.channel.send(message("选：", (option_id, "王建国")))
    assert telegram.answers.requests == []


async def test_64_bytes_are_carried(telegram: Telegram) -> None:
    await telegram.channel.send(message("选：", ("好" * 21 + "x", "王建国")))
    assert keyboard(telegram)[0][0]["callback_data"] == "好" * 21 + "x"


async def test_a_picture_carries_its_text(telegram: Telegram) -> None:
    await telegram.channel.send(message("就诊卡", ("a", "好"), picture=Picture(b"\x89PNG")))
    (request,) = telegram.answers.requests
    assert request.url.path.endswith("/sendPhoto")
    for part in (b"\x89PNG", "就诊卡".encode(), b"callback_data"):
        assert part in request.content


async def test_a_long_text_follows_its_picture(telegram: Telegram) -> None:
    await telegram.channel.send(message("字" * 1025, ("a", "好"), picture=Picture(b"\x89PNG")))
    photo, text = telegram.answers.requests
    assert b"callback_data" not in photo.content
    assert Telegram.parameters(text)["text"] == "字" * 1025
    assert keyboard(telegram)[0][0]["callback_data"] == "a"


async def test_patience_lasts_as_long_as_asked(telegram: Telegram) -> None:
    telegram.answers.queue = [refusal(429, "Too Many Requests: retry after 7", retry_after=7)]
    with pytest.raises(Throttled) as raised:
        await telegram.channel.send(message())
    assert raised.value.retry_after == 7


@pytest.mark.parametrize("recipient", ["", "o_openid", "12.5"])
async def test_a_recipient_of_another_platform_is_refused(telegram: Telegram, recipient: str) -> None:
    with pytest.raises(Rejected):
        await telegram.channel.send(MessageOut("telegram", recipient, "您好"))


async def test_without_a_token_nothing_is_sent() -> None:
    with pytest.raises(Rejected, match="TELEGRAM_TOKEN"):
        await Telegram(telegram_token="").channel.send(message())


# Buttons and deletion


async def test_a_button_stops_spinning(telegram: Telegram) -> None:
    assert isinstance(telegram.channel, AnswerCallback)
    await telegram.channel.answer_callback("cb7")
    assert Telegram.parameters(telegram.answers.requests[0]) == {"callback_query_id": "cb7"}


async def test_a_message_is_deleted(telegram: Telegram) -> None:
    assert isinstance(telegram.channel, DeleteMessage)
    await telegram.channel.delete(str(CHAT), "5")
    assert Telegram.parameters(telegram.answers.requests[0]) == {"chat_id": str(CHAT), "message_id": "5"}


async def test_what_is_over_already_is_no_error(telegram: Telegram) -> None:
    telegram.answers.queue = [
        refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
        refusal(400, "Bad Request: message to delete not found"),
    ]
    await telegram.channel.answer_callback("cb7")
    await telegram.channel.delete(str(CHAT), "5")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(400, "Bad Request: message can't be deleted"), Rejected),
        (refusal(403, "Forbidden: bot was blocked by the user"), Unreachable),
    ],
)
async def test_what_cannot_be_deleted_says_so(
    telegram: Telegram, answer: httpx.Response, error: type[SendError]
) -> None:
    telegram.answers.queue = [answer]
    with pytest.raises(error):
        await telegram.channel.delete(str(CHAT), "5")


@pytest.mark.parametrize("message_ref", ["", "five"])
async def test_a_message_that_is_no_number_is_refused(telegram: Telegram, message_ref: str) -> None:
    with pytest.raises(Rejected):
        await telegram.channel.delete(str(CHAT), message_ref)


async def test_the_webhook_is_registered_with_its_secret(telegram: Telegram) -> None:
    await telegram.channel.register_webhook("https://hospital.example/webhooks/telegram")
    parameters = Telegram.parameters(telegram.answers.requests[0])
    assert parameters["secret_token"] == HOOK_SECRET
    assert set(json.loads(parameters["allowed_updates"])) == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }


async def test_a_file_is_fetched_from_the_configured_address(telegram: Telegram) -> None:
    telegram.answers.queue = [
        telegram.answers.yes(httpx.Request("POST", "http://x/getFile")),
        httpx.Response(200, content=b"\xff\xd8"),
    ]
    await telegram.channel.fetch("m1")
    address = telegram.answers.requests[1].url
    assert address.netloc == b"127.0.0.1:9500"
    assert address.path == f"/telegram/file/bot{BOT_TOKEN}/photos/file_1.jpg"


async def test_closing_ends_the_connections(telegram: Telegram) -> None:
    await telegram.channel.close()
    with pytest.raises(SendError):
        await telegram.channel.send(message())
