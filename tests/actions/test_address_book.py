"""The addresses that are kept: read, added to, deleted, and what of a parcel they change."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital.delivery import addresses, shipping
from integrations.hospital.delivery.addresses import Destination
from integrations.hospital.models import Handing
from integrations.hospital.pharmacy import counter
from tests.pharmacy_rows import HOME, NOW, Pharmacy

from .addresses import WHOLE, book
from .medicines import client_of


async def test_the_book_is_read_added_to_and_tidied(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    assert "收件人、手机号和地址" in (await chat.say("my_addresses", text="我的地址")).text
    await chat.tell("collect_medicine", address=WHOLE)
    assert "存好了：*四" in (await chat.say("affirm")).text
    await pharmacy.address(await client_of(chat))
    listed = await chat.say("my_addresses", text="我的地址")
    assert list(listed.buttons) == [
        "*四 138****8000 北京市海淀区中关…（常用）",
        HOME.masked,
        "用新地址",
    ]
    assert HOME.street not in str(listed)
    one = await chat.press(listed, "*明")
    assert list(one.buttons) == ["设为常用", "删除", "返回"]
    assert "设为常用了" in (await chat.press(one, "设为常用")).text
    assert (await book(chat))[0] == HOME
    asked = await chat.say("my_addresses", ("ordinal", 2), text="删掉第二个地址")
    assert "*四" in asked.text
    assert "确定删除吗" in asked.text
    assert "好的，不删" in (await chat.say("deny")).text
    await chat.say("my_addresses", ("ordinal", 2), text="删掉第二个地址")
    assert "停车" not in (await chat.say("thanks")).text
    assert "删掉了" in (await chat.say("affirm")).text
    assert await book(chat) == [HOME]


async def test_of_several_to_delete_it_is_asked_which(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    await pharmacy.address(client)
    await pharmacy.address(client, Destination("李四", "+8613800138000", "北京市", "", "海淀区", "学院路1号"))
    assert "要删哪一个" in (await chat.say("my_addresses", text="我要删除地址")).text
    assert "确定删除吗" in (await chat.say("inform", ("ordinal", -1), text="最后一个")).text
    assert "两" not in (await chat.say("cancel")).text
    assert len(await book(chat)) == 2


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("my_addresses", "修改收货地址"),
        ("my_addresses", "包裹已经寄出了还能改地址吗"),
        ("my_addresses", "我搬家了，换个新地址"),
        ("collect_medicine", "改收件地址"),
        ("where_is_my_parcel", "快递在路上了，地址写错了"),
    ],
)
async def test_of_a_parcel_that_has_left_it_is_said_that_its_address_stays(
    clinic: Any, pharmacy: Pharmacy, intent: str, words: str
) -> None:
    chat = await clinic.chat()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "shunfeng", "SF12345678", actor="staff:counter", now=NOW)
    said = await chat.say(intent, text=words)
    for part in ("尾号 5678", "改不了地址", "顺丰速运（95338）", "拒收", "转人工", "/p/parcel/"):
        assert part in said.text
    if intent != "my_addresses":
        said = await chat.press(said, "收货地址")
        assert "改不了" not in said.text
    else:
        assert "以后寄药用的地址" in said.text
    assert chat.form == "address_form"


async def test_only_who_wants_another_address_hears_of_the_parcel(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    said = await chat.say("my_addresses", text="修改收货地址")
    assert "还没寄出" in said.text
    assert "寄到哪里" in (await chat.press(said, "改收件地址")).text
    await chat.say("cancel")
    async with chat.runtime.database.begin() as session:
        await counter.dispense(session, made, actor="staff:counter")
    said = await chat.say("my_addresses", text="修改收货地址")
    assert "药房已经在配这份药" in said.text
    assert "以后寄药用的地址" in said.text
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "other", "X12345678", actor="staff:counter", now=NOW)
    assert "快递公司能不能改送" in (await chat.say("my_addresses", text="地址改一下")).text
    await chat.say("cancel")
    for words in ("我的地址", "换个默认的收货地址", "删除地址"):
        assert "改不了" not in (await chat.say("my_addresses", text=words)).text
        await chat.say("cancel")


async def test_a_new_address_typed_at_once_is_for_what_has_not_left(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    token = await chat.token("address", "杭州市西湖区文三路100号 李四 13800138000")
    await chat.say("collect_medicine", token, text=f"药改寄到{token[1]}")
    assert "改寄到 *四 138****8000 浙江省杭州市西湖区" in (await chat.say("affirm")).text


async def test_in_english_the_address_of_a_parcel_stays(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    said = await chat.say("my_addresses", text="my parcel is on its way, can i change the address")
    assert "we can no longer change its address" in said.text
    assert "EMS (11183)" in said.text
    assert "from now on" in said.text


async def test_no_more_than_ten_are_kept(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    client = await client_of(chat)
    for at in range(addresses.MOST):
        to = Destination("李四", "+8613800138000", "北京市", "", "海淀区", f"学院路{at}号")
        await pharmacy.address(client, to)
    assert "用新地址" not in (await chat.say("my_addresses")).buttons
    await chat.tell("collect_medicine", address=WHOLE)
    assert "存不下新的了" in (await chat.say("affirm")).text
