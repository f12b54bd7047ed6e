import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import claims, delivery, inbox, outbox, quota, sweep
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.outbox import Reply
from bot.wake import WOKEN
from integrations.channel import Rejected, Throttled, Unavailable, Unknown, Unreachable, WindowClosed
from integrations.messages import Option
from tests.bot.blocking import waits_for


@pytest.fixture
async def talk(rt, telegram, message):
    """A conversation on the platform without rations."""
    return (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id


@pytest.fixture
async def rationed(rt, wechat, message):
    """An inbound message on the platform that grants two of ours."""
    return await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)


async def queue(rt, conversation, *words, **more):
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, conversation, [Reply(w) for w in words], epoch=0, **more)


async def statuses(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(text("SELECT status FROM outbound ORDER BY seq")))


async def test_messages_leave_in_order_and_are_sent_once(rt, telegram, talk):
    await queue(rt, talk, "一", "二", "三")
    for _ in range(3):
        await delivery.deliver(rt, talk)
        await rt.redis.flushall()  # the pace of one message a second a patient
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["一", "二", "三"]
    assert await statuses(rt) == ["sent"] * 3


@pytest.mark.slow  # seconds pass
async def test_three_messages_in_three_seconds_to_one_patient(rt, telegram, talk):
    telegram.per_second, telegram.per_chat = 30, 3
    windows = []
    telegram.before_send = lambda: windows.append(int(time.time()) // 3)
    await queue(rt, talk, *"一二三四五六七")
    for _ in range(3):
        await delivery.deliver(rt, talk)
        rt.now.forward(seconds=1)
    assert telegram.texts == list("一二三四五六七")
    assert max(windows.count(window) for window in windows) <= 3


async def test_in_a_rush_a_message_goes_back_into_the_queue(rt, telegram, talk, monkeypatch):
    async def full(channel, recipient):
        return 0.01

    monkeypatch.setattr(rt.throttle, "wait", full)
    telegram.per_second, telegram.per_chat = 30, 3
    await queue(rt, talk, "一")
    await delivery.deliver(rt, talk)
    assert (telegram.texts, await statuses(rt)) == ([], ["queued"])


async def test_ten_senders_at_once_send_one_message_once(rt, telegram, talk):
    await queue(rt, talk, "一")
    await asyncio.gather(*(delivery.deliver(rt, talk) for _ in range(10)))
    assert telegram.texts == ["一"]


async def test_texts_are_merged_where_messages_are_rationed(rt, wechat, rationed):
    await queue(rt, rationed.conversation_id, "一", "二", "三")
    await delivery.deliver(rt, rationed.conversation_id)
    assert wechat.texts == ["一\n\n二\n\n三"]
    assert await statuses(rt) == ["sent"] * 3


async def test_what_does_not_fit_goes_into_the_next_message(rt, wechat, rationed):
    await queue(rt, rationed.conversation_id, "一" * 60, "二" * 60)
    await delivery.deliver(rt, rationed.conversation_id)
    assert [len(words) for words in wechat.texts] == [60, 60]


async def test_a_question_with_options_ends_a_message(rt, wechat, rationed):
    async with rt.database.begin() as session:
        replies = [Reply("选哪个", (Option("q:0", "甲"),)), Reply("后话")]
        await outbox.queue(session, rt.crypto, rationed.conversation_id, replies, epoch=0)
    await delivery.deliver(rt, rationed.conversation_id)
    assert [(m.text, len(m.options)) for m in wechat.sent] == [("选哪个", 1), ("后话", 0)]


async def test_a_used_up_ration_holds_the_message_until_the_patient_writes(rt, wechat, rationed, message):
    for words in ("一", "二", "三"):
        await queue(rt, rationed.conversation_id, words)
        await delivery.deliver(rt, rationed.conversation_id)
    assert wechat.texts == ["一", "二"]
    assert await statuses(rt) == ["sent", "sent", "queued"]
    assert rationed.conversation_id not in (await sweep.find(rt)).deliveries
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    assert rationed.conversation_id in (await sweep.find(rt)).deliveries
    await delivery.deliver(rt, rationed.conversation_id)
    assert wechat.texts == ["一", "二", "三"]


@pytest.mark.parametrize("error", [Throttled(retry_after=3), Unavailable("refused")])
async def test_what_the_platform_did_not_take_costs_no_ration(rt, wechat, rationed, clock, error):
    wechat.fail = [error] * 3
    await queue(rt, rationed.conversation_id, "一")
    for _ in range(4):
        await delivery.deliver(rt, rationed.conversation_id)
        clock.forward(minutes=1)
    assert wechat.texts == ["一"]
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT remaining FROM quotas")) == 1


async def test_a_ration_given_back_is_no_more_than_the_platform_grants(rt, wechat, rationed, message):
    async with rt.database.begin() as session:
        used = await quota.use(session, rationed.conversation_id, rt.now())
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    async with rt.database.begin() as session:
        await quota.give_back(session, rationed.conversation_id, used, wechat)
        assert await session.scalar(text("SELECT remaining FROM quotas")) == 2


async def test_a_window_the_platform_says_is_shut_is_shut(rt, wechat, rationed):
    wechat.fail = [WindowClosed("45015")]
    await queue(rt, rationed.conversation_id, "一")
    await delivery.deliver(rt, rationed.conversation_id)
    assert await statuses(rt) == ["queued"]
    assert not (await sweep.find(rt)).deliveries


async def test_what_the_patient_writes_while_the_platform_refuses_opens_the_window_again(
    rt, wechat, rationed, message, clock
):
    wechat.fail = [WindowClosed("45047")]
    accepting = inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)

    async def refuse(refused):
        clock.forward(seconds=1)
        await accepting
        return await type(wechat).send(wechat, refused)

    wechat.send = refuse
    await queue(rt, rationed.conversation_id, "一")
    await delivery.deliver(rt, rationed.conversation_id)
    del wechat.send
    await delivery.deliver(rt, rationed.conversation_id)
    assert wechat.texts == ["一"]


