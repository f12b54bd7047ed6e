from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update

from integrations.hospital.delivery import shipping
from integrations.hospital.models import (
    Adverse,
    CaseMedium,
    Category,
    Handing,
    Order,
    OrderStatus,
)
from integrations.runtime import Runtime
from tests.pharmacy_rows import Pharmacy

from .complaints import made, words_of
from .conftest import NOW, TODAY, Clinic, Outside
from .medicines import client_of


@pytest.mark.parametrize("words", ["啥时候回我", "那大概几天能答复？", "when will I hear from you"])
async def test_when_it_is_answered_is_asked_and_not_told(
    clinic: Clinic, runtime: Runtime, words: str
) -> None:
    chat = await clinic.chat()
    await chat.say("complain", text="我要投诉，护士很凶，没人管")
    said = await chat.say("my_consultations", text=words)
    assert "最晚 11月27日（周五）" in said.text
    assert "说完了" in said.buttons
    await chat.say("affirm", text="就这些")
    said = await chat.say("hurry", text=words)
    assert "最晚 11月27日（周五）" in said.text
    await chat.press(said, "提交")
    [case] = await made(runtime)
    assert words not in words_of(runtime, case)
    assert "11月27日" in (await chat.say("my_consultations", text=words)).text  # no consultation stands
    assert "11月27日" in (await chat.say("hurry", text=words)).text


