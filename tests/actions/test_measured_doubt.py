"""Values that can hardly be: asked about with what was likelier meant, and left out when they come twice."""

from __future__ import annotations

import json

import pytest

from integrations.hospital.models import FollowUpAlert, Measurement

from .conftest import Chat
from .follow_ups import answer, answers, begun, rows, weighed


async def test_what_can_hardly_be_is_asked_for_once_more(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, "1350/85")
    assert "“血压 1350/85”，和平常的数差得很多" in said.text
    assert await answers(chat, task) == {}
    said = await answer(chat, "135/85")
    assert "按时吃了吗" in said.text
    said = await answer(chat, "不对，高压是125", "correct")
    assert "血压 125/85" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 125, "diastolic": 85}
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert len(counting) == 1


async def test_doubtful_twice_it_is_left_out(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    await answer(chat, "1350/85")
    said = await answer(chat, "1350/85")
    assert "没有算进记录，但我已经转给随访的医护人员" in said.text
    assert "按时吃了吗" in said.text
    assert await answers(chat, task) == {"pressure": None}
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.duty, alert.page_at is not None) == ("open", "心血管内科随访护士", True)


async def test_a_weight_that_cannot_be_is_refused_with_a_reason(chat: Chat) -> None:
    task, _ = await weighed(chat)
    said = await answer(chat, "700")
    assert "“体重 700 公斤”，和平常的数差得很多，先没有记" in said.text
    assert "weight" not in await answers(chat, task)
    said = await answer(chat, "700")
    assert "没有算进记录，但我已经转给随访的医护人员" in said.text
    assert "120" in said.text
    assert (await answers(chat, task))["weight"] is None
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert [one.kind for one in counting] == ["glucose"]
    assert [(one.status, one.page_at) for one in await rows(chat, FollowUpAlert)] == [("open", None)]


async def test_a_weight_in_jin_is_asked_about_and_kept_in_kilograms(chat: Chat) -> None:
    task, said = await weighed(chat)
    assert "体重多少" in said.text
    said = await answer(chat, "130")
    assert "是不是 130 斤，也就是体重 65 公斤" in said.text
    assert (await answers(chat, task)).get("weight") is None
    said = await answer(chat, "是的", "affirm")
    assert "体重 65 公斤，记下了" in said.text
    assert "胰岛素" in said.text  # the next question
    assert (await answers(chat, task))["weight"] == {"value": 65}


async def test_three_hundred_kilograms_are_not_kept(chat: Chat) -> None:
    task, _ = await weighed(chat)
    said = await answer(chat, "300公斤")
    assert "是不是 300 斤" in said.text
    said = await answer(chat, "不是", "deny")
    assert "体重多少" in said.text
    said = await answer(chat, "300公斤")
    assert "没有算进记录" in said.text
    assert (await answers(chat, task))["weight"] is None


async def test_a_pressure_upside_down_is_turned_on_a_yes(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, "85/135")
    assert "是不是 血压 135/85" in said.text
    said = await answer(chat, "停车怎么收费", "ask_hospital", ("topic", "parking"))
    assert "是不是 血压 135/85" in said.text
    said = await answer(chat, "对", "affirm")
    assert "血压 135/85，记下了" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_the_same_bare_number_twice_is_left_out(chat: Chat) -> None:
    task, _ = await weighed(chat)
    await answer(chat, "130")
    said = await answer(chat, "130")
    assert "先不记" in said.text
    assert (await answers(chat, task))["weight"] is None


async def test_a_moment_please_is_no_blood_sugar_of_one(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "等一下，停车怎么收费", "ask_hospital", ("topic", "parking"))
    assert "停车" in said.text
    assert "血糖是多少" in said.text
    assert await answers(chat, task) == {}
    assert await rows(chat, FollowUpAlert) == []


async def test_what_alarms_beside_a_doubt_is_said_with_its_advice(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "空腹18.5，体重130")
    assert "血糖 18.5" in said.text
    assert said.text.index("去急诊") < said.text.index("是不是 130 斤")
    assert "已经转给随访的医护人员" in said.text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    said = await answer(chat, "是的", "affirm")
    assert "体重 65 公斤，记下了" in said.text
    assert (await answers(chat, task))["weight"] == {"value": 65}


