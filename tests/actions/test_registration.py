from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations.hospital.models import AuditEvent, Patient, PatientStatus
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime
from integrations.sms.interface import SmsError, SmsLimited, SmsUnavailable, SmsUnknown

from .conftest import ID_NUMBERS, WEDNESDAY, Chat, Clinic, Outside

NUMBER = ID_NUMBERS[0]


async def to_code(chat: Chat) -> None:
    await chat.say("register")
    said = await chat.tell(person_name="张小明", id_number=NUMBER, phone="13812345678")
    assert said.expects == "sms_code"


async def status(runtime: Runtime) -> list[PatientStatus]:
    async with runtime.database.begin() as session:
        return list(await session.scalars(select(Patient.status)))


async def test_step_by_step_then_the_booking_goes_on(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    assert "您同意吗" in said.text
    said = await chat.press(said, "同意")
    assert said.expects == "person_name"
    said = await chat.tell(person_name="张小明")
    assert said.expects == "id_number"
    said = await chat.tell(id_number=NUMBER)
    assert said.expects == "phone"
    said = await chat.tell(phone="13812345678")
    assert said.expects == "sms_code"
    said = await chat.say("inform", ("sms_code", outside.sent[0][1]))
    assert "姓名 *明" in said.text
    assert NUMBER not in said.text
    said = await chat.say("affirm")
    assert "登记好了" in said.text
    assert "请确认" in said.text
    assert await status(runtime) == [PatientStatus.VERIFIED]
    assert "13812345678" not in str(chat.slots)
    async with runtime.database.begin() as session:
        assert "token_revealed" in set(await session.scalars(select(AuditEvent.action)))


@pytest.mark.parametrize(
    ("words", "intent"),
    [("I have no Chinese phone", "choose_language"), ("没有国内的手机号", "nlu_fallback")],
)
async def test_without_a_mobile_of_the_mainland_the_way_is_told(
    clinic: Clinic, words: str, intent: str
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="张小明", id_number=NUMBER)
    said = await chat.say(intent, ("language", "zh-Hans"), text=words)
    assert "窗口" in said.text
    assert "以后都用中文" not in said.text
    assert said.expects == "phone"


async def test_several_values_in_one_message(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    assert outside.sent[0][0] == "+8613812345678"


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("person_name", "A", "汉字"),
        ("person_name", "张", "2 个字以上"),
        ("id_number", NUMBER[:-1], "您发的是 17 位"),
        ("id_number", NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), "有一位对不上"),
        ("id_number", "110105199002310134", "没有这一天"),
        ("id_number", "990105199003070134", "地区码"),
        ("id_number", "110105202003070135", "监护人"),
        ("phone", "1381234567", "11 位"),
        ("phone", "010-88886666", "座机"),
        ("phone", "+12025550143", "带证件到窗口"),
        ("phone", "12012345678", "没有的话"),
    ],
)
async def test_says_what_is_wrong_with_a_value(clinic: Clinic, kind: str, value: str, words: str) -> None:
    from stdnum.cn import ric

    if words == "监护人":
        value = value[:17] + ric.calc_check_digit(value)
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await chat.tell(**{kind: value})
    assert words in said.text
    assert kind not in chat.slots["registration"]


async def test_who_has_no_mobile_of_the_mainland_is_told_the_way(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="张明", id_number=NUMBER)
    said = await chat.say("nlu_fallback", ("field", "no_phone"))
    assert "带证件到窗口" in said.text
    assert said.expects == "phone"