async def test_a_passive_claim_takes_what_waits_for_it_and_costs_no_ration(rt, wechat, rationed, clock):
    later = clock() + timedelta(seconds=4)
    await queue(rt, rationed.conversation_id, "一", inbound_id=rationed.inbound_id, not_before=later)
    await delivery.deliver(rt, rationed.conversation_id)
    assert wechat.texts == []
    claimed = await claims.claim(rt, rationed.conversation_id, passive_for=rationed.inbound_id)
    assert claimed.message.text == "一"
    await claims.finish(rt, claimed, "sent")
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT remaining FROM quotas")) == 2


async def test_gateway_and_worker_never_both_take_a_message(rt, wechat, rationed):
    await queue(rt, rationed.conversation_id, "一", inbound_id=rationed.inbound_id)
    taken = await asyncio.gather(
        *(claims.claim(rt, rationed.conversation_id, passive_for=rationed.inbound_id) for _ in range(5)),
        *(claims.claim(rt, rationed.conversation_id) for _ in range(5)),
    )
    assert len([claimed for claimed in taken if claimed]) == 1


async def test_an_answer_is_written_in_the_script_that_came_with_it(rt, talk):
    """Who claims may have begun before the turn ended that learnt it."""
    await queue(rt, talk, "预约")
    async with rt.database.begin() as turn:
        await turn.execute(text("UPDATE outbound SET epoch = epoch"))
        claiming = asyncio.create_task(claims.claim(rt, talk))
        await waits_for(turn, claiming)
        await turn.execute(text("UPDATE conversations SET language = 'zh-Hant'"))
    assert (await claiming).message.text == "預約"


async def test_a_redelivery_gets_the_same_passive_answer(rt, rationed):
    await queue(rt, rationed.conversation_id, "一", "二", inbound_id=rationed.inbound_id)
    first = await claims.claim(rt, rationed.conversation_id, passive_for=rationed.inbound_id)
    again = await claims.passive_again(rt, rationed.inbound_id, rationed.conversation_id)
    assert (again.message, again.ids) == (first.message, first.ids)


async def test_a_timeout_after_the_request_left_is_unknown_and_not_sent_again(rt, telegram, talk, clock):
    telegram.fail = [Unknown("timeout")]
    await queue(rt, talk, "一")
    await delivery.deliver(rt, talk)
    clock.forward(minutes=10)
    await delivery.deliver(rt, talk)
    assert (telegram.texts, await statuses(rt)) == ([], ["unknown"])


async def test_a_sender_that_died_leaves_unknown_and_the_rest_goes_on(rt, telegram, talk, clock):
    await queue(rt, talk, "一")
    assert await claims.claim(rt, talk)
    await queue(rt, talk, "二")
    await delivery.deliver(rt, talk)
    assert telegram.texts == []
    clock.forward(seconds=31)
    found = await sweep.find(rt)
    assert talk in found.turns + found.deliveries
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["二"]
    assert await statuses(rt) == ["unknown", "sent"]


@pytest.mark.parametrize("error", [Throttled(retry_after=3), Unavailable("refused")])
async def test_a_platform_that_did_not_take_it_is_asked_again(rt, telegram, talk, clock, error):
    telegram.fail = [error]
    await queue(rt, talk, "一", "二")
    await delivery.deliver(rt, talk)
    assert (telegram.texts, await statuses(rt)) == ([], ["queued", "queued"])
    clock.forward(seconds=5)
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["一", "二"]


