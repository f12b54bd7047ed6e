"""What staff write in a topic reaches the patient, once, if they may answer; and nothing of anybody else's."""

from __future__ import annotations

import asyncio
from itertools import count
from unittest.mock import AsyncMock

import pytest

from bot import conversations, delivery, inbox, outbox
from bot.handoff import talking, timers
from bot.handoff.models import Skill
from bot.handoff.states import AlreadyTaken
from bot.outbox import Reply
from bot.staff_group import answering
from integrations.channel import Rejected, Unavailable, Unreachable
from integrations.hospital.models import Role
from integrations.messages import GroupMessage
from tests.bot.handoff import turns
from tests.bot.handoff.conftest import rows, state
from tests.bot.staff_group.conftest import GROUP, PNG, STAFF

TOPIC = 100
numbers = count(1)


@pytest.fixture
async def waiting(patient, ask, keep, telegram, known):
    """A patient who waits, and whose topic stands."""
    await ask(patient)
    await keep()
    telegram.told.clear()
    return patient


@pytest.fixture
def write(rt, keep):
    """Somebody writes in the group; then the worker is at work."""

    async def said(words: str = "", user: int | None = STAFF, **more) -> GroupMessage:
        told = GroupMessage(next(numbers), GROUP, more.pop("topic", TOPIC), user, words, **more)
        await answering.keep(rt, told)
        await keep()
        return told

    return said


@pytest.fixture
def heard(rt, telegram, waiting):
    """What the patient got."""

    async def words() -> list:
        await delivery.deliver(rt, waiting)
        return [message.picture or message.text for message in telegram.sent]

    return words


async def talks(rt) -> list:
    return await rows(rt, "SELECT status, staff_id, answered_in, ended_by FROM talks ORDER BY id")


async def test_taken_answered_noted_and_closed_from_the_group(rt, telegram, waiting, write, heard, known):
    await write("/take")
    assert await talks(rt) == [("active", known.id, "telegram", None)]
    assert await state(rt, waiting) == ("agent", 2)
    assert telegram.lines[-1].startswith("✅ 小李接待。")
    await write("您好，请问什么事？")
    await write("/note 很着急")
    assert telegram.lines[-1].startswith("📝")
    assert await heard() == ["接通了，小李为您服务。", "您好，请问什么事？"]
    await write("/close")
    assert await talks(rt) == [("closed", known.id, "telegram", "staff:xiaoli")]
    assert await state(rt, waiting) == ("bot", 3)
    [told] = await rows(rt, "SELECT external_id FROM inbound WHERE channel = 'system'")
    assert told.external_id.endswith(":closed")
    assert len(await rows(rt, "SELECT 1 FROM ratings")) == 1
    assert len(await rows(rt, "SELECT 1 FROM talk_notes")) == 1
    assert "您好，请问什么事？" not in "".join(telegram.lines)  # the group has seen it
    actors = {
        row.actor for row in await rows(rt, "SELECT actor FROM audit_events WHERE action LIKE 'talk.%'")
    }
    assert actors == {"staff:xiaoli"}


async def test_back_hands_back_to_the_bot(rt, waiting, write):
    await write("/take@renhe_hospital_bot")
    await write("/back")
    [told] = await rows(rt, "SELECT external_id FROM inbound WHERE channel = 'system'")
    assert told.external_id.endswith(":handed_back")
    assert await state(rt, waiting) == ("bot", 3)


async def test_the_bot_is_silent_meanwhile_and_says_afterwards_what_it_held(
    rt, telegram, rasa, waiting, write, heard, message
):
    await write("/take")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, waiting, [Reply("提醒：明天就诊")], epoch=2)
    await inbox.accept(rt, telegram, message("在吗"), passive_until=None)
    await conversations.drain(rt, turns.PlainReader(), waiting)
    assert await heard() == ["接通了，小李为您服务。"]
    assert "在吗" not in str(rasa.turns)
    await write("/back")
    assert (await heard())[1:] == ["提醒：明天就诊"]
    await conversations.drain(rt, turns.PlainReader(), waiting)
    assert "handed_back" in str(rasa.turns[-1])


