"""A prescription's page: what is on it, how it stands, and what can be done next.

Looking changes nothing: bills are opened, and answers taken, by what is pressed, with the same services as in the chat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.medicine import Document, delivery_name, document_of
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell, to_page
from bot.pages.speech import Line, line
from integrations.hospital import page_subjects
from integrations.hospital.delivery.addresses import AddressError
from integrations.hospital.models import WITH_PHARMACY, Handing, PrescriptionStatus
from integrations.hospital.page_subjects import DOCUMENT, PRESCRIPTION
from integrations.hospital.pharmacy import checkout, substitutions
from integrations.hospital.pharmacy.terms import NotNow, OutOfStock, PharmacyError, Terms, UnknownPrescription

router = APIRouter(prefix="/p")

Owner = Annotated[Reader, owner_of(PRESCRIPTION)]


@router.get(f"/{PRESCRIPTION}/{{token}}")
@router.get(f"/{DOCUMENT}/{{token}}")
async def show(reader: Owner) -> Response:
    """By either path: a link in news does not say what it leads to."""
    return await _show(reader)


@router.post(f"/{PRESCRIPTION}/{{token}}/collect")
async def collect(reader: Owner) -> Response:
    """To be picked up: opens the bill and goes to its page."""
    return await _bill(reader, Handing.PICKUP)


@router.post(f"/{PRESCRIPTION}/{{token}}/send")
async def send(reader: Owner, address: Annotated[UUID | None, Form()] = None) -> Response:
    """To be sent to an address of the book."""
    if address is None:
        return await _show(reader, notice=line("page_rx_which_address"))
    return await _bill(reader, Handing.DELIVERY, address)


@router.post(f"/{PRESCRIPTION}/{{token}}/pay")
async def pay(reader: Owner) -> Response:
    """To the page of its bill, whatever that has come to."""
    async with _opened(reader) as (session, document):
        path = await _pay_link(session, reader, document)
    return to_page(path) if path else await _show(reader)


@router.post(f"/{PRESCRIPTION}/{{token}}/parcel")
async def parcel(reader: Owner) -> Response:
    """To the page of its parcel."""
    async with _opened(reader) as (session, document):
        found, now = document.one.delivery_id, reader.rt.now()
        path = await page_subjects.parcel_link(session, reader.contact.id, found, now) if found else ""
    return to_page(path) if path else await _show(reader)


@router.post(f"/{PRESCRIPTION}/{{token}}/address")
async def address(reader: Owner) -> Response:
    """To the page that takes one more address."""
    rt = reader.rt
    async with rt.database.begin() as session:
        path = await page_subjects.address_link(
            session, reader.contact.id, rt.now(), rt.settings.link_minutes, reader.about
        )
    return to_page(path)


@router.post(f"/{PRESCRIPTION}/{{token}}/cancel")
async def cancel(reader: Owner) -> Response:
    """Not wanted any more: what was paid goes back, as long as the pharmacy has not begun."""
    rt, chosen = reader.rt, reader.about
    try:
        async with _opened(reader) as (session, document):
            if not document.cancellable:
                raise NotNow(document.one.status)
            await checkout.cancel(
                session, chosen, account_id=reader.contact.account_id, key=None, now=rt.now()
            )
    except NotNow as error:
        late = error.status in WITH_PHARMACY or error.status is PrescriptionStatus.SHIPPED
        words = line("say_medicine_cancel_late", phone=rt.settings.hospital_phone)
        return await _show(reader, notice=words if late else None)
    return to_page(reader.path)


@router.post(f"/{PRESCRIPTION}/{{token}}/change")
async def change(
    reader: Owner, asked: Annotated[UUID, Form()], accepted: Annotated[bool, Form()]
) -> Response:
    """The yes or no to another medicine, about the one that the patient has read."""
    rt = reader.rt
    try:
        async with _opened(reader) as (session, _):
            await substitutions.answer(
                session,
                asked,
                accepted=accepted,
                account_id=reader.contact.account_id,
                key=None,
                now=rt.now(),
            )
    except PharmacyError:  # answered or over meanwhile: the page says how it stands
        return await _show(reader)
    return to_page(reader.path)


async def _bill(reader: Reader, handing: Handing, address: UUID | None = None) -> Response:
    rt, chosen = reader.rt, reader.about
    try:
        async with _opened(reader) as (session, document):
            if not (document.bill_open and document.one.handing is handing is Handing.PICKUP):
                await checkout.open_bill(
                    session,
                    rt.crypto,
                    chosen,
                    handing,
                    address_id=address,
                    account_id=reader.contact.account_id,
                    contact_id=reader.contact.id,
                    terms=Terms.of(rt.settings),
                    delivery_name=delivery_name(),
                    key=None,
                    now=rt.now(),
                )
            path = await _pay_link(session, reader, await document_of(session, reader, chosen))
    except OutOfStock as error:
        words = line("page_rx_out_of_stock", name=error.medicine, phone=rt.settings.hospital_phone)
        return await _show(reader, notice=words)
    except AddressError:
        return await _show(reader, notice=line("page_rx_which_address"))
    except PharmacyError:  # it has gone on meanwhile: the page says how it stands
        return await _show(reader)
    return to_page(path)


async def _pay_link(session: AsyncSession, reader: Reader, document: Document) -> str:
    """Nothing where there is no bill."""
    one = document.one
    if one.order_no is None:
        return ""
    return await page_subjects.pay_link(
        session, reader.contact.id, one.order_no, one.pay_until, reader.rt.now()
    )


async def _show(reader: Reader, *, notice: Line | None = None) -> Response:
    document = await _document(reader)
    return render(
        reader.request,
        "prescription.html",
        reader.speech,
        status=409 if notice else 200,
        document=document,
        path=reader.path,
        notice=notice,
    )


async def _document(reader: Reader) -> Document:
    async with _opened(reader) as (_, document):
        return document


@asynccontextmanager
async def _opened(reader: Reader) -> AsyncIterator[tuple[AsyncSession, Document]]:
    """In one transaction. Raises Answered where it is nobody's here any more: its account let go of the patient."""
    try:
        async with reader.rt.database.begin() as session:
            yield session, await document_of(session, reader, reader.about)
    except UnknownPrescription:
        title, words = "page_rx_gone_title", line("page_rx_gone")
        raise Answered(tell(reader.request, reader.speech, title, words, status=404)) from None
