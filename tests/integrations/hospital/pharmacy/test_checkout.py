"""From the bill to the counter or the parcel, and back: packs, money and prescription always fit."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import events
from integrations.hospital.billing import open_payments, orders, paying
from integrations.hospital.billing.paying import Received
from integrations.hospital.models import (
    DeliveryStatus,
    Handing,
    Medicine,
    OrderStatus,
    Platform,
    PrescriptionStatus,
    Refund,
    RefundReason,
)
from integrations.hospital.pharmacy import checkout, counter, medicines, views
from integrations.hospital.pharmacy.terms import NotNow, NotToBeSent, OutOfStock, UnknownPrescription
from tests.pharmacy_rows import MINUTE, NOW, TERMS, Client, Pharmacy


async def _cancel(pharmacy: Pharmacy, client: Client, made: UUID) -> checkout.Cancelled:
    async with pharmacy.database.begin() as session:
        return await checkout.cancel(session, made, account_id=client.account_id, key=None, now=NOW)


async def _status(pharmacy: Pharmacy, order_no: str | None) -> OrderStatus:
    async with pharmacy.database.begin() as session:
        return (await orders.order(session, order_no or "")).status


async def _refunds(pharmacy: Pharmacy) -> list[tuple[int, RefundReason]]:
    async with pharmacy.database.begin() as session:
        return [(one.amount_fen, one.reason) for one in await session.scalars(select(Refund))]


async def test_nobody_pays_before_a_pharmacist_has_said_yes(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.issue(client, "AML")
    with pytest.raises(NotNow):
        await pharmacy.bill(client, made)
    assert await pharmacy.stock("AML") == 20


async def test_a_bill_holds_its_packs_and_gives_them_back_when_it_runs_out(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "AML", "NIF")
    billed = await pharmacy.bill(client, made)
    assert billed.amount_fen == 2 * 3260 + 2870
    assert (await pharmacy.stock("AML"), await pharmacy.stock("NIF")) == (18, 2)
    again = await pharmacy.bill(client, made)  # asked for anew it replaces the first one
    assert await _status(pharmacy, billed.order_no) is OrderStatus.CLOSED
    assert await pharmacy.stock("AML") == 18
    async with pharmacy.database.begin() as session:
        assert await checkout.expire_bills(session, NOW + 29 * MINUTE) == 0
        assert await checkout.expire_bills(session, NOW + 30 * MINUTE) == 1
        assert await orders.expire_orders(session, NOW + 30 * MINUTE) == 0
    assert await _status(pharmacy, again.order_no) is OrderStatus.CLOSED
    assert (await pharmacy.stock("AML"), await pharmacy.stock("NIF")) == (20, 3)
    seen = await pharmacy.see(made)
    assert (seen.status, seen.handing, seen.order_no) == (PrescriptionStatus.APPROVED, None, None)


async def test_a_bill_that_took_the_place_of_one_that_ran_out_stays_open(
    pharmacy: Pharmacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep had found the old one before the patient chose anew."""
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "AML")
    bill = await pharmacy.bill(client, made)
    found_before = text("SELECT id FROM prescriptions WHERE valid_until > :now LIMIT :limit")
    monkeypatch.setattr(checkout, "_BILLS_DUE", found_before)
    async with pharmacy.database.begin() as session:
        await checkout.expire_bills(session, NOW + 10 * MINUTE)
    seen = await pharmacy.see(made)
    assert (seen.order_no, seen.order_status) == (bill.order_no, OrderStatus.UNPAID)
    assert await pharmacy.stock("AML") == 18


async def _shelf(pharmacy: Pharmacy, *codes: str) -> list[tuple[UUID, str]]:
    """Ids and codes, in the order in which medicines are locked."""
    async with pharmacy.database.begin() as session:
        found = await session.execute(select(Medicine.id, Medicine.code).where(Medicine.code.in_(codes)))
        return sorted((medicine_id, code) for medicine_id, code in found)