@pytest.mark.parametrize("user", [9999, None])
async def test_a_stranger_is_told_so_and_nothing_leaves(rt, telegram, waiting, write, heard, user):
    for words in ("/take", "我来回答", "/note x", "/close"):
        await write(words, user=user)
    assert [line[:1] for line in telegram.lines] == ["⛔"] * 4
    assert await heard() == []
    assert (await talks(rt))[0].status == "waiting"
    assert await rows(rt, "SELECT 1 FROM talk_notes") == []


@pytest.mark.parametrize("change", ["active = false", "role = 'administrator'", "telegram_id = NULL"])
async def test_whose_right_is_gone_is_a_stranger_with_the_next_word(
    rt, telegram, waiting, write, heard, change
):
    await write("/take")
    await rows(rt, f"UPDATE staff SET {change} RETURNING id")  # noqa: S608
    await write("还有什么问题？")
    assert telegram.lines[-1].startswith("⛔")
    assert await heard() == ["接通了，小李为您服务。"]


async def test_an_update_that_is_brought_twice_counts_once(rt, waiting, write, heard, keep, clock):
    await write("/take")
    said = await write("好的")
    for _ in range(3):
        clock.forward(minutes=2)
        await answering.keep(rt, said)
        await keep()
    assert await heard() == ["接通了，小李为您服务。", "好的"]


async def test_two_processes_do_everything_once_and_in_order(rt, waiting, write, heard, keep):
    await write("/take")
    for at in range(8):
        await answering.keep(rt, GroupMessage(next(numbers), GROUP, TOPIC, STAFF, f"第{at}句"))
    await asyncio.gather(*(keep() for _ in range(4)))
    assert (await heard())[1:] == [f"第{at}句" for at in range(8)]


async def test_before_it_is_taken_nothing_goes_to_the_patient(telegram, waiting, write, heard):
    await write("您好")
    assert "/take" in telegram.lines[-1]
    assert await heard() == []


async def test_whoever_has_it_not_may_not_answer(rt, telegram, waiting, write, heard, hire):
    boss = await hire("boss", "主管", Role.SUPERVISOR)
    await rows(rt, "UPDATE staff SET telegram_id = 5 WHERE id = :id RETURNING id", id=boss.id)
    await write("/take")
    for words in ("我来说", "/close", "/back"):
        await write(words, user=5)
        assert "不由您接待" in telegram.lines[-1]
    await write("/take", user=5)
    assert telegram.lines[-1] == "已经有人接待了。"
    assert await heard() == ["接通了，小李为您服务。"]


async def test_of_two_who_take_at_once_one_has_it_and_the_other_is_told(
    rt, telegram, waiting, write, heard, keep, hire
):
    await rows(
        rt,
        "UPDATE staff SET telegram_id = 5 WHERE id = :id RETURNING id",
        id=(await hire("second", "小张")).id,
    )
    for user in (STAFF, 5):
        for words in ("/take", "您好"):
            await answering.keep(rt, GroupMessage(next(numbers), GROUP, TOPIC, user, words))
    await asyncio.gather(*(keep() for _ in range(4)))
    assert await heard() == ["接通了，小李为您服务。", "您好"]
    assert [line for line in telegram.lines if "已经有人接待了" in line or "不由您接待" in line] == [
        "已经有人接待了。",
        "这个会话不由您接待，什么也没有发出。",
    ]


async def test_of_one_at_the_desk_and_one_in_the_group_one_has_it(
    rt, telegram, waiting, heard, keep, hire, act, known
):
    second = await hire("second", "小张")
    [talk] = await rows(rt, "SELECT id FROM talks")
    await answering.keep(rt, GroupMessage(next(numbers), GROUP, TOPIC, STAFF, "/take"))
    refused = await asyncio.gather(act(talking.accept, talk.id, second), keep(), return_exceptions=True)
    [got] = await talks(rt)
    assert (got.staff_id == second.id) == ("已经有人接待了。" in telegram.lines)
    assert (got.staff_id == known.id) == isinstance(refused[0], AlreadyTaken)
    assert len(await heard()) == 1


