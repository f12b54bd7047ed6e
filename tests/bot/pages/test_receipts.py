"""Receipts with their invoice, the list of bills, and the appointment card."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update

from bot import sweep
from bot.outbox import unseal
from bot.pages import codes
from integrations.hospital import booking, events, page_subjects
from integrations.hospital.billing import invoices, refunds
from integrations.hospital.models import Appointment, AppointmentStatus, RefundStatus
from integrations.hospital.unbinding import unbind

from .money import words


async def receipt_link(cash, who, order_no):
    return await cash.link(page_subjects.receipt_link, who, order_no)


async def card_link(cash, who, visit):
    return await cash.link(page_subjects.card_link, who, visit.id, visit.starts_at)


async def only_visit(cash, who):
    async with cash.rt.database.begin() as session:
        [visit] = await booking.upcoming(session, who.account_id, cash.rt.now())
    return visit


async def test_a_receipt_says_who_took_how_much_when_and_for_what(cash):
    who = await cash.patient()
    order_no = await cash.bill(who, ("血常规", 2000), ("尿常规", 1500))
    owner = await cash.owner(who)
    await cash.pay(order_no, 3500, owner.openid)
    said = words(await owner.get(await receipt_link(cash, who, order_no)))
    for part in (
        "已付",
        "¥35",
        "血常规 ¥20",
        "微信支付",
        "2026-11-22 10:00",
        f"T{order_no}",
        order_no,
        "*明",
    ):
        assert part in said
    assert "代付" not in said


async def test_an_invoice_from_the_receipt(cash):
    who = await cash.patient("telegram")
    order_no = await cash.bill(who, ("血常规", 2000))
    await cash.pay(order_no, 2000)
    link, browser = await receipt_link(cash, who, order_no), cash.browser()
    assert "申请电子票据" in words(await browser.get(link))
    assert await cash.count("invoices") == 0
    for _ in range(2):
        assert "已经申请" in words(await browser.post(f"{link}/invoice"))
    assert await cash.count("invoices") == 1
    async with cash.rt.database.begin() as session:
        await invoices.issue_invoice(session, order_no, "00112233", cash.rt.now())
    said = words(await browser.get(link))
    assert "已经开好" in said
    assert "00112233" in said


async def test_what_is_not_paid_has_no_invoice(cash):
    who = await cash.patient("telegram")
    order_no = await cash.bill(who, ("血常规", 2000))
    link = await receipt_link(cash, who, order_no)
    said = words(await cash.browser().post(f"{link}/invoice"))
    assert "还没有付" in said
    assert await cash.count("invoices") == 0


REFUNDS = {
    RefundStatus.PROCESSING: ("refund_due", "¥35 正在退回付款的微信账户"),
    RefundStatus.SUCCEEDED: ("refunded", "¥35 已在 2026-11-22 10:00 退回付款的微信账户"),
    RefundStatus.ABNORMAL: ("refund_due", "¥35 没能退回付款的微信账户"),
}


@pytest.mark.parametrize("status", REFUNDS)
async def test_where_the_money_of_a_cancelled_visit_is(cash, status):
    who = await cash.patient("telegram")
    order_no = await cash.held(who)
    number = await cash.pay(order_no, 3500, "o-daughter")
    visit = await only_visit(cash, who)
    async with cash.rt.database.begin() as session:
        await booking.cancel(session, visit.id, who.contact_id, None, cash.rt.now())
        await refunds.settle_refund(session, f"{number}R1", status, cash.rt.now())
    for link in (
        await receipt_link(cash, who, order_no),
        await cash.link(page_subjects.bills_link, who),
    ):
        said = words(await cash.browser().get(link))
        assert REFUNDS[status][1] in said
        assert "申请电子票据" not in said
    card = words(await cash.browser().get(await card_link(cash, who, visit)))
    assert "已取消" in card


async def test_bills_unpaid_first_then_paid_then_over(cash, clock):
    who = await cash.patient("telegram")
    over = await cash.held(who)
    clock.forward(minutes=16)
    async with cash.rt.database.begin() as session:
        await booking.expire_holds(session, clock())
    cash.clinic.now = clock()
    paid, unpaid = await cash.bill(who, ("血常规", 2000)), await cash.bill(who, ("尿常规", 1500))
    await cash.pay(paid, 2000)
    browser = cash.browser()
    link = await cash.link(page_subjects.bills_link, who)
    page = await browser.get(link)
    places = [page.text.index(f"/p/bills/{link.rsplit('/', 1)[1]}/{one}") for one in (unpaid, paid, over)]
    assert places == sorted(places)
    assert "付 ¥15" in words(page)
    assert words(page).count("付 ¥") == 1
    assert "血常规" in words(await browser.get(f"{link}/{paid}"))
    assert "已经申请" in words(await browser.post(f"{link}/{paid}/invoice"))
    page = await browser.post(f"{link}/{unpaid}/pay")
    assert page.url.path.startswith("/p/pay/")
    assert "尿常规 ¥15" in words(page)


async def test_no_bills_at_all(cash):
    who = await cash.patient("telegram")
    page = await cash.browser().get(await cash.link(page_subjects.bills_link, who))
    assert "还没有账单" in words(page)


async def test_a_link_shows_no_other_accounts_bill(cash):
    who, other = await cash.patient("telegram"), await cash.patient("telegram")
    theirs = await cash.bill(other, ("血常规", 2000))
    link = await cash.link(page_subjects.bills_link, who)
    for answer in (
        await cash.browser().get(f"{link}/{theirs}"),
        await cash.browser().post(f"{link}/{theirs}/pay"),
        await cash.browser().post(f"{link}/{theirs}/invoice"),
        await cash.browser().get(await receipt_link(cash, who, theirs)),
    ):
        assert answer.status_code == 404
        assert "血常规" not in answer.text


async def test_strangers_post_nothing(cash):
    who = await cash.patient()
    order_no = await cash.bill(who, ("血常规", 2000))
    await cash.pay(order_no, 2000)
    link = await cash.link(page_subjects.bills_link, who)
    for path in (f"{link}/{order_no}/pay", f"{link}/{order_no}/invoice"):
        assert (await cash.browser().post(path)).status_code == 403
    assert await cash.count("invoices") == 0


async def test_the_card_of_a_paid_number(cash):
    who = await cash.patient()
    order_no = await cash.held(who)
    await cash.pay(order_no, 3500)
    owner = await cash.owner(who)
    for link in (await card_link(cash, who, await only_visit(cash, who)), await cash.pay_link(who, order_no)):
        page = await owner.get(link.replace("/pay/", "/card/"))
        said = words(page)
        for part in (
            "已约好",
            "11月25日（周三）上午 8:30，1 号",
            "门诊楼3层",
            "李静",
            "*明",
            "前取消",
            "改约",
            order_no,
        ):
            assert part in said, part
        assert codes.checkin(order_no) in page.text
        assert "img-src data:" in page.headers["content-security-policy"]


async def test_a_card_without_a_fee_holds_the_appointments_code(cash):
    who = await cash.patient("telegram")
    made = await cash.clinic.book(who, await cash.clinic.schedule())
    page = await cash.browser().get(await card_link(cash, who, made))
    assert codes.checkin(made.id.hex) in page.text
    assert "订单号" not in words(page)


async def test_a_card_that_is_not_paid_has_no_code_yet(cash):
    who = await cash.patient("telegram")
    await cash.held(who)
    page = await cash.browser().get(await card_link(cash, who, await only_visit(cash, who)))
    assert "待付，今天 10:15 前有效" in words(page)
    assert "data:image" not in page.text


STATUSES = {
    AppointmentStatus.CANCELLED: "已取消",
    AppointmentStatus.EXPIRED: "已释放",
    AppointmentStatus.FULFILLED: "已就诊",
    AppointmentStatus.NOSHOW: "未到诊",
}


@pytest.mark.parametrize("status", STATUSES)
async def test_a_card_that_is_over(cash, status):
    who = await cash.patient("telegram")
    made = await cash.clinic.book(who, await cash.clinic.schedule())
    async with cash.rt.database.begin() as session:
        await session.execute(
            update(Appointment).where(Appointment.id == made.id).values(status=status, ended_at=None)
        )
    page = await cash.browser().get(await card_link(cash, who, made))
    assert STATUSES[status] in words(page)
    assert ('class="tag bad"' in page.text) == (status is not AppointmentStatus.FULFILLED)
    assert "data:image" not in page.text


async def test_a_card_of_somebody_let_go_of(cash):
    who = await cash.patient("telegram")
    made = await cash.clinic.book(who, await cash.clinic.schedule())
    link = await card_link(cash, who, made)
    async with cash.rt.database.begin() as session:
        await unbind(
            session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=cash.rt.now()
        )
    page = await cash.browser().get(link)
    assert page.status_code == 404
    assert "李静" not in page.text


async def test_these_pages_speak_english(cash):
    who = await cash.patient("telegram", "en")
    order_no = await cash.held(who)
    await cash.pay(order_no, 3500)
    for link in (
        await receipt_link(cash, who, order_no),
        await cash.link(page_subjects.bills_link, who),
        await card_link(cash, who, await only_visit(cash, who)),
    ):
        read = words(await cash.browser().get(link))
        assert not re.search("[㐀-鿿]", re.sub("科室[0-9a-f]+|本部院区|门诊楼|副主任医师|明", "", read)), read


async def test_the_notice_behind_a_shut_window_leads_to_what_the_chat_would_show(cash, clock):
    who = await cash.patient()
    order_no = await cash.held(who)
    await cash.pay(order_no, 3500)
    bill = await cash.bill(who, ("血常规", 2000))
    async with cash.rt.database.begin() as session:
        for kind, payload in (
            (events.EventKind.BILL_OPENED, {"order_no": bill, "amount_fen": 2000}),
            (events.EventKind.REFUNDED, {"order_no": order_no, "amount_fen": 3500, "reason": "cancelled"}),
        ):
            await events.emit(
                session, kind, account_id=who.account_id, contact_id=who.contact_id, payload=payload
            )
    await sweep.hospital(cash.rt)
    clock.time = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # the evening before the visit, 18:30
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        queued = await session.scalars(
            text("SELECT content FROM outbound WHERE notice IS NOT NULL ORDER BY seq")
        )
        notices = [unseal(cash.rt.crypto, content).notice for content in queued]
    owner = await cash.owner(who)
    shown = [(one.kind, words(await owner.get(one.page))) for one in notices]
    for (kind, said), (known, part) in zip(
        shown,
        (
            ("appointment_booked", "已约好"),
            ("bill_opened", "血常规"),
            ("refunded", order_no),
            ("visit_tomorrow", "已约好"),
        ),
        strict=True,
    ):
        assert kind == known
        assert part in said, kind


async def test_a_new_bill_comes_with_its_link_and_a_paid_one_with_its_receipt(cash):
    who = await cash.patient("telegram")
    order_no = await cash.bill(who, ("血常规", 2000))
    async with cash.rt.database.begin() as session:
        await events.emit(
            session,
            events.EventKind.BILL_OPENED,
            account_id=who.account_id,
            contact_id=who.contact_id,
            payload={"order_no": order_no, "amount_fen": 2000},
        )
    await sweep.hospital(cash.rt)
    await cash.pay(order_no, 2000)
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        queued = await session.scalars(text("SELECT content FROM outbound ORDER BY seq"))
        bill, receipt = [unseal(cash.rt.crypto, content).text for content in queued]
    for said, kind in ((bill, "pay"), (receipt, "receipt")):
        [path] = re.findall(rf"http://127.0.0.1:8000(/p/{kind}/[\w-]+)", said)
        assert "血常规" not in said
        assert "¥20" in words(await cash.browser().get(path))
