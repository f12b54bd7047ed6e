"""Values that can hardly be: asked about with what was likelier meant, and left out when they come twice."""

from __future__ import annotations

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
    assert "先不记" in said.text
    assert "按时吃了吗" in said.text
    assert await answers(chat, task) == {"pressure": None}


async def test_a_weight_that_cannot_be_is_refused_with_a_reason(chat: Chat) -> None:
    task, _ = await weighed(chat)
    said = await answer(chat, "700")
    assert "“体重 700 公斤”，和平常的数差得很多，先没有记" in said.text
    assert "weight" not in await answers(chat, task)
    said = await answer(chat, "700")
    assert "我先不记" in said.text
    assert "120" in said.text
    assert (await answers(chat, task))["weight"] is None
    assert [one.kind for one in await rows(chat, Measurement)] == ["glucose"]


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
    assert "先不记" in said.text
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
    await answer(chat, "200/100")
    assert (await answers(chat, task))["pressure"] == {"systolic": 200, "diastolic": 100}
