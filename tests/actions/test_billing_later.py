"""Whether one can pay later: how long the number is held, until when a bill stands."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from integrations.hospital.models import Platform
from integrations.runtime import Runtime

from .bills import WeChatPay, bill, held, only_order, page
from .conftest import WEDNESDAY, Clinic


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    return dataclasses.replace(runtime, payments=cast(Any, {Platform.WECHATPAY: WeChatPay()}))


async def test_paying_later_is_answered_with_how_long_the_number_is_held(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("ask_pay_later", text="可以晚点付吗")
    assert "保留 15 分钟" in said.text
    assert "不收钱" in said.text
    await held(clinic, chat)
    said = await chat.say("ask_pay_later", text="可以晚点付吗")
    assert "挂号费 ¥35，今天 9:15 前付都行" in said.text
    assert page(said.text, "pay")
    assert list(said.buttons) == ["请家人代付"]


async def test_paying_later_in_the_middle_of_a_booking_is_about_that_number(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    await clinic.session("张伟", WEDNESDAY, fee_fen=3500)
    asked = await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    said = await chat.say("ask_pay_later", ("date", "2026-11-23"), text="能不能明天付")
    assert "保留 15 分钟" in said.text
    assert asked.text in said.text  # tomorrow is no day for the visit
    assert chat.form == "booking_form"


async def test_paying_later_of_a_bill_without_a_deadline_and_in_english(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await bill(clinic, chat, 4500)
    assert "没有付款时限" in (await chat.say("ask_pay_later")).text
    chat.language = "en"
    assert "has no deadline" in (await chat.say("ask_pay_later", text="can I pay later?")).text


async def test_where_nothing_is_paid_online_later_is_at_the_counter(clinic: Clinic, runtime: Runtime) -> None:
    runtime.payments.clear()
    chat = await clinic.chat()
    assert "门诊一楼收费处" in (await chat.say("ask_pay_later")).text
    await held(clinic, chat)
    order = await only_order(clinic)
    said = await chat.say("ask_pay_later")
    assert "今天 9:15 前到门诊一楼收费处" in said.text
    assert order.order_no in said.text
