"""Prescriptions and parcels in the chat, once the patient asks."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital.delivery import shipping
from integrations.hospital.models import Handing, OrderStatus, PrescriptionStatus
from integrations.hospital.pharmacy import counter, reviews
from tests.consultation_rows import Asker, Online
from tests.pharmacy_rows import HOME, MINUTE, NOW, PHARMACIST, TERMS, Pharmacy

from .medicines import client_of


async def test_a_prescription_is_shown_billed_and_picked_up_with_its_code(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    assert "没有要处理的处方" in (await chat.say("my_prescriptions")).text
    assert not chat.form
    made = await pharmacy.approved(await client_of(chat), "AML")
    shown = await chat.say("my_prescriptions")
    assert "氨氯地平片 5mg×28片，2盒：每次1片，每天1次，用 7 天" in shown.text
    assert "药费 ¥65.20，取走或寄出后不能退换" in shown.text
    assert shown.text.index("每次1片") < shown.text.index("您想怎么拿")
    assert list(shown.buttons) == ["到院取药", "快递到家（运费 ¥12）"]
    assert "https://hospital.example/p/prescription/" in shown.text
    billed = await chat.press(shown, "到院取药")
    assert "https://hospital.example/p/pay/" in billed.text
    assert not chat.form
    await pharmacy.pay((await pharmacy.see(made)).order_no)
    assert (await pharmacy.see(made)).pickup_code in (await chat.say("my_prescriptions")).text


async def test_what_was_sent_back_waits_for_the_doctor_and_the_new_one_stands_alone(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    online = await Online(chat.runtime.database, chat.runtime.crypto).open()
    made = await online.active(Asker(client.account_id, client.contact_id, client.patient_id))
    first = await online.prescribe(made, "AML")
    async with chat.runtime.database.begin() as session:
        await reviews.reject(
            session, first, pharmacist=PHARMACIST, reason="剂量偏大", terms=TERMS, now=NOW + 3 * MINUTE
        )
    said = (await chat.say("my_prescriptions")).text
    assert "药师请医生再改一下，现在不用缴费。原因：剂量偏大。" in said
    assert "今天 23:59 前没有改好就作废" in said
    await online.prescribe(made, "AML", amends=first, now=NOW + 4 * MINUTE)
    said = (await chat.say("my_prescriptions")).text
    assert "药师正在审核" in said
    assert said.count("李静") == 1


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("nlu_fallback", "我自己去医院取"),
        ("collect_medicine", "到院取药"),
        ("cancel_medicine", "不寄了，自己来拿"),
        ("cancel_appointment", "i will pick it up"),
    ],
)
async def test_how_is_understood_in_words_too(
    clinic: Any, pharmacy: Pharmacy, intent: str, words: str
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("my_prescriptions")
    assert "/p/pay/" in (await chat.say(intent, text=words)).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP


@pytest.mark.parametrize("words", ["还是快递吧", "快递给我", "寄家里", "send it please"])
async def test_a_courier_is_no_question_about_a_parcel(clinic: Any, pharmacy: Pharmacy, words: str) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("my_prescriptions")
    assert "收件人、手机号和地址" in (await chat.say("where_is_my_parcel", text=words)).text
    await chat.say("go_back")
    assert "没有在路上" in (await chat.say("where_is_my_parcel", text="快递到哪了")).text


async def test_who_says_how_at_once_is_not_asked(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    assert "/p/pay/" in (await chat.say("collect_medicine", text="我去医院取药")).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP
    assert "收件人、手机号和地址" in (await chat.say("collect_medicine", text="给我快递到家吧")).text
    assert chat.slots["requested_slot"] == "address_new"


async def test_it_is_sent_to_an_address_of_the_book_for_a_fee_told_before(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    made = await pharmacy.approved(client, "AML")
    await pharmacy.address(client)
    offered = await chat.press(await chat.say("my_prescriptions"), "快递到家")
    assert "寄到哪里" in offered.text
    [home, new] = offered.buttons
    assert home == HOME.masked
    assert "用新地址" in new
    assert HOME.street not in str(offered)
    billed = await chat.press(offered, HOME.masked[:2])
    assert "药费 ¥65.20，运费 ¥12，共 ¥77.20" in billed.text
    assert "/p/pay/" in billed.text
    assert list(billed.buttons) == ["改取药方式", "不要了，取消"]
    seen = await pharmacy.see(made)
    assert (seen.handing, seen.amount_fen, seen.delivery_fen) == (Handing.DELIVERY, 7720, 1200)
    again = await chat.press(billed, "改取药方式")
    await chat.press(again, "到院取药")
    seen = await pharmacy.see(made)
    assert (seen.handing, seen.amount_fen, seen.delivery_id) == (Handing.PICKUP, 6520, None)


async def test_what_may_not_be_sent_says_so_and_is_picked_up(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "DZP")
    shown = await chat.say("my_prescriptions")
    assert "地西泮片按规定不能邮寄，只能到院取" in shown.text
    assert list(shown.buttons) == ["到院取药", "以后再说"]
    refused = await chat.say("inform", text="还是给我寄吧")
    assert "不能邮寄，这份药只能到院取" in refused.text
    typed = await chat.tell("collect_medicine", address="北京市朝阳区建国路88号 李四 13800138000")
    assert "不能邮寄" in typed.text
    assert "/p/pay/" in (await chat.say("affirm")).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP


async def test_what_must_stay_cold_says_so_with_its_fee(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "INS")
    shown = await chat.say("collect_medicine")
    assert "快递走冷链，运费 ¥38" in shown.text
    await chat.press(shown, "快递到家")
    await chat.tell("collect_medicine", address="北京市朝阳区建国路88号 李四 13800138000")
    assert "运费 ¥38，共 ¥302" in (await chat.say("affirm")).text
    assert (await pharmacy.see(made)).delivery_fen == 3800


async def test_what_is_not_there_is_not_billed(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "NIF")
    other = await pharmacy.client()
    await pharmacy.bill(other, await pharmacy.approved(other, "NIF"))
    assert "暂时不够" in (await chat.say("collect_medicine", ("handing", "pickup"))).text


async def test_of_several_one_is_picked_and_what_was_said_is_kept(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.approved(client, "NIF")
    made = await pharmacy.approved(client, "AML")
    asked = await chat.say("collect_medicine", text="我去医院取药")
    assert "哪一份" in asked.text
    assert "没太明白" in (await chat.say("inform", text="呃")).text
    assert "/p/pay/" in (await chat.press(asked, "*明：氨氯地平片")).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP


async def test_an_address_typed_before_one_of_several_is_chosen_is_kept(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.approved(client, "AML")
    await pharmacy.approved(client, "NIF")
    await chat.say("collect_medicine", text="取药")
    address = await chat.token("address", "张三 13800138000 北京市海淀区中关村大街1号")
    said = await chat.say("inform", address, text="寄到北京市海淀区中关村大街1号")
    assert "哪一份" in said.text
    assert "没太明白" not in said.text
    said = await chat.press(said, next(iter(said.buttons)))
    assert "北京市海淀区" in said.text
    assert "对的" in said.buttons


@pytest.mark.parametrize(
    ("intent", "words"),
    [("cancel", "不想要了"), ("deny", "算了，不买了"), ("cancel", "I don't want it any more")],
)
async def test_what_is_not_wanted_behind_a_bill_is_the_medicine(
    clinic: Any, pharmacy: Pharmacy, intent: str, words: str
) -> None:
    chat = await clinic.chat()
    assert chat.form == ""
    assert "没有正在办的事" in (await chat.say(intent, text=words)).text
    made = await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", text="我去医院取药")
    assert (
        "没有正在办的事" in (await chat.say("cancel", text="算了")).text
    )  # names nothing that is not wanted
    said = await chat.say(intent, text=words)
    assert "确定取消吗" in said.text
    await chat.say("affirm", text="是的")
    assert (await pharmacy.see(made)).order_status is not OrderStatus.UNPAID


async def test_what_a_way_is_called_is_no_choice_of_it(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("my_prescriptions")
    said = await chat.say("collect_medicine", text="啥叫快递到家")
    assert "没太明白" not in said.text
    assert "快递到家加运费 ¥12" in said.text
    assert list(said.buttons) == ["到院取药", "快递到家（运费 ¥12）"]


async def test_later_is_no_now(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    for intent in ("cancel", "deny", "go_back"):
        await chat.say("collect_medicine")
        assert "先不办" in (await chat.say(intent)).text
        assert not chat.form
    assert (await pharmacy.see(made)).order_no is None


async def test_in_another_form_documents_say_how_to_go_on(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("complain")
    between = await chat.say("my_prescriptions")
    assert "随时说“取药”" in between.text
    assert chat.form == "complaint_form"
    assert "怎么拿" in (await chat.say("collect_medicine")).text
    assert chat.form == "medicine_form"


async def test_a_question_in_between_comes_back(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.press(await chat.say("collect_medicine"), "快递到家")
    for intent in ("thanks", "where_is_my_parcel", "my_bills"):
        between = await chat.say(intent)
        assert between.text.endswith("北京市海淀区中关村大街1号")
        assert between.expects == "address"
    assert "怎么拿" in (await chat.say("go_back")).text


async def test_a_bill_that_is_open_is_shown_with_its_page(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "pickup"))
    for asking in ("my_prescriptions", "collect_medicine"):
        shown = await chat.say(asking)
        assert "到院取药，共 ¥65.20" in shown.text
        assert "/p/pay/" in shown.text
        assert list(shown.buttons) == ["改取药方式", "不要了，取消"]
    assert (await pharmacy.see(made)).order_status is OrderStatus.UNPAID


async def test_in_english_with_its_english_name_and_dose(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    await pharmacy.approved(await client_of(chat), "AML")
    shown = await chat.say("my_prescriptions")
    assert "Aml 氨氯地平片 5mg×28片, 2 × box: 1 tablet each time, once a day, for 7 days" in shown.text
    await chat.say("collect_medicine", ("handing", "pickup"))
    assert "(Aml 氨氯地平片 …)" in (await chat.say("cancel_medicine")).text


async def test_how_it_comes_is_changed_in_a_word_behind_the_bill(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    assert "怎么拿" not in (await chat.say("correct", text="还是寄吧")).text
    made = await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "pickup"))
    said = await chat.say("correct", text="还是寄吧")
    assert said.text.endswith("北京市海淀区中关村大街1号")
    await chat.say("cancel")
    assert "/p/pay/" in (await chat.say("nlu_fallback", text="我还是去医院拿")).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP


async def test_an_unpaid_bill_is_cancelled_and_the_prescription_stays(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    billed = await chat.say("collect_medicine", ("handing", "pickup"))
    asked = await chat.press(billed, "不要了")
    assert "还没缴费，不收钱" in asked.text
    assert "一切照旧" in (await chat.say("deny")).text
    await chat.say("cancel_medicine")
    assert "没有收钱" in (await chat.say("affirm")).text
    seen = await pharmacy.see(made)
    assert (seen.status, seen.order_no) == (PrescriptionStatus.APPROVED, None)
    assert await pharmacy.stock("AML") == 20


async def test_of_several_the_one_that_can_be_changed_is_named(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    shown = await chat.say("my_prescriptions")
    assert "还可以：" not in shown.text
    await pharmacy.issue(client, "NIF")
    shown = await chat.say("my_prescriptions")
    assert "：氨氯地平片等，还可以：" in shown.text
    assert list(shown.buttons) == ["改收件地址", "不要了，取消"]


async def test_what_is_paid_is_paid_back_once_confirmed(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    shown = await chat.say("my_prescriptions")
    assert list(shown.buttons) == ["改收件地址", "不要了，取消"]
    asked = await chat.press(shown, "不要了")
    assert "¥77.20 全额原路退回" in asked.text
    between = await chat.say("ask_refund")
    assert "确定取消吗" in between.text
    assert "没太明白" in (await chat.say("inform", text="呃这个")).text
    assert (await pharmacy.see(made)).status is PrescriptionStatus.PAID
    assert "¥77.20 会原路退回" in (await chat.say("cancel", text="取消吧")).text
    seen = await pharmacy.see(made)
    assert (seen.status, seen.order_status) == (PrescriptionStatus.CANCELLED, OrderStatus.REFUND_DUE)


async def test_what_the_pharmacy_has_begun_is_not_cancelled_here(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    assert "没有要处理的处方" in (await chat.say("cancel_medicine")).text
    _, made = await pharmacy.paid("AML", client=await client_of(chat))
    await chat.say("cancel_medicine")
    async with chat.runtime.database.begin() as session:
        await counter.dispense(session, made, actor="staff:counter")
    for late in (await chat.say("affirm"), await chat.say("cancel_medicine")):
        assert f"不能取消了。请打 {chat.runtime.settings.hospital_phone}" in late.text
    assert (await pharmacy.see(made)).status is PrescriptionStatus.DISPENSING


async def test_before_it_leaves_it_goes_to_another_address(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    offered = await chat.press(await chat.say("my_prescriptions"), "改收件地址")
    assert "寄到哪里" in offered.text
    await chat.tell("collect_medicine", address="杭州市西湖区文三路100号 李四 13800138000")
    assert "改寄到 *四 138****8000 浙江省杭州市西湖区" in (await chat.say("affirm")).text
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    late = await chat.say("collect_medicine", ("prescription", str(made)), ("purpose", "redirect"))
    assert "改不了地址" in late.text