async def test_wrong_codes_count_down_and_a_repeat_costs_one_try(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    wrong = "000000" if outside.sent[0][1] != "000000" else "000001"
    for _ in range(2):
        said = await chat.say("inform", ("sms_code", wrong), message_id="a" * 32)
        assert "还可以试 4 次" in said.text
        assert said.expects == "sms_code"
    for _ in range(4):
        said = await chat.say("inform", ("sms_code", wrong))
    assert "错了太多次" in said.text


async def test_codes_expire_and_are_sent_again(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    assert "秒后可以再要" in (await chat.say("resend_code")).text
    outside.now += timedelta(minutes=6)
    assert "已经失效" in (await chat.say("inform", ("sms_code", outside.sent[0][1]))).text
    await chat.say("resend_code")
    assert len(outside.sent) == 2
    assert "请核对" in (await chat.say("inform", ("sms_code", outside.sent[1][1]))).text


@pytest.mark.parametrize(
    ("error", "words"),
    [(SmsUnavailable(), "暂时发不出去"), (SmsUnknown(), "可能会晚一点"), (SmsLimited(), "太频繁")],
)
async def test_a_code_that_cannot_be_sent(
    clinic: Clinic, outside: Outside, error: SmsError, words: str
) -> None:
    outside.sms_error = error
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await chat.tell(person_name="张小明", id_number=NUMBER, phone="13812345678")
    assert words in said.text
    assert chat.form == "registration_form"


async def test_another_phone_needs_another_code(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    said = await chat.say("correct", ("field", "phone"))
    assert said.expects == "phone"
    await chat.tell(phone="13912345678")
    assert outside.sent[1][0] == "+8613912345678"
    assert "139****5678" in (await chat.say("inform", ("sms_code", outside.sent[1][1]))).text


async def test_mismatch_asks_which_to_correct_and_gives_up_kindly(clinic: Clinic, outside: Outside) -> None:
    outside.identity = Outcome.MISMATCH
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    said = await chat.say("inform", ("sms_code", outside.sent[0][1]))
    assert "对不上" in said.text
    for name in ("张小红", "张小兰"):
        await chat.press(said, "改姓名")
        said = await chat.tell(person_name=name)
    assert "先不再试了" in said.text
    assert chat.form == ""


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Outcome.UNAVAILABLE, PatientStatus.PENDING), (Outcome.NO_RECORD, PatientStatus.REVIEW)],
)
async def test_without_the_identity_service_it_goes_on(
    clinic: Clinic, runtime: Runtime, outside: Outside, outcome: Outcome, expected: PatientStatus
) -> None:
    outside.identity = outcome
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    await chat.say("inform", ("sms_code", outside.sent[0][1]))
    said = await chat.say("affirm")
    assert "还在核实" in said.text
    assert await status(runtime) == [expected]


async def test_telegram_offers_the_page_first(clinic: Clinic) -> None:
    chat = await clinic.chat("telegram", registered=False)
    said = await chat.say("register")
    assert "https://hospital.example/p/" in said.text
    assert said.expects == "person_name"  # so a name typed right away is swapped for a token
    said = await chat.press(said, "就在这里填")
    assert said.expects == "person_name"


async def test_a_name_is_taken_while_the_page_is_offered(clinic: Clinic) -> None:
    chat = await clinic.chat("telegram", registered=False)
    await chat.say("register")
    assert (await chat.say("nlu_fallback")).expects == "person_name"
    said = await chat.tell(person_name="谢秀英")
    assert said.expects == "id_number"


async def test_not_understood_keeps_what_was_told(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.tell(person_name="张小明")
    for _ in range(2):
        said = await chat.say("nlu_fallback")
        assert said.expects == "id_number"
    assert chat.form == "registration_form"


@pytest.mark.parametrize("entity", [("ordinal", 1), ("sms_code", "1234")])
async def test_a_short_code_costs_no_try(
    clinic: Clinic, outside: Outside, entity: tuple[str, object]
) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    for _ in range(6):
        said = await chat.say("inform", entity)
        assert "验证码是 6 位数字" in said.text
        assert said.expects == "sms_code"
    assert "请核对" in (await chat.say("inform", ("sms_code", outside.sent[0][1]))).text


async def test_a_department_said_too_early_is_kept(clinic: Clinic, outside: Outside) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    await chat.say("inform", ("sms_code", outside.sent[0][1]))
    said = await chat.say("inform", ("department", clinic.departments["心血管内科"]))
    assert said.text.startswith("记下了：心血管内科。\n登记好就接着挂号。\n请核对")
    said = await chat.say("affirm")
    assert "登记好了" in said.text
    assert "请确认" in said.text


async def test_personal_values_outside_any_form_open_the_registration(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.tell(person_name="张小明", id_number=NUMBER)
    assert said.expects == "phone"


async def test_the_page_was_filled_in(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat(registered=False)
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("use_page")
    assert "还没有收到" in (await chat.say("affirm")).text
    await register_by_page(chat)
    said = await chat.say("page_completed", ("purpose", "registration"), kind="system")
    assert "都办好了" in said.text
    assert "请确认" in said.text


async def register_by_page(chat: Chat) -> None:
    from integrations.hospital import patients

    async with chat.runtime.database.begin() as session:
        await patients.register(
            session,
            chat.runtime.crypto,
            account_id=chat.contact.account_id,
            name="张小明",
            id_number=NUMBER,
            phone="13812345678",
            outcome="match",
            key=None,
            now=chat.runtime.now(),
        )


async def test_cancel_forgets_all(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await to_code(chat)
    said = await chat.say("cancel")
    assert "没有保存" in said.text
    assert chat.slots["registration"] is None
