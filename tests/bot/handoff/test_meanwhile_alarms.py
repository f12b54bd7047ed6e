"""Red flags in the queue, by day and by night."""

from datetime import timedelta

import pytest

from bot.handoff import timers
from integrations.hospital.staff import presence
from tests.bot.handoff.conftest import rows, state


@pytest.fixture
async def patient(rt, write):
    await write("你好")
    [row] = await rows(rt, "SELECT id FROM conversations")
    return row.id


async def test_an_alarm_stands_first_and_is_answered_while_somebody_waits(rt, write, patient, agent):
    await write("我要人工")
    [words] = await write("我胸口剧痛喘不上气")
    assert "120" in words
    [row] = await rows(rt, "SELECT priority, status FROM talks")
    assert tuple(row) == (1440, "waiting")


async def test_an_alarm_brings_its_patient_into_the_queue_while_the_bot_goes_on(rt, write, patient, agent):
    await write("我胸口剧痛喘不上气")
    [row] = await rows(rt, "SELECT priority, status, reason FROM talks")
    assert tuple(row) == (1440, "unanswered", "alarm")
    assert await state(rt, patient) == ("bot", 0)
    assert await write("误报了") == ["echo 误报了"]


async def test_at_night_a_red_flag_waits_for_no_morning(rt, write, patient, hire, clock):
    """Whoever asks for a person after it keeps their place before all, is told the truth, and staff who are there are
    asked; when they do not come, supervisors see it."""
    clock.time += timedelta(hours=11)  # 21:00
    await hire("night", there=True)
    await write("我胸口剧痛喘不上气")
    [words] = await write("我要人工")
    assert "排在最前面" in words
    assert "不是人工服务时间" in words
    assert "120" in words
    assert "8:00" not in words
    [row] = await rows(rt, "SELECT priority, status, opens_at FROM talks")
    assert tuple(row) == (1440, "unanswered", None)
    assert await state(rt, patient) == ("bot", 0)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT login FROM talks JOIN staff ON staff.id = staff_id")
    assert row.login == "night"
    clock.forward(minutes=4)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT escalated_at FROM talks")
    assert row.escalated_at == clock()


async def test_a_message_left_for_the_morning_waits_no_longer_when_a_red_flag_follows(
    rt, write, patient, hire, clock
):
    clock.time += timedelta(hours=11)
    await hire("night", there=True)
    await write("我要人工")
    await write("我上周的检查报告还没出来")
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT staff_id, opens_at FROM talks")
    assert row.staff_id is None
    assert row.opens_at > clock()
    clock.forward(hours=1)
    await write("我胸口剧痛喘不上气")
    [row] = await rows(rt, "SELECT priority, opens_at, requested_at FROM talks")
    assert tuple(row) == (1440, None, clock())
    async with rt.database.begin() as session:
        [night] = await rows(rt, "SELECT id FROM staff")
        await presence.seen(session, night.id, clock())
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT login, escalated_at FROM talks JOIN staff ON staff.id = staff_id")
    assert tuple(row) == ("night", None)


async def test_a_red_flag_that_was_waited_for_until_the_desk_shut_stays_offered(
    rt, write, patient, hire, clock
):
    await hire()
    clock.time += timedelta(hours=9, minutes=50)  # 19:50, ten minutes before the end
    await write("我胸口剧痛喘不上气")
    [words] = await write("我要人工")
    assert "您是下一位" in words
    clock.forward(minutes=16)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT status, opens_at FROM talks")
    assert tuple(row) == ("unanswered", None)
