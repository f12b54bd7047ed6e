"""Booking put into words: lists of half days, the confirmation, the appointment card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.answers import GENERAL_MEDICINE
from actions.booking_draft import Note, Wish
from actions.booking_people import whom
from actions.directory import Directory
from actions.page_addresses import order_page
from actions.turn import Reply, Turn
from actions.wording import Wording
from integrations.hospital.booking import AppointmentView, SessionView, SlotView
from integrations.hospital.models import LateCancel
from integrations.hospital.patients import PatientView

_TIMES = 4  # times shown beside the one that is confirmed
_COMMON = 6  # departments shown to choose from
_MORE = 9  # … and on each further page


def offer_departments(
    turn: Turn, reply: Reply, directory: Directory, wish: Wish, *, any_one: bool = False, start: int = 0
) -> tuple[str, ...]:
    """Asks for the department, after a word on what is known or on "都可以"; gives the ids in the order shown.
    `start` is where on the hospital's list it goes on."""
    more = 0
    if wish.departments:
        names = [directory.departments[one] for one in wish.departments if one in directory.departments]
        reply.say("ask_which_department")
    else:
        every = [one for one in directory.departments.values() if one.bookable]
        names = every[start : start + (_MORE if start else _COMMON)]
        more = start + len(names) if start + len(names) < len(every) else 0
        general = directory.named(GENERAL_MEDICINE)
        if any_one and general:
            reply.say("ask_department_any", general=general.name)
        elif start:
            reply.say("ask_department_more")
        elif (wish.days or wish.period) and not reply.parts:
            reply.say("ask_department_when", when=turn.words.when(wish.days, wish.period))
        else:
            reply.say("ask_department")
    for one in names:
        reply.offer(one.name, f'/inform{{"department": "{one.id}"}}')
    if more:
        reply.offer(turn.words.texts.text("word_more_departments"), f'/inform{{"more": {more}}}')
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
        several = "several_days" if days and days.first != days.last else "day" if days else "several"
        kind = "doctor" if len(doctors) == 1 else "half_day" if one_half_day else several
        reply.say(
            f"say_offer_{kind}",
            ok="" if reply.parts else turn.words.texts.text("word_ok"),
            day=turn.words.day(found[0].date),
            period=turn.words.period(found[0].period),
            department=turn.words.all_of(departments),
            doctor=turn.words.doctor(found[0].practitioner, found[0].title),
            count=turn.words.count(len(doctors)),
            when=turn.words.when(days, wish.period),
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be confirmed: a number of a half day, for a person, with the last moment to cancel it."""

    session: SessionView
    slot: SlotView
    slots: Sequence[SlotView]
    person: PatientView
    campus: str
    cancel_until: datetime
    late_cancel: LateCancel


def confirm(turn: Turn, reply: Reply, proposal: Proposal) -> tuple[str, ...]:
    """Everything once more, with other times to choose; gives the ids of the times in the order shown."""
    one = proposal.session
    reply.say(
        "say_confirm_paid" if one.fee_fen else "say_confirm_free",
        **proposal_values(turn, proposal),
        fee=turn.words.money(one.fee_fen),
        minutes=turn.runtime.settings.hold_minutes,
    )
    offered = offer_times(turn, reply, proposal)
    reply.offer(turn.words.texts.text("word_other_doctor"), '/correct{"field": "practitioner"}')
    return offered


def proposal_values(turn: Turn, proposal: Proposal) -> dict[str, object]:
    words, one = turn.words, proposal.session
    return {
        "day": words.day(one.date),
        "period": words.period(one.period),
        "time": words.clock(proposal.slot.time),
        "place": place(proposal.campus, one.location, one.department),
        "doctor": words.doctor(one.practitioner, one.title),
        "patient": whom(turn, proposal.person),
        "cancel": cancel_words(
            turn,
            proposal.cancel_until,
            proposal.late_cancel,
            starts_at=proposal.slot.starts_at,
            fee_fen=one.fee_fen,
        ),
    }


def offer_times(turn: Turn, reply: Reply, proposal: Proposal) -> tuple[str, ...]:
    words, slot = turn.words, proposal.slot
    reply.offer(words.texts.text("word_confirm", time=words.clock(slot.time)), "/affirm")
    others = spread([other for other in proposal.slots if other.id != slot.id], _TIMES)
    for other in others:
        reply.offer(words.clock(other.time), f'/inform{{"slot": "{other.id}"}}')
    return (str(slot.id), *(str(other.id) for other in others))


def cancel_words(turn: Turn, until: datetime, late: LateCancel, *, starts_at: datetime, fee_fen: int) -> str:
    """Until when, and for how much of the money, the number can be given back."""
    moment = turn.words.moment(until, turn.today)
    fee = "paid" if fee_fen else "free"
    if turn.now > until:
        return turn.words.texts.text(f"word_cancel_late_{late}_{fee}")
    if until == starts_at:
        return turn.words.texts.text("word_cancel_until_visit")
    return turn.words.texts.text(f"word_cancel_until_{fee}", until=moment)


def spread(slots: Sequence[SlotView], most: int) -> list[SlotView]:
    """At most so many, evenly over the half day, the first one among them."""
    if len(slots) <= most:
        return list(slots)
    return [slots[round(place * (len(slots) - 1) / (most - 1))] for place in range(most)]


def place(campus: str, location: str, department: str) -> str:
    """本部院区 门诊楼3层 心血管内科 302诊室"""
    return " ".join((campus, location) if department in location else (campus, location, department))


async def card(turn: Turn, reply: Reply, done: AppointmentView) -> None:
    """The appointment card; a held one says until when and where to pay."""
    values = card_values(turn, done)
    if done.hold_expires_at is None or done.order_no is None:
        reply.say("say_booked", **values)
        return
    values |= {"until": turn.words.until(done.hold_expires_at), "order_no": done.order_no}
    if not turn.runtime.payments:
        reply.say("say_held_counter", **values)
        return
    reply.say("say_held", **values, link=await order_page(turn, done.order_no, done.hold_expires_at))
    reply.offer(turn.words.texts.text("word_paid"), "/paid_already")
    reply.offer(turn.words.texts.text("word_pay_for_me"), f'/pay_for_me{{"order": "{done.order_no}"}}')


def card_values(turn: Turn, one: AppointmentView) -> dict[str, object]:
    """What the catalogue's texts about an appointment may name."""
    words = turn.words
    return {
        "day": words.day(one.date),
        "period": words.period(one.period),
        "time": words.clock(one.time),
        "number": one.number,
        "place": place(one.campus, one.location, one.department),
        "department": one.department,
        "doctor": words.doctor(one.practitioner, one.title),
        "patient": words.person(one.patient, one.relation, one.sex),
        "fee": words.money(one.fee_fen),
        "cancel": cancel_words(
            turn, one.cancel_until, one.late_cancel, starts_at=one.starts_at, fee_fen=one.fee_fen
        ),
    }


def who(turn: Turn, wish: Wish, directory: Directory) -> str:
    """The doctors or the departments that are wished for."""
    if wish.practitioners:
        return turn.words.all_of(directory.practitioners[one].name for one in wish.practitioners)
    return turn.words.all_of(directory.departments[one].name for one in wish.departments)


def say_notes(turn: Turn, reply: Reply, notes: Sequence[Note], directory: Directory, wish: Wish) -> None:
    """What of the wish could not be taken as it was said."""
    for note in notes:
        reply.say(note.text, **_blanks(turn, note, directory, wish))


def _blanks(turn: Turn, note: Note, directory: Directory, wish: Wish) -> dict[str, object]:
    """What a note's text may name."""
    blanks: dict[str, object] = {"day": turn.words.day(note.day) if note.day else "", "words": note.words}
    if note.wanted:
        opens = directory.opens_at(wish.departments, note.wanted)
        blanks |= {
            "wanted": turn.words.day(note.wanted),
            "opens": turn.words.moment(opens, turn.today) if opens else "",
        }
    if note.departments:
        blanks["department"] = turn.words.all_of(directory.departments[one].name for one in note.departments)
        blanks["doctors"] = _where(turn, directory, wish.practitioners)
    return blanks


def _where(turn: Turn, directory: Directory, practitioners: Sequence[str]) -> str:
    """王建国、王海燕在心血管内科，王琳在儿科"""
    named: dict[str, list[str]] = {}
    for one in practitioners:
        named.setdefault(directory.department_of(one), []).append(directory.practitioners[one].name)
    places = [
        turn.words.texts.text(
            "word_doctors_in",
            doctors=turn.words.all_of(names),
            department=directory.departments[department].name,
        )
        for department, names in named.items()
    ]
    return turn.words.texts.text("word_comma").join(places)
