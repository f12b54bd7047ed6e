"""Receipts, with their electronic invoice, and the list of bills. Both are their owner's alone."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.bill import Bill, bill_of, bills_of, order_of
from bot.pages.reader import Answered, Reader, bill_gone, owner_of
from bot.pages.rendering import render, to_page
from integrations.hospital import page_subjects
from integrations.hospital.billing import invoices
from integrations.hospital.billing.invoices import NotInvoiceable
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.models import OrderStatus
from integrations.hospital.page_subjects import BILLS, PAY, RECEIPT

router = APIRouter(prefix="/p")

Payer = Annotated[Reader, owner_of(RECEIPT, PAY)]  # also by the link that the order was paid by
Owner = Annotated[Reader, owner_of(BILLS)]


@router.get("/receipt/{token}")
async def show_receipt(reader: Payer) -> Response:
    return await _receipt(reader, order_of(reader))


@router.post("/receipt/{token}/invoice")
async def ask_invoice(reader: Payer) -> Response:
    return await _ask_invoice(reader, order_of(reader))


@router.get("/bills/{token}")
async def show_bills(reader: Owner) -> Response:
    """Unpaid first, then paid, then what came back."""
    async with reader.rt.database.begin() as session:
        bills = await bills_of(session, reader)
    groups = {
        "open": [bill for bill in bills if bill.state == "open"],
        "paid": [bill for bill in bills if bill.state == "paid"],
        "back": [
            bill for bill in bills if bill.order.status in (OrderStatus.REFUND_DUE, OrderStatus.REFUNDED)
        ],
        "over": [bill for bill in bills if bill.state == "expired"],
    }
    online = bool(reader.rt.payments)
    return render(reader.request, "bills.html", reader.speech, groups=groups, path=reader.path, online=online)


@router.get("/bills/{token}/{order_no}")
async def show_one(order_no: str, reader: Owner) -> Response:
    return await _receipt(reader, order_no)


@router.post("/bills/{token}/{order_no}/pay")
async def pay(order_no: str, reader: Owner) -> Response:
    """To the page on which one of them is paid."""
    async with reader.rt.database.begin() as session:
        bill = await _bill(session, reader, order_no)
        path = await page_subjects.pay_link(
            session, reader.contact.id, order_no, bill.order.expires_at, reader.rt.now()
        )
    return to_page(path)


@router.post("/bills/{token}/{order_no}/invoice")
async def ask_one(order_no: str, reader: Owner) -> Response:
    return await _ask_invoice(reader, order_no)


@router.post("/receipt/{token}/prescription")
async def prescription(reader: Payer) -> Response:
    return await _prescription(reader, order_of(reader))


@router.post("/bills/{token}/{order_no}/prescription")
async def prescription_of_one(order_no: str, reader: Owner) -> Response:
    return await _prescription(reader, order_no)


async def _prescription(reader: Reader, order_no: str) -> Response:
    """To the page of what the order is for."""
    async with reader.rt.database.begin() as session:
        wanted = (await _bill(session, reader, order_no)).order.prescription_id
        if wanted is None:
            return await _receipt(reader, order_no)
        path = await page_subjects.prescription_link(session, reader.contact.id, wanted, reader.rt.now())
    return to_page(path)


async def _receipt(reader: Reader, order_no: str) -> Response:
    async with reader.rt.database.begin() as session:
        bill = await _bill(session, reader, order_no)
    return render(reader.request, "receipt.html", reader.speech, bill=bill, path=reader.request.url.path)


async def _ask_invoice(reader: Reader, order_no: str) -> Response:
    async with reader.rt.database.begin() as session:
        await _bill(session, reader, order_no)
        with suppress(NotInvoiceable):  # the receipt says what has become of it
            await invoices.ask_invoice(session, order_no, reader.rt.now())
    return to_page(reader.request.url.path.removesuffix("/invoice"))


async def _bill(session: AsyncSession, reader: Reader, order_no: str) -> Bill:
    """Raises Answered where it is nobody's here."""
    try:
        return await bill_of(session, reader, order_no)
    except UnknownOrder:
        raise Answered(bill_gone(reader)) from None
