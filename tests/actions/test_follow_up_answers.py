"""Answers in patients' own words: nothing that alarms is lost, put off, or taken for good news."""

from __future__ import annotations

from uuid import UUID

import pytest

from integrations.hospital.models import FollowUpAlert, FollowUpTask, Measurement, TaskStatus

from .conftest import Chat
from .follow_ups import answer, answers, begun, put_on, rows, task_status


async def alerts(chat: Chat) -> list[str]:
    return [one.status for one in sorted(await rows(chat, FollowUpAlert), key=lambda one: one.id)]


async def at_feet(chat: Chat) -> str:
    task, _ = await begun(chat, "diabetes")
    await answer(chat, "空腹6.1，体重62公斤，药按时打了")
    return task


@pytest.mark.parametrize(
    "words", ["晚上测的190/110", "下午量的190/110", "190/110 tonight", "190/110，其他的晚上再说"]
)
async def test_a_value_of_the_evening_is_a_value(chat: Chat, words: str) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, words, "nlu_fallback", ("period", "evening"))
    assert "血压 190/110，记下了" in said.text
    assert "请立刻拨打120" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 190, "diastolic": 110}
    assert await alerts(chat) == ["open"]


async def test_bad_nights_are_not_put_off(chat: Chat) -> None:
    task, _ = await begun(chat, "after_visit")
    said = await answer(chat, "疼得厉害，晚上才睡着", "tell_symptoms", ("period", "evening"))
    assert "感觉怎么样" in said.text
    await answer(chat, "更疼了，晚上才睡着", "tell_symptoms", ("period", "evening"))
    assert (await answers(chat, task))["condition"] == "worse"
    assert await alerts(chat) == ["open"]


async def test_in_the_patients_own_words_everything_is_told_but_a_mere_later(chat: Chat) -> None:
    task, _ = await begun(chat, "after_visit")
    await answer(chat, "好多了，药按时吃了")
    said = await answer(chat, "现在没空，晚上再说", "nlu_fallback", ("period", "evening"))
    assert "今天 20:00" in said.text
    await chat.say("answer_follow_up")
    await answer(chat, "药在忙的时候会忘，晚上再吃行吗", "ask_hospital", ("period", "evening"))
    assert (await answers(chat, task))["words"] == "药在忙的时候会忘，晚上再吃行吗"


async def test_what_is_told_is_kept_and_the_rest_put_off(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, "药按时吃了，血压晚上再量", "nlu_fallback", ("period", "evening"))
    assert "今天 20:00" in said.text
    assert await answers(chat, task) == {"medicine": True}
    assert chat.form == ""


@pytest.mark.parametrize(
    "words", ["有个水泡，不疼", "破了一块皮，没感觉", "脚上有个水泡 不疼", "没破，就是有点发黑"]
)
async def test_a_painless_sore_alarms(chat: Chat, words: str) -> None:
    task = await at_feet(chat)
    said = await answer(chat, words)
    assert "盖上干净的纱布" in said.text
    assert (await answers(chat, task))["feet"] is True
    assert await alerts(chat) == ["open"]


async def test_no_feeling_is_no_answer(chat: Chat) -> None:
    task = await at_feet(chat)
    said = await answer(chat, "没感觉")
    assert "脚上有没有破口" in said.text
    assert "feet" not in await answers(chat, task)


async def test_medicine_taken_and_no_harm(chat: Chat) -> None:
    task, _ = await begun(chat, "after_visit")
    await answer(chat, "没有好转")
    assert (await answers(chat, task))["condition"] == "same"
    await answer(chat, "按时吃了，没有不舒服")
    assert (await answers(chat, task))["medicine"] is True


async def test_a_choice_is_put_right_in_words(chat: Chat) -> None:
    task, said = await begun(chat, "after_visit")
    said = await chat.press(said, "好多了")
    assert "记的是" not in said.text
    said = await answer(chat, "不对，是更不舒服了", "tell_symptoms")
    assert "请尽快回医院看看" in said.text
    assert await answers(chat, task) == {"condition": "worse"}
    assert await alerts(chat) == ["open"]


@pytest.mark.parametrize("words", ["吃了，但是更难受了", "更严重了", "没吃，疼得受不了"])
async def test_what_turned_worse_meanwhile_alarms(chat: Chat, words: str) -> None:
    task, said = await begun(chat, "after_visit")
    await chat.press(said, "好多了")
    said = await answer(chat, words, "tell_symptoms")
    assert "请尽快回医院看看" in said.text
    assert (await answers(chat, task))["condition"] == "worse"
    assert await alerts(chat) == ["open"]
    await chat.say("answer_follow_up")
    await answer(chat, words, "tell_symptoms")  # said again it is the same
    assert await alerts(chat) == ["open"]


async def test_closing_words_that_alarm_are_kept_and_alarm(chat: Chat) -> None:
    task, _ = await begun(chat, "after_surgery")
    await answer(chat, "36.8，不疼，伤口干净")
    said = await answer(chat, "早上换药的时候发现流脓了", "tell_symptoms")
    assert "今天就回医院处理" in said.text
    found = await answers(chat, task)
    assert found["wound"] == "leaking"
    assert found["words"] == "早上换药的时候发现流脓了"
    assert await task_status(chat, task) is TaskStatus.DONE


