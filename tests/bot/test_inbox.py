import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import alarms, inbox, outbox
from bot.first_aid import Danger, words_for
from bot.red_flags import Outcome
from integrations.messages import Kind
from tests.bot.blocking import waits_for


async def rows(rt, statement, **values):
    async with rt.database.begin() as session:
        return (await session.execute(text(statement), values)).all()


async def test_a_first_message_makes_the_contact_and_is_pending(rt, telegram, message):
    accepted = await inbox.accept(rt, telegram, message("你好"), passive_until=None)
    [row] = await rows(rt, "SELECT id, conversation_id, status, content FROM inbound")
    assert (row.id, row.conversation_id, row.status) == (
        accepted.inbound_id,
        accepted.conversation_id,
        "pending",
    )
    assert "你好".encode() not in bytes(row.content)
    assert len(await rows(rt, "SELECT 1 FROM controls WHERE state = 'bot' AND epoch = 0")) == 1


async def test_a_redelivery_stores_nothing_and_is_counted(rt, telegram, message):
    brought = message("你好")
    first = await inbox.accept(rt, telegram, brought, passive_until=None)
    again = await inbox.accept(rt, telegram, brought, passive_until=None)
    assert (again.inbound_id, again.deliveries) == (first.inbound_id, 2)
    assert len(await rows(rt, "SELECT 1 FROM inbound")) == 1


async def test_twenty_deliveries_at_once_store_one_message_and_one_contact(rt, telegram, message):
    brought = message("你好")
    taken = await asyncio.gather(
        *(inbox.accept(rt, telegram, brought, passive_until=None) for _ in range(20))
    )
    assert len({accepted.inbound_id for accepted in taken}) == 1
    assert min(accepted.deliveries for accepted in taken) == 1
    assert len(await rows(rt, "SELECT 1 FROM inbound")) == 1
    assert len(await rows(rt, "SELECT 1 FROM accounts")) == 1


@pytest.fixture
def before_it_is_stored(monkeypatch):
    """What happens when a message was looked into and is not committed yet."""
    meet = alarms.meet

    def beside(start):
        async def meets(session, rt, arrival):
            monkeypatch.setattr(alarms, "meet", meet)
            words = await meet(session, rt, arrival)
            await waits_for(session, start())
            return words

        monkeypatch.setattr(alarms, "meet", meets)

    return beside


@pytest.mark.parametrize(
    ("first", "second", "outcomes"),
    [("我不想", "活了", ["crisis"]), ("胸口有点疼", "有的", ["check", "emergency"])],
)
async def test_of_two_pieces_that_come_at_once_the_second_is_read_with_the_first(
    rt, telegram, message, before_it_is_stored, first, second, outcomes
):
    await inbox.accept(rt, telegram, message("你好"), passive_until=None)
    both = [message(first), message(second)]
    tasks = []

    def start():
        tasks.append(asyncio.create_task(inbox.accept(rt, telegram, both[1], passive_until=None)))
        return tasks[0]

    before_it_is_stored(start)
    await inbox.accept(rt, telegram, both[0], passive_until=None)
    assert (await tasks[0]).alarm
    assert [row.outcome for row in await rows(rt, "SELECT outcome FROM alarms ORDER BY number")] == outcomes


async def test_accepting_does_not_wait_for_a_turn_that_holds_the_conversation(rt, telegram, message):
    accepted = await inbox.accept(rt, telegram, message("一"), passive_until=None)
    async with rt.database.begin() as turn:
        await turn.execute(
            text("SELECT id FROM conversations WHERE id = :id FOR NO KEY UPDATE"),
            {"id": accepted.conversation_id},
        )
        await asyncio.wait_for(inbox.accept(rt, telegram, message("二"), passive_until=None), 60)
    assert len(await rows(rt, "SELECT 1 FROM inbound WHERE status = 'pending'")) == 2


async def test_a_message_renews_its_grant(rt, wechat, message):
    accepted = await inbox.accept(rt, wechat, message("一", channel="wechat"), passive_until=None)
    await rows(rt, "UPDATE quotas SET remaining = 0 RETURNING 1")
    await inbox.accept(rt, wechat, message("二", channel="wechat"), passive_until=None)
    [quota] = await rows(rt, "SELECT conversation_id, trigger, remaining FROM quotas")
    assert tuple(quota) == (accepted.conversation_id, "message", 2)


@pytest.mark.parametrize("kind", [Kind.UNFOLLOW, Kind.EVENT])
async def test_what_nobody_answers_is_stored_as_done_and_grants_nothing(rt, wechat, message, kind):
    await inbox.accept(rt, wechat, message("一", channel="wechat"), passive_until=None)
    await rows(rt, "DELETE FROM quotas RETURNING 1")
    accepted = await inbox.accept(rt, wechat, message("", channel="wechat", kind=kind), passive_until=None)
    assert accepted.answered
    assert await rows(rt, "SELECT 1 FROM inbound WHERE status = 'done'")
    assert not await rows(rt, "SELECT 1 FROM quotas")


