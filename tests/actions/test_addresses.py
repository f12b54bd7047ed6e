"""Where medicine is sent to: typed in one message or several, put right, chosen, saved on its page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from actions.address_pieces import Pieces
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import Destination
from integrations.hospital.models import Handing
from tests.pharmacy_rows import Pharmacy

from .addresses import WHOLE, book, shown
from .medicines import client_of

PERSONAL = ("李四", "13800138000", "中关村大街1号")


async def test_it_is_typed_at_once_confirmed_and_kept(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    asked = await chat.tell("collect_medicine", address=WHOLE)
    assert "北京市海淀区中关村大街1号\n*四，138****8000" in await shown(chat, asked)
    assert asked.expects == "address"
    assert not any(value in asked.text + json.dumps(chat.slots, ensure_ascii=False) for value in PERSONAL)
    assert await book(chat) == []
    billed = await chat.say("affirm")
    assert "寄到 *四 138****8000 北京市海淀区中关…" in billed.text
    assert [one.street for one in await book(chat)] == ["中关村大街1号"]
    assert (await pharmacy.see(made)).handing is Handing.DELIVERY


async def test_every_piece_can_be_put_right(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.tell("collect_medicine", address=WHOLE)
    assert "哪里不对" in (await chat.say("deny")).text
    assert "*五" in (await chat.tell("collect_medicine", address="收件人换成王五")).text
    assert "139****1111" in (await chat.tell("correct", address="电话改成13900001111")).text
    moved = await chat.tell("collect_medicine", address="不对，是朝阳区建国路88号")
    assert "北京市朝阳区建国路88号\n*五，139****1111" in await shown(chat, moved)
    assert "对的" in str((await chat.say("where_is_my_parcel")).buttons)
    await chat.say("affirm")
    assert await book(chat) == [Destination("王五", "+8613900001111", "北京市", "", "朝阳区", "建国路88号")]


async def test_what_is_missing_is_asked_for_one_by_one(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", text="快递给我")
    which = await chat.tell("collect_medicine", address="朝阳区建国路88号")
    assert list(which.buttons) == ["北京市朝阳区", "吉林省长春市朝阳区"]
    who = await chat.press(which, "吉林省")
    assert list(who.buttons) == ["写我本人（*明 138****5678）"]
    assert "手机号" in (await chat.tell("collect_medicine", address="王")).text
    assert "不像手机号" in (await chat.tell("collect_medicine", address="12345")).text
    assert "吉林省长春市朝阳区建国路88号\n*王" in await shown(
        chat, await chat.tell("collect_medicine", address="13900001111")
    )


async def test_who_is_known_need_not_be_typed(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    assert "哪条路" in (await chat.tell("collect_medicine", address="北京海淀")).text
    who = await chat.tell("collect_medicine", address="中关村大街1号")
    assert "*明，138****5678" in (await chat.press(who, "写我本人")).text
    assert "寄到 *明" in (await chat.say("affirm")).text


@pytest.mark.parametrize("words", ["我自己收", "就写我吧", "本人", "myself"])
async def test_oneself_is_said_in_words(clinic: Any, pharmacy: Pharmacy, words: str) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.tell("collect_medicine", address="朝阳区建国路88号")
    assert "收件人叫什么" in (await chat.tell(address="北京的")).text
    assert "*明，138****5678" in (await chat.tell(address=words)).text


async def test_an_address_in_english_is_read_and_shown_with_the_chinese_place(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    said = await chat.tell(
        "collect_medicine",
        address="John Smith, 13800138000, Room 1203, Building 5, 88 Zhongguancun East Road, Haidian, Beijing",
    )
    assert "北京市海淀区 (Haidian, Beijing)" in said.text
    assert "138****8000" in said.text
    await chat.press(said, "Yes, that is right")
    async with chat.runtime.database.begin() as session:
        [one] = await addresses.book(session, chat.runtime.crypto, chat.contact.account_id)
    assert (one.destination.recipient, one.destination.street) == (
        "John Smith",
        "Zhongguancun East Road 88号5号楼1203室",
    )


async def test_what_is_missing_of_an_address_in_english_is_asked_piece_by_piece(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    assert (
        "City and district" in (await chat.tell("collect_medicine", address="Room 5, 88 Jianguo Road")).text
    )
    said = await chat.tell(address="Chaoyang District")
    assert "北京市朝阳区 (Chaoyang, Beijing)" in " ".join(said.buttons)
    assert "Who is it for" in (await chat.tell(address="Chaoyang, Beijing")).text
    assert "Which mobile number" in (await chat.tell(address="Li Ping")).text
    said = await chat.tell(address="13800138000")
    assert "北京市朝阳区 (Chaoyang, Beijing)" in said.text


async def test_what_cannot_be_read_in_english_goes_piece_by_piece(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    said = await chat.tell("collect_medicine", address="behind the 7 eleven near gate2")
    assert "piece by piece" in said.text
    assert "City and district" in said.text


async def test_going_back_leads_to_the_book_and_then_to_how(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.approved(client, "AML")
    await pharmacy.address(client)
    await chat.say("collect_medicine", ("handing", "delivery"))
    await chat.say("inform", text="换个新地址")
    await chat.tell("collect_medicine", address="北京市海淀区中关村大街1号")
    assert "寄到哪里" in (await chat.say("go_back")).text
    assert "怎么拿" in (await chat.say("go_back")).text
    await chat.say("inform", ("handing", "delivery"))
    assert "寄到 *明" in (await chat.say("inform", ("ordinal", 1), text="第一个")).text


async def test_an_address_that_was_deleted_meanwhile_is_asked_for_anew(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.approved(client, "AML")
    kept = await pharmacy.address(client)
    offered = await chat.say("collect_medicine", ("handing", "delivery"))
    async with chat.runtime.database.begin() as session:
        await addresses.remove(session, kept, client.account_id)
    assert "没太明白" in (await chat.press(offered, "*明")).text
    assert chat.slots["requested_slot"] == "address_new"


async def test_before_registration_nothing_is_kept(clinic: Any) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("my_addresses")
    assert "登记" in said.text
    assert not chat.form


@pytest.mark.parametrize(
    ("said", "asked", "known"),
    [
        ("不对，是李五", "address_confirm", ("recipient", "李五")),
        ("电话改成13900001111", "address_confirm", ("phone", "+8613900001111")),
        ("不对，收件人就是陈大文", "address_confirm", ("recipient", "陈大文")),
        ("收件人是陈大文", "address_wrong", ("recipient", "陈大文")),
        ("街道改成建国路99号", "address_wrong", ("street", "建国路99号")),
        ("中关村大街2号院", "address_confirm", ("street", "中关村大街2号院")),
        ("朝阳区建国路88号", "address_confirm", ("district", "朝阳区")),
        ("海淀", "address_division", ("district", "海淀区")),
        ("王", "address_recipient", ("recipient", "王")),
        ("John Smith", "address_recipient", ("recipient", "John Smith")),
        ("张三收", "address_confirm", ("recipient", "张三")),
        ("12345", "address_phone", ("bad_phone", True)),
        ("收件人换成龙猫", "address_confirm", ("recipient", "龙猫")),
        ("司徒静姝", "address_confirm", ("recipient", "司徒静姝")),
        ("就那样呗", "address_confirm", ("recipient", "李四")),
        ("随你便", "address_new", ("recipient", "李四")),
        ("让我想一想再告诉你", "address_confirm", ("street", "中关村大街1号")),
        ("这也太麻烦了吧", "address_wrong", ("street", "中关村大街1号")),
        ("望京西园三区", "address_confirm", ("street", "望京西园三区")),
        ("不对，是5号楼", "address_confirm", ("street", "中关村大街1号5号楼")),
        ("门牌改成2号", "address_confirm", ("street", "中关村大街2号")),
    ],
)
def test_a_message_corrects_what_it_names(said: str, asked: str, known: tuple[str, Any]) -> None:
    before = Pieces("李四", "+8613800138000", "北京市", "", "海淀区", "中关村大街1号")
    after = before.add(said, asked)
    name, value = known
    assert getattr(after, name) == value
    places = {"province", "city", "district", "street"} if name == "district" else {name}
    if value == getattr(before, name):
        assert after == before
    for other in {"recipient", "phone", "province", "city", "district", "street"} - places:
        assert getattr(after, other) == getattr(before, other), other


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ("电话打错了，是13912345679", "phone", "+8613912345679"),
        ("手机号不对，应该是 13912345679", "phone", "+8613912345679"),
        ("the phone is wrong, it is 13912345679", "phone", "+8613912345679"),
        ("收件人错了，是王五", "recipient", "王五"),
        ("门牌号是14", "street", "中关村大街14号"),
        ("the house number is 14", "street", "中关村大街14号"),
    ],
)
def test_the_words_for_a_mistake_are_no_part_of_the_address(said: str, name: str, value: str) -> None:
    before = Pieces("李四", "+8613800138000", "北京市", "", "海淀区", "中关村大街1号")
    assert before.add(said, "address_confirm") == replace(before, **{name: value})


async def test_who_would_rather_fetch_it_is_asked_for_no_address(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    assert "/p/pay/" in (await chat.tell("nlu_fallback", address="自己去拿")).text
    assert (await pharmacy.see(made)).handing is Handing.PICKUP


async def test_correct_alone_is_a_yes(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    await chat.say("collect_medicine", ("handing", "delivery"))
    await chat.tell("collect_medicine", address=WHOLE)
    assert "/p/pay/" in (await chat.say("correct", text="that's correct")).text


@pytest.mark.parametrize("asked_for", ["handing", "address_new"])
async def test_one_that_was_saved_on_its_page_is_taken(
    clinic: Any, pharmacy: Pharmacy, asked_for: str
) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    made = await pharmacy.approved(client, "AML")
    offered = await chat.say(
        "collect_medicine", *([] if asked_for == "handing" else [("handing", "delivery")])
    )
    assert chat.slots["requested_slot"] == asked_for
    assert ("https://hospital.example/p/address/" in offered.text) is (asked_for == "address_new")
    saved = ("destination", str(await pharmacy.address(client)))
    billed = await chat.say("address_saved", saved, ("prescription", str(made)))
    assert "寄到 *明 138****5678" in billed.text
    assert (await pharmacy.see(made)).handing is Handing.DELIVERY


async def test_one_saved_on_its_page_answers_nothing_else(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.paid("AML", client=client)
    await chat.say("cancel_medicine")
    between = await chat.say("address_saved", ("destination", str(await pharmacy.address(client))))
    assert "确定取消吗" in between.text
    assert "没太明白" not in between.text
