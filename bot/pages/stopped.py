"""The page behind the notice that a visit is called off (停诊): moved to what is free instead, given back with all that
was paid, or moved to another day in the chat."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.bill import visit_rows
from bot.pages.onward import ask_in_chat
from bot.pages.reader import Reader, owner_of
from bot.pages.rendering import render, tell, to_page
from bot.pages.speech import Line, line
from bot.pages.words import Words, words_of
from integrations.hospital import booking, page_subjects
from integrations.hospital.models import AppointmentStatus
from integrations.hospital.page_subjects import VISIT
from integrations.hospital.refusals import AlreadyOver, BookingError, NotYours
from integrations.hospital.replacements import replacement_of, replacements
from integrations.hospital.views import AppointmentView, SessionView

router = APIRouter(prefix=f"/p/{VISIT}")

Owner = Annotated[Reader, owner_of(VISIT)]


@router.get("/{token}")
async def show(reader: Owner) -> Response:
    """The visit, and what can be had instead; looking decides nothing."""
    return await _show(reader)


@router.post("/{token}/take")
async def take(reader: Owner, schedule: Annotated[UUID, Form()]) -> Response:
    """To the new card. Pressed again, it is that card."""
    rt = reader.rt
    try:
        async with rt.database.begin() as session:
            if not _open(reader, await _visit(session, reader)):
                return to_page(reader.path)
            made = await booking.reschedule(
                session,
                reader.about,
                schedule_id=schedule,
                slot_id=None,
                contact_id=reader.contact.id,
                key=None,
                now=rt.now(),
            )
            return to_page(await _card(session, reader, made))
    except (NotYours, AlreadyOver):
        return to_page(reader.path)
    except (ValueError, BookingError):  # filled up, or of another fee by now
        return await _show(reader, notice=line("page_stopped_full"))


@router.post("/{token}/back")
async def give_back(reader: Owner) -> Response:
    """Ends it, with all that was paid. Pressed again, it says so again."""
    rt = reader.rt
    try:
        async with rt.database.begin() as session:
            if _open(reader, await _visit(session, reader)):
                await booking.cancel(session, reader.about, reader.contact.id, None, rt.now())
    except (NotYours, AlreadyOver):
        pass  # the page says what it is by now
    return to_page(reader.path)


@router.post("/{token}/other")
async def another_day(reader: Owner) -> Response:
    """The chat asks for the day."""
    async with reader.rt.database.begin() as session:
        visit = await _visit(session, reader)
        if visit is None or not _open(reader, visit):
            return to_page(reader.path)
        await ask_in_chat(session, reader, purpose="reschedule", appointment=str(visit.id))
    return tell(
        reader.request, reader.speech, "page_stopped_other_title", line("page_stopped_other"), done=True
    )


async def _show(reader: Reader, *, notice: Line | None = None) -> Response:
    async with reader.rt.database.begin() as session:
        visit = await _visit(session, reader)
        if visit is None:
            return tell(
                reader.request, reader.speech, "page_card_gone_title", line("page_card_gone"), status=404
            )
        if not _open(reader, visit):
            return await _over(session, reader, visit)
        others = await replacements(session, visit, reader.rt.now())
        words = await words_of(session, reader)
    return render(
        reader.request,
        "stopped.html",
        reader.speech,
        status=409 if notice else 200,
        path=reader.path,
        notice=notice,
        rows_of_visit=[*visit_rows(words, visit), ("page_row_patient", words.write(visit.patient))],
        others=[_other(words, one) for one in others],
        fee=words.money(visit.fee_fen) if visit.fee_fen else "",
    )


def _other(words: Words, one: SessionView) -> tuple[UUID, str, str]:
    """The half day, what stands on its button, and whose it is."""
    plain = words.reader.speech.wording(words.reader.rt.zone)
    when = words.say(
        "word_rebook",
        day=plain.day(one.date),
        period=plain.period(one.period),
        time=plain.clock(one.next_times[0]),
    )
    return one.schedule_id, when, words.write(plain.doctor(one.practitioner, one.title))


async def _over(session: AsyncSession, reader: Reader, visit: AppointmentView) -> Response:
    """Moved: to the card of what there is instead. Given back: with the money, where there was some."""
    if made := await replacement_of(session, visit.id, reader.contact.account_id):
        return to_page(await _card(session, reader, made))
    given_back = visit.status is AppointmentStatus.CANCELLED
    if given_back and visit.fee_fen and visit.order_no:
        amount = reader.speech.wording(reader.rt.zone).money(visit.fee_fen)
        words = line("page_stopped_back", amount=amount)
    else:
        words = line("page_stopped_over")
    title = "page_visit_cancelled" if given_back else "page_stopped_over_title"
    return tell(reader.request, reader.speech, title, words, done=given_back)


async def _card(session: AsyncSession, reader: Reader, made: AppointmentView) -> str:
    return await page_subjects.card_link(session, reader.contact.id, made.id, made.starts_at, reader.rt.now())


async def _visit(session: AsyncSession, reader: Reader) -> AppointmentView | None:
    """None when it is none of this account's patients' (any more)."""
    try:
        visit = await booking.appointment(session, reader.about)
    except NotYours:
        return None
    return visit if visit.account_id == reader.contact.account_id and visit.relation is not None else None


def _open(reader: Reader, visit: AppointmentView | None) -> bool:
    """Whether its patient has still to say what they want."""
    if visit is None or not visit.stopped or visit.status is not AppointmentStatus.BOOKED:
        return False
    return visit.starts_at > reader.rt.now()
