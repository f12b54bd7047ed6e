"""The page that takes an address to send medicine to, without typing it into the chat. It is used once."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response

from bot.pages import visit
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell
from bot.pages.speech import line
from bot.pages.typed_address import TypedAddress
from bot.pages.visit import consenting
from integrations.hospital import events, links, page_subjects
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import Destination, TooManyAddresses, UnknownAddress
from integrations.hospital.events import EventKind
from integrations.hospital.page_subjects import ADDRESS

router = APIRouter(prefix="/p")


async def _consenting(reader: Annotated[Reader, owner_of(ADDRESS)]) -> Reader:
    """The page's owner, who still consents, until it is used. Raises Answered."""
    try:
        if reader.link.finished_at is not None:
            raise links.LinkUsed(reader.contact.id)
        async with reader.rt.database.begin() as session:
            await consenting(session, reader.link)
    except links.LinkError as error:
        raise Answered(await visit.dead_link(reader.request, error)) from None
    return reader


Owner = Annotated[Reader, Depends(_consenting)]
Field = Annotated[str, Form(max_length=64)]
Long = Annotated[str, Form(max_length=200)]


@router.get(f"/{ADDRESS}/{{token}}")
async def show(reader: Owner) -> Response:
    return await _form(reader, TypedAddress())


@router.post(f"/{ADDRESS}/{{token}}")
async def submit(
    reader: Owner,
    action: Annotated[str, Form(max_length=16)],
    whole: Long = "",
    recipient: Field = "",
    phone: Field = "",
    province: Field = "",
    city: Field = "",
    district: Field = "",
    street: Long = "",
    place: Field = "",
) -> Response:
    """Takes the whole apart and shows its parts (action "read"), or keeps them (action "save")."""
    typed = TypedAddress(
        whole.strip(), recipient.strip(), phone.strip(), province.strip(), city.strip(), district.strip(),
        street.strip(), place, "parts" if action == "save" else "",
    )  # fmt: skip
    if action != "save":
        typed.read()
        return await _form(reader, typed)
    destination = typed.check()
    return await _form(reader, typed) if destination is None else await _save(reader, destination)


@router.post(f"/{ADDRESS}/{{token}}/remove")
async def remove(reader: Owner, address: Annotated[UUID, Form()]) -> Response:
    """Takes one out of the book."""
    try:
        async with reader.rt.database.begin() as session:
            await addresses.remove(session, address, reader.contact.account_id)
    except UnknownAddress:
        pass  # it is gone already
    return await _form(reader, TypedAddress())


async def _save(reader: Reader, destination: Destination) -> Response:
    """Keeps it and tells the chat, in the transaction that uses the link up."""
    rt, contact, subject = reader.rt, reader.contact, reader.link.subject
    way_back = ""
    try:
        async with rt.database.begin() as session:
            await links.finish_link(session, reader.token, ADDRESS, rt.now())
            kept = await addresses.add(
                session, rt.crypto, destination,
                account_id=contact.account_id, contact_id=contact.id, key=None, now=rt.now(),
            )  # fmt: skip
            payload = {"purpose": ADDRESS, "address": str(kept.id)}
            if subject:
                payload["prescription"] = str(UUID(subject))
                way_back = await page_subjects.prescription_link(session, contact.id, UUID(subject), rt.now())
            await events.emit(
                session,
                EventKind.PAGE_COMPLETED,
                account_id=contact.account_id,
                contact_id=contact.id,
                payload=payload,
            )
    except links.LinkError as error:
        return await visit.dead_link(reader.request, error)
    except TooManyAddresses:
        return tell(
            reader.request,
            reader.speech,
            "page_address_full_title",
            line("page_address_full", most=addresses.MOST),
            status=409,
        )
    return _done(reader, destination, way_back)


def _done(reader: Reader, destination: Destination, way_back: str) -> Response:
    """`way_back`: the path of the prescription that is to be sent there."""
    speech = reader.speech
    return tell(
        reader.request,
        speech,
        "page_address_saved_title",
        line("page_address_saved", address=destination.masked),
        done=True,
        onward=(way_back, speech.say("page_address_back")) if way_back else None,
    )


async def _form(reader: Reader, typed: TypedAddress) -> Response:
    async with reader.rt.database.begin() as session:
        book = await addresses.book(session, reader.rt.crypto, reader.contact.account_id)
    return render(
        reader.request,
        "address.html",
        reader.speech,
        status=422 if typed.faults else 200,
        typed=typed,
        book=book,
        full=len(book) >= addresses.MOST,
        most=addresses.MOST,
        write=reader.speech.write,
        path=reader.path,
    )