async def test_an_event_about_a_stranger_makes_no_account(rt, telegram, message):
    assert await inbox.accept(rt, telegram, message("", kind=Kind.EVENT), passive_until=None) is None
    assert not await rows(rt, "SELECT 1 FROM accounts")


async def test_a_red_flag_is_answered_in_the_transaction_that_stores_it(rt, telegram, message):
    accepted = await inbox.accept(rt, telegram, message("我爸胸口剧痛，出冷汗"), passive_until=None)
    assert accepted.alarm
    assert accepted.answered
    [row] = await rows(
        rt, "SELECT exempt, status FROM outbound WHERE inbound_id = :id", id=accepted.inbound_id
    )
    assert tuple(row) == (True, "queued")
    [inbound] = await rows(rt, "SELECT status, alarm FROM inbound")
    assert inbound.status == "done"
    assert inbound.alarm.startswith("emergency:")


async def test_fragments_of_three_minutes_are_read_together(rt, telegram, message, clock):
    for fragment in ("我妈", "嘴巴"):
        assert not (await inbox.accept(rt, telegram, message(fragment), passive_until=None)).alarm
        clock.forward(seconds=30)
    assert (await inbox.accept(rt, telegram, message("歪了"), passive_until=None)).alarm


async def test_what_was_said_earlier_is_not_read_with_the_new(rt, telegram, message, clock):
    for fragment in ("我妈", "嘴巴"):
        await inbox.accept(rt, telegram, message(fragment), passive_until=None)
    clock.forward(minutes=4)
    assert not (await inbox.accept(rt, telegram, message("歪了"), passive_until=None)).alarm


async def test_one_alarm_is_not_raised_again_by_the_next_message(rt, telegram, message):
    assert (await inbox.accept(rt, telegram, message("我爸胸口剧痛"), passive_until=None)).alarm
    assert not (await inbox.accept(rt, telegram, message("在哪个楼"), passive_until=None)).alarm


async def test_an_edited_message_is_looked_at_too(rt, telegram, message):
    assert (await inbox.accept(rt, telegram, message("我不想活了", kind=Kind.EDIT), passive_until=None)).alarm


@pytest.mark.parametrize(
    ("outcome", "must_say"),
    [
        ("emergency", ["120", "不要自己开车", "不能替您叫救护车", "康宁路18号"]),
        ("crisis", ["120", "110", "12356"]),
    ],
)
def test_the_words_of_an_alarm_name_the_numbers(rt, outcome, must_say):
    said = words_for(rt.settings, Danger(Outcome(outcome)), "zh-Hans")
    assert all(words in said for words in must_say)
    assert "没事" not in said


@pytest.mark.parametrize(
    ("cry", "words"),
    [
        (
            "孩子叫不醒了",
            "这可能很危险。请现在拨打120，说清地址，听调度员指导；不要自己开车。我是导诊助手，不能替您叫救护车。\n"
            "本院急诊：朝阳区康宁路18号急诊楼1层，24小时，电话 010-8888 6120。\n"
            "地图：https://uri.amap.com/marker?position=116.4618,39.9285"
            "&name=%E4%BB%81%E5%92%8C%E5%8C%BB%E9%99%A2%E6%80%A5%E8%AF%8A%E7%A7%91",
        ),
        (
            "我不想活了",
            "谢谢您告诉我，您的安全最要紧。已经受伤、服药，或马上有危险，请打120或110，并让身边的人陪着您。"
            "也可以拨12356（每天至少18小时，多数地方24小时），有人愿意听您说。",
        ),
    ],
    ids=["emergency", "crisis"],
)
async def test_an_alarm_is_answered_in_these_very_words(rt, telegram, message, cry, words):
    """Nothing before them, nothing after them, and nothing to choose from."""
    await inbox.accept(rt, telegram, message(cry), passive_until=None)
    [row] = await rows(rt, "SELECT content FROM outbound")
    assert outbox.unseal(rt.crypto, row.content) == outbox.Reply(words)


async def test_a_passive_deadline_is_kept_for_the_reply(rt, wechat, message, clock):
    until = clock() + timedelta(seconds=4.3)
    await inbox.accept(rt, wechat, message("胸口剧痛", channel="wechat"), passive_until=until)
    [row] = await rows(rt, "SELECT not_before FROM outbound")
    assert row.not_before == until


async def test_an_earlier_message_that_cannot_be_read_stops_no_alarm(rt, telegram, message):
    await inbox.accept(rt, telegram, message("我妈"), passive_until=None)
    await rows(rt, "UPDATE inbound SET content = 'damaged' RETURNING 1")
    assert (await inbox.accept(rt, telegram, message("我爸胸口剧痛，出冷汗"), passive_until=None)).alarm


async def test_a_second_delivery_of_an_event_is_answered_by_nobody_either(rt, wechat, message):
    await inbox.accept(rt, wechat, message("一", channel="wechat"), passive_until=None)
    event = message("", channel="wechat", kind=Kind.UNFOLLOW)
    for _ in range(2):
        assert (await inbox.accept(rt, wechat, event, passive_until=None)).answered
