"""What patients measure without being asked."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from integrations.hospital import accounts
from integrations.hospital.follow_up import alerts
from integrations.hospital.models import FollowUpAlert, HospitalEvent, Measurement, Relation, Sex

from .conftest import Chat, Clinic, Outside, Said

PRESSURE = ("measurement", "blood_pressure")


async def log(chat: Chat, words: str, *entities: tuple[str, Any], intent: str = "log_measurement") -> Said:
    return await chat.say(intent, PRESSURE, *entities, text=words)


async def rows(chat: Chat, model: Any) -> list[Any]:
    async with chat.runtime.database.begin() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


def values(chat: Chat, row: Measurement) -> dict[str, Any]:
    return json.loads(chat.runtime.crypto.decrypt(row.value, "measurements.value"))


async def counting(chat: Chat) -> list[Measurement]:
    return [one for one in await rows(chat, Measurement) if one.replaced_at is None]


async def test_it_is_kept_and_repeated(chat: Chat, outside: Outside) -> None:
    said = await log(chat, "血压 135/85，心率72")
    assert "*明，血压 135/85，心率 72" in said.text
    [kept] = await rows(chat, Measurement)
    assert (kept.taken_at, kept.method, kept.answer_id) == (outside.now, "chat", None)
    assert chat.form == ""


async def test_several_at_once_and_when(chat: Chat, outside: Outside) -> None:
    said = await log(chat, "昨天晚上血压150/95，体重125斤", ("date", "2026-11-21"), ("period", "evening"))
    assert "血压 150/95、体重 62.5 公斤" in said.text
    assert "请安静坐5分钟后再量一次" in said.text
    assert {str(one.taken_at) for one in await rows(chat, Measurement)} == {"2026-11-21 12:00:00+00:00"}


async def test_an_alarm(chat: Chat, outside: Outside) -> None:
    said = await log(chat, "血压 190/120")
    assert "120" in said.text
    assert said.buttons == {}
    assert "已经转给随访的医护人员" in said.text
    assert "现在是下班时间" in said.text  # Sunday
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.measurement_id is not None, alert.page_at) == (True, outside.now)


async def test_a_correction_takes_the_place_of_the_one_before(chat: Chat, outside: Outside) -> None:
    await log(chat, "血压 190/120")
    await log(chat, "不对，是130/80")
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert len(counting) == 1
    [alert] = await rows(chat, FollowUpAlert)
    assert alert.status == "closed"
    outside.now += timedelta(hours=1)
    await log(chat, "不对，是128/80")  # an hour later it is a new one
    assert len([one for one in await rows(chat, Measurement) if one.replaced_at is None]) == 2


@pytest.mark.parametrize("words", ["我没看错，现在降到150/90了", "没量错，刚又量了一次血压150/90"])
async def test_who_stands_by_an_alarm_takes_nothing_back(chat: Chat, words: str) -> None:
    await log(chat, "血压 185/118")
    await log(chat, words)
    assert [values(chat, one)["systolic"] for one in await counting(chat)] == [185, 150]
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_a_correction_of_several_values_keeps_them_all(chat: Chat) -> None:
    await log(chat, "血压 130/80")
    said = await log(chat, "写错了，早上190/115，晚上150/90")
    assert "血压 190/115、血压 150/90" in said.text
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert [values(chat, one)["systolic"] for one in counting] == [190, 150]
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.measurement_id) == ("open", counting[0].id)


async def test_what_a_correction_denies_is_not_kept(chat: Chat) -> None:
    await log(chat, "血压 190/120")
    await log(chat, "不对，不是190/120，是130/80")
    [counting] = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert values(chat, counting) == {"systolic": 130, "diastolic": 80}
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["closed"]


@pytest.mark.parametrize("words", ["血压 1350/85", "血压 135/135", "血压 高压135"])
async def test_what_can_hardly_be_is_not_kept(chat: Chat, words: str) -> None:
    said = await log(chat, words)
    assert "再看一下" in said.text or "还差一个数" in said.text
    assert await counting(chat) == []


async def test_a_relative(chat: Chat, clinic: Clinic) -> None:
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    said = await log(chat, "我妈血压150/90", ("relative", "妈"))
    assert "*芳，血压 150/90" in said.text
    assert {str(one.patient_id) for one in await rows(chat, Measurement)} == {mother}
    said = await log(chat, "我爸血压150/90", ("relative", "爸"))
    assert "还没有登记" in said.text
    assert len(await rows(chat, Measurement)) == 1


async def test_without_consent_or_registration_nothing_is_kept(clinic: Clinic) -> None:
    stranger = await clinic.chat(consent=False, registered=False)
    assert "需要您同意" in (await log(stranger, "血压 135/85")).text
    newcomer = await clinic.chat(registered=False)
    assert "登记" in (await log(newcomer, "血压 135/85")).text
    assert await rows(newcomer, Measurement) == []


async def test_under_the_notice_before_an_alarm_still_reaches_staff(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    assert "请立刻拨打120" in (await log(chat, "血压 200/130")).text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_inside_a_booking_it_is_kept_beside_it(chat: Chat) -> None:
    asked = await chat.say("book_appointment")
    said = await log(chat, "血压 135/85")
    assert "记下了" in said.text
    assert asked.text in said.text
    assert chat.form == "booking_form"


async def test_how_it_went(chat: Chat, outside: Outside) -> None:
    for value in ("130/80", "140/90", "135/85"):
        await log(chat, f"血压 {value}")
        outside.now += timedelta(days=1)
    said = await chat.say("my_measurements", text="看看我的血压", message_id="t" * 32)
    assert "最近 90 天记了 3 次，平均 135/85；最近一次是11月24日（周二），血压 135/85" in said.text
    await chat.say("my_measurements", text="看看我的血压", message_id="t" * 32)
    [event] = [one for one in await rows(chat, HospitalEvent) if one.kind == "trend_asked"]
    assert set(event.payload) == {"patient_id", "kind"}


async def test_which_one_and_none(chat: Chat) -> None:
    assert "还没有记过" in (await chat.say("my_measurements", text="看看我的血压")).text
    await log(chat, "血压 135/85，体重60公斤")
    said = await chat.say("my_measurements", text="看看我记的数据")
    assert set(said.buttons) == {"看看血压变化", "看看体重变化"}
    said = await chat.press(said, "看看体重")
    assert "体重 60 公斤" in said.text
    assert "只记了 1 次" in said.text


@pytest.mark.parametrize(
    "words", ["妈妈早上135/85", "早上妈135/85", "我今天量了，妈妈是135/85", "mom 135/85", "Mom's bp 135/85"]
)
async def test_a_relative_without_whose_it_is(chat: Chat, clinic: Clinic, words: str) -> None:
    await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    assert "*芳" in (await log(chat, words)).text


async def test_which_of_several_relatives_is_asked_with_buttons(chat: Chat, clinic: Clinic) -> None:
    await clinic.relative(chat, Relation.CHILD, date(2010, 1, 1), Sex.MALE, "*华")
    second = await clinic.relative(chat, Relation.CHILD, date(2012, 1, 1), Sex.MALE, "*宝")
    said = await log(chat, "我儿子昨天血压120/70", ("relative", "儿子"), ("date", "2026-11-21"))
    assert "哪一位" in said.text
    assert await rows(chat, Measurement) == []
    said = await chat.say("nlu_fallback", text="嗯")
    assert "哪一位" in said.text
    assert len(said.buttons) == 2
    said = await chat.press(said, "*宝")
    assert "*宝，血压 120/70" in said.text
    assert chat.form == ""
    [kept] = await rows(chat, Measurement)
    assert (str(kept.patient_id), str(kept.taken_at.date())) == (second, "2026-11-21")


async def test_who_does_not_say_whose_it_is_keeps_nothing(chat: Chat, clinic: Clinic) -> None:
    for name in ("*华", "*宝"):
        await clinic.relative(chat, Relation.CHILD, date(2010, 1, 1), Sex.MALE, name)
    await log(chat, "我儿子血压120/70", ("relative", "儿子"))
    assert "没有记" in (await chat.say("cancel")).text
    assert await rows(chat, Measurement) == []
    await chat.say("book_appointment")
    said = await log(chat, "我儿子血压120/70", ("relative", "儿子"))
    assert "先不记" in said.text
    assert chat.form == "booking_form"
    assert await rows(chat, Measurement) == []


async def test_a_correction_is_of_the_one_who_was_meant(chat: Chat, clinic: Clinic) -> None:
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    await log(chat, "血压 120/70")
    await log(chat, "我妈早上135/85", ("relative", "妈"), ("period", "morning"))
    said = await log(chat, "不对，是130/80")
    assert "*芳，血压 130/80" in said.text
    counting = [one for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert [str(one.patient_id) == mother for one in counting] == [False, True]


@pytest.mark.parametrize(
    ("words", "asked", "kept"),
    [
        ("血压 80/130", "是不是 血压 130/80", {"systolic": 130, "diastolic": 80}),
        ("体重 130", "是不是 130 斤，也就是体重 65 公斤", {"value": 65}),
        ("体重300公斤", "是不是 300 斤，也就是体重 150 公斤", {"value": 150}),
        ("空腹血糖 110", "是不是 110 mg/dL，也就是血糖 6.1", {"value": 6.1, "when": "fasting"}),
        ("体温 365", "是不是 体温 36.5", {"value": 36.5}),
    ],
)
async def test_what_was_likelier_meant_is_asked_and_kept_on_a_yes(
    chat: Chat, words: str, asked: str, kept: dict[str, Any]
) -> None:
    said = await log(chat, words)
    assert asked in said.text
    assert await counting(chat) == []
    said = await chat.say("affirm", text="是的")
    assert "记下了：*明" in said.text
    [row] = await counting(chat)
    assert values(chat, row) == kept
    assert chat.form == ""


async def test_a_heavy_patient_is_believed(chat: Chat) -> None:
    said = await log(chat, "体重 130")
    assert list(said.buttons) == ["130 斤", "体重 130 公斤"]
    said = await chat.press(said, "体重 130 公斤")
    assert "体重 130 公斤" in said.text
    await log(chat, "体重 131公斤")  # with its unit there is nothing to ask
    assert [values(chat, one)["value"] for one in await rows(chat, Measurement)] == [130, 131]


@pytest.mark.parametrize(("words", "weight"), [("斤", 65), ("公斤", 130), ("62公斤", 62), ("是130斤", 65)])
async def test_the_unit_alone_or_another_value_is_an_answer(chat: Chat, words: str, weight: float) -> None:
    await log(chat, "体重 130")
    await chat.say("nlu_fallback", text=words)
    [row] = await rows(chat, Measurement)
    assert values(chat, row) == {"value": weight}


async def test_no_to_what_cannot_be_keeps_nothing(chat: Chat) -> None:
    await log(chat, "血压 80/130")
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "是不是 血压 130/80" in said.text
    said = await chat.say("deny", text="不是")
    assert "没有记" in said.text
    assert await counting(chat) == []


async def test_in_english_a_bare_weight_may_be_in_pounds(chat: Chat) -> None:
    chat.language = "en"
    said = await log(chat, "my weight is 180")
    assert "Do you mean 180 lb, which is weight 81.6 kg?" in said.text
    await chat.say("affirm", text="yes")
    [row] = await rows(chat, Measurement)
    assert values(chat, row) == {"value": 81.6}


async def test_inside_a_booking_the_question_there_stays_the_only_one(chat: Chat) -> None:
    asked = await chat.say("book_appointment")
    said = await log(chat, "体重 130")
    assert "带上单位" in said.text
    assert asked.text in said.text
    assert await rows(chat, Measurement) == []


async def test_a_sure_alarm_does_not_wait_for_what_is_asked_about(chat: Chat) -> None:
    said = await log(chat, "血压190/115，体重130")
    assert "记下了：*明，血压 190/115" in said.text
    assert said.text.index("请立刻拨打120") < said.text.index("是不是 130 斤")
    assert "已经转给随访的医护人员" in said.text
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]
    said = await chat.say("affirm", text="是的")
    assert "体重 65 公斤" in said.text
    assert "血压" not in said.text
    kept = [values(chat, one) for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert kept == [{"systolic": 190, "diastolic": 115}, {"value": 65}]
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_each_doubtful_value_is_asked_about_once(chat: Chat) -> None:
    await log(chat, "写错了，血压早上80/130，晚上190/115，体重130")
    said = await chat.say("affirm", text="是的")
    assert "是不是 130 斤" in said.text
    await chat.say("affirm", text="是的")
    counting = [values(chat, one) for one in await rows(chat, Measurement) if one.replaced_at is None]
    assert counting == [
        {"systolic": 190, "diastolic": 115},
        {"systolic": 130, "diastolic": 80},
        {"value": 65},
    ]
    assert chat.form == ""


async def test_inside_a_booking_a_sure_alarm_is_kept_beside_a_doubt(chat: Chat) -> None:
    await chat.say("book_appointment")
    said = await log(chat, "血压190/115，体重130")
    assert "请立刻拨打120" in said.text
    assert "带上单位" in said.text
    assert [one.kind for one in await rows(chat, Measurement)] == ["blood_pressure"]
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["open"]


async def test_half_a_pressure_that_alarms_by_itself_reaches_staff(chat: Chat) -> None:
    said = await log(chat, "高压200")
    assert said.text.index("请立刻拨打120") < said.text.index("还差一个数")
    assert "已经转给随访的医护人员" in said.text
    [alert] = await rows(chat, FollowUpAlert)
    [half] = await rows(chat, Measurement)
    assert (alert.status, alert.measurement_id) == ("open", half.id)
    assert half.replaced_at is not None  # in no series


@pytest.mark.parametrize("words", ["高压2000", "高压135", "高压70"])
async def test_another_half_a_pressure_alarms_nobody(chat: Chat, words: str) -> None:
    said = await log(chat, words)
    assert "拨打120" not in said.text
    assert await rows(chat, FollowUpAlert) == []


async def test_half_a_pressure_and_then_the_whole_is_one_alert(chat: Chat) -> None:
    await log(chat, "高压200")
    await log(chat, "血压 200/110")
    [alert] = await rows(chat, FollowUpAlert)
    [whole] = await counting(chat)
    assert (alert.status, alert.measurement_id) == ("open", whole.id)


async def test_what_alarms_after_staff_took_half_a_pressure_is_an_alert_of_its_own(
    chat: Chat, outside: Outside
) -> None:
    await log(chat, "高压200")
    [half] = await rows(chat, FollowUpAlert)
    async with chat.runtime.database.begin() as session:
        await alerts.acknowledge(session, half.id, staff="staff:test", now=outside.now)
    outside.now += timedelta(minutes=20)
    await log(chat, "血压 230/140")
    [whole] = await counting(chat)
    told = [(one.status, one.measurement_id, one.page_at) for one in await rows(chat, FollowUpAlert)]
    assert told == [
        ("acknowledged", half.measurement_id, half.page_at),
        ("open", whole.id, outside.now),
    ]


async def test_half_a_pressure_that_was_wrong_is_withdrawn(chat: Chat) -> None:
    await log(chat, "高压200")
    await log(chat, "不对，血压是120/80")
    assert [one.status for one in await rows(chat, FollowUpAlert)] == ["closed"]


@pytest.mark.parametrize(("words", "paged"), [("血压 1350/85", True), ("体重 700公斤", False)])
async def test_who_stands_by_what_can_hardly_be_reaches_staff(chat: Chat, words: str, paged: bool) -> None:
    await log(chat, words)
    assert await rows(chat, FollowUpAlert) == []
    said = await log(chat, words)
    assert "已经转给随访的医护人员" in said.text
    assert await counting(chat) == []
    [alert] = await rows(chat, FollowUpAlert)
    assert (alert.status, alert.page_at is not None) == ("open", paged)
    await log(chat, words)
    assert len(await rows(chat, FollowUpAlert)) == 1


async def test_told_again_to_the_question_what_was_meant(chat: Chat) -> None:
    await log(chat, "血压 80/130")
    said = await chat.say("nlu_fallback", text="80/130")
    assert "已经转给随访的医护人员" in said.text
    assert len(await rows(chat, FollowUpAlert)) == 1
    assert chat.form == ""