async def test_half_a_pressure_that_alarms_by_itself(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    said = await answer(chat, "高压200")
    assert said.text.index("请立刻拨打120") < said.text.index("还差一个数")
    assert await answers(chat, task) == {}
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    said = await answer(chat, "100")  # the other one
    assert "血压 200/100，记下了" in said.text
    assert (await answers(chat, task))["pressure"] == {"systolic": 200, "diastolic": 100}
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.measurement_id) == ("open", None)
    assert alert.answer_id is not None


async def test_two_alarms_in_one_message_are_passed_on_in_one_sentence(chat: Chat) -> None:
    await begun(chat, "hypertension")
    said = await answer(chat, "头晕得厉害，血压190")
    assert said.text.count("已经转给随访的医护人员") == 1
    assert said.text.index("手脚没力，请立刻拨打120") < said.text.index("还差一个数")
    assert len(await rows(chat, FollowUpAlert)) == 2


async def test_half_a_pressure_that_was_wrong(chat: Chat) -> None:
    task, _ = await begun(chat, "hypertension")
    await answer(chat, "高压200")
    await answer(chat, "不对，是120/80", "correct")
    assert (await answers(chat, task))["pressure"] == {"systolic": 120, "diastolic": 80}
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["closed"]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("低压80", {"systolic": 135, "diastolic": 80}),
        ("80", {"systolic": 135, "diastolic": 80}),
        ("高压130", None),
        ("145", None),
        ("130/80", {"systolic": 130, "diastolic": 80}),
    ],
)
async def test_the_other_number_alone(chat: Chat, words: str, kept: dict[str, float] | None) -> None:
    task, _ = await begun(chat, "hypertension")
    await answer(chat, "高压135")
    said = await answer(chat, words)
    assert ("还差一个数" in said.text) is (kept is None)
    assert (await answers(chat, task)).get("pressure") == kept


@pytest.mark.parametrize(
    ("words", "told", "advice"),
    [
        ("血糖仪显示HI", "血糖 33.3（血糖仪显示 HI）", "去急诊"),
        ("血糖仪显示LO", "血糖 1.1（血糖仪显示 LO）", "请马上吃糖"),
    ],
)
async def test_beyond_what_a_meter_shows_alarms(chat: Chat, words: str, told: str, advice: str) -> None:
    await begun(chat, "diabetes")
    said = await answer(chat, words)
    assert told in said.text
    assert advice in said.text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    assert "改好了：血糖 6.5。" in (await answer(chat, "看错了，是6.5", "correct")).text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["closed"]


async def series(chat: Chat) -> list[float]:
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    opened = [json.loads(chat.runtime.crypto.decrypt(one.value, "measurements.value")) for one in counting]
    return sorted(one["value"] for one in opened)


async def test_two_sure_values_are_both_kept(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "空腹6.1，餐后11.3")
    assert "血糖 11.3（餐后）" in said.text
    assert "血糖 6.1（空腹）" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 11.3, "when": "after_meal"}
    assert await series(chat) == [6.1, 11.3]
    await answer(chat, "不对，空腹是5.1", "correct")
    assert (await answers(chat, task))["sugar"] == {"value": 11.3, "when": "after_meal"}
    assert await series(chat) == [5.1, 11.3]
    await answer(chat, "看错了，餐后是9.3", "correct")
    assert (await answers(chat, task))["sugar"] == {"value": 9.3, "when": "after_meal"}
    assert await series(chat) == [5.1, 9.3]
    await answer(chat, "不对，是8.3", "correct")
    assert await series(chat) == [5.1, 8.3]


async def test_one_value_put_right_withdraws_no_other_ones_alert(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    await answer(chat, "空腹6.1，餐后18.5")
    await answer(chat, "不对，空腹是5.1", "correct")
    assert (await answers(chat, task))["sugar"] == {"value": 18.5, "when": "after_meal"}
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    await answer(chat, "看错了，餐后是8.5", "correct")
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["closed"]
    assert await series(chat) == [5.1, 8.5]


async def test_a_doubtful_value_beside_a_sure_one_is_asked_about_once(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "空腹6.1，餐后35")
    assert "血糖 6.1（空腹），记下了" in said.text
    assert "“血糖 35（餐后）”，和平常的数差得很多" in said.text
    assert "mg/dL" not in said.text  # 1.9 would be no likelier
    assert (await answers(chat, task))["sugar"] == {"value": 6.1, "when": "fasting"}
    said = await answer(chat, "餐后13.5")
    assert "血糖 13.5（餐后），记下了" in said.text
    assert "体重多少" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 13.5, "when": "after_meal"}
    assert await series(chat) == [6.1, 13.5]


