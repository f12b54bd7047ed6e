"""Online consultations put into words: the doctors to choose from, how one stands, the doctor's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from actions.booking_today import OTHER_MATTER
from actions.complaint_cases import answer_status, stands
from actions.forms import LONG_AWAY
from actions.page_addresses import order_page
from actions.relations import kin_of, yours
from actions.revealing import account_of, shown_back
from actions.turn import Reply, Turn
from integrations.hospital.consultations import views
from integrations.hospital.consultations.eligibility import Admitted
from integrations.hospital.consultations.offers import OnlineDoctor
from integrations.hospital.consultations.terms import (
    FirstVisit,
    NoGuardian,
    NotAdmitted,
    NotVerified,
    TooYoung,
)
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import STANDING_CONSULTATIONS, ConsultationStatus, OrderStatus
from integrations.hospital.patients import PatientView

LATELY = timedelta(days=90)
_SHOWN = 3
_JUST_ENDED = timedelta(days=1)
_GOES_BACK = (OrderStatus.REFUND_DUE, OrderStatus.REFUNDED)
_WITH_WORDS = (ConsultationStatus.FINISHED, ConsultationStatus.RETURNED)
# What is said to whom may not consult online.
_NOT_ADMITTED: Mapping[type[NotAdmitted], str] = {
    NotVerified: "say_consultation_not_verified",
    NoGuardian: "say_consultation_no_guardian",
    TooYoung: "say_consultation_too_young",
    FirstVisit: "say_consultation_first_visit",
}


def say_not_admitted(turn: Turn, reply: Reply, refusal: NotAdmitted) -> None:
    """Why not online, and the way to a visit."""
    reply.say(_NOT_ADMITTED[type(refusal)], phone=turn.runtime.settings.hospital_phone)
    reply.offer(turn.words.texts.text("intent_book_appointment"), "/book_appointment")


def say_today(turn: Turn, reply: Reply) -> None:
    """After a red flag that should be seen today."""
    texts, settings = turn.words.texts, turn.runtime.settings
    reply.say("say_consultation_today", place=settings.emergency_department_in(turn.language))
    reply.offer(texts.text("intent_book_appointment"), "/book_appointment")
    reply.offer(texts.text("word_other_matter"), f'/online_consultation{{"choice": "{OTHER_MATTER}"}}')


def ask_after_alarm(turn: Turn, reply: Reply) -> None:
    """Behind a red flag, before anything else is asked."""
    reply.say("ask_consultation_alarm", place=turn.runtime.settings.emergency_department_in(turn.language))


def doctor_title(turn: Turn, one: OnlineDoctor) -> str:
    return turn.words.doctor(one.name, one.title)


def ask_whose(turn: Turn, reply: Reply, people: Sequence[PatientView], unknown: str) -> None:
    """Which of the account's people; `unknown` is the word for somebody who is not registered yet, or ""."""
    who = yours(turn.words, kin_of(unknown))
    if unknown:
        reply.say("say_consultation_unknown_relative", who=who)
    reply.say("ask_consultation_whose")
    if unknown:
        title = turn.words.texts.text("word_register_relative", who=who)
        reply.offer(title, f'/add_family{{"relative": "{unknown}"}}')
    for one in people:
        title = turn.words.person(one.name, one.relation, one.sex)
        reply.offer(title, f'/online_consultation{{"patient": "{one.id}"}}')


def ask_condition(turn: Turn, reply: Reply, person: PatientView, *, again: bool) -> None:
    """What was diagnosed before; `again`: shortly, for the patient has just read the whole of it."""
    who = turn.words.person(person.name, person.relation, person.sex)
    short = again and turn.away < LONG_AWAY
    reply.say("ask_consultation_condition_again" if short else "ask_consultation_condition", who=who)


def offer_doctors(turn: Turn, reply: Reply, doctors: list[OnlineDoctor]) -> None:
    """The question which one, each with fee and whether they can be asked now."""
    texts = turn.words.texts
    reply.say("ask_consultation_doctor")
    for one in doctors:
        hours = texts.text(
            "word_consultation_hours", opens=f"{one.opens:%H:%M}", closes=f"{one.closes:%H:%M}"
        )
        state = "now" if one.free else "full"
        when = texts.text(f"word_consultation_{state}") if one.open_now else hours
        title = texts.text(
            "word_consultation_doctor",
            doctor=doctor_title(turn, one),
            department=one.department,
            fee=turn.words.money(one.fee_fen),
            when=when,
        )
        reply.offer(title, f'/inform{{"practitioner": "{one.practitioner_id}"}}')


