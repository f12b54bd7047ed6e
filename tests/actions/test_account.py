"""The account's own journeys: a file to claim, a newcomer to cut off, changes, letting go, taking consent back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from integrations.hospital import accounts, events, patients, requests
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    ConsentKind,
    IdentityRequest,
    Patient,
    PatientStatus,
    PersonalToken,
    Relation,
    RequestKind,
)
from integrations.hospital.on_file import on_file
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime
from integrations.sms.interface import SmsUnavailable

from .conftest import ID_NUMBERS, NOW, WEDNESDAY, Chat, Clinic, Outside, Said

NUMBER = ID_NUMBERS[0]
OLD, NEW = "13812345678", "13987654321"


async def tell(chat: Chat, **values: str) -> Said:
    return await chat.say("inform", *[await chat.token(kind, value) for kind, value in values.items()])


async def test_a_phone_alone_is_a_new_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await tell(chat, phone=NEW)
    assert chat.form == "change_form"
    assert said.expects == "sms_code"
    newcomer = await clinic.chat(registered=False)
    await tell(newcomer, phone=NEW)
    assert newcomer.form == "registration_form"


async def code(chat: Chat, outside: Outside, at: int = -1) -> Said:
    return await chat.say("inform", ("sms_code", outside.sent[at][1]))


async def owner(runtime: Runtime, chat: Chat) -> patients.PatientView | None:
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        return await patients.self_patient(session, contact.account_id)


async def phone_on_file(runtime: Runtime) -> str:
    async with runtime.database.begin() as session:
        patient = (await session.scalars(select(Patient.id))).one()
        return (await on_file(session, runtime.crypto, patient)).phone


async def waiting(runtime: Runtime) -> list[requests.RequestView]:
    async with runtime.database.begin() as session:
        return await requests.open_requests(session)


async def decide(runtime: Runtime, *, approve: bool) -> None:
    [request] = await waiting(runtime)
    async with runtime.database.begin() as session:
        await requests.decide(
            session, runtime.crypto, request.id, approve=approve, staff="staff:li", now=runtime.now()
        )


async def told(runtime: Runtime) -> list[Any]:
    async with runtime.database.begin() as session:
        return await events.claim(session, 50, runtime.now())


async def imported(runtime: Runtime, phone: str = OLD) -> None:
    """A file from before: nobody's account."""
    async with runtime.database.begin() as session:
        crypto = runtime.crypto
        number = patients.read_id_number(NUMBER, NOW.date())
        session.add(
            Patient(
                name=crypto.encrypt("张明", "patients.name"),
                masked_name="*明",
                id_number=crypto.encrypt(NUMBER, "patients.id_number"),
                id_number_index=crypto.blind(NUMBER, "patients.id_number"),
                phone=crypto.encrypt(f"+86{phone}", "patients.phone"),
                phone_index=crypto.blind(f"+86{phone}", "patients.phone"),
                birth_date=number.birth_date,
                sex=number.sex,
                status=PatientStatus.VERIFIED,
                verified_at=NOW,
            )
        )


async def registers(chat: Chat, outside: Outside, phone: str) -> Said:
    """Up to what comes after the confirmation."""
    await chat.say("register")
    await tell(chat, person_name="张明", id_number=NUMBER, phone=phone)
    await code(chat, outside)
    return await chat.say("affirm")


# A file from before


