"""The questions before a visit: what is asked, what is not asked again, and what is stored for the doctor."""

from __future__ import annotations

import json
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from integrations.hospital import accounts, tokens
from integrations.hospital.intake import keeping
from integrations.hospital.models import ConsentKind, Intake, IntakeMedium, Relation, Sex
from integrations.hospital.tokens import TOKEN_PATTERN

from .conftest import NOW, WEDNESDAY, Chat, Clinic, Outside, Said


async def read(chat: Chat, said: Said | str) -> str:
    """As the patient reads it: what is to be shown in the place of its token."""
    text = said if isinstance(said, str) else said.text
    for found in list(TOKEN_PATTERN.finditer(text)):
        async with chat.runtime.database.begin() as session:
            value = await tokens.reveal(
                session,
                chat.runtime.crypto,
                conversation_id=chat.contact.id,
                token=found[0],
                purpose="test",
                now=NOW,
            )
        text = text.replace(found[0], value)
    return text


async def answer(chat: Chat, *told: str) -> Said:
    """Typed answers, as the worker hands them over: swapped for a token."""
    said = None
    for words in told:
        entity = await chat.token("health", words)
        said = await chat.say("inform", entity, text=entity[1])
    assert said
    return said


async def stored(chat: Chat) -> list[Intake]:
    async with chat.runtime.database.begin() as session:
        return list(await session.scalars(select(Intake).order_by(Intake.id)))


def opened(chat: Chat, one: Intake) -> tuple[str, dict[str, list[dict[str, object]]]]:
    crypto = chat.runtime.crypto
    bundle = json.loads(crypto.decrypt(one.content, "intakes.content"))
    kinds: dict[str, list[dict[str, object]]] = {}
    for entry in bundle["entry"]:
        kinds.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return crypto.decrypt(one.summary, "intakes.summary"), kinds


async def test_every_question_once_and_stored_as_data_and_text(clinic: Clinic) -> None:
    schedule = await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say(
        "book_appointment", ("department", clinic.departments["心血管内科"]), ("schedule", schedule)
    )
    await chat.say("affirm")
    said = await chat.say("start_intake", text="填病情")
    assert "不是医生" in said.text
    assert "哪里不舒服" in said.text
    assert said.expects == "health"
    said = await answer(chat, "右边膝盖疼三天了，走不动路")
    assert "多难受" in said.text  # since when was told already
    said = await answer(chat, "很疼，7分吧")
    assert "别的不舒服" in said.text
    said = await chat.press(said, "没有")
    said = await answer(chat, "高血压")
    assert "过敏" in said.text
    said = await answer(chat, "青霉素过敏")
    said = await answer(chat, "氨氯地平")
    assert "报告" in said.text  # a man is not asked about pregnancy
    said = await chat.say("deny", text="没有")
    summary = await read(chat, said)
    for line in (
        "主诉：右边膝盖疼三天了，走不动路",
        "开始时间：三天（11月19日（周四）起）",
        "程度：7/10",
        "伴随症状：没有",
        "既往史：高血压",
        "过敏：青霉素过敏",
        "用药：氨氯地平",
    ):
        assert line in summary
    assert "膝盖" not in said.text  # Rasa sees a token
    assert "膝盖" not in str(chat.slots)
    said = await chat.press(said, "确认")
    assert "李静" in said.text
    assert "120" in said.text
    assert chat.form == ""
    [one] = await stored(chat)
    assert one.appointment_id
    text, kinds = opened(chat, one)
    assert "青霉素过敏" in text
    complaint, history = kinds["Condition"]
    assert complaint["code"] == {"text": "右边膝盖疼三天了，走不动路"}
    assert complaint["onsetDateTime"] == "2026-11-19"
    assert complaint["severity"]["text"] == "7/10"  # type: ignore[index]
    assert history["code"] == {"text": "高血压"}
    assert kinds["Observation"][0]["valueInteger"] == 7
    assert kinds["AllergyIntolerance"][0]["code"] == {"text": "青霉素过敏"}
    assert kinds["MedicationStatement"][0]["medicationCodeableConcept"] == {"text": "氨氯地平"}


