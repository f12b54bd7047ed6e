"""Each journey after a number, walked through with every way off each of its questions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.pharmacy_rows import Pharmacy

from .complaints import submit
from .conftest import Chat
from .follow_ups import put_on
from .medicines import client_of
from .test_rating import ask as ask_rating
from .walking import presses, says, tells, types, walk

WHOLE = "北京市海淀区中关村大街1号 李四 13800138000"


async def prescribed(chat: Chat, pharmacy: Pharmacy) -> Any:
    return await pharmacy.approved(await client_of(chat), "AML")


async def test_medicine_to_a_new_address(chat: Chat, pharmacy: Pharmacy) -> None:
    await prescribed(chat, pharmacy)
    await walk(
        chat,
        says("my_prescriptions"),
        presses("快递到家"),
        tells(address="朝阳区建国路88号"),
        says("inform", ("ordinal", 1)),
        tells(address="王五"),
        tells(address="13900001111"),
        says("deny"),
        tells(address="电话改成13900002222"),
    )


async def test_giving_medicine_up(chat: Chat, pharmacy: Pharmacy) -> None:
    await prescribed(chat, pharmacy)
    await chat.press(await chat.say("my_prescriptions"), "到院取药")
    await walk(chat, says("cancel_medicine"))


async def test_the_address_book(chat: Chat) -> None:
    await chat.tell("my_addresses", address=WHOLE)
    await chat.say("affirm")
    await walk(chat, says("my_addresses"), presses("*四"), says("inform", ("purpose", "delete")))


async def test_a_complaint(chat: Chat) -> None:
    await walk(
        chat,
        types("我要投诉", "complain"),
        presses("等候"),
        types("昨天下午在收费窗口，等了两个小时，没人理我"),
        types("说完了", "affirm"),
    )


async def test_withdrawing_a_complaint(chat: Chat) -> None:
    await submit(chat)
    shown = await chat.say("complaint_status")
    await walk(chat, lambda chat, _: chat.press(shown, "撤回"))


async def test_a_follow_up(chat: Chat) -> None:
    task = await put_on(chat, "hypertension")
    await walk(
        chat,
        lambda chat, _: chat.say(
            "follow_up_due", ("task", task), kind="system", text="/follow_up_due", away=timedelta(days=1)
        ),
        presses("开始"),
        types("135/85"),
        types("按时吃了"),
    )


async def test_having_enough_of_it(chat: Chat) -> None:
    await put_on(chat, "hypertension")
    await walk(chat, says("stop_follow_up"))


async def test_a_rating(chat: Chat) -> None:
    await ask_rating(chat.runtime, chat)
    await walk(chat, types("评价", "rate"), presses("★★★★"))
