"""The page on which a follow-up's questions are answered."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from bot import news
from integrations.hospital.models import (
    FollowUpAlert,
    FollowUpAnswer,
    Measurement,
    Method,
    TaskStatus,
)
from tests.bot.pages.follow_up.sheet import FINE
from tests.bot.pages.money import words


async def test_all_questions_on_one_page_and_nothing_filled_in(sheet):
    shown = await sheet.show()
    assert shown.status_code == 200
    said = words(shown)
    for part in (
        "*明",
        "3 个小问题",
        "血压是多少",
        "高压",
        "mmHg",
        "可以填 50–280",
        "按时吃了吗",
        "头晕",
        "有一点",
    ):
        assert part in said
    assert " checked" not in shown.text
    assert shown.text.count('value=""') == 3
    assert shown.headers["cache-control"] == "no-store"


async def test_answers_are_kept_as_the_chat_keeps_them_and_the_chat_hears(sheet):
    done = await sheet.send(**FINE)
    assert done.status_code == 200
    assert "谢谢，记下了" in words(done)
    assert await sheet.answers() == {
        "pressure": {"systolic": 135, "diastolic": 85},
        "medicine": True,
        "complaint": "none",
    }
    assert (await sheet.task()).status is TaskStatus.DONE
    [measured] = await sheet.rows(Measurement)
    assert (measured.kind, measured.method) == ("blood_pressure", Method.PAGE)
    assert await news.tell(sheet.rt, 10) == [sheet.who.contact_id]
    [command] = await sheet.commands()
    assert json.loads(command.removeprefix("/follow_up_answered")) == {"task": str(sheet.task_id)}


async def test_an_alarm_is_answered_at_once_and_reaches_staff(sheet):
    shown = await sheet.send(**FINE | {"pressure-systolic": "200", "pressure-diastolic": "120"})
    said = words(shown)
    assert "这个数很高。请马上坐下休息" in said
    assert "已经转给随访的医护人员" in said
    assert "现在是下班时间，随访的医护人员明天 8:00 上班后才看得到" in said  # Sunday
    assert "接着答" not in said
    [alert] = await sheet.rows(FollowUpAlert)
    assert alert.duty == "心血管内科随访护士"


async def test_after_an_alarm_the_rest_can_wait(sheet):
    shown = await sheet.send(**{"pressure-systolic": "200", "pressure-diastolic": "120"})
    assert "其余的问题不急" in words(shown)
    assert len(await sheet.rows(FollowUpAlert)) == 1
    assert (await sheet.task()).status is TaskStatus.ANSWERING
    rest = await sheet.show()
    assert "前面答过的都记着，还剩 2 个" in words(rest)
    assert "200" not in rest.text
    assert "血压是多少" not in words(rest)
    assert (await sheet.send(medicine="yes", complaint="none")).status_code == 200
    assert (await sheet.task()).status is TaskStatus.DONE


async def test_half_a_pressure_that_alarms_by_itself_as_in_the_chat(sheet):
    half = {"pressure-systolic": "200"}
    shown = await sheet.send(**half)
    assert "请立刻拨打120" in words(shown)
    assert "已经转给随访的医护人员" in words(shown)
    await sheet.send(**half)  # once more
    assert [one.status for one in await sheet.rows(FollowUpAlert)] == ["open"]
    assert await sheet.answers() == {}
    assert await sheet.commands() == []
    await sheet.send(**FINE | half | {"pressure-diastolic": "110"})
    [alert] = await sheet.rows(FollowUpAlert)
    assert (alert.status, alert.measurement_id) == ("open", None)


@pytest.mark.parametrize("half", [{"pressure-systolic": "135"}, {"pressure-diastolic": "70"}])
async def test_another_half_of_a_pressure_alarms_nobody(sheet, half):
    shown = await sheet.send(**half)
    assert shown.status_code == 422
    assert await sheet.rows(FollowUpAlert) == []


async def test_what_is_missing_is_asked_for_and_the_rest_is_kept(sheet):
    half = await sheet.send(medicine="no", complaint="mild")
    assert half.status_code == 422
    said = words(half)
    assert "这一项还没有填" in said
    assert "其余的已经记下" in said
    assert "请尽量每天固定时间吃" in said  # the advice for what is to be watched
    assert "按时吃了吗" not in said
    assert await sheet.answers() == {"medicine": False, "complaint": "mild"}
    done = await sheet.send(**{"pressure-skip": "yes"})
    assert done.status_code == 200
    assert (await sheet.answers())["pressure"] is None


async def test_what_was_answered_in_the_chat_meanwhile_stands(sheet):
    await sheet.in_the_chat("medicine", False)
    done = await sheet.send(**FINE)
    assert "您在聊天里已经答过" in words(done)
    assert (await sheet.answers())["medicine"] is False
    assert len(await sheet.rows(FollowUpAnswer)) == 3


async def test_all_answered_in_the_chat_meanwhile(sheet):
    for question, value in {"pressure": None, "medicine": True, "complaint": "none"}.items():
        await sheet.in_the_chat(question, value)
    for answer in (await sheet.show(), await sheet.send(**FINE)):
        assert answer.status_code == 200
        assert "在聊天里已经答完" in words(answer)
    assert (await sheet.answers())["pressure"] is None


@pytest.mark.parametrize("plan", ["after_visit"])
async def test_words_that_cannot_wait_are_answered_like_in_the_chat(sheet):
    shown = await sheet.send(condition="better", medicine="yes", words="胸口很痛，喘不上气")
    assert "120" in words(shown)
    assert "请先看这里" in words(shown)
    async with sheet.rt.database.begin() as session:
        [row] = (await session.execute(text("SELECT alarm, status, content FROM inbound"))).all()
        assert row.alarm.startswith("emergency:")
        assert row.status == "done"
        assert "喘不上气" not in str(row.content)
        assert (await session.scalars(text("SELECT exempt FROM outbound"))).all() == [True]


@pytest.mark.parametrize("plan", ["after_visit"])
async def test_words_may_be_left_out(sheet):
    half = await sheet.send(condition="better", words="")
    assert "words" not in await sheet.answers()
    assert "还有什么想告诉医生" in words(half)
    assert (await sheet.send(medicine="skip", words="")).status_code == 200
    assert await sheet.answers() == {"condition": "better", "medicine": None, "words": ""}
