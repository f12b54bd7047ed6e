"""The questions before a visit: what is asked, what is not asked again, and what is stored for the doctor."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from integrations.hospital import accounts
from integrations.hospital.intake import keeping
from integrations.hospital.models import ConsentKind, IntakeMedium, Relation, Sex

from .conftest import NOW, WEDNESDAY, Clinic, Outside
from .intakes import answer, opened, read, stored


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


async def test_nothing_more_is_no_farewell(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    await answer(chat, "头晕，一个多月了", "五分")
    assert "得过什么病" in (await chat.say("goodbye", text="没了")).text


async def test_what_was_said_before_is_put_right_wherever_one_is(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    await answer(chat, "头晕，一个多月了", "like a 5", "没有")
    said = await answer(chat, "上一題，我有點發燒")
    assert "伴随症状改过来了" in said.text
    assert "得过什么病" in said.text
    await answer(chat, "高血压", "没有", "氨氯地平")
    said = await answer(chat, "不对，头晕两个月了")
    assert "开始时间改过来了" in said.text
    said = await chat.say("deny", text="没有")
    summary = await read(chat, said)
    assert "两个月" in summary
    assert "程度：5/10" in summary
    assert "用药：氨氯地平" in summary


async def test_a_score_is_no_illness_of_the_past(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    await answer(chat, "头晕，一个多月了", "五分", "没有")
    said = await answer(chat, "7分")
    assert "程度改过来了" in said.text
    assert "得过什么病" in said.text
    await answer(chat, "高血压", "没有", "没有")
    summary = await read(chat, await chat.say("deny", text="没有"))
    assert "程度：7/10" in summary
    assert "既往史：高血压" in summary


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("以前没病", "既往史：没有"),
        ("以前没做过手术", "既往史：没有"),
        ("不过敏", "过敏：没有"),
        ("最近没吃什么药", "用药：没有"),
    ],
)
async def test_the_summary_is_put_right_by_a_no_in_its_own_words(
    clinic: Clinic, words: str, line: str
) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    await answer(chat, "头晕，一个多月了", "五分", "没有", "高血压", "青霉素过敏", "氨氯地平")
    said = await chat.say("deny", text="没有")
    assert line not in await read(chat, said)
    said = await chat.say("deny", text=words)
    assert line in await read(chat, said)


@pytest.mark.parametrize(
    ("intent", "words"),
    [("cancel_medicine", "cancel"), ("nlu_fallback", "forget it, stop"), ("deny", "never mind")],
)
async def test_it_is_left_in_english_too(clinic: Clinic, intent: str, words: str) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    await answer(chat, "头晕，一个多月了", "五分", "没有")
    assert "什么都没有转给医生" in (await chat.say(intent, text=words)).text
    assert chat.form == ""