async def test_an_alarm_by_mistake_is_withdrawn_in_words(chat: Chat) -> None:
    task, said = await begun(chat, "after_visit")
    await chat.press(said, "更不舒服了")
    await chat.say("answer_follow_up")
    said = await answer(chat, "点错了，是好多了", "correct")
    assert "按时用了吗" in said.text
    assert await answers(chat, task) == {"condition": "better"}
    assert await alerts(chat) == ["closed"]


async def test_a_yes_is_put_right_in_words(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    await answer(chat, "135/85")
    await chat.say("affirm")
    said = await answer(chat, "说错了，忘了两次")
    assert "请尽量每天固定时间吃" in said.text
    assert (await answers(chat, task))["medicine"] is False
    await answer(chat, "没有")
    assert await task_status(chat, task) is TaskStatus.DONE


async def test_a_correction_is_no_closing_word(chat: Chat) -> None:
    task, _ = await begun(chat, "after_surgery")
    said = await answer(chat, "36.8，不疼，伤口干净")
    assert "还有什么想告诉医生" in said.text
    said = await answer(chat, "不对，流脓了", "tell_symptoms")
    assert "今天就回医院处理" in said.text
    assert await answers(chat, task) == {"temperature": {"value": 36.8}, "pain": 0, "wound": "leaking"}
    assert await alerts(chat) == ["open"]


async def test_not_so_alone_asks_again(chat: Chat) -> None:
    task, _ = await begun(chat, "after_visit")
    said = await answer(chat, "好点了")
    assert "记的是“好多了”，不对就说“不对”" in said.text
    said = await answer(chat, "不对", "deny")
    assert "感觉怎么样" in said.text
    assert {"好多了", "差不多", "更不舒服了"} <= set(said.buttons)
    said = await answer(chat, "没什么变化")
    assert "记的是“差不多”。" in said.text  # how to put it right is told once
    assert await answers(chat, task) == {"condition": "same"}


async def test_what_the_words_say_themselves_is_not_repeated(chat: Chat) -> None:
    await begun(chat, "hypertension")
    await answer(chat, "135/85")
    assert "记的是" not in (await answer(chat, "按时吃了")).text
    assert "记的是" not in (await answer(chat, "没有")).text


async def test_in_english_too(chat: Chat) -> None:
    chat.language = "en"
    task, _ = await begun(chat, "after_visit")
    said = await answer(chat, "no improvement so far")
    assert 'I took that as "About the same"; if that is wrong, say "wrong".' in said.text
    said = await answer(chat, "wrong")
    assert "How do you feel now" in said.text
    said = await answer(chat, "sorry, I feel worse")
    assert await answers(chat, task) == {"condition": "worse"}
    assert "call 120" in said.text


async def test_a_question_takes_nothing_back(chat: Chat) -> None:
    """Told unasked: whether it is still too high is no correction of the reading before."""
    told = ("measurement", "blood_pressure")
    await answer(chat, "血压190/120", "log_measurement", told)
    await answer(chat, "现在150/95，是不是还高", "log_measurement", told)
    assert [one.replaced_at for one in await rows(chat, Measurement)] == [None, None]
    assert await alerts(chat) == ["open"]


async def test_a_question_about_the_car_park_is_no_answer(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    await answer(chat, "135/85")
    said = await answer(chat, "停车怎么收费", "ask_hospital", ("topic", "parking"))
    assert "停车" in said.text
    assert "按时吃了吗" in said.text
    assert "medicine" not in await answers(chat, task)


async def test_a_number_put_right_rates_nothing(chat: Chat) -> None:
    task, _ = await begun(chat, "after_surgery")
    await answer(chat, "36.8")
    await answer(chat, "7")
    said = await answer(chat, "我说错了 是2分", "rate")
    assert "伤口看起来怎么样" in said.text
    assert (await answers(chat, task))["pain"] == 2
    assert chat.form == "follow_up_form"


async def test_a_value_of_somebody_who_is_not_registered_is_not_the_patients(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(
        chat, "我妈今天量的 140/90", "log_measurement", ("relative", "妈"), ("measurement", "blood_pressure")
    )
    assert "还没有登记" in said.text
    assert await answers(chat, task) == {}
    assert await rows(chat, Measurement) == []


async def test_who_is_driving_is_asked_again(chat: Chat) -> None:
    await begun(chat, "hypertension")
    said = await answer(chat, "在开车，晚上再说", "cancel", ("period", "evening"))
    assert "今天 20:00 我再来问您" in said.text


@pytest.mark.parametrize("words", ["我没量", "没秤，跳过"])
async def test_not_measured_passes_over_and_a_value_may_still_come(chat: Chat, words: str) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, words)
    assert "按时吃了吗" in said.text
    await answer(chat, "135 85")
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_nobody_is_sent_off_lightly_after_an_alarm(chat: Chat) -> None:
    await begun(chat, "hypertension")
    await answer(chat, "200/125")
    assert "120" in (await answer(chat, "没事我歇会儿就好", "goodbye")).text


async def test_what_is_due_is_answered_before_it_was_put(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    async with chat.runtime.database.begin() as session:
        (await session.get_one(FollowUpTask, UUID(task))).due_at = chat.runtime.now()
    assert "血压是多少" in (await chat.say("answer_follow_up", text="开始随访")).text
    await answer(chat, "130/80")
    assert "pressure" in await answers(chat, task)
