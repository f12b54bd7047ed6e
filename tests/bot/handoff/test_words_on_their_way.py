"""What is on its way when a talk begins, ends or changes hands: what leaves, and what is never sent."""

import asyncio
from datetime import timedelta

import pytest

from bot import claims, delivery, inbox, outbox, unknown_sends
from bot.handoff import queue, talking, telling, timers
from bot.outbox import Reply
from bot.unknown_sends import NotUnknown
from integrations.messages import Notice
from tests.bot.blocking import waits_for
from tests.bot.handoff.conftest import queued, rows, state


async def test_a_person_s_words_leave_also_after_the_talk(rt, patient, taken, act, agent, telegram):
    talk = await taken(patient, agent)
    await act(talking.say, talk, agent, "单子已经开好了")
    await act(talking.close, talk, agent)
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["单子已经开好了"]  # and no "接通了" any more


async def test_the_bot_s_answers_are_dropped_and_news_waits_for_the_end(
    rt, patient, taken, act, agent, telegram, clock
):
    """By kind: what is of no use afterwards is dropped (telling.MEANWHILE), the rest follows."""
    [inbound] = await rows(rt, "SELECT id FROM inbound")

    async def bot_says(words: str, *, kind: str = "", answers: bool = False) -> None:
        notice = Notice(kind, "新消息", clock(), "") if kind else None
        _, epoch = await state(rt, patient)
        async with rt.database.begin() as session:
            await outbox.queue(
                session, rt.crypto, patient, [Reply(words, notice=notice)],
                epoch=epoch, inbound_id=inbound.id if answers else None,
            )  # fmt: skip

    await bot_says("机器人的回答", answers=True)
    talk = await taken(patient, agent)
    for kind in telling.EventKind:
        await bot_says(kind.value, kind=kind.value)
    await bot_says("没有种类的话")
    await act(talking.say, talk, agent, "您好")
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。", "您好"]
    await act(talking.close, talk, agent)
    while await claims.claim(rt, patient):
        await rows(rt, "UPDATE outbound SET status = 'sent' WHERE status = 'sending' RETURNING id")
    left = [row.status for row in await rows(rt, "SELECT status FROM outbound WHERE inbound_id IS NOT NULL")]
    assert left == ["dropped"]
    dropped = {
        outbox.unseal(rt.crypto, row.content).text
        for row in await rows(
            rt, "SELECT content FROM outbound WHERE status = 'dropped' AND notice IS NOT NULL"
        )
    }
    assert dropped == {kind.value for kind in telling.EventKind if telling.fate(kind) is telling.Fate.DROPPED}
    assert dropped == {"waitlist_offered", "visit_soon", "consultation_ends_soon", "rating_asked"}
    assert await queued(rt, patient) == []


async def test_a_takeover_is_confirmed_only_when_nothing_of_the_bot_s_is_on_its_way(
    rt, patient, ask, act, agent, telegram
):
    [inbound] = await rows(rt, "SELECT id FROM inbound")
    async with rt.database.begin() as session:
        for at in range(2):
            await outbox.queue(
                session, rt.crypto, patient, [Reply("机器人")], epoch=0, inbound_id=inbound.id, first=at
            )
    leaving = await claims.claim(rt, patient)
    taking = asyncio.create_task(act(talking.take_over, patient, agent))
    await asyncio.sleep(0.2)
    assert not taking.done()
    await claims.finish(rt, leaving, "sent", platform_id="1")
    await taking
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。"]
    states = [row.status for row in await rows(rt, "SELECT status FROM outbound ORDER BY seq")]
    assert states == ["sent", "dropped", "sent"]


