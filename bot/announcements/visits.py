"""Visits to come, and what becomes of those that the hospital cannot keep. Neutral: no doctor, no department."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from bot.announcements.telling import News, Telling, Words
from integrations.catalogue import ENGLISH
from integrations.hospital import booking, directory, page_subjects, visit_reminders
from integrations.hospital.booking import AppointmentView, SessionView
from integrations.hospital.events import EventKind
from integrations.hospital.models import AppointmentStatus, Department
from integrations.hospital.replacements import replacements

_URGENT = timedelta(hours=12)  # a visit so near is worth waking for


async def _remind(telling: Telling) -> News | None:
    """As long as it stands and lies ahead, and who hears it wants to be reminded."""
    one = await _visit(telling)
    stands = one.status is AppointmentStatus.BOOKED and not one.stopped and one.starts_at > telling.rt.now()
    if not stands or not await visit_reminders.wanted(telling.session, telling.hearer):
        return None
    words = telling.say(
        f"bot_{telling.event.kind}", place=await _place(telling, one), **_values(telling, one)
    )
    return News(words, _buttons(telling, one), page=await telling.card(one))


async def _stopped(telling: Telling) -> News | None:
    one = await _visit(telling)
    urgent = telling.rt.now() + _URGENT >= one.starts_at
    if one.status is AppointmentStatus.CANCELLED and one.order_no is None and one.fee_fen:
        return News(telling.say("bot_visit_stopped_unpaid", **_values(telling, one)), urgent=urgent)
    if one.status is not AppointmentStatus.BOOKED or not one.stopped:
        return None  # answered already
    key = "bot_visit_stopped" if one.fee_fen else "bot_visit_stopped_free"
    now = telling.rt.now()
    others = [_rebook(telling, one, other) for other in await replacements(telling.session, one, now)]
    path = await page_subjects.visit_link(telling.session, telling.hearer, one.id, one.starts_at, now)
    return News(
        telling.say(key, **_values(telling, one)),
        (*others, *_buttons(telling, one, but="thanks")),
        urgent=urgent,
        page=path,
    )


async def _changed(telling: Telling) -> News | None:
    one = await _visit(telling)
    if one.status is not AppointmentStatus.BOOKED or one.stopped or one.starts_at <= telling.rt.now():
        return None
    urgent = telling.rt.now() + _URGENT >= one.starts_at
    words = telling.say("bot_visit_changed", **_values(telling, one))
    return News(words, _buttons(telling, one), urgent=urgent, page=await telling.card(one))


async def _given_back(telling: Telling) -> str:
    one = await _visit(telling)
    order_no = telling.event.payload.get("order_no")
    key = "bot_visit_given_back" if order_no else "bot_visit_given_back_free"
    return telling.say(key, order_no=order_no, **_values(telling, one))


async def _missed(telling: Telling) -> str | None:
    one = await _visit(telling)
    if one.status is not AppointmentStatus.NOSHOW:
        return None
    return telling.say("bot_visit_missed", **_values(telling, one))


async def _visit(telling: Telling) -> AppointmentView:
    return await booking.appointment(telling.session, UUID(telling.event.payload["appointment_id"]))


def _rebook(telling: Telling, one: AppointmentView, other: SessionView) -> tuple[str, str]:
    """Without the doctor's name it has to be said that it is another one: the day may be the stopped one."""
    title = telling.say(
        "word_rebook" if other.practitioner_id == one.practitioner_id else "word_rebook_other",
        day=telling.words.day(other.date),
        period=telling.words.period(other.period),
        time=telling.words.clock(other.next_times[0]),
    )
    return title, f'/take_replacement{{"appointment": "{one.id}", "schedule": "{other.schedule_id}"}}'


def _buttons(telling: Telling, one: AppointmentView, but: str = "") -> tuple[tuple[str, str], ...]:
    about = f'{{"appointment": "{one.id}"}}'
    every = {
        "reschedule": ("word_move", f"/reschedule_appointment{about}"),
        "cancel": (
            "word_give_back" if one.stopped and one.fee_fen else "word_cancel",
            f"/cancel_appointment{about}",
        ),
        "thanks": ("word_noted", "/thanks"),
    }
    return tuple((telling.say(key), payload) for name, (key, payload) in every.items() if name != but)


async def _place(telling: Telling, one: AppointmentView) -> str:
    """Campus, building and floor, without the department that is there."""
    found = (
        await telling.session.execute(
            select(Department.campus, Department.building, Department.floor).where(
                Department.id == one.department_id
            )
        )
    ).one()
    place = telling.words.place(found.campus, f"{found.building}{found.floor}")
    return (await directory.glossary(telling.session)).put(place) if telling.language == ENGLISH else place


def _values(telling: Telling, one: AppointmentView) -> dict[str, object]:
    return {
        "day": telling.words.day(one.date),
        "period": telling.words.period(one.period),
        "time": telling.words.clock(one.time),
    }


WORDS: dict[str, Words] = {
    EventKind.VISIT_TOMORROW: _remind,
    EventKind.VISIT_SOON: _remind,
    EventKind.VISIT_STOPPED: _stopped,
    EventKind.VISIT_CHANGED: _changed,
    EventKind.VISIT_GIVEN_BACK: _given_back,
    EventKind.VISIT_MISSED: _missed,
}
