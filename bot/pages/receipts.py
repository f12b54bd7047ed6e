"""Receipts, with their electronic invoice, and the list of bills. Both are their owner's alone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.pages.bill import bill_of, bills_of, order_of
from bot.pages.reader import Reader, bill_gone, meet_owner
from bot.pages.rendering import render, to_page
from integrations.hospital import page_subjects
from integrations.hospital.billing import invoices
from integrations.hospital.billing.invoices import NotInvoiceable
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.models import OrderStatus
from integrations.hospital.page_subjects import BILLS, PAY, RECEIPT

router = APIRouter(prefix="/p")


@router.get("/receipt/{token}")
async def show_receipt(token: str, request: Request) -> Response:
    """Also by the link that the order was paid by."""
    reader = await meet_owner(request, token, RECEIPT, PAY)
    return await _receipt(reader, order_of(reader)) if isinstance(reader, Reader) else reader


@router.post("/receipt/{token}/invoice")
async def ask_invoice(token: str, request: Request) -> Response:
    reader = await meet_owner(request, token, RECEIPT, PAY)
    if not isinstance(reader, Reader):
        return reader
    return await _ask_invoice(reader, order_of(reader), f"/p/{RECEIPT}/{token}")


@router.get("/bills/{token}")
async def show_bills(token: str, request: Request) -> Response:
    """Unpaid first, then paid, then what came back."""
    reader = await meet_owner(request, token, BILLS)
    if not isinstance(reader, Reader):
        return reader
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
    return render(request, "bills.html", reader.speech, groups=groups, token=token, online=online)


@router.get("/bills/{token}/{order_no}")
async def show_one(token: str, order_no: str, request: Request) -> Response:
    reader = await meet_owner(request, token, BILLS)
    return await _receipt(reader, order_no) if isinstance(reader, Reader) else reader


@router.post("/bills/{token}/{order_no}/pay")
async def pay(token: str, order_no: str, request: Request) -> Response:
    """To the page on which one of them is paid."""
    reader = await meet_owner(request, token, BILLS)
    if not isinstance(reader, Reader):
        return reader
    async with reader.rt.database.begin() as session:
        try:
            bill = await bill_of(session, reader, order_no)
        except UnknownOrder:
            return bill_gone(reader)
        path = await page_subjects.pay_link(
            session, reader.contact.id, order_no, bill.order.expires_at, reader.rt.now()
        )
    return to_page(path)


@router.post("/bills/{token}/{order_no}/invoice")
async def ask_one(token: str, order_no: str, request: Request) -> Response:
    reader = await meet_owner(request, token, BILLS)
    if not isinstance(reader, Reader):
        return reader
    return await _ask_invoice(reader, order_no, f"/p/{BILLS}/{token}/{order_no}")


@router.post("/receipt/{token}/prescription")
async def prescription(token: str, request: Request) -> Response:
    reader = await meet_owner(request, token, RECEIPT, PAY)
    return await _prescription(reader, order_of(reader)) if isinstance(reader, Reader) else reader


@router.post("/bills/{token}/{order_no}/prescription")
async def prescription_of_one(token: str, order_no: str, request: Request) -> Response:
    reader = await meet_owner(request, token, BILLS)
    return await _prescription(reader, order_no) if isinstance(reader, Reader) else reader


async def _prescription(reader: Reader, order_no: str) -> Response:
    """To the page of what the order is for."""
    async with reader.rt.database.begin() as session:
        try:
            wanted = (await bill_of(session, reader, order_no)).order.prescription_id
        except UnknownOrder:
            return bill_gone(reader)
        if wanted is None:
            return await _receipt(reader, order_no)
        path = await page_subjects.prescription_link(session, reader.contact.id, wanted, reader.rt.now())
    return to_page(path)


async def _receipt(reader: Reader, order_no: str) -> Response:
    async with reader.rt.database.begin() as session:
        try:
            bill = await bill_of(session, reader, order_no)
        except UnknownOrder:
            return bill_gone(reader)
    return render(reader.request, "receipt.html", reader.speech, bill=bill, path=reader.request.url.path)


async def _ask_invoice(reader: Reader, order_no: str, path: str) -> Response:
    async with reader.rt.database.begin() as session:
        try:
            await bill_of(session, reader, order_no)
            await invoices.ask_invoice(session, order_no, reader.rt.now())
        except UnknownOrder:
            return bill_gone(reader)
        except NotInvoiceable:
            pass  # the receipt says what has become of it
    return to_page(path)