async def test_the_lighter_one_joins_the_answer_that_stands(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    await answer(chat, "空腹18.1，餐后65")
    await answer(chat, "餐后9.1")
    assert (await answers(chat, task))["sugar"] == {"value": 18.1, "when": "fasting"}
    assert await series(chat) == [9.1, 18.1]
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


@pytest.mark.parametrize(
    ("words", "intent", "alerts"), [("餐后35", "nlu_fallback", 1), ("不是", "deny", 0), ("跳过", "deny", 0)]
)
async def test_the_sure_one_stays_whatever_is_said_to_the_other(
    chat: Chat, words: str, intent: str, alerts: int
) -> None:
    task, _ = await begun(chat, "diabetes")
    await answer(chat, "空腹6.1，餐后35")
    said = await answer(chat, words, intent)
    assert ("已经转给随访的医护人员" in said.text) is bool(alerts)
    assert "体重多少" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 6.1, "when": "fasting"}
    assert await series(chat) == [6.1]
    assert len(await rows(chat, FollowUpAlert)) == alerts


async def test_a_stray_number_beside_a_sure_one_is_not_asked_about(chat: Chat) -> None:
    await begun(chat, "diabetes")
    said = await answer(chat, "空腹6.1，家里门牌501")
    assert "体重多少" in said.text
    assert await series(chat) == [6.1]


async def test_two_doubtful_values_of_one_message_are_both_asked_about(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "血糖98，体重130")
    assert "是不是 98 mg/dL" in said.text
    assert "体重" not in said.text
    said = await answer(chat, "是的", "affirm")
    assert "血糖 5.4，记下了" in said.text
    assert "是不是 130 斤" in said.text
    said = await answer(chat, "是的", "affirm")
    assert "体重 65 公斤，记下了" in said.text
    assert "胰岛素" in said.text  # the next question
    kept = await answers(chat, task)
    assert (kept["sugar"], kept["weight"]) == ({"value": 5.4}, {"value": 65})


async def test_two_doubtful_values_of_one_question_are_both_asked_about(chat: Chat) -> None:
    await begun(chat, "diabetes")
    said = await answer(chat, "空腹98，餐后160")
    assert "是不是 98 mg/dL" in said.text
    said = await answer(chat, "是的", "affirm")
    assert "是不是 160 mg/dL" in said.text
    said = await answer(chat, "是的", "affirm")
    assert "体重多少" in said.text
    assert await series(chat) == [5.4, 8.9]


@pytest.mark.parametrize("words", ["跳过", "不对，空腹5.4"])
async def test_the_second_doubt_is_asked_about_whatever_becomes_of_the_first(chat: Chat, words: str) -> None:
    await begun(chat, "diabetes")
    await answer(chat, "血糖98，体重130")
    said = await answer(chat, words, "correct" if "不对" in words else "inform")
    assert "是不是 130 斤" in said.text


async def test_a_doubt_that_was_answered_meanwhile_is_not_asked_about(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    await answer(chat, "血糖98，体重130")
    said = await answer(chat, "血糖5.4，体重65公斤")
    assert "130" not in said.text
    assert "胰岛素" in said.text
    assert (await answers(chat, task))["weight"] == {"value": 65}


async def test_a_bound_of_yesterday_beside_a_sugar_is_asked_for(chat: Chat) -> None:
    task, _ = await begun(chat, "diabetes")
    said = await answer(chat, "空腹6.5，昨天晚上不到8")
    assert "血糖 6.5（空腹），记下了" in said.text
    assert "准确的数是多少" in said.text
    assert (await answers(chat, task))["sugar"] == {"value": 6.5, "when": "fasting"}


async def test_a_bound_of_yesterday_behind_a_sugar_is_no_weight(chat: Chat) -> None:
    await weighed(chat)
    said = await answer(chat, "昨天晚上不到8", "log_measurement")
    assert "准确的数是多少" in said.text
    assert "体重" not in said.text
    said = await answer(chat, "7.8")
    assert "血糖 7.8" in said.text
    assert "体重多少" in said.text
    assert await series(chat) == [6.1, 7.8]