async def test_a_patient_who_blocked_the_bot_is_told_of_as_unreached(
    rt, telegram, waiting, write, heard, keep
):
    await write("/take")
    await heard()
    await write("您好")
    telegram.fail = [Unreachable("Forbidden: bot was blocked by the user")]
    assert await heard() == ["接通了，小李为您服务。"]
    await keep()
    assert telegram.lines[-1] == "⚠️ 没有送到患者：您好"


async def test_of_another_skill_nobody_takes_it(rt, telegram, waiting, write, hire):
    doctor = await hire("chemist", "药师", Role.PHARMACIST)
    await rows(
        rt, "UPDATE staff SET telegram_id = 6, language = 'en' WHERE id = :id RETURNING id", id=doctor.id
    )
    await write("/take", user=6)
    assert telegram.lines[-1] == "This talk is not yours; nothing was sent."
    assert (await talks(rt))[0].status == "waiting"


async def test_a_talk_that_was_handed_to_the_pharmacy_is_neither_taken_nor_noted_nor_closed_here(
    rt, telegram, waiting, write, heard, known, hire, act
):
    """By whoever may do so at the desk."""
    boss = await hire("boss", "主管", Role.SUPERVISOR)
    await rows(rt, "UPDATE staff SET telegram_id = 5 WHERE id = :id RETURNING id", id=boss.id)
    await write("/take")
    [talk] = await rows(rt, "SELECT id FROM talks")
    await act(talking.transfer, talk.id, known, skill=Skill.PHARMACY)
    before = await heard()
    for words in ("/take", "您好", "/note x", "/back", "/close"):
        await write(words, user=5)
        assert telegram.lines[-1] == "➡️ 已转给医生或药师，请在工作台处理。"
    assert await heard() == before
    assert (await talks(rt))[0].status == "waiting"
    assert await rows(rt, "SELECT 1 FROM talk_notes") == []


async def test_a_picture_goes_to_the_patient_with_its_words(telegram, waiting, write, heard):
    await write("/take")
    telegram.files["f1"] = PNG
    await write("这是路线图", picture="f1")
    _, words, picture = await heard()
    assert words == "这是路线图"
    assert picture.content == PNG


@pytest.mark.parametrize("content", [b"MZ not a picture", Rejected("gone")])
async def test_what_is_no_picture_is_not_sent(telegram, waiting, write, heard, content):
    await write("/take")
    telegram.files["f1"] = content
    await write("看", picture="f1")
    assert "发不了" in telegram.lines[-1]
    assert len(await heard()) == 1


async def test_a_picture_that_cannot_be_fetched_yet_holds_up_what_follows(
    rt, telegram, waiting, write, heard, keep, clock
):
    await write("/take")
    telegram.files["f1"] = Unavailable("500")
    await write("", picture="f1")
    await write("请看上图")
    assert len(await heard()) == 1
    telegram.files["f1"] = PNG
    clock.forward(minutes=1)
    await keep()
    assert (await heard())[2] == "请看上图"


async def test_what_cannot_be_done_is_given_up_and_said(telegram, waiting, write, heard, keep, clock):
    await write("/take")
    telegram.files["f1"] = Unavailable("500")
    await write("", picture="f1")
    for _ in range(answering.MAX_ATTEMPTS):
        clock.forward(minutes=5)
        await keep()
    assert "没有办成" in telegram.lines[-1]
    await write("稍等")
    assert (await heard())[-1] == "稍等"


async def test_what_can_no_longer_be_read_holds_nothing_else_up(rt, waiting, write, heard, keep, clock):
    await write("/take")
    await rows(
        rt,
        "INSERT INTO staff_updates (update_id, group_id, thread_id, content, received_at, retry_at)"
        " VALUES (999, :group, :topic, :content, :now, :now) RETURNING id",
        group=GROUP,
        topic=TOPIC,
        now=clock(),
        content=b"sealed under a key that is gone",
    )
    await keep()
    await write("稍等")
    assert (await heard())[-1] == "稍等"
    assert await rows(rt, "SELECT status FROM staff_updates WHERE update_id = 999") == [("failed",)]