async def test_what_triage_was_told_is_not_asked_again(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("tell_symptoms", text="腰疼两个星期了，疼得有8分")
    said = await chat.say("start_intake")
    known = await read(chat, said)
    assert "腰疼两个星期了" in known
    assert "程度：8/10" in known
    assert "别的不舒服" in known


@pytest.mark.parametrize(
    ("told", "who"),
    [("我妈膝盖疼半年了", "您妈妈"), ("3岁孩子发烧两天了", "您孩子"), ("78岁，膝盖疼半年了", "您的家人")],
)
async def test_what_was_told_of_somebody_unregistered_goes_into_nobodys_file(
    clinic: Clinic, told: str, who: str
) -> None:
    schedule = await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say(
        "book_appointment", ("department", clinic.departments["心血管内科"]), ("schedule", schedule)
    )
    await chat.say("affirm")
    await chat.say("tell_symptoms", *[("relative", "妈")] * told.startswith("我妈"), text=told)
    said = await chat.say("start_intake", text="预问诊")
    assert f"没有登记过{who}" in said.text
    assert "谁的病情" in said.text
    assert f"先登记{who}" in said.buttons
    said = await chat.press(said, "*明")
    assert "哪里不舒服" in said.text
    assert "您已经说过的" not in said.text
    assert told not in await read(chat, said)


async def test_a_relative_is_registered_first_and_what_was_told_of_them_goes_on(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("tell_symptoms", ("relative", "妈"), text="我妈膝盖疼半年了")
    said = await chat.say("start_intake", text="预问诊")
    await chat.press(said, "先登记您妈妈")
    assert chat.form == "family_form"
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    said = await chat.say("page_completed", ("purpose", "family"), ("patient", mother), kind="system")
    assert chat.form == "intake_form"
    assert "*芳" in said.text
    assert "膝盖疼半年了" in await read(chat, said)


async def test_of_several_children_it_is_asked_and_then_kept(clinic: Clinic) -> None:
    chat = await clinic.chat()
    for born, name in ((2018, "*大"), (2020, "*小")):
        await clinic.relative(chat, Relation.CHILD, date(born, 5, 1), Sex.MALE, name)
    await chat.say("tell_symptoms", text="孩子咳嗽三天了")
    said = await chat.say("start_intake", text="预问诊")
    assert "没有登记过" not in said.text
    said = await chat.press(said, "*小")
    assert "咳嗽三天了" in await read(chat, said)


async def test_what_was_told_of_a_relative_waits_for_their_own_questions(clinic: Clinic) -> None:
    """The owner's own are asked and stored in between."""
    chat = await clinic.chat()
    mother = await clinic.relative(chat, Relation.PARENT, date(1950, 1, 1), Sex.FEMALE, "*芳")
    await chat.say("tell_symptoms", ("relative", "妈"), text="我妈膝盖疼半年了")
    said = await chat.say("start_intake", ("oneself", True), text="给我自己填病情")
    assert "半年" not in await read(chat, said)
    await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    await chat.say("deny", text="没有")
    await chat.say("affirm")
    said = await chat.say("start_intake", text="预问诊")
    assert "*芳" in said.text
    assert "膝盖疼半年了" in await read(chat, said)
    [one] = await stored(chat)
    assert str(one.patient_id) != mother


async def test_since_when_counts_from_the_day_on_which_it_was_told(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("tell_symptoms", text="腰疼三天了，疼得有8分")
    outside.now = NOW + timedelta(days=1)
    said = await chat.say("start_intake", text="预问诊", away=timedelta(days=1))
    assert "三天（11月19日（周四）起）" in await read(chat, said)
    await answer(chat, "没有", "没有", "没有", "没有")
    outside.now = NOW + timedelta(days=2)
    said = await chat.say("deny", text="没有")
    assert "三天（11月19日（周四）起）" in await read(chat, said)
    await chat.say("affirm")
    [one] = await stored(chat)
    assert opened(chat, one)[1]["Condition"][0]["onsetDateTime"] == "2026-11-19"


async def test_what_was_told_days_ago_is_told_anew(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.say("tell_symptoms", text="咳嗽三天了")
    outside.now = NOW + timedelta(days=3)
    said = await chat.say("start_intake", text="预问诊", away=timedelta(days=3))
    assert "您已经说过的" not in said.text
    assert "哪里不舒服" in said.text


async def test_known_allergies_are_confirmed_not_asked_anew(clinic: Clinic) -> None:
    chat = await clinic.chat()
    for round_ in (1, 2):
        await chat.say("start_intake")
        said = await answer(chat, "头疼半年了", "3", "没有", "没有")
        shown = await read(chat, said)
        if round_ == 1:
            said = await answer(chat, "头孢")
        else:
            assert "您上次填的是：头孢" in shown
            said = await chat.press(said, "还是这样")
        await answer(chat, "没有")
        said = await chat.say("deny", text="没有")
        assert "过敏：头孢" in await read(chat, said)
        await chat.say("affirm", text="确认")
    assert len(await stored(chat)) == 2


async def test_fields_are_put_right_one_by_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "嗓子疼两天", "跳过", "没有", "不清楚", "没有", "没有")
    said = await chat.say("deny", text="没有")
    summary = await read(chat, said)
    assert "程度：不清楚" in summary
    said = await answer(chat, "过敏改成青霉素")
    assert "过敏：青霉素" in await read(chat, said)
    said = await chat.press(said, "修改")
    assert "要改哪一项" in said.text
    said = await chat.press(said, "程度")
    said = await answer(chat, "5")
    summary = await read(chat, said)
    assert "程度：5/10" in summary
    said = await answer(chat, "还有流鼻涕")
    assert "伴随症状：还有流鼻涕" in await read(chat, said)
    await chat.say("affirm", text="对的")
    [one] = await stored(chat)
    assert "程度：5/10" in opened(chat, one)[0]


async def test_pictures_are_attached_at_any_question(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    first, second = uuid4().hex, uuid4().hex
    said = await chat.say("non_text", kind="image", message_id=first)
    assert "已有 1 份" in said.text
    assert "哪里不舒服" in said.text
    await answer(chat, "起疹子三天", "4", "没有", "没有", "没有")
    said = await chat.say("non_text", kind="image", message_id=second)
    said = await answer(chat, "没有")
    assert "附件：2 份" in await read(chat, said)
    await chat.say("affirm")
    async with chat.runtime.database.begin() as session:
        kept = set(await session.scalars(select(IntakeMedium.message_id)))
    assert kept == {UUID(first), UUID(second)}


async def test_pregnancy_is_asked_of_a_woman_of_that_age_only(clinic: Clinic) -> None:
    chat = await clinic.chat()
    wife = await clinic.relative(chat, Relation.SPOUSE, date(1994, 1, 1), Sex.FEMALE, "*丽")
    said = await chat.say("start_intake", text="填病情")
    assert "谁的病情" in said.text
    said = await chat.press(said, "*丽")
    said = await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    assert "怀孕" in said.text
    said = await answer(chat, "怀孕5个月")
    await chat.say("deny", text="没有")
    await chat.say("affirm")
    [one] = await stored(chat)
    assert str(one.patient_id) == wife
    assert opened(chat, one)[1]["Observation"][-1]["valueString"] == "怀孕5个月"


async def test_consent_and_registration_come_first(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("start_intake", text="填病情")
    assert chat.form == "consent_form"
    assert chat.slots["then"] == "intake_form"
    await chat.say("give_consent")
    assert chat.form == "registration_form"
    chat = await clinic.chat(registered=False)
    await chat.say("start_intake", text="填病情")
    assert chat.form == "registration_form"
    assert await stored(chat) == []


async def test_a_consent_taken_back_meanwhile_keeps_all_from_being_stored(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    await chat.say("deny", text="没有")
    async with chat.runtime.database.begin() as session:
        await accounts.withdraw_consents(session, chat.contact, [ConsentKind.HEALTH_DATA], NOW, None)
    await chat.say("affirm")
    assert chat.form == "consent_form"
    assert await stored(chat) == []


async def test_ways_out_back_and_on_again(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    said = await answer(chat, "头疼三天")
    assert "多难受" in said.text
    said = await answer(chat, "说不上来啊这个嘛")
    assert "多难受" in said.text  # no number: asked once more
    said = await chat.say("go_back", text="返回")
    assert "什么时候开始" in said.text
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "停车" in said.text
    assert "什么时候开始" in said.text
    await chat.say("book_appointment", text="挂号")
    assert chat.form == "booking_form"
    said = await chat.say("start_intake", text="填病情")
    assert "头疼三天" in await read(chat, said)
    said = await chat.say("cancel", text="取消")
    assert "什么都没有转给医生" in said.text
    assert chat.form == ""


async def test_what_tells_no_complaint_is_not_taken_for_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    for words in ("我在楼上", "等一下"):  # no token: it speaks to us
        said = await chat.say("nlu_fallback", text=words)
        assert said.text.startswith("好的，不急。")
        assert "哪里不舒服" in said.text
        assert said.expects == "health"
    said = await answer(chat, "你们的沙发真软")
    assert "没太明白" in said.text
    said = await answer(chat, "心里不得劲儿")  # believed when it comes again, whatever the words
    assert chat.slots["requested_slot"] == "intake_onset"
    said = await chat.say("inform", text="我在路上")
    assert said.text.startswith("好的，不急。")
    assert chat.slots["requested_slot"] == "intake_onset"


async def test_yes_alone_names_no_allergy(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "头疼三天", "2", "没有", "没有")
    said = await chat.say("affirm", text="有")
    assert "请说说是哪些" in said.text
    assert "过敏" in said.text


async def test_a_message_that_is_handled_twice_is_stored_once(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    await chat.say("deny", text="没有")
    before, message = dict(chat.slots), uuid4().hex
    await chat.say("affirm", message_id=message)
    chat.slots, chat.form = before, "intake_form"
    await chat.say("affirm", message_id=message)
    assert len(await stored(chat)) == 1


async def test_staff_read_with_a_reason_that_is_kept(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "咳嗽一周", "2", "没有", "没有", "没有", "没有")
    await chat.say("deny", text="没有")
    await chat.say("affirm")
    async with chat.runtime.database.begin() as session:
        [line] = await keeping.listed(session)
        assert line.patient == "*明"
        told = await keeping.reveal(session, chat.runtime.crypto, line.id, actor="staff:lin", reason="接诊")
    assert "主诉：咳嗽一周" in told.summary


async def test_english(clinic: Clinic) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    said = await chat.say("start_intake")
    assert "What is the main problem?" in said.text
    said = await answer(chat, "cough for two weeks")
    said = await answer(chat, "4", "none", "not sure", "no", "skip")
    said = await chat.say("deny", text="none")
    summary = await read(chat, said)
    assert "Since: two weeks" in summary
    assert "History: Not sure" in summary
    await chat.press(said, "Confirm")
    [one] = await stored(chat)
    assert "主诉：cough for two weeks" in opened(chat, one)[0]  # the doctor reads Chinese


async def test_a_visit_is_asked_for_at_any_question(clinic: Clinic) -> None:
    """Nothing of it is taken for an answer, and the questions are offered again when the visit is booked."""
    await clinic.session("张伟", WEDNESDAY)
    for at in ("intake_medicines", "intake_pictures"):
        chat = await clinic.chat()
        await chat.say("start_intake")
        for words in ("右边膝盖疼", "三天", "5", *["没有"] * 6):
            if chat.slots["requested_slot"] != at:
                await answer(chat, words)
        assert chat.slots["requested_slot"] == at
        bone = ("department", clinic.departments["骨科"])
        said = await chat.say("inform", bone, ("date", WEDNESDAY.isoformat()), text="下周三上午挂骨科")
        assert chat.form == "booking_form"
        assert "张伟" in said.text
        said = await chat.say("affirm")
        assert "您刚才还说：预问诊" in said.text
        said = await chat.press(said, "好的")
        assert chat.slots["requested_slot"] == at


async def test_behind_an_answer_a_question_and_a_visit(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    token = await chat.token("health", "右边膝盖疼三天了，走不动路，上下楼更厉害")
    said = await chat.say(
        "ask_hospital", token, ("topic", "parking"), text=f"{token[1]}，另外问一下停车怎么收费"
    )
    assert "前 30 分钟免费" in said.text
    assert chat.slots["requested_slot"] == "intake_severity"
    token = await chat.token("health", "7分")
    bone = ("department", clinic.departments["骨科"])
    said = await chat.say("book_appointment", token, bone, text=f"{token[1]}，另外帮我挂个骨科")
    assert said.text.startswith("还有：预约挂号（骨科）")
    assert chat.slots["requested_slot"] == "intake_accompanying"


async def test_a_slip_in_the_answer_before_is_put_right_at_once(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    said = await answer(chat, "右边膝盖疼三天了", "大概5", "没有", "高血压")
    assert "过敏吗" in said.text
    said = await answer(chat, "写错了，还有糖尿病")
    assert said.text.startswith("好的，既往史改过来了。")
    assert "过敏吗" in said.text
    said = await answer(chat, "没有")
    assert "什么药" in said.text
    said = await answer(chat, "青霉素过敏")
    assert said.text.startswith("好的，过敏改过来了。")
    assert "什么药" in said.text
    said = await answer(chat, "降压药", "没有")
    summary = await read(chat, said)
    assert "既往史：高血压；糖尿病" in summary
    assert "过敏：青霉素过敏" in summary
    assert "用药：降压药" in summary
    assert "程度：5/10" in summary
