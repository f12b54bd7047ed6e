"""The follow-up dialog over a real database; the plans are the ones we ship."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest
from sqlalchemy import text

from integrations.hospital import accounts
from integrations.hospital.follow_up import enrolment
from integrations.hospital.models import (
    FollowUpAlert,
    FollowUpEnrolment,
    Measurement,
    Relation,
    Reminder,
    Sex,
    StopReason,
    TaskStatus,
)

from .conftest import Chat, Clinic, Outside
from .follow_ups import answer, answers, begun, due, put_on, rows, task_status, weighed

HOUR = timedelta(hours=1)


async def test_one_question_at_a_time(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    said = await due(chat, task)
    assert "*明 到随访的时间了，有 3 个小问题" in said.text
    assert "血压" not in said.text  # it comes unasked: others may read along
    assert await task_status(chat, task) is TaskStatus.ASKED
    said = await chat.press(said, "开始")
    assert "血压是多少" in said.text
    assert said.expects == "blood_pressure"
    said = await answer(chat, "135/85")
    assert said.text.startswith("血压 135/85，记下了。")
    assert "按时吃了吗" in said.text
    said = await answer(chat, "按时吃了")
    assert "头晕" in said.text
    said = await answer(chat, "没有")
    assert "谢谢，记下了" in said.text
    assert chat.form == ""
    assert await task_status(chat, task) is TaskStatus.DONE
    assert await answers(chat, task) == {
        "pressure": {"systolic": 135, "diastolic": 85},
        "medicine": True,
        "complaint": "none",
    }
    [kept] = await rows(chat, Measurement)
    assert (kept.kind, kept.unit) == ("blood_pressure", "mmHg")
    assert b"135" not in bytes(kept.value)


async def test_back_leads_to_the_question_before(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await chat.press(await due(chat, task), "开始")
    await answer(chat, "135/85")
    assert "血压是多少" in (await answer(chat, "返回", "go_back")).text
    assert "按时吃了吗" in (await answer(chat, "128/82")).text
    await answer(chat, "跳过")
    assert "按时吃了吗" in (await answer(chat, "上一题", "go_back")).text
    await answer(chat, "吃了")
    await answer(chat, "没有")
    assert await task_status(chat, task) is TaskStatus.DONE
    assert await answers(chat, task) == {
        "pressure": {"systolic": 128, "diastolic": 82},
        "medicine": True,
        "complaint": "none",
    }
    assert len([one for one in await rows(chat, Measurement) if one.replaced_at is None]) == 1


async def test_all_in_one_go(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    said = await answer(chat, "早上135/85，药按时吃了", "log_measurement", ("measurement", "blood_pressure"))
    assert "血压 135/85，记下了。" in said.text
    assert "头晕、头痛或者胸闷" in said.text
    said = await chat.press(said, "没有")
    assert await task_status(chat, task) is TaskStatus.DONE


async def test_half_a_pressure_wants_its_other_half(chat: Chat) -> None:
    await begun(chat, "hypertension")
    said = await answer(chat, "高压135")
    assert "还差一个数" in said.text
    said = await answer(chat, "135 85")
    assert "按时吃了吗" in said.text


async def test_an_alarm_advises_at_once_and_reaches_staff(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, "185/115，药没吃")
    assert "请立刻拨打120" in said.text
    assert "已经转给随访的医护人员" in said.text
    assert "头晕、头痛或者胸闷" not in said.text  # nothing else is asked now
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.duty) == ("open", "心血管内科随访护士")
    said = await chat.say("answer_follow_up")
    assert "头晕" in said.text  # the rest later
    assert await task_status(chat, task) is TaskStatus.ANSWERING


async def test_a_corrected_alarm_is_withdrawn(chat: Chat) -> None:
    await begun(chat, "hypertension")
    await answer(chat, "185/115")
    await chat.say("answer_follow_up")
    await answer(chat, "不对，血压是135/85", "log_measurement", ("measurement", "blood_pressure"))
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.closed_by) == ("closed", "patient")


async def test_an_answer_that_alarms_from_a_button(chat: Chat) -> None:
    task = await put_on(chat, "after_visit")
    await due(chat, task)
    said = await chat.say("affirm", text="好的")
    assert "感觉怎么样" in said.text
    said = await chat.press(said, "更不舒服了")
    assert "120" in said.text
    assert len(await rows(chat, FollowUpAlert)) == 1


async def test_skipping_and_free_words(chat: Chat) -> None:
    task, said = await begun(chat, "after_visit")
    await chat.press(said, "好多了")
    said = await answer(chat, "跳过")
    assert "先跳过" in said.text
    said = await answer(chat, "下周想再问问能不能减药", "ask_hospital")
    assert "祝您早日康复" in said.text
    assert await answers(chat, task) == {
        "condition": "better",
        "medicine": None,
        "words": "下周想再问问能不能减药",
    }


async def test_after_a_withdrawn_consent_nothing_is_kept(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    async with chat.runtime.database.begin() as session:
        await accounts.withdraw_consents(
            session, chat.contact, accounts.OWN_CONSENTS, chat.runtime.now(), None
        )
    said = await answer(chat, "135/85", "log_measurement", ("measurement", "blood_pressure"))
    assert "您同意吗" in said.text
    assert await answers(chat, task) == {}
    assert await rows(chat, Measurement) == []
    said = await chat.press(said, "同意")
    assert "血压是多少" in said.text  # it goes on by itself, and nothing that was told before counts
    assert await answers(chat, task) == {}
    await answer(chat, "135/85", "log_measurement", ("measurement", "blood_pressure"))
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_who_refuses_the_consent_is_asked_nothing_more(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    async with chat.runtime.database.begin() as session:
        await accounts.withdraw_consents(
            session, chat.contact, accounts.OWN_CONSENTS, chat.runtime.now(), None
        )
    said = await answer(chat, "好的", "affirm")
    said = await chat.press(said, "先不同意")
    assert "血压" not in said.text
    assert await answers(chat, task) == {}


async def test_under_the_notice_before_an_answer_still_alarms_and_is_put_right(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    said = await answer(chat, "200/130", "log_measurement", ("measurement", "blood_pressure"))
    assert "请立刻拨打120" in said.text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    await answer(chat, "不对，是190/120", "correct")
    assert (await answers(chat, task))["pressure"] == {"systolic": 190, "diastolic": 120}


async def test_under_the_notice_before_an_alarm_beside_a_booking_is_kept(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(chat, "hypertension")
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    await chat.say("book_appointment", text="血压200/130，我想挂号")
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_later_is_later(chat: Chat, outside: Outside) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    said = await answer(chat, "晚上再说", "nlu_fallback", ("period", "evening"))
    assert "今天 20:00" in said.text
    assert chat.form == ""
    planned = [one for one in await rows(chat, Reminder) if str(one.subject_id) == task]
    assert any(one.kind == "follow_up_due" and one.due_at == outside.now + 11 * HOUR for one in planned)


@pytest.mark.parametrize(
    ("words", "hour", "moment"),
    [
        ("晚上再说", 21, "明天 20:00"),  # 3 h later everybody sleeps
        ("晚上再说", 2, "今天 20:00"),
        ("晚上再说", 12, "今天 20:00"),
        ("下午再说", 16, "明天 15:00"),
        ("after work please, ask me later", 12, "今天 20:00"),
        ("等会再说", 12, "今天 15:00"),
    ],
)
async def test_a_part_of_the_day_is_the_next_one(
    chat: Chat, outside: Outside, words: str, hour: int, moment: str
) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    here = outside.now.astimezone(chat.runtime.zone)
    outside.now = here.replace(hour=hour, minute=0).astimezone(UTC)
    assert moment in (await answer(chat, words)).text


async def test_a_digression_comes_back_to_the_question(chat: Chat) -> None:
    await begun(chat, "hypertension")
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "血压是多少" in said.text
    assert chat.form == "follow_up_form"


async def test_it_never_comes_into_a_booking(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await chat.say("book_appointment")
    assert chat.form == "booking_form"
    before = dict(chat.slots)
    said = await due(chat, task, away=timedelta(minutes=5))
    assert said.text == ""
    assert chat.form == "booking_form"
    assert chat.slots == before
    assert await task_status(chat, task) is TaskStatus.PLANNED
    [soon] = [
        one
        for one in await rows(chat, Reminder)
        if str(one.subject_id) == task and one.kind == "follow_up_due"
    ]
    assert soon.due_at == chat.runtime.now() + timedelta(minutes=30)


async def test_a_form_that_was_left_hours_ago_gives_way(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await chat.say("book_appointment")
    said = await due(chat, task)
    assert "到随访的时间了" in said.text
    assert chat.form == "follow_up_form"


async def test_opting_out_is_confirmed_once(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    said = await chat.say("stop_follow_up", text="不要再随访了")
    assert "确定停止吗" in said.text
    said = await chat.say("nlu_fallback", text="嗯")
    assert "确定停止吗" in said.text
    said = await chat.press(said, "停止随访")
    assert "不再随访了" in said.text
    [made] = await rows(chat, FollowUpEnrolment)
    assert (made.status, made.stop_reason) == ("stopped", StopReason.OPTED_OUT)
    assert await rows(chat, Reminder) == []
    assert await task_status(chat, task) is TaskStatus.STOPPED
    with pytest.raises(enrolment.Refused):
        await put_on(chat, "diabetes")


async def test_somebody_elses_task_is_not_answered(chat: Chat, clinic: Clinic) -> None:
    task = await put_on(chat, "hypertension")
    other = await clinic.chat()
    said = await due(other, task)
    assert said.text == ""
    assert await task_status(chat, task) is TaskStatus.PLANNED


async def test_a_message_handled_twice_answers_once(chat: Chat) -> None:
    await begun(chat, "hypertension")
    slots, form = dict(chat.slots), chat.form
    first = await chat.say("nlu_fallback", text="185/115", message_id="m" * 32)
    chat.slots, chat.form = slots, form
    again = await chat.say("nlu_fallback", text="185/115", message_id="m" * 32)
    assert again.text == first.text
    assert len(await rows(chat, Measurement)) == len(await rows(chat, FollowUpAlert)) == 1


async def test_nothing_is_due(chat: Chat) -> None:
    said = await chat.say("answer_follow_up", text="开始随访")
    assert "现在没有要回答的随访" in said.text
    await put_on(chat, "hypertension")
    said = await chat.say("answer_follow_up", text="开始随访")
    assert "下一次在11月29日（周日）" in said.text


async def test_in_english(chat: Chat) -> None:
    chat.language = "en"
    task = await put_on(chat, "hypertension")
    said = await due(chat, task)
    assert "It is time for the follow-up" in said.text
    said = await answer(
        chat, "135 over 85 and I took my pills", "log_measurement", ("measurement", "blood_pressure")
    )
    assert "Noted: blood pressure 135/85" in said.text
    assert "dizzy" in said.text
    said = await answer(chat, "no")
    assert "Thank you" in said.text


async def test_a_daughter_answers_for_her_mother(chat: Chat, clinic: Clinic) -> None:
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    task = await put_on(chat, "diabetes", mother)
    said = await due(chat, task)
    assert "*芳 到随访的时间了" in said.text
    said = await answer(
        chat, "空腹6.1，体重62公斤，药按时打了，脚没事", "log_measurement", ("measurement", "glucose")
    )
    assert "谢谢，记下了" in said.text
    assert {str(one.patient_id) for one in await rows(chat, Measurement)} == {mother}


async def test_the_task_of_a_hearer_who_is_gone(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    async with chat.runtime.database.begin() as session:
        await session.execute(text("DELETE FROM account_patients"))
    said = await due(chat, task)
    assert said.text == ""


async def test_a_relatives_value_is_no_answer_to_ones_own_question(chat: Chat, clinic: Clinic) -> None:
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    task, _ = await begun(chat, "hypertension")
    told = ("measurement", "blood_pressure")
    said = await answer(chat, "我妈早上150/90", "log_measurement", told, ("relative", "妈"))
    assert "*芳，血压 150/90" in said.text
    assert "血压是多少" in said.text  # the question stays
    assert await answers(chat, task) == {}
    [kept] = await rows(chat, Measurement)
    assert str(kept.patient_id) == mother
    await answer(chat, "135/85")
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_a_value_of_somebody_unknown_here_is_no_answer_to_ones_own_question(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    told = ("measurement", "blood_pressure")
    said = await answer(chat, "我妈血压150/95", "log_measurement", told, ("relative", "妈"))
    assert "今天早上的血压是多少" in said.text
    assert await answers(chat, task) == {}
    await answer(chat, "我老婆给我量的135/85", "log_measurement", told, ("relative", "老婆"))
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_which_relative_is_asked_beside_the_question(chat: Chat, clinic: Clinic) -> None:
    for name in ("*华", "*宝"):
        await clinic.relative(chat, Relation.CHILD, date(2010, 1, 1), Sex.MALE, name)
    task = await put_on(chat, "hypertension")
    await due(chat, task)
    told = ("measurement", "blood_pressure")
    said = await answer(chat, "我儿子110/70", "log_measurement", told, ("relative", "儿子"))
    assert "哪一位" in said.text
    said = await chat.press(said, "*华")
    assert "*华，血压 110/70" in said.text
    assert "有 3 个小问题" in said.text
    await answer(chat, "135/85")
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_a_value_that_is_not_asked_for_is_kept_beside_the_question(chat: Chat) -> None:
    task, _ = await weighed(chat)
    said = await answer(chat, "饭后血糖 8.2", "log_measurement", ("measurement", "glucose"))
    assert "血糖 8.2（餐后）" in said.text
    assert "体重多少" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 6.1, "when": "fasting"}
    assert len(await rows(chat, Measurement)) == 2
