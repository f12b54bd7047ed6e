"""An electronic invoice from being asked for to being issued, and what staff have to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from integrations.hospital.billing import orders
from integrations.hospital.billing.invoices import (
    InvoiceView,
    NotAsked,
    NotInvoiceable,
    ask_invoice,
    invoice_of,
    invoice_tasks,
    issue_invoice,
    void_invoice,
)
from integrations.hospital.models import (
    HospitalEvent,
    InvoiceStatus,
    Order,
    OrderKind,
    OrderStatus,
)


async def _bill(clinic: Any, *, paid: bool = True) -> str:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        order_id = await orders.open_order(
            session,
            OrderKind.TEST,
            [orders.Item("血常规", 2000), orders.Item("尿常规", 1500)],
            patient_id=who.patient_id,
            account_id=who.account_id,
            contact_id=who.contact_id,
            expires_at=None,
            now=clinic.now,
        )
        order = await session.get_one(Order, order_id)
        if paid:
            order.status, order.paid_at = OrderStatus.PAID, clinic.now
        return order.order_no


async def test_asked_for_once_and_issued_with_a_number(clinic: Any) -> None:
    order_no = await _bill(clinic)
    async with clinic.database.begin() as session:
        for minutes in (0, 5):
            asked = await ask_invoice(session, order_no, clinic.now + timedelta(minutes=minutes))
            assert asked == InvoiceView(InvoiceStatus.ASKED, None)
        [task] = await invoice_tasks(session)
        assert (task.order_no, task.amount_fen, task.asked_at) == (order_no, 3500, clinic.now)
        await issue_invoice(session, order_no, "0123456789", clinic.now)
        assert await invoice_tasks(session) == []
        order = await orders.order(session, order_no)
        assert await invoice_of(session, order.id) == InvoiceView(InvoiceStatus.ISSUED, "0123456789")
        assert (await ask_invoice(session, order_no, clinic.now)).number == "0123456789"
        [told] = await session.scalars(select(HospitalEvent))
        assert (told.kind, told.payload) == ("invoice_issued", {"order_no": order_no})


async def test_what_is_not_paid_has_no_invoice(clinic: Any) -> None:
    order_no = await _bill(clinic, paid=False)
    async with clinic.database.begin() as session:
        with pytest.raises(NotInvoiceable):
            await ask_invoice(session, order_no, clinic.now)
        with pytest.raises(orders.UnknownOrder):
            await ask_invoice(session, "JC0", clinic.now)


async def test_nobody_asked_nobody_issues(clinic: Any) -> None:
    order_no = await _bill(clinic)
    async with clinic.database.begin() as session:
        with pytest.raises(NotAsked):
            await issue_invoice(session, order_no, "1", clinic.now)
        with pytest.raises(NotAsked):
            await void_invoice(session, order_no)


async def test_an_invoice_whose_money_went_back_is_voided_by_staff(clinic: Any) -> None:
    order_no = await _bill(clinic)
    async with clinic.database.begin() as session:
        await ask_invoice(session, order_no, clinic.now)
        await issue_invoice(session, order_no, "77", clinic.now)
        order = (await session.scalars(select(Order))).one()
        order.status = OrderStatus.REFUND_DUE
        await session.flush()
        [task] = await invoice_tasks(session)
        assert (task.status, task.number) == (InvoiceStatus.ISSUED, "77")
        await void_invoice(session, order_no)
        assert await invoice_tasks(session) == []
        assert await invoice_of(session, order.id) == InvoiceView(InvoiceStatus.VOID, "77")


async def test_the_same_number_is_not_issued_twice(clinic: Any) -> None:
    one, other = await _bill(clinic), await _bill(clinic)
    async with clinic.database.begin() as session:
        for order_no in (one, other):
            await ask_invoice(session, order_no, clinic.now)
        await issue_invoice(session, one, "5", clinic.now)
        with pytest.raises(IntegrityError):
            await issue_invoice(session, other, "5", clinic.now)
        await session.rollback()
