"""What time itself brings: forgotten messages, stuck senders, holds that ran out, news of the hospital."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import claims, clocks, conversations, inbox, media, notice_delivery, notices, outbox, pictures, texts
from bot.clocks import Watch
from integrations.channel import Notices
from integrations.hospital import booking, events, families, linking, patients, requests, seed
from integrations.hospital.events import EventKind
from integrations.hospital.hearers import hearer_of
from integrations.hospital.models import HospitalEvent
from integrations.runtime import Runtime

log = structlog.get_logger()

_MOST = 500  # rows a sweep takes up at once; the next sweep comes in seconds
TOKENS_KEPT = timedelta(days=30)  # longest pause after which an interrupted registration still goes on

_HEARER = text("""
    SELECT contacts.channel, conversations.language FROM contacts JOIN conversations USING (id)
    WHERE contacts.id = :id
""")
_OLD_TOKENS = text("DELETE FROM personal_tokens WHERE created_at < :before")
_OLD_CODES = text("DELETE FROM one_time_codes WHERE issued_at < :before")
_OLD_LINKS = text("DELETE FROM page_links WHERE expires_at < :before")


@dataclass(frozen=True, slots=True)
class Found:
    """Conversations to take up: those with a message to answer, those with something to send, as a message or as
    the platform's notice. And media that wait to be fetched."""

    turns: list[UUID]
    deliveries: list[UUID]
    notices: list[UUID] = field(default_factory=list)
    media: list[UUID] = field(default_factory=list)


async def find(rt: Runtime, watch: Watch | None = None) -> Found:
    now, passive = rt.now(), timedelta(seconds=rt.settings.wechat_passive_seconds)
    leapt = watch is not None and watch.leapt(now)
    sending = [channel for channel in rt.channels.values() if claims.sends_actively(rt, channel)]
    async with rt.database.begin() as session:
        await clocks.mend_waits(session, now, passive)
        stuck = [] if leapt else await outbox.release_stuck(session, now)
        turns = await conversations.forgotten(session, rt, _MOST)
        deliveries = await outbox.due(session, sending, now, _MOST)
        news = await notice_delivery.due(session, rt, _MOST)
        waiting = await media.due(session, now, _MOST)
    if stuck:
        log.warning("messages of unknown fate: their sender stopped", conversations=len(stuck))
    deliveries = [conversation for conversation in deliveries if conversation not in turns]
    return Found(turns, deliveries, news, waiting)


async def hospital(rt: Runtime) -> list[UUID]:
    """Frees the holds that ran out and turns the hospital's events into messages. Gives the conversations
    that got a message of our own to answer."""
    now = rt.now()
    async with rt.database.begin() as session:
        await booking.expire_holds(session, now, _MOST)
    async with rt.database.begin() as session:
        told = [await _tell(session, rt, event) for event in await events.claim(session, _MOST, now)]
    return [conversation for conversation in told if conversation]


async def _tell(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """One event as a message, in the transaction that marks it handled."""
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
    words = await _words(session, rt, event, hearer.language)
    if words:
        number = str(event.payload.get("order_no") or "")
        await notices.queue(
            session,
            rt,
            contact_id,
            event.kind,
            words,
            number=number,
            picture=await _picture(session, rt, event, contact_id),
            asking=await notices.invitation(session, rt, contact_id)
            if event.kind == EventKind.APPOINTMENT_BOOKED
            else None,
        )
    return None


async def _whom(session: AsyncSession, event: HospitalEvent) -> UUID | None:
    """The contact to tell. News of an appointment goes to whoever acts for its patient by now."""
    appointment = event.payload.get("appointment_id")
    if appointment is None:
        return event.contact_id
    return await hearer_of(session, UUID(appointment), money=event.kind == EventKind.REFUND_DUE)


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
            return f"/page_completed{json.dumps(event.payload)}"
        case EventKind.LINK_ADDED if not isinstance(rt.channels.get(channel), Notices):
            return f'/link_added{{"link": "{event.payload["link"]}"}}'
    return None


async def _words(session: AsyncSession, rt: Runtime, event: HospitalEvent, language: str) -> str | None:
    """What the patient reads, or None for an event that is news to nobody."""
    say = partial(texts.say, language=language)
    match event.kind:
        case EventKind.HOLD_EXPIRED | EventKind.APPOINTMENT_BOOKED | EventKind.REFUND_DUE:
            order_no = event.payload["order_no"]
            key = f"bot_{event.kind}" if order_no else f"bot_{event.kind}_free"
            return say(key, order_no=order_no, hospital_phone=rt.settings.hospital_phone)
        case EventKind.IDENTITY_REJECTED:
            reason = event.payload["reason"]
            return say(f"bot_identity_rejected_{reason}", hospital_phone=rt.settings.hospital_phone)
        case EventKind.GUARDIAN_ENDED:
            name = await patients.masked_name(session, UUID(event.payload["patient_id"]))
            return say(
                "bot_guardian_ended" if event.payload["guardian"] else "bot_guardian_ended_self", name=name
            )
        case EventKind.IDENTITY_SETTLED:
            return say(f"bot_identity_{event.payload['status']}", hospital_phone=rt.settings.hospital_phone)
        case EventKind.LINK_ADDED:
            link = await linking.view_link(session, UUID(event.payload["link"]), event.contact_id)
            if link is None or not link.standing:
                return None
            other = say(f"word_channel_{link.channel}")
            key = "bot_link_added" if link.may_cut else "bot_link_added_relative"
            return say(key, channel=other, name=link.patient, phone=rt.settings.hospital_phone)
        case EventKind.LINK_CUT | EventKind.PHONE_CHANGED | EventKind.AGREEMENT_ENDED:
            name = await patients.masked_name(session, UUID(event.payload["patient_id"]))
            return say(f"bot_{event.kind}", name=name, hospital_phone=rt.settings.hospital_phone)
        case EventKind.REQUEST_DECIDED:
            decided = "approved" if event.payload["approved"] else "rejected"
            kind = event.payload["kind"]
            return say(f"bot_request_{kind}_{decided}", hospital_phone=rt.settings.hospital_phone)
    return None


async def identities(rt: Runtime) -> None:
    """Asks again for the patients whose identity could not be checked when they registered."""
    async with rt.database.begin() as session:
        waiting = await patients.pending_identity(session, rt.crypto)
    for person in waiting:
        outcome = await rt.identity.check(person.name, person.id_number)
        async with rt.database.begin() as session:
            await patients.settle_identity(session, person.patient_id, outcome, rt.now())


async def of_age(rt: Runtime) -> None:
    """Ends what guardians did for those who are of age now."""
    async with rt.database.begin() as session:
        await families.end_guardianships(session, rt.now())


async def schedules(rt: Runtime) -> None:
    """Extends the schedules of the hospital that `daozhen seed` made; in any other it finds nothing to do."""
    async with rt.database.begin() as session:
        await seed.extend(session, rt.local_now().date())


async def expired(rt: Runtime) -> None:
    """Deletes what has served its time."""
    now = rt.now()
    async with rt.database.begin() as session:
        await session.execute(_OLD_TOKENS, {"before": now - TOKENS_KEPT})
        await session.execute(_OLD_CODES, {"before": now - timedelta(days=2)})
        await session.execute(_OLD_LINKS, {"before": now - timedelta(days=2)})
        await media.delete_old(session, now - timedelta(days=rt.settings.media_days))
        await requests.end_old_claims(session, now)
