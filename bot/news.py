"""News of the hospital: its events, turned into messages for those whom they concern."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import follow_ups, inbox, media, notices, pictures, trends
from bot.announcements import WORDS, News, Telling
from bot.consulting import news as consulting
from integrations.channel import Notices
from integrations.hospital import deceased, events, page_subjects
from integrations.hospital.events import EventKind
from integrations.hospital.hearers import hearer_of, hearer_of_entry, hearer_of_prescription
from integrations.hospital.models import HospitalEvent
from integrations.runtime import Runtime

log = structlog.get_logger()

_OF_MONEY = frozenset({EventKind.REFUND_DUE, EventKind.VISIT_GIVEN_BACK})
# Told also of somebody who died: money that was paid, what was asked for just now, and what the family complained of.
_TOLD_OF_ALL = _OF_MONEY | {
    EventKind.ORDER_PAID,
    EventKind.REFUNDED,
    EventKind.REFUND_STUCK,
    EventKind.INVOICE_ISSUED,
    EventKind.PAGE_COMPLETED,
    EventKind.TREND_ASKED,
    EventKind.REQUEST_DECIDED,
    EventKind.CASE_ANSWERED,
    EventKind.CASE_CLOSED,
    EventKind.CASE_EXTENDED,
    EventKind.CASE_OVERDUE,
}
_HEARER = text("""
    SELECT contacts.channel, conversations.language FROM contacts JOIN conversations USING (id)
    WHERE contacts.id = :id
""")


# Events that are more than words for whoever is named in them.
_OWN_WAY: dict[EventKind, Callable[[AsyncSession, Runtime, HospitalEvent], Awaitable[UUID | None]]] = {
    EventKind.FOLLOW_UP_DUE: follow_ups.ask,
    EventKind.FOLLOW_UP_UNANSWERED: follow_ups.ask,
    EventKind.TREND_ASKED: trends.show,
    **dict.fromkeys(consulting.KINDS, consulting.tell),
}


async def tell(rt: Runtime, most: int) -> list[UUID]:
    """Turns all open events into messages, the oldest first, so many in a transaction; those that cannot be told are
    put off, and so not met again here. Gives the conversations that got a message of our own to answer."""
    told: list[UUID | None] = []
    while True:
        async with rt.database.begin() as session:
            claimed = await events.claim(session, most, rt.now())
            told += [await _tell_or_leave(session, rt, event) for event in claimed]
        if len(claimed) < most:
            return [conversation for conversation in told if conversation]


async def _tell_or_leave(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """An event that cannot be told is tried again later and then staff's, and stands in no other's way."""
    event_id, kind, tries = event.id, event.kind, event.tries + 1
    try:
        async with session.begin_nested():
            return await _tell(session, rt, event)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others' news is not to wait for it
        why = type(error).__name__
        given_up = await events.put_off(session, event_id, tries=tries, error=why, now=rt.now())
        said = "an event is never told: staff see to it" if given_up else "an event cannot be told"
        log.error(said, id=str(event_id), kind=kind, reason=why, tries=tries)
        return None


async def _tell(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """One event as a message, in the transaction that marks it handled. News of somebody who died is told to nobody."""
    kind = EventKind(event.kind)
    if kind not in _TOLD_OF_ALL | consulting.KINDS and await deceased.concerns(
        session, event.account_id, event.payload
    ):
        return None
    if own_way := _OWN_WAY.get(kind):
        return await own_way(session, rt, event)
    contact_id = await _whom(session, event)
    if contact_id is None:
        return None
    hearer = (await session.execute(_HEARER, {"id": contact_id})).one()
    if command := _command(rt, event, hearer.channel):
        await inbox.accept_system(
            session,
            rt.crypto,
            contact_id,
            external_id=f"event:{event.id}",
            payload=command,
            now=rt.now(),
        )
        return contact_id
    news = await _words(Telling(session, rt, event, contact_id, hearer.language))
    if news:
        number = str(event.payload.get("order_no") or "")
        await notices.queue(
            session,
            rt,
            contact_id,
            event.kind,
            news.words,
            buttons=news.buttons,
            urgent=news.urgent,
            page=news.page,
            about=_appointment(event),
            number=number,
            picture=await _picture(session, rt, event, contact_id),
            asking=await notices.invitation(session, rt, contact_id)
            if event.kind == EventKind.APPOINTMENT_BOOKED
            else None,
        )
    return None


async def _whom(session: AsyncSession, event: HospitalEvent) -> UUID | None:
    """The contact to tell. News of an appointment goes to whoever acts for its patient by now."""
    if entry := event.payload.get("waitlist_entry"):
        return await hearer_of_entry(session, UUID(entry))
    if prescription := event.payload.get("prescription_id"):
        return await hearer_of_prescription(session, UUID(prescription))
    appointment = _appointment(event)
    if appointment is None:
        return event.contact_id
    return await hearer_of(session, appointment, money=event.kind in _OF_MONEY)


def _appointment(event: HospitalEvent) -> UUID | None:
    found = event.payload.get("appointment_id")
    return UUID(found) if found else None


async def _picture(session: AsyncSession, rt: Runtime, event: HospitalEvent, contact_id: UUID) -> UUID | None:
    """What is shown beside the words: with a booking the code that the hospital's check-in reads."""
    if event.kind != EventKind.APPOINTMENT_BOOKED:
        return None
    code = pictures.checkin_code(event.payload["order_no"] or UUID(event.payload["appointment_id"]).hex)
    return await media.keep(session, rt.crypto, contact_id, code, rt.now())


def _command(rt: Runtime, event: HospitalEvent, channel: str) -> str | None:
    """The message of our own that the dialog answers, for events that ask something back. Where an answer could
    wait for days, in a shut window, a newcomer is told of by the platform's notice instead."""
    match event.kind:
        case EventKind.PAGE_COMPLETED:
            return _completed(event.payload)
        case EventKind.LINK_ADDED if not isinstance(rt.channels.get(channel), Notices):
            return f'/link_added{{"link": "{event.payload["link"]}"}}'
    return None


def _completed(payload: dict[str, Any]) -> str:
    """What a patient has done on a page, or wants to go on with in the chat."""
    match payload["purpose"]:
        case "address":
            about = {"destination": payload["address"]}
            if "prescription" in payload:
                about["prescription"] = payload["prescription"]
            return f"/address_saved{json.dumps(about)}"
        case page_subjects.FOLLOW_UP:
            return f'/follow_up_answered{{"task": "{payload["task_id"]}"}}'
        case "reschedule":
            return f'/reschedule_appointment{{"appointment": "{payload["appointment"]}"}}'
        case page_subjects.CASE:
            return f'/complain{{"case": "{payload["case"]}", "purpose": "add"}}'
        case "complain" | "talk_to_human" as intent:
            return f"/{intent}"
        case "complaint":
            return f'/complain{{"category": "{payload["category"]}"}}'
    return f"/page_completed{json.dumps(payload)}"


async def _words(telling: Telling) -> News | None:
    """What the patient reads, or None for an event that is news to nobody."""
    words = WORDS.get(telling.event.kind)
    said = await words(telling) if words else None
    return News(said) if isinstance(said, str) else said
