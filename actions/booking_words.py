"""Booking put into words: lists of half days, the confirmation, the appointment card."""

from __future__ import annotations

from collections.abc import Sequence

from actions.answers import GENERAL_MEDICINE
from actions.booking_draft import Wish
from actions.directory import Directory
from actions.turn import Reply, Turn
from actions.wording import Wording
from integrations.hospital.booking import AppointmentView, SessionView, SlotView

_TIMES = 4  # times shown beside the one that is confirmed
_COMMON = 6  # departments shown to choose from


def offer_departments(
    turn: Turn, reply: Reply, directory: Directory, wish: Wish, *, any_one: bool = False
) -> tuple[str, ...]:
    """Asks for the department, after a word on what is known or on "都可以"; gives the ids in the order shown."""
    if wish.departments:
        names = [directory.departments[one] for one in wish.departments if one in directory.departments]
        reply.say("ask_which_department")
    else:
        names = [one for one in directory.departments.values() if one.bookable][:_COMMON]
        general = directory.named(GENERAL_MEDICINE)
        if any_one and general:
            reply.say("ask_department_any", general=general.name)
        elif (wish.days or wish.period) and not reply.parts:
            reply.say("ask_department_when", when=turn.words.when(wish.days, wish.period))
        else:
            reply.say("ask_department")
    for one in names:
        reply.offer(one.name, f'/inform{{"department": "{one.id}"}}')
    return tuple(str(one.id) for one in names)


def offer_sessions(
    turn: Turn, reply: Reply, wish: Wish, found: Sequence[SessionView], *, nearest: bool = False
) -> tuple[str, ...]:
    """The half days to choose from, after a sentence that says how the wish was understood; the `nearest` ones
    were announced already. Gives the ids in the order shown."""
    one_half_day = len({(one.date, one.period) for one in found}) == 1
    doctors = {one.practitioner_id for one in found}
    departments = list(dict.fromkeys(one.department for one in found))
    if not nearest:
        days = wish.days
        one_day = days is not None and days.first == days.last
        kind = (
            "doctor" if len(doctors) == 1 else "half_day" if one_half_day else "day" if one_day else "several"
        )
        reply.say(
            f"say_offer_{kind}",
            ok="" if reply.parts else turn.words.texts.text("word_ok"),
            day=turn.words.day(found[0].date),
            period=turn.words.period(found[0].period),
            department=turn.words.all_of(departments),
            doctor=turn.words.doctor(found[0].practitioner, found[0].title),
            count=turn.words.count(len(doctors)),
        )
    named = len(doctors) > 1 or (nearest and {str(one) for one in doctors} != set(wish.practitioners))
    for one in found:
        title = session_title(
            turn.words, one, day=nearest or not one_half_day, department=len(departments) > 1, doctor=named
        )
        reply.offer(title, f'/inform{{"schedule": "{one.schedule_id}"}}')
    return tuple(str(one.schedule_id) for one in found)


def session_title(words: Wording, one: SessionView, *, day: bool, department: bool, doctor: bool) -> str:
    """王建国 主任医师 ¥50 余4, with the day, department or doctor where they differ."""
    parts = []
    if doctor:
        parts += [one.practitioner, one.title]
    if department:
        parts.append(one.department)
    if day or not doctor:
        half_day = {"days": words.short_day(one.date), "period": words.period(one.period)}
        parts.append(words.texts.text("word_when", **half_day))
    parts += [words.money(one.fee_fen), words.texts.text("word_left", free=one.free)]
    return words.texts.text("word_between").join(parts)


def confirm(
    turn: Turn,
    reply: Reply,
    one: SessionView,
    slots: Sequence[SlotView],
    slot: SlotView,
    *,
    patient: str,
    campus: str,
) -> tuple[str, ...]:
    """Everything once more, with other times to choose; gives the ids of the times in the order shown."""
    words = turn.words
    minutes = turn.runtime.settings.hold_minutes
    clock = words.clock(slot.time)
    reply.say(
        "say_confirm_paid" if one.fee_fen else "say_confirm_free",
        day=words.day(one.date),
        period=words.period(one.period),
        time=clock,
        place=place(campus, one.location, one.department),
        doctor=words.doctor(one.practitioner, one.title),
        patient=patient,
        fee=words.money(one.fee_fen),
        minutes=minutes,
    )
    reply.offer(words.texts.text("word_confirm", time=clock), "/affirm")
    others = spread([other for other in slots if other.id != slot.id], _TIMES)
    for other in others:
        reply.offer(words.clock(other.time), f'/inform{{"slot": "{other.id}"}}')
    reply.offer(words.texts.text("word_other_doctor"), '/correct{"field": "practitioner"}')
    return (str(slot.id), *(str(other.id) for other in others))


def spread(slots: Sequence[SlotView], most: int) -> list[SlotView]:
    """At most so many, evenly over the half day, the first one among them."""
    if len(slots) <= most:
        return list(slots)
    return [slots[round(place * (len(slots) - 1) / (most - 1))] for place in range(most)]


def place(campus: str, location: str, department: str) -> str:
    """本部院区 门诊楼3层 心血管内科 302诊室"""
    return " ".join((campus, location) if department in location else (campus, location, department))


def card(turn: Turn, reply: Reply, done: AppointmentView) -> None:
    """The appointment card; a held one says until when and where to pay."""
    values = card_values(turn.words, done)
    if done.hold_expires_at is None:
        reply.say("say_booked", **values)
        return
    reply.say("say_held", until=turn.words.until(done.hold_expires_at), order_no=done.order_no, **values)


def card_values(words: Wording, one: AppointmentView) -> dict[str, object]:
    """What the catalogue's texts about an appointment may name."""
    return {
        "day": words.day(one.date),
        "period": words.period(one.period),
        "time": words.clock(one.time),
        "number": one.number,
        "place": place(one.campus, one.location, one.department),
        "department": one.department,
        "doctor": words.doctor(one.practitioner, one.title),
        "patient": one.patient,
        "fee": words.money(one.fee_fen),
    }
