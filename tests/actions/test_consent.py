from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.hospital import accounts, patients
from integrations.hospital.models import ConsentKind
from integrations.runtime import Runtime

from .accounts import NEW, imported, owner, registers
from .conftest import NOW, WEDNESDAY, Chat, Clinic, Outside


async def missing(runtime: Runtime, chat: Chat) -> set[ConsentKind]:
    async with runtime.database.begin() as session:
        return await accounts.missing_consents(session, chat.contact)


async def test_welcome_says_who_speaks_and_asks(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("greet")
    assert "导诊助手，不是医生" in said.text
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}
    await chat.press(said, "同意")
    assert await missing(runtime, chat) == set()
    assert "您同意吗" not in (await chat.say("greet")).text


async def test_telegram_asks_for_data_abroad_on_its_own(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram", consent=False, registered=False)
    said = await chat.press(await chat.say("greet"), "同意")
    assert "境外" in said.text
    assert await missing(runtime, chat) == {ConsentKind.DATA_ABROAD}
    await chat.say("affirm")
    assert await missing(runtime, chat) == set()


async def test_refusing_stores_nothing_and_may_be_reconsidered(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    said = await chat.say("refuse_consent")
    assert "不能在这里挂号" in said.text
    assert chat.form == ""
    assert chat.slots["booking"] is None
    await chat.say("give_consent")
    assert await missing(runtime, chat) == set()


async def test_a_yes_to_nothing_seen_gives_no_consent(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("give_consent")
    assert "您同意吗" in said.text
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}


@pytest.mark.parametrize("intent", ["ask_hospital", "talk_to_human", "emergency_help", "help"])
async def test_some_things_never_wait_for_consent(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say(intent, ("topic", "address"))
    assert said.text
    assert "您同意吗" not in said.text


async def test_withdrawing_is_confirmed_once(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    said = await chat.say("withdraw_consent")
    assert "撤回后马上停用" in said.text
    assert await missing(runtime, chat) == set()
    await chat.press(said, "确定撤回")
    assert await missing(runtime, chat) == {ConsentKind.HEALTH_DATA}
    assert "没有需要撤回" in (await chat.say("withdraw_consent")).text


@pytest.mark.parametrize(
    "begin", [("add_family", ("relative", "妈")), ("change_profile", ("field", "phone"))]
)
async def test_what_is_withdrawn_elsewhere_stops_an_open_form(
    clinic: Clinic, runtime: Runtime, outside: Outside, begin: tuple[str, tuple[str, str]]
) -> None:
    chat = await clinic.chat()
    await chat.say(*begin)
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact is not None
        await accounts.withdraw_consents(session, contact, [ConsentKind.HEALTH_DATA], outside.now, None)
    said = await chat.tell(person_name="王秀英", phone="13987654321")
    assert "没有留用" in said.text
    assert "您同意吗" in said.text
    assert outside.sent == []
    assert not chat.slots.get("family")


async def test_withdrawing_can_be_left(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    await chat.say("withdraw_consent")
    await chat.say("deny")
    assert await missing(runtime, chat) == set()


async def test_a_wish_waits_for_the_consent(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY, "afternoon")
    chat = await clinic.chat(consent=False)
    await chat.say("book_appointment")
    said = await chat.say("inform", ("department", clinic.departments["骨科"]))
    assert said.text.startswith("记下了：骨科。\n导诊、登记和挂号要先得到您的同意")
    said = await chat.say("inform", ("date", WEDNESDAY.isoformat()), ("period", "afternoon"))
    assert said.text.startswith("记下了：11月25日（周三）下午，骨科。")
    said = await chat.press(said, "同意")
    assert "请确认：11月25日（周三）下午" in said.text
    assert chat.slots["then"] is None


async def test_a_wish_that_was_left_does_not_come_back(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    await chat.say("cancel_appointment")
    said = await chat.say("book_appointment")
    assert "骨科" not in said.text


async def test_a_consent_given_elsewhere_meanwhile_is_not_asked_again(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(consent=False)
    await chat.say("greet")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, NOW, None)
    said = await chat.say("greet")
    assert "您同意吗" not in said.text


@pytest.mark.parametrize(
    ("intent", "form"), [("book_appointment", "booking_form"), ("affirm", ""), ("thanks", "")]
)
async def test_after_a_consent_given_elsewhere_no_message_meets_silence(
    clinic: Clinic, runtime: Runtime, intent: str, form: str
) -> None:
    chat = await clinic.chat(consent=False)
    await chat.say("greet")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, NOW, None)
    said = await chat.say(intent)
    assert said.text
    assert "您同意吗" not in said.text
    assert chat.form == form


async def test_the_way_to_the_emergency_department_needs_no_consent(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("inform", ("department", clinic.departments["急诊科"]))
    assert "请直接到" in said.text
    assert chat.form == ""


async def test_inside_the_consent_the_way_is_told_as_well(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("greet")
    said = await chat.say("book_appointment", ("department", clinic.departments["急诊科"]))
    assert "请直接到" in said.text
    assert "记下了" not in said.text
    assert chat.form == "consent_form"


async def test_questions_are_answered_without_asking_for_consent_each_time(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("greet")
    said = await chat.say("ask_hospital", ("topic", "parking"))
    assert "您同意吗" not in said.text
    assert said.buttons["同意"] == "/give_consent"
    refused = await chat.press(said, "先不同意")
    assert "急救照样帮您" in refused.text
    assert "120" in refused.text
    assert "停车" in (await chat.say("ask_hospital", ("topic", "parking"))).text
    assert "同意" not in (await chat.say("emergency_help")).text
    assert "已经记下您的同意" in (await chat.say("give_consent")).text


async def test_when_a_booking_waits_the_consent_is_asked_after_a_question(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("book_appointment", ("department", clinic.departments["骨科"]))
    said = await chat.say("ask_hospital", ("topic", "parking"))
    assert "您同意吗" in said.text


async def withdrawn(runtime: Runtime, chat: Chat) -> None:
    """On another channel."""
    async with runtime.database.begin() as session:
        await accounts.withdraw_consents(session, chat.contact, [ConsentKind.HEALTH_DATA], NOW, None)


async def test_what_is_withdrawn_elsewhere_stops_a_booking_at_its_next_answer_and_keeps_the_wish(
    clinic: Clinic, runtime: Runtime
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment")
    await withdrawn(runtime, chat)
    said = await chat.say("inform", ("department", clinic.departments["心血管内科"]))
    assert "同意吗" in said.text
    assert "李静" not in said.text
    assert "李静" in (await chat.press(said, "同意")).text


async def test_what_is_withdrawn_elsewhere_joins_no_file(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    await chat.press(await registers(chat, outside, NEW), "发验证码")
    await withdrawn(runtime, chat)
    said = await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    assert "同意吗" in said.text
    assert await owner(runtime, chat) is None
    said = await chat.press(said, "同意")
    assert "最后两位是 78" in said.text  # it goes on where it was
    outside.now += timedelta(minutes=2)
    await chat.press(said, "发验证码")
    assert "关联好了" in (await chat.say("inform", ("sms_code", outside.sent[-1][1]))).text


async def test_letting_go_needs_no_consent_and_then_tells_names_only(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat()
    await withdrawn(runtime, chat)
    said = await chat.say("unbind")
    assert "*" in said.text
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        assert await patients.acting_for(session, chat.contact.account_id) == []


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (("impossible_date", "11月31号"), "没有“11月31号”这一天"),
        (("date", (WEDNESDAY - timedelta(days=7)).isoformat()), "11月18日（周三）已经过了"),
        (("date", (WEDNESDAY + timedelta(days=90)).isoformat()), "只放号到"),
    ],
)
async def test_a_day_that_cannot_be_is_said_before_the_consent_and_the_registration(
    clinic: Clinic, entity: tuple[str, str], words: str
) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    bone = ("department", clinic.departments["骨科"])
    first = await chat.say("book_appointment", bone, entity)
    assert words in first.text
    assert "记下了：骨科。" in first.text
    assert words in (await chat.say("book_appointment", entity)).text
    said = await chat.press(first, "同意")
    assert words not in said.text
    assert words in (await chat.say("book_appointment", bone, entity)).text


async def test_a_day_that_cannot_be_is_said_where_a_booking_opens_the_registration(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("book_appointment", ("impossible_date", "11月31号"))
    assert said.text.startswith("没有“11月31号”这一天")
    assert chat.form == "registration_form"
    yesterday = ("date", (NOW - timedelta(days=1)).date().isoformat())
    assert "过了" not in (await chat.say("inform", yesterday)).text  # 昨天刚办的身份证


async def test_a_claim_that_waited_for_the_consent_is_offered_after_triage(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    await chat.press(await registers(chat, outside, NEW), "发验证码")
    await withdrawn(runtime, chat)
    await chat.say("inform", ("sms_code", outside.sent[-1][1]))
    said = await chat.say("tell_symptoms", text="膝盖疼半年了，上下楼更疼")
    assert "骨科" in said.text
    said = await chat.say("thanks", text="谢谢")
    assert "您刚才还说：登记就诊信息" in said.text
    assert "最后两位是 78" in (await chat.say("affirm", text="好的")).text