async def test_changes_recordings_and_unknown_commands_reach_nobody(telegram, waiting, write, heard):
    await write("/take")
    await write("改了", edited=True)
    await write("", other=True)
    await write("/转接")
    await write("/note")
    assert [line[:4] for line in telegram.lines[1:]] == ["修改不会", "这里只能", "可用：/", "备注写在"]
    assert await heard() == ["接通了，小李为您服务。"]


async def test_after_the_talk_the_bot_answers_and_nothing_is_sent(telegram, waiting, write, heard, keep):
    await write("/take")
    await write("/close")
    await write("还有一句")
    assert "现在是机器人" in telegram.lines[-1]
    assert "还有一句" not in await heard()


async def test_what_a_dead_process_was_doing_is_done_once_by_another(
    rt, telegram, waiting, write, heard, keep, clock, monkeypatch
):
    await write("/take")
    with monkeypatch.context() as killed:
        killed.setattr(answering, "_one", AsyncMock(side_effect=asyncio.CancelledError))
        with pytest.raises(asyncio.CancelledError):
            await write("第一句")
    await write("第二句")
    assert await heard() == ["接通了，小李为您服务。"], "the second waits for the first"
    clock.forward(seconds=61)
    await keep()
    assert (await heard())[1:] == ["第一句", "第二句"]


async def test_a_topic_of_nobody_s_is_left_alone(rt, telegram, waiting, write):
    await write("大家好", topic=7)
    assert telegram.told == []
    assert await rows(rt, "SELECT 1 FROM staff_updates WHERE status = 'pending'") == []


async def test_who_answers_from_the_group_needs_no_browser_and_is_gone_when_silent(
    rt, telegram, waiting, write, heard, message, clock
):
    await write("/take")
    clock.forward(minutes=5)
    await timers.keep(rt)
    assert (await talks(rt))[0].status == "active"
    await inbox.accept(rt, telegram, message("在吗"), passive_until=None)
    clock.forward(seconds=181)
    await timers.keep(rt)
    assert "已经提醒" in (await heard())[-1]
    clock.forward(seconds=601)
    await timers.keep(rt)
    [talk] = await talks(rt)
    assert (talk.status, talk.staff_id, talk.answered_in) == ("waiting", None, "desk")
    assert "换一位" in (await heard())[-1]


@pytest.mark.parametrize(
    "words", ["／note 像是编的", "、note 像是编的", "/Note@renhe_bot 像是编的", " /note 像是编的"]
)
async def test_a_note_never_reaches_the_patient_however_its_slash_is_written(
    rt, telegram, waiting, write, heard, words
):
    await write("/take")
    await write(words)
    assert telegram.lines[-1].startswith("📝")
    assert len(await rows(rt, "SELECT 1 FROM talk_notes")) == 1
    assert await heard() == ["接通了，小李为您服务。"]


@pytest.mark.parametrize("words", ["/note 看这个", "/back", "/close"])
@pytest.mark.parametrize("with_it", [{"picture": "f1"}, {"other": True}])
async def test_a_command_with_a_picture_or_a_file_is_not_done_by_half(
    rt, telegram, waiting, write, heard, words, with_it
):
    """Whoever wrote it would take the picture for kept, or for sent."""
    await write("/take")
    telegram.files["f1"] = PNG
    await write(words, **with_it)
    assert "什么也没有做" in telegram.lines[-1]
    assert await rows(rt, "SELECT 1 FROM talk_notes") == []
    assert (await talks(rt))[0].status == "active"
    assert await heard() == ["接通了，小李为您服务。"]


async def test_who_took_it_at_the_desk_may_go_on_in_the_group(
    rt, telegram, waiting, write, known, keep, clock
):
    """Their browser may be silent from then on."""
    [talk] = await rows(rt, "SELECT id FROM talks")
    async with rt.database.begin() as session:
        await talking.accept(session, rt, talk.id, known, clock())
    await keep()
    assert telegram.lines[-1] == "✅ 小李在工作台接待。"
    await write("/take")
    assert telegram.lines[-1].startswith("✅ 小李接待。")
    clock.forward(minutes=2)
    await timers.keep(rt)
    assert (await talks(rt))[0].status == "active"