async def test_a_file_from_before_comes_with_a_code_to_its_own_phone(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    said = await registers(chat, outside, NEW)
    assert "最后两位是 78" in said.text
    assert OLD[-4:] not in said.text
    assert await owner(runtime, chat) is None
    said = await chat.press(said, "发验证码")
    assert outside.sent[-1][0] == f"+86{OLD}"
    assert said.expects == "sms_code"
    wrong = "000000" if outside.sent[-1][1] != "000000" else "000001"
    assert "还可以试 4 次" in (await chat.say("inform", ("sms_code", wrong))).text
    message = "b" * 32
    for _ in range(2):  # handled twice, done once
        slots, form = dict(chat.slots), chat.form
        said = await chat.say("inform", ("sms_code", outside.sent[-1][1]), message_id=message)
        assert "已经和这里关联好了" in said.text
        chat.slots, chat.form = slots, form
    found = await owner(runtime, chat)
    assert found is not None
    assert found.status is PatientStatus.VERIFIED
    assert await phone_on_file(runtime) == f"+86{OLD}"


async def test_without_the_old_phone_staff_decide_and_the_booking_is_not_lost(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    said = await chat.press(await registers(chat, outside, NEW), "那个号码不用了")
    assert "已转给工作人员" in said.text
    assert chat.form == ""
    [request] = await waiting(runtime)
    assert (request.kind, request.patient) == (RequestKind.LINK, "*明")
    await decide(runtime, approve=True)
    assert await owner(runtime, chat) is not None
    assert await phone_on_file(runtime) == f"+86{NEW}"
    assert [event.kind for event in await told(runtime)] == [EventKind.REQUEST_DECIDED]
    async with runtime.database.begin() as session:
        assert set(await session.scalars(select(IdentityRequest.value))) == {None}


async def test_what_staff_refuse_stays_as_it_is(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    await chat.press(await registers(chat, outside, NEW), "那个号码不用了")
    await decide(runtime, approve=False)
    assert await owner(runtime, chat) is None
    assert await phone_on_file(runtime) == f"+86{OLD}"


async def test_without_a_proven_name_nothing_of_the_file_is_shown(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    outside.identity = Outcome.UNAVAILABLE
    chat = await clinic.chat(registered=False)
    said = await registers(chat, outside, NEW)
    assert "78" not in said.text
    assert [one.kind for one in await waiting(runtime)] == [RequestKind.LINK]


async def test_files_are_asked_for_a_few_times_a_day(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    for _ in range(3):
        assert "最后两位" in (await registers(chat, outside, NEW)).text
        await chat.say("cancel")
        outside.now += timedelta(minutes=2)
    said = await registers(chat, outside, NEW)
    assert "最后两位" not in said.text
    assert "窗口" in said.text


@pytest.mark.parametrize(("outcome", "words"), [("match", "最后两位是 78"), ("limit", "要人工核实")])
async def test_a_claim_goes_on_after_the_page(
    clinic: Clinic, runtime: Runtime, outcome: str, words: str
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await chat.say("use_page")
    async with runtime.database.begin() as session:
        await patients.register(
            session,
            runtime.crypto,
            account_id=chat.contact.account_id,
            name="张明",
            id_number=NUMBER,
            phone=NEW,
            outcome=outcome,
            key=None,
            now=runtime.now(),
        )
    said = await chat.say("page_completed", ("purpose", "registration"), kind="system")
    assert words in said.text


async def test_a_claim_that_nobody_goes_on_with_ends(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    said = await registers(chat, outside, NEW)
    outside.now += timedelta(days=1, minutes=1)
    async with runtime.database.begin() as session:
        await requests.end_old_claims(session, outside.now)
        assert list(await session.scalars(select(IdentityRequest.value))) == [None]
    assert "已经结束了" in (await chat.press(said, "发验证码")).text


async def test_a_code_that_cannot_be_sent_is_said(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    said = await registers(chat, outside, NEW)
    outside.sms_error = SmsUnavailable()
    assert "暂时没有发出去" in (await chat.press(said, "发验证码")).text
    outside.sms_error = None
    assert "秒后可以再要" in (await chat.say("resend_code")).text
    outside.now += timedelta(minutes=2)
    assert (await chat.say("resend_code")).expects == "sms_code"


# Two channels


async def test_the_second_channel_joins_and_the_first_can_cut_it_off(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    wechat = await clinic.chat()
    telegram = await clinic.chat("telegram", registered=False)
    await telegram.say("register")
    await telegram.say("use_chat")
    await tell(telegram, person_name="张明", id_number=NUMBER, phone=OLD)
    await code(telegram, outside)
    assert "已经和这里关联好了" in (await telegram.say("affirm")).text
    [news] = await told(runtime)
    assert news.contact_id == wechat.contact.id
    said = await wechat.say("link_added", ("link", news.payload["link"]), kind="system")
    assert "另一个Telegram账号刚刚关联了 *明" in said.text
    assert "回复“断开”" in said.text
    said = await wechat.press(said, "断开")
    assert "已经断开" in said.text
    assert await owner(runtime, telegram) is None
    kept = await owner(runtime, wechat)
    assert kept is not None
    assert kept.status is PatientStatus.REVIEW
    assert [(one.kind, one.contact_id) for one in await told(runtime)] == [
        (EventKind.LINK_CUT, telegram.contact.id)
    ]
    assert "不用断开" in (await wechat.say("cut_link")).text
    assert (await wechat.say("link_added", ("link", news.payload["link"]), kind="system")).text == ""


@pytest.mark.parametrize("approve", [True, False])
async def test_staff_settle_a_dispute(
    clinic: Clinic, runtime: Runtime, outside: Outside, approve: bool
) -> None:
    wechat = await clinic.chat()
    other = await clinic.chat(registered=False)
    await registers(other, outside, OLD)
    await wechat.say("cut_link")
    await decide(runtime, approve=approve)
    assert (await owner(runtime, other) is not None) == approve
    kept = await owner(runtime, wechat)
    assert kept is not None
    assert kept.status is PatientStatus.VERIFIED


async def test_cutting_in_the_middle_of_a_booking_keeps_the_booking(clinic: Clinic, outside: Outside) -> None:
    await clinic.session("李静", WEDNESDAY)
    wechat = await clinic.chat()
    await registers(await clinic.chat(registered=False), outside, OLD)
    await wechat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    said = await wechat.say("cut_link")
    assert "已经断开" in said.text
    assert "请确认" in said.text


# Changes


async def to_old_phone(chat: Chat, outside: Outside) -> Said:
    await chat.say("change_profile", ("field", "phone"))
    said = await tell(chat, phone=NEW)
    assert said.expects == "sms_code"
    assert outside.sent[-1][0] == f"+86{NEW}"
    return await code(chat, outside)


async def test_a_new_phone_needs_the_old_one_too(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    chat = await clinic.chat()
    other = await clinic.chat(registered=False)
    await registers(other, outside, OLD)
    await told(runtime)
    outside.now += timedelta(minutes=2)
    said = await to_old_phone(chat, outside)
    assert "138****5678" in said.text
    assert await phone_on_file(runtime) == f"+86{OLD}"
    said = await chat.press(said, "发到原号码")
    assert outside.sent[-1][0] == f"+86{OLD}"
    assert "换好了，现在是 139****4321" in (await code(chat, outside)).text
    assert await phone_on_file(runtime) == f"+86{NEW}"
    async with runtime.database.begin() as session:
        index = (await session.scalars(select(Patient.phone_index))).one()
        assert bytes(index) == runtime.crypto.blind(f"+86{NEW}", "patients.phone")
    assert [(one.kind, one.contact_id) for one in await told(runtime)] == [
        (EventKind.PHONE_CHANGED, other.contact.id)
    ]
    assert NEW not in str(chat.slots)


async def test_with_the_old_phone_gone_the_document_and_staff_decide(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    said = await chat.press(await to_old_phone(chat, outside), "原号码不用了")
    assert said.expects == "id_number"
    assert "不一样" in (await tell(chat, id_number=ID_NUMBERS[1])).text
    assert "已转给工作人员" in (await tell(chat, id_number=NUMBER)).text
    assert await phone_on_file(runtime) == f"+86{OLD}"
    await decide(runtime, approve=True)
    assert await phone_on_file(runtime) == f"+86{NEW}"


async def test_who_does_not_know_the_document_changes_nothing(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await chat.press(await to_old_phone(chat, outside), "原号码不用了")
    for _ in range(3):
        said = await tell(chat, id_number=ID_NUMBERS[1])
    assert "先不改了" in said.text
    assert chat.form == ""
    assert await waiting(runtime) == []


async def test_a_code_to_the_new_phone_does_not_pass_for_the_old_one(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await chat.press(await to_old_phone(chat, outside), "发到原号码")
    assert "换好了" not in (await code(chat, outside, at=-2)).text
    assert await phone_on_file(runtime) == f"+86{OLD}"


async def test_another_new_phone_has_to_be_proven_again(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat()
    await to_old_phone(chat, outside)
    assert "请发新的手机号" in (await chat.say("go_back")).text
    assert (await tell(chat, phone="13700001111")).expects == "sms_code"
    assert (await chat.say("affirm")).expects == "sms_code"
    assert await phone_on_file(runtime) == f"+86{OLD}"


@pytest.mark.parametrize(
    ("phone", "words"), [(OLD, "不用换"), ("010-88886666", "座机"), ("1398765", "11 位")]
)
async def test_a_phone_that_will_not_do(clinic: Clinic, phone: str, words: str) -> None:
    chat = await clinic.chat()
    await chat.say("change_profile", ("field", "phone"))
    assert words in (await tell(chat, phone=phone)).text


async def test_a_corrected_name_goes_to_staff(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    chat = await clinic.chat()
    await chat.press(await chat.say("change_profile"), "改姓名")
    outside.identity = Outcome.MISMATCH
    assert "对不上" in (await tell(chat, person_name="王芳")).text
    outside.identity = Outcome.MATCH
    assert "已转给工作人员" in (await tell(chat, person_name="张鸣")).text
    kept = await owner(runtime, chat)
    assert kept is not None
    assert kept.name == "*明"
    await decide(runtime, approve=True)
    kept = await owner(runtime, chat)
    assert kept is not None
    assert kept.name == "*鸣"


@pytest.mark.parametrize("intent", ["correct", "change_profile"])
async def test_the_words_for_a_change_lead_there_from_a_booking_too(clinic: Clinic, intent: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    assert "请发新的手机号" in (await chat.say(intent, ("field", "phone"))).text
    await chat.say("cancel")
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    assert "请发新的手机号" in (await chat.say(intent, ("field", "phone"))).text
    assert chat.form == "change_form"


@pytest.mark.parametrize(("language", "words"), [("zh-Hans", "带证件到窗口"), ("en", "come to the counter")])
async def test_a_new_phone_abroad_is_told_the_way_out(clinic: Clinic, language: str, words: str) -> None:
    chat = await clinic.chat()
    chat.language = language
    await chat.say("change_profile", ("field", "phone"))
    said = await tell(chat, phone="+447911123456")
    assert words in said.text
    assert clinic.runtime.settings.hospital_phone in said.text
    assert chat.form == "change_form"


async def test_during_registration_it_is_about_what_is_being_filled_in(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    await tell(chat, person_name="张明", id_number=NUMBER, phone=OLD)
    assert (await chat.say("change_profile", ("field", "phone"))).expects == "phone"
    assert chat.form == "registration_form"


@pytest.mark.parametrize("intent", ["change_profile", "unbind"])
async def test_who_is_not_registered_has_nothing_to_change(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(registered=False)
    assert "还没有登记" in (await chat.say(intent)).text
    assert chat.form == ""


# Letting go


async def test_unbinding_oneself_says_what_happens_and_leaves_a_way_back(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    said = await chat.say("unbind")
    assert "还有 1 个约好的号" in said.text
    assert "先取消预约" in said.buttons
    assert await owner(runtime, chat) is not None
    assert "已经解绑 *明" in (await chat.press(said, "确定解绑")).text
    assert await owner(runtime, chat) is None
    async with runtime.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Appointment)) == 1
    assert "没有待就诊" in (await chat.say("my_appointments")).text
    assert "已经和这里关联好了" in (await registers(chat, outside, OLD)).text
    assert "1 个待就诊" in (await chat.say("my_appointments")).text


async def relative(clinic: Clinic, runtime: Runtime, chat: Chat) -> None:
    other = await clinic.chat()
    found = await owner(runtime, other)
    assert found is not None
    async with runtime.database.begin() as session:
        row = AccountPatient(
            account_id=chat.contact.account_id, patient_id=found.id, relation=Relation.PARENT
        )
        session.add(row)


async def test_with_several_people_it_asks_which_one(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    await relative(clinic, runtime, chat)
    said = await chat.say("my_profile")
    assert "在这里就诊的人：*明、*明" in said.text
    said = await chat.press(said, "解绑")
    assert "哪一位" in said.text
    said = await chat.say("inform", ("ordinal", 2))
    assert "确定解绑吗" in said.text
    assert "不解绑，一切照旧" in (await chat.say("deny")).text
    await chat.say("unbind")
    await chat.say("inform", ("ordinal", 2))
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        left = await patients.acting_for(session, chat.contact.account_id)
    assert [one.relation for one in left] == [Relation.SELF]


# Consent


async def test_only_the_consent_for_abroad_is_withdrawn(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram")
    said = await chat.press(await chat.say("withdraw_consent"), "只撤回境外")
    assert "Telegram" in said.text
    await chat.press(said, "确定撤回")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        assert await accounts.missing_consents(session, contact) == {ConsentKind.DATA_ABROAD}


async def test_both_are_withdrawn_and_what_is_kept_is_said(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat("telegram")
    await relative(clinic, runtime, chat)
    said = await chat.press(await chat.say("withdraw_consent"), "两项都撤回")
    assert "15 年" in said.text
    assert "*明 的信息您也不能再在这里查看" in said.text
    await chat.press(said, "确定撤回")
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        assert len(await accounts.missing_consents(session, contact)) == 2
    assert "同意" in (await chat.say("book_appointment")).text
    for intent in ("ask_hospital", "talk_to_human", "emergency_help", "my_appointments"):
        said = await chat.say(intent, ("topic", "address"))
        assert said.text


async def test_a_new_version_of_the_notice_says_so(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await clinic.chat()
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    said = await chat.say("book_appointment")
    assert "新版本" in said.text
    assert "您同意吗" in said.text


async def test_what_was_typed_before_the_consent_is_not_kept_and_that_is_said(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await tell(chat, person_name="张明", id_number=NUMBER)
    assert "没有留用" in said.text
    assert "您同意吗" in said.text
    assert "没有留用" in (await tell(chat, phone=OLD)).text
    async with runtime.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(PersonalToken)) == 0
    assert "没有留用" not in (await chat.say("greet")).text
