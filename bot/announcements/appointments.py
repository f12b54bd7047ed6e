"""Holds and appointments."""

from __future__ import annotations

from uuid import UUID

from bot.announcements.telling import News, Telling, Words
from integrations.hospital import page_subjects
from integrations.hospital.appointments import appointment
from integrations.hospital.clock import local_date
from integrations.hospital.events import EventKind
from integrations.hospital.intake import keeping
from integrations.hospital.models import AppointmentStatus
from integrations.hospital.views import AppointmentView
from integrations.money import yuan


async def _hold_expired(telling: Telling) -> str:
    return telling.say("bot_hold_expired", order_no=telling.event.payload["order_no"])


async def _booked(telling: Telling) -> News:
    """With its card, behind the platform's notice too, and the offer to tell the doctor beforehand."""
    order_no = telling.event.payload["order_no"]
    visit = await appointment(telling.session, UUID(telling.event.payload["appointment_id"]))
    path = await telling.card(visit)
    card = telling.address(path)
    if order_no:
        receipt = telling.address(await telling.receipt(order_no))
        words = telling.say("bot_appointment_booked", order_no=order_no, card=card, receipt=receipt)
    else:
        words = telling.say("bot_appointment_booked_free", card=card)
    if await keeping.told_for(telling.session, visit.id):
        return News(words, page=path)
    button = telling.say("intent_start_intake"), f'/start_intake{{"appointment": "{visit.id}"}}'
    return News(f"{words}\n{telling.say('bot_intake_offer')}", (button,), page=path)


async def _held(telling: Telling) -> News | None:
    """Staff booked it for somebody who called: with the page that pays it. None when that is over by now."""
    visit = await appointment(telling.session, UUID(telling.event.payload["appointment_id"]))
    if visit.status is not AppointmentStatus.HELD or visit.hold_expires_at is None or visit.order_no is None:
        return None
    path = await page_subjects.pay_link(
        telling.session, telling.hearer, visit.order_no, visit.hold_expires_at, telling.rt.now()
    )
    until = telling.words.moment(visit.hold_expires_at, local_date(telling.rt.now()))
    words = telling.say(
        "bot_appointment_held",
        amount=yuan(visit.fee_fen),
        until=until,
        link=telling.address(path),
        **_when(telling, visit),
    )
    return News(words, urgent=True, page=path)


async def _cancelled(telling: Telling) -> str | None:
    """What the patient cancelled in the chat was said there."""
    payload = telling.event.payload
    if payload["by"] != "staff":
        return None
    visit = await appointment(telling.session, UUID(payload["appointment_id"]))
    paid = visit.order_no is not None and payload.get("refunded")
    key = "bot_appointment_cancelled_refunded" if paid else "bot_appointment_cancelled"
    return telling.say(key, **_when(telling, visit))


def _when(telling: Telling, visit: AppointmentView) -> dict[str, str]:
    words = telling.words
    return {
        "day": words.day(visit.date),
        "period": words.period(visit.period),
        "time": words.clock(visit.time),
    }


WORDS: dict[str, Words] = {
    EventKind.APPOINTMENT_HELD: _held,
    EventKind.APPOINTMENT_CANCELLED: _cancelled,
    EventKind.HOLD_EXPIRED: _hold_expired,
    EventKind.APPOINTMENT_BOOKED: _booked,
}
