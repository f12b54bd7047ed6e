"""The page behind the notice of a waitlist's offer: taken or left there, as in the chat, before its time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.reader import Reader, owner_of
from bot.pages.rendering import render, tell, to_page
from bot.pages.speech import line
from bot.pages.words import Words, words_of
from integrations.hospital import accounts, page_subjects, waitlist
from integrations.hospital.models import AppointmentStatus, WaitlistStatus
from integrations.hospital.page_subjects import OFFER
from integrations.hospital.refusals import BookingError, NotYours, OfferOver
from integrations.hospital.views import AppointmentView
from integrations.hospital.waitlist import EntryView

router = APIRouter(prefix=f"/p/{OFFER}")

Owner = Annotated[Reader, owner_of(OFFER)]


@router.get("/{token}")
async def show(reader: Owner) -> Response:
    """What is offered, and until when; looking decides nothing."""
    async with reader.rt.database.begin() as session:
        one = await _entry(session, reader)
        words = await words_of(session, reader)
    if one is None or one.status is not WaitlistStatus.OFFERED or not one.offered_until:
        return _over(reader, one)
    if one.offered_until <= reader.rt.now():
        return _over(reader, one)
    return render(
        reader.request,
        "offer.html",
        reader.speech,
        path=reader.path,
        rows_of_offer=_rows(words, one),
        until=words.moment(one.offered_until),
        fee=words.money(one.offer_fee_fen) if one.offer_fee_fen else "",
        minutes=reader.rt.settings.hold_minutes,
    )


@router.post("/{token}/accept")
async def accept(reader: Owner) -> Response:
    """To where it is paid, or to its card. Pressed again, it says that it was taken."""
    rt = reader.rt
    try:
        async with rt.database.begin() as session:
            if await accounts.missing_consents(session, reader.contact):
                return _said(reader, "say_offer_consent", status=403)
            made = await waitlist.accept(
                session,
                reader.about,
                reader.contact.id,
                key=None,
                now=rt.now(),
                hold=timedelta(minutes=rt.settings.hold_minutes),
            )
            return to_page(await _onward(session, reader, made))
    except (NotYours, OfferOver):
        return to_page(reader.path)
    except BookingError:
        return _said(reader, "say_offer_refused", status=409)


@router.post("/{token}/decline")
async def decline(reader: Owner) -> Response:
    try:
        async with reader.rt.database.begin() as session:
            await waitlist.decline(session, reader.about, reader.contact.id, key=None, now=reader.rt.now())
    except (NotYours, OfferOver):
        return to_page(reader.path)
    return _said(reader, "say_offer_declined", done=True)


async def _onward(session: AsyncSession, reader: Reader, made: AppointmentView) -> str:
    contact, now = reader.contact.id, reader.rt.now()
    if made.status is AppointmentStatus.HELD and made.order_no:
        return await page_subjects.pay_link(session, contact, made.order_no, made.hold_expires_at, now)
    return await page_subjects.card_link(session, contact, made.id, made.starts_at, now)


async def _entry(session: AsyncSession, reader: Reader) -> EntryView | None:
    """None when its patient is none of this account's (any more)."""
    try:
        one = await waitlist.entry(session, reader.about)
    except NotYours:
        return None
    return one if one.account_id == reader.contact.account_id and one.relation is not None else None


def _rows(words: Words, one: EntryView) -> list[tuple[str, str]]:
    assert one.offer_day
    assert one.offer_time
    plain = words.reader.speech.wording(words.reader.rt.zone)
    values = {
        "day": plain.day(one.offer_day),
        "period": plain.period(one.offer_period or ""),
        "time": plain.clock(one.offer_time),
    }
    who = " ".join(filter(None, (one.department, one.practitioner)))
    return [
        ("page_row_time", words.say("page_offer_time", **values)),
        ("page_row_doctor", words.write(who)),
        ("page_row_patient", words.write(one.patient)),
    ]


def _over(reader: Reader, one: EntryView | None) -> Response:
    taken = one is not None and one.status is WaitlistStatus.ACCEPTED
    let_go = one is not None and one.status in (WaitlistStatus.DECLINED, WaitlistStatus.CANCELLED)
    over = "say_offer_let_go" if let_go else "say_offer_over"
    return _said(reader, "say_offer_taken" if taken else over, done=taken)


def _said(reader: Reader, key: str, *, status: int = 200, done: bool = False) -> Response:
    words = line(key, phone=reader.rt.settings.hospital_phone)
    return tell(reader.request, reader.speech, "page_offer_title", words, status=status, done=done)
