"""At the door of booking: what opened it and books nothing, and what has to come before a booking."""

from __future__ import annotations

import re

from actions import medicine
from actions.answers import emergency, unclear
from actions.appointments import upcoming
from actions.booking_today import says_apart
from actions.forms import Outcome
from actions.rating import answers_question
from actions.turn import Reply, Turn
from actions.waitlist import offer_again
from integrations.hospital import accounts, patients
from integrations.hospital.models import AppointmentStatus
from integrations.hospital.triage.assess import speaks_of_illness

_VAGUE = frozenset({"inform", "correct", "nlu_fallback"})  # enters only when it names something to book
# With a day behind it, 改到12月3日 sounds like the day alone, and is about what is booked.
_MOVES = re.compile(
    r"(?:请|麻烦|帮我|给我|那|就|还是|想|要|能不能|可以|我|把|它|这个|号|时间|预约|的)*"
    r"(?:改约|改期|改|换|挪|调|移|推迟|延后|延|提前)(?:一下)?(?:到|成|为|至|去)"
)


async def no_booking(turn: Turn, reply: Reply) -> Outcome | None:
    """What opened the form and books nothing."""
    if turn.intent in _VAGUE and says_apart(turn):
        return None
    if turn.intent == "change_profile":
        return Outcome.closed(go_on="change_form")
    if turn.intent in _VAGUE and not turn.facts.for_booking and await medicine.is_asked_how(turn):
        return Outcome.closed(go_on="medicine_form")
    if (turn.intent == "correct" or await _moves(turn)) and (corrected := await _corrected(turn, reply)):
        return corrected
    if turn.intent == "emergency_help":
        await emergency(turn, reply)
        return Outcome.closed()
    if turn.facts.personal and not turn.facts.for_booking and turn.intent in _VAGUE:
        return Outcome.closed(go_on=await _personal(turn))
    if turn.intent in _VAGUE and not turn.facts.for_booking:
        return await _vague(turn, reply)
    return None


async def _vague(turn: Turn, reply: Reply) -> Outcome:
    """Stars, a yes to an offer, an illness that was not taken for one; else what may be meant is asked."""
    if await answers_question(turn):
        return Outcome.closed(go_on="rating_form")
    if await offer_again(turn, reply):
        return Outcome.closed()
    if turn.intent == "nlu_fallback" and by_symptoms(turn):
        return Outcome.closed(go_on="triage_form")
    await unclear(turn, reply)
    return Outcome(None, understood=False)


async def _moves(turn: Turn) -> bool:
    said = turn.intent == "inform" and turn.facts.days and _MOVES.match(turn.text)
    return bool(said) and bool(await upcoming(turn))


async def _corrected(turn: Turn, reply: Reply) -> Outcome | None:
    """ "说错了，是骨科" behind a booking is about the number that was just taken and is not paid yet; None where a
    department or a doctor is named and there is no such number: then it is a wish like any other."""
    named = turn.facts.departments or turn.facts.practitioners
    coming = await upcoming(turn)
    if coming and (not named or any(one.status is AppointmentStatus.HELD for one in coming)):
        return Outcome.closed(go_on="reschedule_form")
    if named:
        return None
    reply.say("say_nothing_to_correct")
    return Outcome.closed()


def by_symptoms(turn: Turn) -> bool:
    """要挂明天的，头疼: no department is named, but what it would be for."""
    facts = turn.facts
    named = facts.departments or facts.practitioners or facts.unknown_practitioner
    picked = facts.schedule or facts.slot or facts.ordinal
    return bool(turn.text) and not (named or picked) and speaks_of_illness(turn.text, surely=True)


async def _personal(turn: Turn) -> str:
    """Where personal values belong that come by themselves: a phone of somebody registered is a new one."""
    alone = turn.facts.phone and not (turn.facts.id_number or turn.facts.person_name)
    async with turn.runtime.database.begin() as session:
        contact = await accounts.contact(session, turn.contact_id)
        known = contact and await patients.self_patient(session, contact.account_id)
    return "change_form" if alone and known else "registration_form"


async def form_before(turn: Turn) -> str:
    """The form that has to come first, or ""."""
    async with turn.runtime.database.begin() as session:
        contact = await accounts.contact(session, turn.contact_id)
        if contact is None:
            raise LookupError(f"no contact {turn.contact_id}")
        if await accounts.missing_consents(session, contact):
            return "consent_form"
        return "" if await patients.self_patient(session, contact.account_id) else "registration_form"
