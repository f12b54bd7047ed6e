"""Where a parcel is, and that it came or did not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.hospital.delivery import following, shipping
from integrations.hospital.models import Handing, ParcelState
from integrations.tracking import ParcelNews, ParcelStep
from tests.pharmacy_rows import NOW, Pharmacy

from .medicines import client_of


async def test_a_parcel_is_asked_about_and_received(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    assert "没有在路上" in (await chat.say("where_is_my_parcel")).text
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    assert "正在打包" in (await chat.say("where_is_my_parcel")).text
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    where = await chat.say("where_is_my_parcel")
    assert "尾号 5678" in where.text
    assert "https://hospital.example/p/parcel/" in where.text
    assert "没有回应" in where.text  # no tracker is set up here
    assert "记下您收到了" in (await chat.press(where, "我收到了")).text
    assert "已送达" in (await chat.say("where_is_my_parcel")).text


async def _sent(chat: Any, pharmacy: Pharmacy, waybill: str) -> None:
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", waybill, actor="staff:counter", now=NOW)


async def _signed(chat: Any, waybill: str) -> None:
    """The carrier says so."""
    await _scanned(chat, waybill, ParcelState.SIGNED)


async def _scanned(chat: Any, waybill: str, state: ParcelState) -> None:
    step = ParcelStep(NOW + timedelta(minutes=1), "【北京市】中关村营业部")
    news = ParcelNews("ems", waybill, state, (step,))
    async with chat.runtime.database.begin() as session:
        await following.take_note(session, chat.runtime.crypto, news, NOW)


async def test_what_only_the_carrier_calls_received_may_be_missing(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    await _signed(chat, "EM12345678")
    where = await chat.say("where_is_my_parcel", text="显示签收了可我没收到")
    assert "尾号 5678）：快递记录已签收，" in where.text
    said = await chat.press(where, "我没有收到")
    assert chat.form == "complaint_form"
    assert "什么时候" in said.text  # of what kind it is is known


async def test_received_said_behind_the_carriers_word_is_taken(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    await _signed(chat, "EM12345678")
    assert "记下您收到了" in (await chat.say("confirm_receipt", text="药收到了")).text


@pytest.mark.parametrize("words", ["I got it", "收到了，谢谢"])
async def test_got_it_may_be_about_the_parcel_and_confirms_nothing_by_itself(
    clinic: Any, pharmacy: Pharmacy, words: str
) -> None:
    chat = await clinic.chat()
    assert "尾号" not in (await chat.say("thanks", text=words)).text
    await _sent(chat, pharmacy, "EM12345678")
    assert "尾号" not in (await chat.say("thanks", text="谢谢")).text
    where = await chat.say("thanks", text=words)
    assert "尾号 5678" in where.text
    assert "记下您收到了" in (await chat.press(where, "我收到了")).text


async def test_not_received_is_no_receipt(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    said = await chat.say("confirm_receipt", text="显示签收了，我没收到药！")
    assert "尾号 5678" in said.text
    assert "记下您收到了" not in said.text


async def test_something_wrong_with_it_names_whom_to_call(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    await _scanned(chat, "EM12345678", ParcelState.PROBLEM)
    where = await chat.say("where_is_my_parcel")
    assert "遇到问题" in where.text
    assert chat.runtime.settings.hospital_phone in where.text


async def test_of_several_parcels_each_button_says_which(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    await _sent(chat, pharmacy, "EM12349999")
    where = await chat.say("confirm_receipt", text="收到了")
    assert set(where.buttons) == {"我收到了（尾号 5678）", "我收到了（尾号 9999）"}
    assert "记下您收到了" in (await chat.press(where, "我收到了（尾号 9999")).text
    assert "已送达" in (await chat.say("where_is_my_parcel")).text


@pytest.mark.parametrize("words", ["has it arrived?", "药到了吗", "收到了没"])
async def test_a_question_confirms_no_receipt(clinic: Any, pharmacy: Pharmacy, words: str) -> None:
    chat = await clinic.chat()
    await _sent(chat, pharmacy, "EM12345678")
    said = await chat.say("confirm_receipt", text=words)
    assert "尾号 5678" in said.text
    assert "记下您收到了" not in said.text


async def test_who_asks_for_medicine_that_was_not_chosen_yet_is_shown_how(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await client_of(chat), "AML")
    said = await chat.say("where_is_my_parcel", text="我的药呢")
    assert said.buttons["取药"] == "/collect_medicine"