@pytest.mark.parametrize("waits", [True, False])
async def test_the_answer_to_a_red_flag_waits_for_no_takeover(
    rt, patient, agent, clock, message, telegram, waits
):
    """A platform that is slow keeps the takeover from being confirmed, and its transaction open."""
    async with rt.database.begin() as session:
        if waits:
            place = await queue.ask(session, rt, patient)
    async with rt.database.begin() as session:
        if waits:
            await talking.accept(session, rt, place.talk_id, agent, clock())
        else:
            await talking.take_over(session, rt, patient, agent, clock())
        async with asyncio.timeout(90):  # it would wait for ever
            accepted = await inbox.accept(rt, telegram, message("孩子叫不醒了"), passive_until=None)
            assert accepted
            assert accepted.alarm
            await delivery.deliver(rt, patient, alarms_only=True)
        assert "120" in telegram.texts[-1]
    await timers.keep(rt)
    assert [tuple(row) for row in await rows(rt, "SELECT status, staff_id FROM talks")] == [
        ("active", agent.id)
    ]


async def test_two_who_send_the_answer_to_a_red_flag_send_it_once(rt, patient, message, telegram):
    await inbox.accept(rt, telegram, message("孩子叫不醒了"), passive_until=None)
    sending = (delivery.deliver(rt, patient, alarms_only=only) for only in (True, False, True, False))
    await asyncio.gather(*sending)
    assert len(telegram.texts) == 1


@pytest.mark.parametrize("how", ["transferred", "taken over", "lost"])
async def test_what_had_not_left_when_the_talk_changed_hands_is_never_sent(
    rt, telegram, patient, ask, act, agent, other, clock, how
):
    """Whoever has it next may say otherwise. It stands in the list of whoever wrote it, and of nobody else, until they
    took note of it; nobody says it for them."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    [row] = await act(talking.say, place.talk_id, agent, "明天不用来了")
    if how == "transferred":
        await act(talking.transfer, place.talk_id, agent, to=other)
    elif how == "lost":
        async with rt.database.begin() as session:
            await timers.lost(session, rt, await talking.talk(session, place.talk_id), clock())
    await act(talking.take_over, patient, other)
    await act(talking.say, place.talk_id, other, "明天照常来")
    await delivery.deliver(rt, patient)
    assert "明天照常来" in telegram.texts
    assert "明天不用来了" not in telegram.texts
    [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
    assert kept == ("dropped", outbox.CHANGED_HANDS)
    async with rt.database.begin() as session:
        [told] = await unknown_sends.listed(session, agent, clock())
        assert (told.id, told.left) == (row, False)
        assert not await unknown_sends.listed(session, other, clock())
        with pytest.raises(NotUnknown):
            await unknown_sends.say_again(session, row, agent, reason="x", now=clock())
        await unknown_sends.let_be(session, row, agent, reason="passed on", now=clock())
        assert not await unknown_sends.listed(session, agent, clock())


async def test_what_was_just_leaving_when_the_talk_changed_hands_is_not_tried_again(
    rt, patient, ask, act, agent, other, clock
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    for member, stays in ((other, False), (agent, True)):
        [row] = await act(talking.say, place.talk_id, agent, "稍等")
        claimed = await claims.claim(rt, patient)
        await act(talking.take_over, patient, member)
        await claims.postpone(rt, patient, claimed, timedelta(0), "the platform is away")
        [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
        wanted = ("queued", "the platform is away") if stays else ("dropped", outbox.CHANGED_HANDS)
        assert kept == wanted
        await act(talking.take_over, patient, agent)
        await delivery.deliver(rt, patient)


async def test_what_is_given_back_during_a_takeover_waits_for_it_and_is_not_tried_again(
    rt, patient, ask, act, agent, other, clock
):
    """The takeover does not see what is leaving: whoever gives it back has to see the takeover."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    [row] = await act(talking.say, place.talk_id, agent, "明天不用来了")
    claimed = await claims.claim(rt, patient)
    async with rt.database.begin() as session:
        await talking.take_over(session, rt, patient, other, clock())
        back = asyncio.create_task(claims.postpone(rt, patient, claimed, timedelta(0), "no line"))
        await waits_for(session, back)
    await back
    [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
    assert kept == ("dropped", outbox.CHANGED_HANDS)


async def test_what_was_said_before_the_end_of_a_talk_leaves_after_it(rt, telegram, patient, ask, act, agent):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await act(talking.say, place.talk_id, agent, "报告出来了")
    await act(talking.close, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    assert "报告出来了" in telegram.texts
