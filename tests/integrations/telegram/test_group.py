"""What is taken for a member's words in a patient's topic, and what Telegram says when the group is another."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from integrations.channel import Rejected
from integrations.telegram import group
from tests.contracts.platforms import Telegram

GROUP = -1001234567890
TOPIC = 7
MEMBER = {"id": 4711, "is_bot": False, "first_name": "李"}
FILE = {"file_id": "f", "file_unique_id": "u"}
SIZED = FILE | {"width": 90, "height": 90}


def written(*, edited: bool = False, **fields: Any) -> bytes:
    said = {
        "message_id": 5,
        "date": 1700000000,
        "chat": {"id": GROUP, "type": "supergroup", "title": "客服", "is_forum": True},
        "from": MEMBER,
        "message_thread_id": TOPIC,
        "is_topic_message": True,
    } | fields
    return json.dumps({"update_id": 9, "edited_message" if edited else "message": said}).encode()


def test_words_in_a_topic_are_their_writer_s() -> None:
    read = group.read(written(text="/take"))
    assert read
    assert (read.update_id, read.group, read.topic, read.user) == (9, GROUP, TOPIC, 4711)
    assert (read.text, read.picture, read.other, read.edited) == ("/take", "", False, False)


def test_a_changed_message_is_marked_so() -> None:
    read = group.read(written(text="改了", edited=True))
    assert read
    assert read.edited


def test_a_picture_comes_in_its_largest_size_with_its_words() -> None:
    sizes = [SIZED, SIZED | {"file_id": "large", "width": 900, "height": 900}]
    read = group.read(written(photo=sizes, caption="路线图"))
    assert read
    assert (read.text, read.picture, read.other) == ("路线图", "large", False)


@pytest.mark.parametrize(
    "attached",
    [
        {"voice": FILE | {"duration": 3}},
        {"document": FILE, "caption": "化验单"},
        {"video_note": FILE | {"length": 90, "duration": 3}},
        {"sticker": SIZED | {"type": "regular", "is_animated": False, "is_video": False}},
        {"dice": {"emoji": "🎲", "value": 3}},
        {"venue": {"location": {"latitude": 1.0, "longitude": 2.0}, "title": "门诊楼", "address": "1号"}},
        {"story": {"chat": {"id": 1, "type": "private"}, "id": 2}},
        {
            "poll": {
                "id": "1", "question": "好吗", "options": [], "total_voter_count": 0, "is_closed": False,
                "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
                "allows_revoting": False, "members_only": False,
            }
        },
    ],
    ids=lambda attached: next(iter(attached)),
)  # fmt: skip
def test_whatever_else_is_sent_is_named_so_that_its_sender_hears_that_it_did_not_leave(
    attached: dict,
) -> None:
    read = group.read(written(**attached))
    assert read
    assert (read.picture, read.other) == ("", True)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"message_thread_id": None, "is_topic_message": None},  # in General
        {"is_topic_message": None, "reply_to_message": None},  # a reply in General
    ],
)
def test_what_is_said_in_general_is_nobody_s(elsewhere: dict[str, Any]) -> None:
    assert group.read(written(text="/take", **elsewhere)) is None


@pytest.mark.parametrize(
    "told",
    [{"forum_topic_closed": {}}, {"new_chat_title": "急诊"}, {"migrate_to_chat_id": -1009}],
    ids=lambda told: next(iter(told)),
)
def test_what_telegram_itself_writes_is_nobody_s(told: dict[str, Any]) -> None:
    assert group.read(written(**told)) is None


def test_who_writes_as_the_group_says_not_who_they_are() -> None:
    """Telegram puts one and the same account in the place of all anonymous administrators."""
    read = group.read(written(text="/take", sender_chat={"id": GROUP, "type": "supergroup", "title": "客服"}))
    assert read
    assert read.user is None


async def test_a_group_that_became_another_is_refused_with_its_new_id() -> None:
    telegram = Telegram()
    moved = {"ok": False, "description": "Bad Request: group chat was upgraded to a supergroup chat"}
    telegram.answers.queue = [
        httpx.Response(400, json=moved | {"parameters": {"migrate_to_chat_id": -1009}}) for _ in range(2)
    ]
    with pytest.raises(Rejected, match="-1009"):
        await telegram.channel.serves(-42)
    with pytest.raises(Rejected, match="-1009"):
        await telegram.channel.say_in_topic(-42, TOPIC, "您好")