async def _somebody_waits_for(session: AsyncSession) -> None:
    # Not pg_stat_activity, of which a transaction sees one moment only.
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    async with asyncio.timeout(90):
        while not await session.scalar(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_bills_that_run_out_together_wait_for_their_packs_as_everybody_does(pharmacy: Pharmacy) -> None:
    """The first holds the later medicine; somebody else holds the earlier one and wants the later."""
    (low, low_code), (high, high_code) = await _shelf(pharmacy, "AML", "CEF")
    for at, code in enumerate((high_code, low_code)):
        client = await pharmacy.client()
        await pharmacy.bill(client, await pharmacy.approved(client, code), now=NOW + at * MINUTE)

    async def expire() -> int:
        async with pharmacy.database.begin() as session:
            return await checkout.expire_bills(session, NOW + 40 * MINUTE)

    async with pharmacy.database.begin() as session:
        await medicines.take(session, {low: 1})
        expiring = asyncio.create_task(expire())
        await _somebody_waits_for(session)
        await medicines.take(session, {high: 1})
    assert await expiring == 2
    assert (await pharmacy.stock("AML"), await pharmacy.stock("CEF")) == (19, 49)


async def test_what_a_bill_opened_is_closed_at_the_platform_at_once(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "AML")
    billed = await pharmacy.bill(client, made)
    async with pharmacy.database.begin() as session:
        await paying.open_payment(session, billed.order_no or "", Platform.WECHATPAY, "jsapi", NOW, "o1")
        await open_payments.claim(session, NOW + 20 * MINUTE, 9)  # asked about again in some minutes
        assert not await open_payments.claim(session, NOW + 20 * MINUTE, 9)
    await pharmacy.bill(client, made, now=NOW + 20 * MINUTE)
    async with pharmacy.database.begin() as session:
        [task] = await open_payments.claim(session, NOW + 20 * MINUTE, 9)
    assert (task.out_trade_no, task.payable) == (billed.order_no, False)


async def test_packs_are_never_promised_twice(pharmacy: Pharmacy) -> None:
    """Three packs, and five patients who want two each, all at once."""
    clients = [await pharmacy.client() for _ in range(5)]
    made = [await pharmacy.approved(client, "NIF") for client in clients]
    done = await asyncio.gather(
        *(pharmacy.bill(client, one) for client, one in zip(clients, made, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, OutOfStock) for one in done) == 4
    assert await pharmacy.stock("NIF") == 1


async def test_one_medicine_that_is_not_there_holds_none_of_the_others(pharmacy: Pharmacy) -> None:
    first, second = await pharmacy.client(), await pharmacy.client()
    await pharmacy.bill(first, await pharmacy.approved(first, "NIF"))
    await pharmacy.bill(second, await pharmacy.approved(second, "AML", "NIF"))
    third = await pharmacy.client()
    made = await pharmacy.approved(third, "AML", "NIF")
    with pytest.raises(OutOfStock, match="硝苯地平"):
        await pharmacy.bill(third, made)
    assert await pharmacy.stock("AML") == 18


async def test_paid_it_is_picked_up_with_a_code_that_no_other_has(pharmacy: Pharmacy) -> None:
    _, made = await pharmacy.paid("AML")
    _, other = await pharmacy.paid("AML")
    seen, beside = await pharmacy.see(made), await pharmacy.see(other)
    assert seen.status is PrescriptionStatus.PAID
    assert seen.pickup_code
    assert len(seen.pickup_code) == 6
    assert seen.pickup_code != beside.pickup_code
    async with pharmacy.database.begin() as session:
        told = [(event.kind, event.payload) for event in await events.claim(session, 100, NOW)]
    assert ("pickup_ready", {"prescription_id": str(made)}) in told
    assert "order_paid" not in [kind for kind, _ in told]
    with pytest.raises(UnknownPrescription):
        async with pharmacy.database.begin() as session:
            await counter.hand_over(session, "12345", actor="staff:counter", now=NOW)
    async with pharmacy.database.begin() as session:
        assert await counter.hand_over(session, seen.pickup_code, actor="staff:counter", now=NOW) == made
    assert (await pharmacy.see(made)).status is PrescriptionStatus.DISPENSED
    with pytest.raises(UnknownPrescription):
        async with pharmacy.database.begin() as session:
            await counter.hand_over(session, seen.pickup_code, actor="staff:counter", now=NOW)


async def test_who_has_waited_longest_for_what_is_paid_stands_first(pharmacy: Pharmacy) -> None:
    (_, first), (_, second) = await pharmacy.paid("AML"), await pharmacy.paid("AML")
    async with pharmacy.database.begin() as session:
        await counter.dispense(session, second, actor="staff:counter")
        assert [one.id for one in await views.to_hand_out(session)] == [first, second]
        assert [one.id for one in await views.to_hand_out(session, limit=1)] == [first]


async def test_an_injection_is_picked_up_and_what_must_stay_cold_costs_its_own_fee(
    pharmacy: Pharmacy,
) -> None:
    client = await pharmacy.client()
    with pytest.raises(NotToBeSent):
        await pharmacy.bill(client, await pharmacy.approved(client, "AML", "CEF"), Handing.DELIVERY)
    cold = await pharmacy.bill(client, await pharmacy.approved(client, "INS"), Handing.DELIVERY)
    assert (cold.amount_fen, cold.delivery_fen) == (2 * 13200 + 3800, 3800)
    plain = await pharmacy.bill(client, await pharmacy.approved(client, "AML"), Handing.DELIVERY)
    assert plain.delivery_fen == TERMS.delivery_fen
    async with pharmacy.database.begin() as session:
        items = (await orders.order(session, plain.order_no or "")).items
    assert [(item.name, item.amount_fen) for item in items] == [
        ("氨氯地平片 5mg×28片", 6520),
        ("药品配送费", 1200),
    ]


async def test_the_patient_gets_all_back_before_the_pharmacy_begins_and_then_only_by_staff(
    pharmacy: Pharmacy,
) -> None:
    client, made = await pharmacy.paid("AML", handing=Handing.DELIVERY)
    paid = await pharmacy.see(made)
    assert (paid.delivery_status, await pharmacy.stock("AML")) == (DeliveryStatus.PREPARING, 18)
    assert await _cancel(pharmacy, client, made) is checkout.Cancelled.REFUND
    assert await _refunds(pharmacy) == [(paid.amount_fen, RefundReason.CANCELLED)]
    assert await _status(pharmacy, paid.order_no) is OrderStatus.REFUND_DUE
    seen = await pharmacy.see(made)
    assert (seen.status, seen.delivery_id) == (PrescriptionStatus.CANCELLED, None)
    assert await pharmacy.stock("AML") == 20
    with pytest.raises(NotNow):
        await _cancel(pharmacy, client, made)

    client, begun = await pharmacy.paid("AML")
    async with pharmacy.database.begin() as session:
        await counter.dispense(session, begun, actor="staff:counter")
    with pytest.raises(NotNow):
        await _cancel(pharmacy, client, begun)
    async with pharmacy.database.begin() as session:
        await checkout.refund_by_staff(session, begun, now=NOW)
    assert {reason for _, reason in await _refunds(pharmacy)} == {RefundReason.CANCELLED, RefundReason.STAFF}
    assert await pharmacy.stock("AML") == 20


async def test_an_unpaid_bill_is_dropped_and_the_prescription_stays(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "AML")
    with pytest.raises(NotNow):
        await _cancel(pharmacy, client, made)
    billed = await pharmacy.bill(client, made, Handing.DELIVERY)
    assert await _cancel(pharmacy, client, made) is checkout.Cancelled.BILL_CLOSED
    assert await _status(pharmacy, billed.order_no) is OrderStatus.CLOSED
    assert (await pharmacy.see(made)).payable(NOW)
    assert await pharmacy.stock("AML") == 20


async def test_money_for_a_closed_bill_goes_back_and_takes_no_pack(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "AML")
    first = await pharmacy.bill(client, made)
    async with pharmacy.database.begin() as session:
        from integrations.hospital.billing import paying
        from integrations.hospital.models import Platform

        await paying.open_payment(session, first.order_no or "", Platform.WECHATPAY, "jsapi", NOW, None)
    second = await pharmacy.bill(client, made)
    assert await pharmacy.pay(second.order_no) is Received.PAID
    assert await pharmacy.pay(first.order_no) is Received.REFUND_DUE
    assert await _refunds(pharmacy) == [(6520, RefundReason.TOO_LATE)]
    assert (await pharmacy.see(made)).status is PrescriptionStatus.PAID
    assert await pharmacy.stock("AML") == 18


async def test_a_stranger_sees_and_pays_nothing(pharmacy: Pharmacy) -> None:
    client, stranger = await pharmacy.client(), await pharmacy.client()
    made = await pharmacy.approved(client, "AML")
    with pytest.raises(UnknownPrescription):
        await pharmacy.bill(stranger, made)
    with pytest.raises(UnknownPrescription):
        await _cancel(pharmacy, stranger, made)