async def test_without_registration_or_consent_in_five_messages(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("complain", text="我要投诉")
    assert list(said.buttons) == ["服务态度", "等候", "费用", "诊疗", "药品配送", "线上服务", "其他"]
    said = await chat.press(said, "等候")
    assert "什么时候" in said.text
    assert said.expects == "words"
    await chat.say("book_appointment", text="挂号的时候等了三个小时")
    said = await chat.say("nlu_fallback", text="护士还很凶,没人管")
    assert "说完了" in said.buttons
    said = await chat.say("affirm", text="就这些")
    assert "请确认：等候。" in said.text
    assert "挂号的时候等了三个小时 护士还很凶，没人管" in said.text
    assert "11月27日（周五）" in said.text
    said = await chat.press(said, "提交")
    assert "TS-20261122-001" in said.text
    for told in ("11月27日（周五）", "医患关系办公室", "12345", "12320", "人民调解委员会"):
        assert told in said.text
    assert chat.form == ""
    assert (await chat.press(said, "找人工")).handoff == {"skill": "service", "reason": "complaint"}
    [case] = await made(runtime)
    assert words_of(runtime, case) == "挂号的时候等了三个小时\n护士还很凶，没人管"
    assert (case.category, case.deadline, case.adverse) == (
        Category.WAITING,
        date(2026, 11, 27),
        Adverse.NONE,
    )


async def test_what_is_said_at_once_is_not_asked_again(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("complain", text="我要投诉，收费窗口多收了我两次钱")
    assert "记下了" in said.text
    assert "什么时候" not in said.text
    said = await chat.say("deny", text="没有了")
    assert "请确认：费用" in said.text
    await chat.say("affirm", text="提交")
    [case] = await made(runtime)
    assert case.category is Category.FEES
    assert "多收了我两次钱" in words_of(runtime, case)


@pytest.mark.parametrize(
    "intent", ["book_appointment", "abuse", "thanks", "ask_hospital", "complain", "deny", "cancel_appointment", "greet"]
)  # fmt: skip
async def test_whatever_a_story_sounds_like_it_is_the_story(
    clinic: Clinic, runtime: Runtime, intent: str
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    story = "我取消预约的时候那个混蛋不给办，谢谢都没一句，停车还收我钱"
    said = await chat.say(intent, text=story)
    assert "记下了" in said.text
    assert chat.form == "complaint_form"
    await chat.say("affirm", text="说完了")
    await chat.say("affirm")
    assert [words_of(runtime, case) for case in await made(runtime)] == [story]


async def test_a_short_way_out_is_no_story(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    said = await chat.say("talk_to_human", text="转人工")
    assert "010-8888 6666" in said.text
    assert chat.form == "complaint_form"
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "停车" in said.text
    assert "哪方面" in said.text
    said = await chat.say("cancel", text="算了")
    assert "没有提交" in said.text
    assert await made(runtime) == []


async def test_pictures_come_along_with_and_without_words(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    said = await chat.say("non_text", kind="image")
    assert "图片收到了" in said.text
    assert "哪方面" in said.text
    said = await chat.say("nlu_fallback", text="药盒破了", kind="image")
    said = await chat.say("non_text", kind="voice")
    assert "接着写" in said.text
    said = await chat.say("affirm", text="说完了")
    assert "3 份" in said.text
    await chat.say("affirm")
    async with runtime.database.begin() as session:
        assert len(list(await session.scalars(select(CaseMedium)))) == 3


async def test_pictures_alone_may_tell_it(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.press(await chat.say("complain", text="投诉"), "药品配送")
    said = await chat.say("affirm", text="好了")
    assert "什么时候" in said.text  # nothing was told yet
    await chat.say("non_text", kind="image")
    said = await chat.say("affirm", text="说完了")
    assert "见图片" in said.text
    await chat.say("affirm")
    assert [words_of(runtime, case) for case in await made(runtime)] == [""]


async def test_words_that_were_forgotten_since_are_asked_for_again(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="护士态度不好")
    await chat.say("affirm", text="说完了")
    async with runtime.database.begin() as session:
        await session.execute(text("DELETE FROM personal_tokens"))
    said = await chat.say("affirm")
    assert "什么时候" in said.text
    assert await made(runtime) == []


async def test_which_visit_it_is_about(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    await clinic.session("李静", TODAY + timedelta(days=3))
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    await chat.say("affirm")
    outside.now = NOW + timedelta(days=3)
    await chat.say("complain", text="我要投诉医生态度不好，很凶")
    said = await chat.say("affirm", text="说完了")
    assert list(said.buttons) == ["周三 11月25日 李静", "都不是"]
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车多少钱")
    assert list(said.buttons) == ["周三 11月25日 李静", "都不是"]
    said = await chat.press(said, "周三")
    assert "和 周三 11月25日 李静 有关" in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    assert str(case.practitioner_id) == clinic.doctors["李静"]
    assert case.appointment_id is not None
    assert case.patient_id is not None
    assert case.deadline == date(2026, 12, 2)


async def test_the_only_parcel_is_meant(clinic: Clinic, runtime: Runtime, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    _, prescription = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    await pharmacy.paid("CEF", client=await client_of(chat))  # to be picked up: no parcel
    await chat.say("complain", text="快递太慢了我要投诉")
    said = await chat.say("affirm", text="说完了")
    assert "请确认" in said.text
    assert "和 周日 11月22日 药品 有关" in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    shipped = await pharmacy.see(prescription)
    assert (case.prescription_id, case.delivery_id) == (prescription, shipped.delivery_id)
    assert case.order_id is not None


@pytest.mark.parametrize("words", ["不是这个包裹", "都不是", "not this parcel"])
async def test_the_only_parcel_may_not_be_meant(
    clinic: Clinic, runtime: Runtime, pharmacy: Pharmacy, words: str
) -> None:
    chat = await clinic.chat()
    await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    await chat.say("complain", text="快递太慢了我要投诉")
    await chat.say("affirm", text="说完了")
    said = await chat.say("deny", text=words)
    assert list(said.buttons) == ["周日 11月22日 药品", "都不是"]
    said = await chat.press(said, "都不是")
    assert "有关" not in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    assert case.delivery_id is None


async def test_bills_that_look_the_same_are_told_apart_and_a_closed_one_is_none(
    clinic: Clinic, runtime: Runtime, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.paid("AML", client=client)
    unpaid = await pharmacy.approved(client, "CEF")
    await pharmacy.bill(client, unpaid)
    await chat.say("complain", text="取药窗口的人态度太差，我要投诉")
    said = await chat.say("affirm", text="说完了")
    assert list(said.buttons) == ["周日 11月22日 药品 ¥36", "周日 11月22日 药品 ¥65.20", "都不是"]
    async with runtime.database.begin() as session:
        of_it = update(Order).where(Order.prescription_id == unpaid)
        await session.execute(of_it.values(status=OrderStatus.CLOSED))
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车多少钱")
    assert list(said.buttons) == ["周日 11月22日 药品", "都不是"]


async def test_that_is_all_is_no_farewell_where_it_is_asked_what_it_is_about(
    clinic: Clinic, runtime: Runtime, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    await pharmacy.paid("AML", client=await client_of(chat))
    await chat.say("complain", text="取药窗口的人态度太差，我要投诉")
    await chat.say("affirm", text="说完了")
    assert "请确认" in (await chat.say("goodbye", text="就这些")).text


async def test_of_several_parcels_it_is_asked_which(
    clinic: Clinic, runtime: Runtime, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    sent = []
    for at in range(7):
        _, prescription = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
        async with runtime.database.begin() as session:
            await shipping.ship(
                session, prescription, "ems", f"EM1234560{at}", actor="staff:counter", now=NOW
            )
        sent.append(prescription)
    await chat.say("complain", text="快递把药摔坏了，我要投诉")
    said = await chat.say("affirm", text="说完了")
    parcels = [f"周日 11月22日 包裹（尾号 560{at}）" for at in (6, 5, 4, 3, 2)]  # the newest first
    assert list(said.buttons) == [*parcels, "都不是"]
    said = await chat.press(said, parcels[-1])
    assert "尾号 5602" in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    assert case.prescription_id == sent[2]


async def test_numbers_of_people_are_not_shown_back_and_reach_staff(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    kind, token = await chat.token("phone", "13812345678")
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", (kind, token), text=f"请打{token}找我，护士太凶")
    assert token not in str(chat.slots["complaint"])
    said = await chat.say("affirm", text="说完了")
    assert "请打＊＊＊找我" in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    assert "13812345678" in words_of(runtime, case)


async def test_submitted_twice_it_is_one(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="护士态度不好")
    await chat.say("affirm", text="说完了")
    slots, form = dict(chat.slots), chat.form
    first = await chat.say("affirm", message_id="a" * 32)
    chat.slots, chat.form = slots, form
    assert (await chat.say("affirm", message_id="a" * 32)).text == first.text
    assert len(await made(runtime)) == 1


async def test_anger_is_offered_a_complaint_and_a_person(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("abuse", text="垃圾医院")
    assert list(said.buttons) == ["投诉", "找人工"]
    assert "抱歉" in said.text


async def test_in_english(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    chat.language = "en"
    said = await chat.say("complain", text="i want to make a complaint")
    assert "I am sorry" in said.text
    await chat.say("book_appointment", text="The nurse was rude when I came to my appointment")
    said = await chat.say("affirm", text="that's all")
    assert "how you were treated" in said.text
    said = await chat.say("affirm")
    assert "TS-20261122-001" in said.text
    assert "Fri, Nov 27" in said.text


async def test_with_the_database_in_the_middle_nothing_of_it_is_in_the_drafts(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="护士骂我是艾滋病人")
    assert "艾滋" not in str(chat.slots)
    async with runtime.database.begin() as session:
        rows = await session.execute(text("SELECT value FROM personal_tokens"))
        assert all("艾滋".encode() not in bytes(row.value) for row in rows)