def ask_consent(
    turn: Turn,
    reply: Reply,
    person: PatientView,
    doctor: OnlineDoctor,
    admitted: Admitted,
    *,
    again: bool,
) -> None:
    """The consent, with all that it costs and binds to; `again`: only its question, for it was read just now."""
    settings = turn.runtime.settings
    if again and turn.away < LONG_AWAY:
        fee = turn.words.money(doctor.fee_fen)
        reply.say("ask_consultation_consent_again", doctor=doctor_title(turn, doctor), fee=fee)
        return
    if admitted.visit:
        day = turn.words.day(admitted.visit.at.astimezone(turn.runtime.zone).date())
        reply.say("say_consultation_on_file", day=day, department=doctor.department)
    reply.say(
        "ask_consultation_consent",
        who=turn.words.person(person.name, person.relation, person.sex),
        doctor=doctor_title(turn, doctor),
        department=doctor.department,
        fee=turn.words.money(doctor.fee_fen),
        accept=settings.consultation_accept_minutes,
        minutes=settings.consultation_minutes,
        turns=settings.consultation_turns,
        hold=settings.consultation_hold_minutes,
    )


async def say_asked(turn: Turn, reply: Reply, one: ConsultationView) -> None:
    """It is asked for: the page that pays it, or that the doctor is told."""
    if one.status is ConsultationStatus.UNPAID:
        await _say_unpaid(turn, reply, one)
        return
    reply.say("say_consultation_waiting", **_words(turn, one))


async def answer_consultations(turn: Turn, reply: Reply) -> None:
    """ "医生什么时候回我", "复诊小结": what stands, and what became of those that ended."""
    async with turn.runtime.database.begin() as session:
        found = await views.of_account(session, await account_of(session, turn), turn.now - LATELY)
    if not found and await stands(turn):  # 啥时候回我, behind a complaint
        await answer_status(turn, reply)
        return
    if not found:
        reply.say("say_no_consultations")
        reply.offer(turn.words.texts.text("intent_online_consultation"), "/online_consultation")
        return
    for one in _worth_saying(found, turn.now):
        await _say_one(turn, reply, one)


def _worth_saying(found: Sequence[ConsultationView], now: datetime) -> list[ConsultationView]:
    """What stands, else the last one and the last summary; and what ended just now with words to read, which may be
    somebody else's of the family."""
    standing = [one for one in found if one.status in STANDING_CONSULTATIONS]
    over = [one for one in found if one.status not in STANDING_CONSULTATIONS]
    first = standing or [*over[:1], *[one for one in over if one.summed_up][:1]]
    just_ended = [one for one in over if one.status in _WITH_WORDS and one.news_at > now - _JUST_ENDED]
    return list(dict.fromkeys([*first, *just_ended]))[:_SHOWN]


async def answer_standing(turn: Turn, reply: Reply) -> bool:
    """How consultations stand that are not over; whether there are any."""
    async with turn.runtime.database.begin() as session:
        found = await views.of_account(session, await account_of(session, turn), turn.now - LATELY)
    if standing := any(one.status in STANDING_CONSULTATIONS for one in found):
        await answer_consultations(turn, reply)
    return standing


async def _say_one(turn: Turn, reply: Reply, one: ConsultationView) -> None:
    texts = turn.words.texts
    if one.status is ConsultationStatus.UNPAID:
        await _say_unpaid(turn, reply, one)
    elif one.status is ConsultationStatus.FINISHED and one.summed_up:
        async with turn.runtime.database.begin() as session:
            told = await views.told(session, turn.runtime.crypto, one.id)
        reply.say(
            "say_consultation_summary", **_words(turn, one), summary=await shown_back(turn, told.summary)
        )
    elif one.status is ConsultationStatus.RETURNED:
        async with turn.runtime.database.begin() as session:
            told = await views.told(session, turn.runtime.crypto, one.id)
        why = told.return_words or texts.text(f"word_consultation_{one.return_reason}")
        reply.say("say_consultation_returned", **_words(turn, one), why=await shown_back(turn, why))
        reply.offer(texts.text("intent_book_appointment"), "/book_appointment")
    elif one.status is ConsultationStatus.CANCELLED and one.order_status in _GOES_BACK:
        reply.say("say_consultation_cancelled_refund", **_words(turn, one))
    else:
        reply.say(f"say_consultation_{one.status}", **_words(turn, one))
    if one.status in (ConsultationStatus.UNPAID, ConsultationStatus.WAITING):
        title = texts.text("intent_cancel_consultation")
        reply.offer(title, f'/cancel_consultation{{"consultation": "{one.id}"}}')
    elif one.status in (ConsultationStatus.EXPIRED, ConsultationStatus.CANCELLED):
        reply.offer(texts.text("intent_online_consultation"), "/online_consultation")


async def _say_unpaid(turn: Turn, reply: Reply, one: ConsultationView) -> None:
    assert one.order_no
    assert one.pay_by
    link = await order_page(turn, one.order_no, one.pay_by)
    reply.say("say_consultation_unpaid", **_words(turn, one), link=link, until=turn.words.until(one.pay_by))


def _words(turn: Turn, one: ConsultationView) -> dict[str, object]:
    accept_by, ends_at = one.accept_by or turn.now, one.ends_at or turn.now
    return {
        "doctor": turn.words.doctor(one.practitioner, one.title),
        "fee": turn.words.money(one.fee_fen),
        "accept_by": turn.words.until(accept_by),
        "left": max(int((accept_by - turn.now).total_seconds() // 60), 1),
        "ends": turn.words.moment(ends_at, turn.today),
        "turns": one.turns_left,
    }
