"""`daozhen money invoices` as staff run it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts
from integrations.hospital.billing import orders
from integrations.hospital.billing.invoices import ask_invoice
from integrations.hospital.models import HospitalEvent, Order, OrderKind, OrderStatus, Sex
from tests.bot.commands.conftest import Desk
from tests.clinic_rows import known_patient

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def _asked(session: AsyncSession, crypto: Crypto) -> str:
    """A paid bill whose invoice was asked for."""
    contact = await accounts.ensure_contact(session, "wechat", "platform-id")
    patient = known_patient("*明", date(1990, 3, 7), Sex.MALE)
    session.add(patient)
    await session.flush()
    made = await orders.open_order(
        session, OrderKind.TEST, [orders.Item("血常规", 3500)], patient_id=patient.id,
        account_id=contact.account_id, contact_id=contact.id, expires_at=None, now=NOW,
    )  # fmt: skip
    order = await session.get_one(Order, made)
    order.status, order.paid_at = OrderStatus.PAID, NOW
    await session.flush()
    await ask_invoice(session, order.order_no, NOW)
    return order.order_no


async def _news(session: AsyncSession, crypto: Crypto) -> list[str]:
    return list(await session.scalars(select(HospitalEvent.kind)))


async def _pay_back(session: AsyncSession, crypto: Crypto) -> None:
    (await session.scalars(select(Order))).one().status = OrderStatus.REFUND_DUE


def test_staff_issue_and_void_an_invoice(desk: Desk) -> None:
    assert "No invoice is waiting" in desk.run("money", "invoices", "list").output
    order_no = desk.before(_asked)
    listed = desk.run("money", "invoices", "list").output
    assert order_no in listed
    assert "¥35" in listed
    assert desk.run("money", "invoices", "issue", order_no, "00112233").exit_code == 0
    assert desk.before(_news) == ["invoice_issued"]
    again = desk.run("money", "invoices", "issue", order_no, "99")
    assert again.exit_code == 1
    assert "No invoice of this order is waiting" in again.output
    desk.before(_pay_back)
    assert "void 00112233" in desk.run("money", "invoices", "list").output
    assert desk.run("money", "invoices", "void", order_no).exit_code == 0
    assert "No invoice is waiting" in desk.run("money", "invoices", "list").output
    unknown = desk.run("money", "invoices", "issue", "JC0", "1")
    assert unknown.exit_code == 1
    assert "no such order" in unknown.output
