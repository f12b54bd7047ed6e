"""Questions that no page answers: counted, and never a person's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.database import Database
from integrations.hospital import unanswered
from integrations.hospital.operations import OperationKey

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "我叫[[person_name:0123456789abcdef0123456789abcdef]]能进病房吗",
        "床位3号在哪",
        "一三八零零一三八零零零是谁",
        "我叫王小明，能进去吗",
        "我得了糖尿病已经很多年了最近又头晕想问问你们那里有没有专门的营养师可以看",
        "？？",
    ],
)
def test_what_may_be_a_persons_is_not_kept(text: str) -> None:
    assert unanswered.kept(text) is None


def test_one_writing_for_the_same_words() -> None:
    assert unanswered.kept("有沒有　理髮店？") == unanswered.kept("有没有 理发店") == "有没有 理发店"
    assert unanswered.kept("Is there a Hairdresser?") == "is there a hairdresser"


async def test_counted_once_a_message_and_settled(database: Database) -> None:
    asked = [("a", "有理发店吗"), ("a", "有理发店吗"), ("b", "有理发店吗？"), ("c", "能带狗进来吗")]
    for hours, (message, text) in enumerate(asked):
        async with database.begin() as session:
            key = OperationKey(message, "action_ask_hospital", "unanswered")
            await unanswered.note(session, text, "zh-Hans", NOW + timedelta(hours=hours), key)
    async with database.begin() as session:
        rows = [(one.words, one.asked, one.last_asked_at) for one in await unanswered.listed(session, 10)]
    assert rows == [
        ("有理发店吗", 2, NOW + timedelta(hours=2)),
        ("能带狗进来吗", 1, NOW + timedelta(hours=3)),
    ]
    async with database.begin() as session:
        assert await unanswered.settle(session, "有理发店吗")
        assert not await unanswered.settle(session, "有理发店吗")
        assert [one.words for one in await unanswered.listed(session, 10)] == ["能带狗进来吗"]
