"""News on its way to a patient: as a message while the window is open, as the platform's notice when it is shut."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot import delivery, inbox, notice_delivery, notices, outbox, sweep, texts
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.outbox import Reply
from integrations.channel import (
    NoticeFaulty,
    NoticeRefused,
    Rejected,
    Throttled,
    Unavailable,
    Unknown,
    Unreachable,
)
from integrations.messages import Kind, NoticeFate, NoticeNews
from tests.bot.blocking import waits_for
from tests.bot.notice_platform import notify

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def news(rt, conversation, kind="hold_expired", words="订单 O1 的号已经释放。"):
    async with rt.database.begin() as session:
        await notices.queue(session, rt, conversation, kind, words, number="O1")


async def rows(rt):
    async with rt.database.begin() as session:
        found = await session.execute(text("SELECT status, notice_error FROM outbound ORDER BY seq"))
        return [tuple(row) for row in found]


async def tell(rt, wechat, message, *told, event="e"):
    more = {"channel": "wechat", "sender": "openid", "kind": Kind.EVENT, "news": told, "choice": event}
    await inbox.accept(rt, wechat, message("", **more), passive_until=None)


def granted(template="T1"):
    return NoticeNews(NoticeFate.GRANTED, template)


async def test_news_leaves_as_a_notice_when_the_window_is_shut(rt, wechat, talk):
    await news(rt, talk)
    await notify(rt, talk)
    await notify(rt, talk)
    assert wechat.texts == []
    assert [kind for kind, _, _ in wechat.notices] == ["hold_expired"]
    assert await rows(rt) == [("sent", None)]


async def test_news_is_a_usual_message_while_the_window_is_open(rt, wechat, talk, message):
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await news(rt, talk)
    await notify(rt, talk)
    assert wechat.notices == []
    assert wechat.texts == ["订单 O1 的号已经释放。"]


async def test_an_answer_is_no_notice_and_waits(rt, wechat, talk):
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, talk, [Reply("回答")], epoch=0)
    await notify(rt, talk)
    assert wechat.notices == []
    assert await rows(rt) == [("queued", None)]


async def test_without_a_template_it_waits_for_the_next_message_and_is_not_lost(rt, wechat, talk, message):
    wechat.templates = {}
    await news(rt, talk)
    await notify(rt, talk)
    assert (wechat.notices, await rows(rt)) == ([], [("queued", None)])
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await notify(rt, talk)
    assert wechat.texts == ["订单 O1 的号已经释放。"]


def test_the_operator_can_read_which_kinds_have_no_template(wechat, telegram):
    missing = notices.without_template(wechat)
    assert "appointment_cancelled" in missing
    assert "hold_expired" not in missing
    assert notices.without_template(telegram) == []  # it takes messages at any time


async def test_what_left_as_a_notice_is_not_said_again(rt, wechat, talk, message):
    await news(rt, talk)
    await notify(rt, talk)
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await notify(rt, talk)
    assert wechat.texts == []


async def test_ten_senders_at_once_send_one_notice(rt, wechat, talk):
    await news(rt, talk)
    await asyncio.gather(*(notice_delivery.deliver(rt, talk) for _ in range(10)))
    assert len(wechat.notices) == 1


@pytest.mark.parametrize("error", [NoticeRefused("43101"), NoticeFaulty("47003"), Rejected("48001")])
async def test_what_is_refused_for_good_is_not_tried_again_and_waits(rt, wechat, talk, message, clock, error):
    wechat.notice_fail = [error]
    await news(rt, talk)
    for _ in range(3):
        await notify(rt, talk)
        clock.forward(hours=2)
    assert len(wechat.notices) == 1
    assert await rows(rt) == [("queued", str(error))]
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await notify(rt, talk)
    assert wechat.texts == ["订单 O1 的号已经释放。"]


async def test_a_wrong_template_is_logged_once(rt, wechat, talk):
    wechat.notice_fail = [NoticeFaulty("40037")] * 3
    for _ in range(3):
        await news(rt, talk)
    with capture_logs() as logs:
        await notify(rt, talk)
    assert len(wechat.notices) == 3
    assert [line["reason"] for line in logs if line["log_level"] == "error"] == ["40037"]


@pytest.mark.parametrize("error", [Throttled("45009", retry_after=60), Unavailable("refused")])
async def test_what_was_not_taken_is_sent_later(rt, wechat, talk, clock, error):
    wechat.notice_fail = [error]
    await news(rt, talk)
    await notify(rt, talk)
    assert await rows(rt) == [("queued", None)]
    clock.forward(minutes=5)
    await rt.redis.flushall()  # its clock is not ours: the account's pause is over
    await notify(rt, talk)
    assert await rows(rt) == [("sent", None)]


async def test_a_used_up_day_quota_stops_all_conversations(rt, wechat, talk, message, clock):
    other = await inbox.accept(rt, wechat, message(channel="wechat", sender="other"), passive_until=None)
    clock.forward(days=3)
    wechat.notice_fail = [Throttled("45009", retry_after=3600)]
    await news(rt, talk)
    await notify(rt, talk)
    await news(rt, other.conversation_id)
    await notify(rt, other.conversation_id)
    assert len(wechat.notices) == 1


async def test_a_patient_who_left_gets_nothing_more(rt, wechat, talk):
    wechat.notice_fail = [Unreachable("43004")]
    await news(rt, talk)
    await news(rt, talk)
    await notify(rt, talk)
    assert [status for status, _ in await rows(rt)] == ["failed", "failed"]


async def test_an_unclear_call_is_repeated_with_the_same_id_while_that_is_safe(rt, wechat, talk, clock):
    wechat.notice_fail = [Unknown("timeout")]
    await news(rt, talk)
    await notify(rt, talk)
    assert await rows(rt) == [("unknown", None)]
    clock.forward(seconds=30)
    await notify(rt, talk)
    (_, first, _), (_, second, _) = wechat.notices
    assert first == second
    assert await rows(rt) == [("sent", None)]


async def test_after_that_time_it_is_not_repeated_but_said_with_the_next_answer(rt, wechat, talk, clock):
    wechat.notice_fail = [Unknown("timeout")]
    await news(rt, talk)
    await notify(rt, talk)
    clock.forward(minutes=9)
    await notify(rt, talk)
    assert len(wechat.notices) == 1
    async with rt.database.begin() as session:
        again = await outbox.repeat_unknown(session, rt.crypto, talk, rt.now())
    assert [reply.text for _, reply in again] == ["订单 O1 的号已经释放。"]


async def test_what_an_answer_is_just_repeating_does_not_leave_as_a_notice_too(rt, wechat, talk, clock):
    wechat.notice_fail = [Unknown("timeout")]
    await news(rt, talk)
    await notify(rt, talk)
    clock.forward(seconds=30)
    async with rt.database.begin() as session:
        assert await outbox.repeat_unknown(session, rt.crypto, talk, rt.now())
        delivering = asyncio.create_task(notice_delivery.deliver(rt, talk))
        await waits_for(session, delivering)
    await delivering
    assert len(wechat.notices) == 1


async def test_a_sender_that_died_in_the_call_leaves_a_notice_that_is_repeated(rt, wechat, talk, clock):
    await news(rt, talk)
    assert await notice_delivery._claim(rt, talk)  # and then the process is gone
    clock.forward(seconds=31)
    await notify(rt, talk)
    assert len(wechat.notices) == 1
    assert await rows(rt) == [("sent", None)]


async def test_a_row_that_may_have_left_stays_of_unknown_fate(rt, wechat, talk, clock):
    wechat.notice_fail = [Unknown("timeout"), Unavailable("refused")]
    await news(rt, talk)
    await notify(rt, talk)
    clock.forward(seconds=30)
    await notify(rt, talk)
    assert await rows(rt) == [("unknown", None)]


async def test_a_platform_without_ids_of_ours_gets_nothing_twice(rt, wechat, talk, message, clock):
    wechat.asks_permission, wechat.same_notice_for = True, timedelta(0)
    await tell(rt, wechat, message, granted(), granted())
    wechat.notice_fail = [Unknown("timeout")]
    await news(rt, talk)
    await notify(rt, talk)
    clock.forward(seconds=30)
    await notify(rt, talk)
    assert len(wechat.notices) == 1


# Permissions


async def permissions(rt):
    async with rt.database.begin() as session:
        found = await session.execute(text("SELECT template, granted, refused_at FROM notice_permissions"))
        return {row.template: (row.granted, row.refused_at is not None) for row in found}


async def test_each_acceptance_is_good_for_one_notice(rt, wechat, talk, message):
    wechat.asks_permission = True
    await news(rt, talk)
    await notify(rt, talk)
    assert wechat.notices == []
    await tell(rt, wechat, message, granted())
    await tell(rt, wechat, message, granted())
    assert await permissions(rt) == {"T1": (2, False)}
    for _ in range(2):
        await news(rt, talk)
        await notify(rt, talk)
    assert len(wechat.notices) == 2
    assert await permissions(rt) == {"T1": (0, False)}
    assert sorted(status for status, _ in await rows(rt)) == ["queued", "sent", "sent"]


async def test_an_event_that_is_delivered_twice_grants_once(rt, wechat, talk, message):
    more = {"channel": "wechat", "sender": "openid", "kind": Kind.EVENT, "news": (granted(),)}
    again = message("", external_id="popup-1", **more)
    for _ in range(2):
        await inbox.accept(rt, wechat, again, passive_until=None)
    assert await permissions(rt) == {"T1": (1, False)}


async def test_a_permission_taken_back_is_gone_and_a_no_leaves_what_was_given(rt, wechat, talk, message):
    await tell(rt, wechat, message, granted(), granted("T2"))
    refused, revoked = NoticeNews(NoticeFate.REFUSED, "T1"), NoticeNews(NoticeFate.REVOKED, "T2")
    await tell(rt, wechat, message, refused, revoked)
    assert await permissions(rt) == {"T1": (1, True), "T2": (0, True)}


async def test_the_platforms_word_counts_more_than_the_ledger(rt, wechat, talk, message):
    wechat.asks_permission = True
    await tell(rt, wechat, message, granted(), granted())
    wechat.notice_fail = [NoticeRefused("43101")]
    await news(rt, talk)
    await notify(rt, talk)
    assert await permissions(rt) == {"T1": (0, True)}


async def test_what_was_not_taken_costs_no_permission(rt, wechat, talk, message):
    wechat.asks_permission = True
    await tell(rt, wechat, message, granted())
    wechat.notice_fail = [Unavailable("refused")]
    await news(rt, talk)
    await notify(rt, talk)
    assert await permissions(rt) == {"T1": (1, False)}


async def test_a_notice_that_did_not_arrive_waits_for_the_patient(rt, wechat, talk, message):
    await news(rt, talk)
    await notify(rt, talk)
    await tell(
        rt, wechat, message, NoticeNews(NoticeFate.FAILED, platform_id="n1", reason="failed:user block")
    )
    await notify(rt, talk)
    assert len(wechat.notices) == 1
    assert await rows(rt) == [("queued", "failed:user block")]
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await notify(rt, talk)
    assert wechat.texts == ["订单 O1 的号已经释放。"]


async def test_a_report_of_failure_may_come_before_the_answer(rt, wechat, talk, message):
    await news(rt, talk)
    claimed = await notice_delivery._claim(rt, talk)
    await tell(
        rt, wechat, message, NoticeNews(NoticeFate.FAILED, platform_id="n1", reason="failed: system failed")
    )
    await notice_delivery._send(rt, claimed)
    assert await rows(rt) == [("queued", "failed: system failed")]


# When


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-22 21:59", None),
        ("2026-11-22 22:00", "2026-11-23 07:30"),
        ("2026-11-23 00:10", "2026-11-23 07:30"),
        ("2026-11-23 07:29", "2026-11-23 07:30"),
        ("2026-11-23 07:30", None),
    ],
)
def test_quiet_hours(local, until):
    now = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
    over = notices.after_quiet_hours("22:00-07:30", now, SHANGHAI)
    assert (over and f"{over.astimezone(SHANGHAI):%Y-%m-%d %H:%M}") == until
    assert notices.after_quiet_hours("none", now, SHANGHAI) is None


async def test_at_night_only_urgent_news_leaves_and_the_rest_holds_up_nothing(rt, telegram, message, clock):
    talk = (await inbox.accept(rt, telegram, message(), passive_until=None)).conversation_id
    clock.time = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
    await news(rt, talk, "identity_settled", "核实好了")
    await news(rt, talk, "hold_expired", "号已经释放")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, talk, [Reply("回答")], epoch=0)
    await delivery.deliver(rt, talk)
    await rt.redis.flushall()
    assert telegram.texts == ["号已经释放", "回答"]
    assert talk not in (await sweep.find(rt)).deliveries
    clock.forward(hours=9)
    await notify(rt, talk)
    assert telegram.texts[-1] == "核实好了"


async def test_after_an_alarm_news_waits_until_the_patient_goes_on(rt, telegram, message):
    talk = (
        await inbox.accept(rt, telegram, message("我胸口剧痛喘不上气"), passive_until=None)
    ).conversation_id
    await delivery.deliver(rt, talk, alarms_only=True)
    assert "120" in telegram.texts[0]
    await news(rt, talk)
    assert talk not in (await sweep.find(rt)).deliveries
    await delivery.deliver(rt, talk)
    assert len(telegram.texts) == 1
    await inbox.accept(rt, telegram, message("好多了，我想挂号"), passive_until=None)
    await rt.redis.flushall()
    await delivery.deliver(rt, talk)
    assert telegram.texts[1:] == ["订单 O1 的号已经释放。"]


async def test_no_notice_leaves_after_an_alarm_or_while_a_person_speaks(rt, wechat, talk, message, clock):
    await news(rt, talk)
    async with rt.database.begin() as session:
        await change_control(session, talk, ControlState.AGENT, rt.now())
    await notify(rt, talk)
    assert wechat.notices == []
    async with rt.database.begin() as session:
        await change_control(session, talk, ControlState.BOT, rt.now())
    alarm = message("我胸口剧痛喘不上气", channel="wechat", sender="openid")
    await inbox.accept(rt, wechat, alarm, passive_until=None)
    clock.forward(days=3)
    await notify(rt, talk)
    assert wechat.notices == []


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_every_kind_has_short_words(language):
    for kind in [*notices.KINDS, "other"]:
        words = notices.short_words(kind, language)
        assert 1 <= len(words) <= notices.LONGEST_WORDS
    assert notices.short_words("something new") == texts.say("bot_notice_other")
