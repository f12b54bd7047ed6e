"""What a person said while the window is shut: it waits for the patient, who hears by a notice that there is something.

A message is left at night, and answered when the platform no longer takes the answer."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import delivery, inbox, notices
from bot.handoff import queue, talking
from integrations.channel import Unavailable, WindowClosed
from integrations.hospital.models import Role
from tests import staff_rows
from tests.bot.notice_platform import notify


@pytest.fixture(autouse=True)
def templates(wechat):
    wechat.templates[notices.ANSWER_WAITS] = "T9"


@pytest.fixture
async def agent(rt):
    async with rt.database.begin() as session:
        return await staff_rows.member(session, Role.AGENT, "shen", name="沈一鸣")


@pytest.fixture
async def answer(rt, talk, agent):
    """The person takes what was left, and answers; gives the talk."""

    async def say(words: str = "报告已经出来了"):
        async with rt.database.begin() as session:
            place = await queue.ask(session, rt, talk)
            if place.status != "active":
                await talking.accept(session, rt, place.talk_id, agent, rt.now())
            await talking.say(session, rt, place.talk_id, agent, words)
        await delivery.deliver(rt, talk)
        await notify(rt, talk)
        return place.talk_id

    return say


@pytest.fixture
def come_back(rt, wechat, message, talk):
    async def write(words: str = "我来了"):
        await inbox.accept(rt, wechat, message(words, channel="wechat", sender="openid"), passive_until=None)
        await delivery.deliver(rt, talk)

    return write


def told(wechat) -> list[str]:
    return [kind for kind, _, _ in wechat.notices]


async def test_the_patient_hears_once_that_something_waits_and_reads_it_when_they_write(
    rt, wechat, answer, come_back
):
    await answer()
    await answer("请到二楼取")
    assert wechat.texts == []
    assert told(wechat) == ["answer_waits"]
    await come_back()
    assert wechat.texts == ["接通了，沈一鸣为您服务。\n\n报告已经出来了\n\n请到二楼取"]
    assert told(wechat) == ["answer_waits"]


async def test_it_is_told_anew_when_the_window_has_shut_again(wechat, answer, come_back, clock):
    await answer()
    await come_back()
    clock.forward(days=3)
    await answer("还在吗")
    assert told(wechat) == ["answer_waits"] * 2


async def test_also_after_the_talk_has_ended(rt, wechat, answer, agent, come_back):
    """And with the platform away just then."""
    wechat.notice_fail = [Unavailable("busy")]
    talk_id = await answer()
    async with rt.database.begin() as session:
        await talking.close(session, rt, talk_id, agent, rt.now())
    await come_back()
    assert "报告已经出来了" in "".join(wechat.texts)
    await _nothing_more(rt, wechat, told(wechat))


async def test_who_writes_first_hears_of_nothing_that_waits(rt, wechat, answer, come_back, clock):
    clock.time = clock.time.replace(hour=15)  # 23:00: it waits for the morning
    await answer()
    assert told(wechat) == []
    await come_back()
    assert len(wechat.texts) == 1
    clock.forward(hours=12)
    await _nothing_more(rt, wechat, [])


async def test_what_is_taken_back_with_the_talk_is_not_told_of(rt, wechat, talk, answer, clock):
    clock.time = clock.time.replace(hour=15)
    talk_id = await answer()
    async with rt.database.begin() as session:
        other = await staff_rows.member(session, Role.SUPERVISOR, "fang")
        await talking.take_over(session, rt, talk, other, rt.now())
    assert talk_id
    clock.forward(hours=12)
    await _nothing_more(rt, wechat, [])


async def test_a_window_that_only_the_platform_knows_to_be_shut_is_told_of_as_well(
    rt, wechat, talk, answer, message
):
    await inbox.accept(rt, wechat, message("在", channel="wechat", sender="openid"), passive_until=None)
    wechat.fail = [WindowClosed("45015")]
    await answer()
    assert told(wechat) == ["answer_waits"]


async def test_without_a_template_for_it_nothing_is_tried(rt, wechat, answer):
    del wechat.templates[notices.ANSWER_WAITS]
    assert notices.ANSWER_WAITS in notices.without_template(wechat)
    await answer()
    assert told(wechat) == []
    async with rt.database.begin() as session:
        assert not await session.scalar(text("SELECT count(*) FROM outbound WHERE notice IS NOT NULL"))


async def test_no_other_news_leaves_in_the_middle_of_the_talk(rt, wechat, talk, answer):
    async with rt.database.begin() as session:
        await notices.queue(session, rt, talk, "hold_expired", "订单 O1 的号已经释放。")
    await answer()
    assert told(wechat) == ["answer_waits"]


async def _nothing_more(rt, wechat, before: list[str]) -> None:
    async with rt.database.begin() as session:
        conversation = await session.scalar(text("SELECT id FROM conversations"))
        await session.execute(text("UPDATE quotas SET expires_at = :over"), {"over": rt.now() - timedelta(1)})
    await notify(rt, conversation)
    assert told(wechat) == before
