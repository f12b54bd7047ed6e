"""A file from before to claim, and two channels that turn out to be one person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from integrations.hospital import file_claims, patients
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    IdentityRequest,
    PatientStatus,
    RequestKind,
)
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime
from integrations.sms.interface import SmsUnavailable

from .accounts import NEW, NUMBER, OLD, code, decide, imported, owner, phone_on_file, registers, told, waiting
from .conftest import WEDNESDAY, Clinic, Outside


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
        await file_claims.end_old(session, outside.now)
        assert list(await session.scalars(select(IdentityRequest.value))) == [None]
    assert "已经结束了" in (await chat.press(said, "发验证码")).text


async def test_an_old_claim_is_proven_by_no_code(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    """Also before the sweep has ended it: nobody has compared what is typed then with anything."""
    await imported(runtime)
    chat = await clinic.chat(registered=False)
    await chat.press(await registers(chat, outside, NEW), "发验证码")
    outside.now += timedelta(days=1, minutes=1)
    assert "已经结束了" in (await chat.say("inform", ("sms_code", "000000"))).text
    assert await owner(runtime, chat) is None


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


async def test_the_second_channel_joins_and_the_first_can_cut_it_off(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    wechat = await clinic.chat()
    telegram = await clinic.chat("telegram", registered=False)
    await telegram.say("register")
    await telegram.say("use_chat")
    await telegram.tell(person_name="张明", id_number=NUMBER, phone=OLD)
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