async def test_who_is_asked_for_patience_is_woken_at_the_second_that_the_platform_named(
    rt, telegram, talk, clock
):
    telegram.fail = [Throttled(retry_after=1)]
    await queue(rt, talk, "一")
    await delivery.deliver(rt, talk)
    assert await rt.redis.zscore(WOKEN, talk.bytes) is None
    async with asyncio.timeout(90):
        while await rt.redis.zscore(WOKEN, talk.bytes) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await delivery.deliver(rt, talk)
    assert telegram.texts == []  # by the clock it is too early yet
    clock.forward(seconds=1)
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["一"]


async def test_the_order_holds_while_the_first_message_waits(rt, telegram, talk, clock):
    telegram.fail = [Throttled(retry_after=3)]
    await queue(rt, talk, "一", "二")
    await delivery.deliver(rt, talk)
    await delivery.deliver(rt, talk)
    assert telegram.texts == []


async def test_a_patient_who_left_gets_nothing_more(rt, telegram, talk):
    telegram.fail = [Unreachable("403")]
    await queue(rt, talk, "一", "二")
    await delivery.deliver(rt, talk)
    assert await statuses(rt) == ["failed", "failed"]


async def test_a_message_the_platform_never_takes_does_not_stop_the_next(rt, telegram, talk):
    telegram.fail = [Rejected("400")]
    await queue(rt, talk, "一", "二")
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["二"]
    assert await statuses(rt) == ["failed", "sent"]


async def test_a_takeover_drops_what_the_bot_had_queued(rt, telegram, talk, clock):
    await queue(rt, talk, "机器人的话", inbound_id=await any_inbound(rt))
    await control(rt, talk, ControlState.AGENT)
    await delivery.deliver(rt, talk)
    assert (telegram.texts, await statuses(rt)) == ([], ["dropped"])


async def test_an_alarm_goes_out_whoever_speaks(rt, telegram, talk):
    await control(rt, talk, ControlState.AGENT)
    await queue(rt, talk, "请拨打120", inbound_id=await any_inbound(rt), exempt=True)
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["请拨打120"]


async def test_an_alarm_overtakes_a_message_that_is_stuck_in_sending(rt, telegram, talk):
    await queue(rt, talk, "一")
    await claims.claim(rt, talk)
    await queue(rt, talk, "请拨打120", inbound_id=await any_inbound(rt), exempt=True)
    await delivery.deliver(rt, talk, alarms_only=True)
    assert telegram.texts == ["请拨打120"]


async def test_an_alarm_is_merged_with_nothing(rt, wechat, rationed):
    """It leaves alone and first, also when its webhook is gone and it is sent with the rest."""
    conversation = rationed.conversation_id
    async with rt.database.begin() as session:
        menu = Reply("请选择医生：", (Option("1", "李静"),))
        await outbox.queue(session, rt.crypto, conversation, [menu], epoch=0, inbound_id=rationed.inbound_id)
    await queue(
        rt, conversation, "请拨打120", inbound_id=rationed.inbound_id, first=outbox.ALARM, exempt=True
    )
    await delivery.deliver(rt, conversation)
    assert wechat.texts == ["请拨打120", "请选择医生："]
    assert wechat.sent[0].options == ()


async def test_a_notice_waits_until_the_person_has_handed_back(rt, telegram, talk):
    await control(rt, talk, ControlState.AGENT)
    await queue(rt, talk, "号源保留已过期")
    await delivery.deliver(rt, talk)
    assert (telegram.texts, await statuses(rt)) == ([], ["queued"])
    assert not (await sweep.find(rt)).deliveries
    await control(rt, talk, ControlState.BOT)
    assert (await sweep.find(rt)).deliveries == [talk]
    await delivery.deliver(rt, talk)
    assert telegram.texts == ["号源保留已过期"]


async def test_a_takeover_waits_for_no_turn_and_the_epoch_only_grows(rt, talk):
    async with rt.database.begin() as turn:
        await turn.execute(text("SELECT 1 FROM conversations WHERE id = :id FOR NO KEY UPDATE"), {"id": talk})
        assert await asyncio.wait_for(control(rt, talk, ControlState.AGENT), 60) == 1
    assert await control(rt, talk, ControlState.AGENT) == 1
    assert await control(rt, talk, ControlState.BOT) == 2


async def test_nothing_of_a_message_stands_readable_in_the_table(rt, talk):
    await queue(rt, talk, "李静医生上午九点")
    async with rt.database.begin() as session:
        content = await session.scalar(text("SELECT content FROM outbound"))
    assert "李静".encode() not in bytes(content)


async def any_inbound(rt):
    async with rt.database.begin() as session:
        return await session.scalar(text("SELECT id FROM inbound LIMIT 1"))


async def control(rt, conversation, state):
    async with rt.database.begin() as session:
        return await change_control(session, conversation, state, rt.now())
