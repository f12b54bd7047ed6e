"""What staff do about parcels and money is done: by the page's own code, on a real database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from bot.desk.work import counts
from integrations.hospital.billing import desk as money
from integrations.hospital.billing import differences, paying, refunds
from integrations.hospital.billing.orders import Item
from integrations.hospital.billing.paying import Trade
from integrations.hospital.cases import handling
from integrations.hospital.delivery import following, shipping
from integrations.hospital.models import (
    Case,
    Difference,
    DifferenceKind,
    FoundBy,
    Handing,
    Order,
    OrderKind,
    OrderStatus,
    ParcelState,
    Payment,
    Platform,
    Refund,
    RefundReason,
    RefundStatus,
    Role,
)
from integrations.hospital.models.cases import FOUND, PROBLEMS, TOLD
from integrations.tracking import ParcelNews, ParcelStep
from tests.bot.desk.clicking import LONG, WHY, audited, click, open_row, patient_of, press, rows_of, see
from tests.bot.desk.conftest import Desks
from tests.integrations.hospital.conftest import Booker, Clinic
from tests.pharmacy_rows import Pharmacy


async def shipped(desks: Desks, state: ParcelState) -> Any:
    """A parcel of which the carrier says so; gives its row."""
    pharmacy = Pharmacy(desks.rt.database, desks.rt.crypto)
    await pharmacy.open()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY)
    now = pharmacy.now
    async with desks.rt.database.begin() as session:
        one = await shipping.ship(session, made, "ShunFeng", "SF1234567890", actor="staff:counter", now=now)
        step = ParcelStep(now + timedelta(minutes=30), "北京转运中心")
        news = ParcelNews("shunfeng", "SF1234567890", state, (step,))
        await following.take_note(session, desks.rt.crypto, news, now + timedelta(minutes=40))
    return one


async def test_a_parcel_that_came_back_is_sent_again(desks: Desks) -> None:
    parcel = await shipped(desks, ParcelState.RETURNED)
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/parcels", parcel)
    await pharmacist.user.should_not_see("建国路88号")
    await press(pharmacist, "address", reason=WHY)
    await see(pharmacist, "北京市朝阳区建国路88号3号楼1502室")
    assert (await audited(desks, "address_revealed"))[0][1]["reason"] == WHY
    await press(pharmacist, "again", carrier="shunfeng", waybill="1 2")
    await pharmacist.told("运单号不对")
    await press(pharmacist, "again", carrier="shunfeng", waybill="SF9876543210")
    await pharmacist.told("已登记新的运单")
    assert await rows_of(
        desks, text("SELECT waybill FROM deliveries WHERE status = 'shipped'")
    ) == ["SF9876543210"]  # fmt: skip


async def test_a_lost_parcel_is_paid_back_by_who_may(desks: Desks) -> None:
    parcel = await shipped(desks, ParcelState.RETURNED)
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/parcels", parcel)
    await pharmacist.user.should_see(marker="do-again", retries=100)
    await pharmacist.user.should_not_see(marker="do-refund")
    boss = await desks.enter(Role.SUPERVISOR)
    await open_row(boss, "/parcels", parcel)
    await press(boss, "refund", reason="lost on the way")
    await boss.told("退款已发起")
    [(actor, detail)] = await audited(desks, "prescription_refunded")
    assert boss.member
    assert (actor, detail["reason"]) == (boss.member.actor, "lost on the way")
    assert await rows_of(desks, select(Order.status)) == [OrderStatus.REFUND_DUE]


async def _bill(desks: Desks, *, paid: bool = True) -> str:
    """A bill over 35 yuan of the patient whose phone is 13812345678."""
    now = desks.rt.now()
    _, _, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        order_no = await money.add_bill(
            session, OrderKind.TEST, [Item("血常规", 3500)], patient_id=patient, expires_at=None, actor="staff:x",
            now=now,
        )  # fmt: skip
        if paid:
            await paying.open_payment(session, order_no, Platform.WECHATPAY, "native", now, None)
            trade = Trade(Platform.WECHATPAY, order_no, "T1", 3500, now, "oPatient")
            await paying.receive(session, trade, FoundBy.CALLBACK, now)
    return order_no


async def _refund(desks: Desks, status: RefundStatus) -> str:
    """One that the platform could not pay back."""
    order_no, now = await _bill(desks), desks.rt.now()
    async with desks.rt.database.begin() as session:
        payment = (await session.scalars(select(Payment))).one()
        await refunds.owe(session, payment, RefundReason.STAFF, now)
        await refunds.settle_refund(session, f"{order_no}R1", status, now, error="USER_ACCOUNT_ABNORMAL")
    return f"{order_no}R1"


async def test_a_refused_refund_is_tried_again(desks: Desks) -> None:
    number = await _refund(desks, RefundStatus.CLOSED)
    boss = await desks.enter(Role.SUPERVISOR)
    await open_row(boss, "/refunds", number)
    await see(boss, "USER_ACCOUNT_ABNORMAL")
    await press(boss, "retry")
    await click(boss, "queue-confirm")
    await boss.told(f"{number[:-1]}2")
    renewed = text("SELECT out_refund_no FROM refunds WHERE status = 'due'")
    assert await rows_of(desks, renewed) == [f"{number[:-1]}2"]


async def test_money_that_was_paid_back_by_hand_is_settled(desks: Desks) -> None:
    number = await _refund(desks, RefundStatus.ABNORMAL)
    boss = await desks.enter(Role.SUPERVISOR)
    await open_row(boss, "/refunds", number)
    await press(boss, "settle", note="bank transfer of 24 November")
    await boss.told("已了结，患者")
    assert await rows_of(desks, select(Refund.status)) == [RefundStatus.SUCCEEDED]


async def _differences(desks: Desks, day: date, *numbers: str) -> None:
    """Found on a bill, and each a case by now."""
    async with desks.rt.database.begin() as session:
        for number in numbers:
            await differences.note_difference(
                session, DifferenceKind.UNKNOWN_ORDER, Platform.WECHATPAY, number, found_by=FoundBy.BILL,
                theirs_fen=100, day=day,
            )  # fmt: skip
        await differences.open_cases(session, desks.rt.crypto, desks.rt.now(), 100)


async def test_differences_stand_by_day_in_a_queue_of_their_own_and_not_among_the_complaints(
    desks: Desks,
) -> None:
    day, next_day = date(2026, 11, 20), date(2026, 11, 21)
    await _differences(desks, day, "X1", "X2", "X3")
    await _differences(desks, next_day, "X4")
    boss = await desks.enter(Role.SUPERVISOR)
    assert boss.member
    async with desks.rt.database.begin() as session:
        assert await handling.listed(session, standing=False) == []
        waiting = {
            one.name: one.count for one in await counts.waiting(session, counts.RIGHTS, desks.rt.now())
        }
    assert (waiting["differences"], waiting["refunds"], waiting["cases"]) == (4, 0, 0)
    await open_row(boss, "/differences", f"{day}-wechatpay")
    await see(boss, "平台有、我们没有的订单 3 笔", "我们 ¥0，平台 ¥3", "我们 –，平台 ¥1")
    await press(boss, "take")
    await boss.told("由您负责")
    owners = select(Case.owner).order_by(Case.number)
    assert await rows_of(desks, owners) == [boss.member.actor] * 3 + [None]
    both = (*TOLD, *PROBLEMS)
    views: list[dict[str, Any]] = [
        {},
        {"owner": boss.member.actor, "kinds": both},
        {"kinds": PROBLEMS},
        {"standing": False, "kinds": both},
    ]
    async with desks.rt.database.begin() as session:
        assert [await handling.listed(session, **how) for how in views] == [[], [], [], []]
        assert len(await handling.listed(session, kinds=FOUND)) == 4
    one = (await rows_of(desks, select(Difference.id).where(Difference.number == "X2")))[0]
    await press(boss, "settle", which=str(one), note="a test of the bank's")
    await boss.told("已了结 1 笔")
    assert await rows_of(desks, select(Difference.note).order_by(Difference.number)) == [
        None,
        "a test of the bank's",
        None,
        None,
    ]
    await press(boss, "settle", which="every", note="the bank's test day")
    await boss.told("已了结 2 笔")
    await boss.user.should_not_see(marker=f"row-{day}-wechatpay", retries=LONG)
    assert await rows_of(desks, select(Difference.number).where(Difference.settled_at.is_(None))) == ["X4"]


async def test_cancelled_and_paid_back_for_a_caller(desks: Desks) -> None:
    clinic = Clinic(desks.rt.database)
    clinic.now = desks.rt.now()
    order_no = await _bill(desks)
    async with desks.rt.database.begin() as session:
        row = (await session.execute(text("SELECT account_id, contact_id, patient_id FROM orders"))).one()
    made = await clinic.book(Booker(*row), await clinic.schedule())
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/callers")
    await press(boss, "find", who="张明", reason=WHY)
    await boss.told("不是手机号")
    await press(boss, "find", who="11010519900307013X", reason=WHY)
    await boss.told("找到 1 份档案")
    await click(boss, f"row-{row.patient_id}")
    await press(boss, "cancel", visit=str(made.id), proof="document", note="at the counter", free=False)
    await boss.told("已取消")
    await press(boss, "refund", order=order_no, proof="document", note="at the counter")
    await boss.told("已办理")
    assert await rows_of(desks, select(Order.status).where(Order.order_no == order_no)) == ["refund_due"]
    [(_, detail)] = await audited(desks, "cancelled_for_caller")
    assert detail["proof"] == "document"
