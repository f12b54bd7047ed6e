"""Paying, as far as it is spoken of: links, "我付好了", bills, refunds, 代付, receipts."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from integrations.hospital import booking
from integrations.hospital.billing import invoices, orders, paying, refunds
from integrations.hospital.billing.paying import Trade
from integrations.hospital.models import (
    FoundBy,
    Platform,
    Refund,
    RefundReason,
    RefundStatus,
)
from integrations.runtime import Runtime

from .bills import WeChatPay, bill, held, link, only_order, opened, page, pay
from .conftest import NOW, WEDNESDAY, Clinic, Outside


@pytest.fixture
def wechatpay() -> WeChatPay:
    return WeChatPay()


@pytest.fixture
def runtime(runtime: Runtime, wechatpay: WeChatPay) -> Runtime:
    return dataclasses.replace(runtime, payments=cast(Any, {Platform.WECHATPAY: wechatpay}))


async def test_a_held_number_comes_with_the_link_to_pay_it(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await held(clinic, chat)
    order = await only_order(clinic)
    assert said.text.startswith("已为您保留到 09:15")
    assert f"订单号：{order.order_no}" in said.text
    assert "点这里支付 ¥35" in said.text
    made = await link(clinic, page(said.text, "pay"), "pay")
    assert (made.subject, made.contact_id) == (order.order_no, chat.contact.id)
    assert made.expires_at == NOW + timedelta(days=2, minutes=15)
    assert list(said.buttons) == ["我付好了", "请家人代付"]


async def test_after_a_move_to_another_fee_the_link_is_of_the_new_order(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    await clinic.session("王建国", WEDNESDAY, fee_fen=5000)
    await chat.say("reschedule_appointment", ("practitioner", clinic.doctors["王建国"]))
    said = await chat.say("affirm")
    made = await link(clinic, page(said.text, "pay"), "pay")
    async with clinic.runtime.database.begin() as session:
        assert (await orders.order(session, str(made.subject))).amount_fen == 5000


async def test_my_appointments_hold_a_fresh_link(clinic: Clinic) -> None:
    chat = await clinic.chat()
    first = page((await held(clinic, chat)).text, "pay")
    said = await chat.say("my_appointments")
    assert "还没付 ¥35" in said.text
    assert page(said.text, "pay") != first


async def test_nobody_has_to_pay_nothing(clinic: Clinic) -> None:
    chat = await clinic.chat()
    assert "还没有账单" in (await chat.say("my_bills")).text
    assert "没有要付的" in (await chat.say("pay_for_me")).text
    assert "没有查到您的退款" in (await chat.say("ask_refund")).text
    assert "没有查到付款" in (await chat.say("paid_already")).text
    assert "还没有付过" in (await chat.say("ask_receipt")).text


async def test_one_bill_is_paid_at_once_and_several_on_the_list(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    said = await chat.say("my_bills")
    assert "*明 的挂号费 ¥35，今天9:15 前有效" in said.text.replace("今天 ", "今天")
    page(said.text, "pay")
    await bill(clinic, chat, 12000, hours=72)
    await bill(clinic, chat, 1000)
    said = await chat.say("my_bills")
    assert "有三笔要付，一共 ¥165" in said.text
    lines = [line for line in said.text.splitlines() if line.startswith("·")]
    assert ["¥35" in lines[0], "¥120" in lines[1], "没有期限" in lines[2]] == [True] * 3
    page(said.text, "bills")


async def test_paid_is_what_the_platform_says(clinic: Clinic, wechatpay: WeChatPay) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    number = await opened(clinic, (await only_order(clinic)).order_no)
    said = await chat.say("paid_already")
    assert "还没收到" in said.text
    assert "不要再付" in said.text
    page(said.text, "pay")
    wechatpay.pay(number, 3500)
    said = await chat.say("paid_already")
    assert "¥35 已付好，号约好了" in said.text
    made = await link(clinic, page(said.text, "card"), "card")
    assert made.subject == (await only_order(clinic)).appointment_id.hex  # type: ignore[union-attr]
    assert "已付好" in (await chat.say("paid_already")).text


async def test_paid_while_the_platform_is_down_is_not_known(clinic: Clinic, wechatpay: WeChatPay) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    number = await opened(clinic, (await only_order(clinic)).order_no)
    wechatpay.pay(number, 3500)
    wechatpay.down = True
    assert "还没收到" in (await chat.say("paid_already")).text


async def test_paid_of_a_bill_gives_the_receipt(clinic: Clinic) -> None:
    chat = await clinic.chat()
    order_no = await bill(clinic, chat, 12000, hours=72)
    await pay(clinic, order_no, 12000)
    said = await chat.say("paid_already")
    assert "¥120 已付好" in said.text
    assert (await link(clinic, page(said.text, "receipt"), "receipt")).subject == order_no


async def test_what_ran_out_is_told_as_it_is(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    outside.now = NOW + timedelta(minutes=16)
    assert "没有在时限内付好" in (await chat.say("paid_already")).text
    async with clinic.runtime.database.begin() as session:
        await booking.expire_holds(session, outside.now)
    said = await chat.say("paid_already")
    assert "没有在时限内付好" in said.text
    assert "/p/pay/" not in said.text


async def test_paid_too_late_is_on_its_way_back(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    order = await only_order(clinic)
    await opened(clinic, order.order_no)
    outside.now = NOW + timedelta(days=4)  # the visit is over
    async with clinic.runtime.database.begin() as session:
        await booking.expire_holds(session, outside.now)
        trade = Trade(Platform.WECHATPAY, order.order_no, "4200", 3500, NOW, "o-daughter")
        await paying.receive(session, trade, FoundBy.CALLBACK, outside.now)
    said = await chat.say("paid_already")
    assert "¥35 正在退回代付人的微信账户" in said.text
    assert (await chat.say("ask_refund")).text == said.text


REFUNDS: dict[RefundStatus, str] = {
    RefundStatus.PROCESSING: "正在退回代付人的微信账户",
    RefundStatus.SUCCEEDED: "已在今天 9:00 退回代付人的微信账户",
    RefundStatus.ABNORMAL: "没能退回代付人的微信账户，工作人员正在处理",
}


@pytest.mark.parametrize("status", REFUNDS)
async def test_how_far_a_refund_is(clinic: Clinic, status: RefundStatus) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    number = await pay(clinic, (await only_order(clinic)).order_no, 3500, "o-daughter")
    await chat.say("cancel_appointment")
    said = await chat.say("affirm")
    assert "¥35 正在原路退回付款的账户" in said.text
    async with clinic.runtime.database.begin() as session:
        assert (await session.scalars(select(Refund.reason))).one() is RefundReason.CANCELLED
        await refunds.settle_refund(session, f"{number}R1", status, NOW)
    assert REFUNDS[status] in (await chat.say("ask_refund")).text


async def test_ones_own_payment_goes_back_to_oneself(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    await pay(clinic, (await only_order(clinic)).order_no, 3500, chat.contact.platform_id)
    await chat.say("cancel_appointment")
    await chat.say("affirm")
    assert "退回付款的微信账户" in (await chat.say("ask_refund")).text


async def test_a_relative_pays_by_a_link_of_their_own(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.press(await held(clinic, chat), "请家人代付")
    assert "¥35" in said.text
    assert "退回付款人" in said.text
    made = await link(clinic, page(said.text, "payfor"), "payfor")
    assert made.subject == (await only_order(clinic)).order_no


async def test_of_several_bills_a_relative_gets_the_most_urgent(clinic: Clinic) -> None:
    chat = await clinic.chat()
    late, soon = await bill(clinic, chat, 12000), await bill(clinic, chat, 800, hours=2)
    said = await chat.say("pay_for_me")
    assert said.text.startswith("最急的一笔是检查费 ¥8")
    assert (await link(clinic, page(said.text, "payfor"), "payfor")).subject == soon
    said = await chat.say("pay_for_me", ("order", late))
    assert (await link(clinic, page(said.text, "payfor"), "payfor")).subject == late


async def test_a_receipt_and_its_invoice(clinic: Clinic) -> None:
    chat = await clinic.chat()
    order_no = await bill(clinic, chat, 12000)
    await pay(clinic, order_no, 12000)
    said = await chat.say("ask_receipt")
    assert (await link(clinic, page(said.text, "receipt"), "receipt")).subject == order_no
    assert "已经申请" in (await chat.press(said, "申请电子票据")).text
    async with clinic.runtime.database.begin() as session:
        [task] = await invoices.invoice_tasks(session)
        await invoices.issue_invoice(session, task.order_no, "0026", NOW)
    said = await chat.say("ask_receipt")
    assert "号码 0026" in said.text
    assert not said.buttons


async def test_somebody_elses_order_is_not_shown(clinic: Clinic) -> None:
    other = await clinic.chat()
    order_no = await bill(clinic, other, 12000)
    await pay(clinic, order_no, 12000)
    chat = await clinic.chat()
    assert "还没有付过" in (await chat.say("ask_receipt", ("order", order_no))).text
    assert "没有要付的" in (await chat.say("pay_for_me", ("order", order_no))).text
    async with clinic.runtime.database.begin() as session:
        assert await invoices.invoice_tasks(session) == []


@pytest.mark.parametrize("intent", ["my_bills", "paid_already", "ask_refund", "pay_for_me", "ask_receipt"])
async def test_asked_inside_a_form_the_question_comes_back(clinic: Clinic, intent: str) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]))
    said = await chat.say(intent)
    assert chat.form == "booking_form"
    assert "请确认" in said.text.split("\n", 1)[1]


async def test_in_english(clinic: Clinic) -> None:
    chat = await clinic.chat()
    chat.language = "en"
    said = await held(clinic, chat)
    assert "Pay ¥35 here" in said.text
    assert "registration fee for *明, ¥35, to be paid by today" in (await chat.say("my_bills")).text
    assert "has not arrived yet" in (await chat.say("paid_already")).text
    assert "a refund would go back to whoever paid" in (await chat.say("pay_for_me")).text


async def test_without_a_payment_platform_the_counter_is_named(
    clinic: Clinic, runtime: Runtime, wechatpay: WeChatPay
) -> None:
    runtime.payments.clear()
    chat = await clinic.chat()
    said = await held(clinic, chat)
    assert "09:15 前到门诊一楼收费处缴 ¥35，报订单号" in said.text
    for intent in ("my_bills", "paid_already", "pay_for_me"):
        said = await chat.say(intent)
        assert "收费处" in said.text
        assert "/p/" not in said.text


async def test_paid_means_what_was_paid_a_moment_ago_and_names_what_is_open_besides(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await held(clinic, chat)
    await pay(clinic, (await only_order(clinic)).order_no, 3500)
    await bill(clinic, chat, 4500)
    said = await chat.say("paid_already", text="我付好了")
    assert said.text.startswith("收到了，¥35 已付好，号约好了")
    assert "检查费 ¥45" in said.text
    assert "还没收到" not in said.text
