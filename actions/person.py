"""A person: asked for, offered to the angry, and what comes after one has helped."""

from __future__ import annotations

import json
from datetime import timedelta

from actions.consultation_words import answer_consultations
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.consultations import views
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import STANDING_CONSULTATIONS
from integrations.language.asked_for import Whom

_LATELY = timedelta(days=90)
_REASONS = frozenset({"anger", "complaint", "failed"})  # what a button that offers a person may name
# How it came that the bot speaks again; bot.handoff says which.
_HOW = frozenset({"closed", "consulted", "left", "given_up", "message", "no_message"})


async def answer_human(turn: Turn, reply: Reply) -> None:
    """The queue is bot's, which says where the patient stands in it. These words are for a hospital where nobody
    answers in the chat."""
    purpose = turn.facts.purpose
    if purpose == Whom.PHARMACIST:
        reply.say("say_pharmacist", phone=turn.runtime.settings.hospital_phone)
        reply.ask_person("asked", skill="pharmacy")
        return
    if purpose in (Whom.DOCTOR, Whom.DOCTOR_BEFORE):
        await _doctor(turn, reply, again=purpose == Whom.DOCTOR_BEFORE)
        return
    reply.say("say_human", phone=turn.runtime.settings.hospital_phone)
    reply.ask_person(purpose if purpose in _REASONS else "asked")


async def _doctor(turn: Turn, reply: Reply, *, again: bool) -> None:
    """Doctors are asked in a consultation: how it stands, or how to begin one, and the way to a visit."""
    async with turn.runtime.database.begin() as session:
        found = await views.of_account(session, await account_of(session, turn), turn.now - _LATELY)
    if any(one.status in STANDING_CONSULTATIONS for one in found):
        await answer_consultations(turn, reply)
        return
    texts = turn.words.texts
    reply.say("say_doctor_how")
    asked = _named(turn, found[0] if found and again else None)
    reply.offer(texts.text("intent_online_consultation"), f"/online_consultation{asked}")
    reply.offer(texts.text("intent_book_appointment"), f"/book_appointment{asked}")
    reply.offer(texts.text("intent_talk_to_human"), "/talk_to_human")


def _named(turn: Turn, last: ConsultationView | None) -> str:
    """Which doctor or department is meant, as a button says it."""
    facts = turn.facts
    practitioner = str(last.practitioner_id) if last else next(iter(facts.practitioners), "")
    department = "" if practitioner else next(iter(facts.departments), "")
    meant = {"practitioner": practitioner, "department": department}
    named = {kind: value for kind, value in meant.items() if value}
    return json.dumps(named) if named else ""


async def answer_abuse(turn: Turn, reply: Reply) -> None:
    """Anger has a reason: it is asked for, and a person comes."""
    reply.say("say_abuse")
    reply.bring_person("anger", turn.runtime.settings.hospital_phone)
    reply.offer(turn.words.texts.text("intent_complain"), "/complain")
    reply.offer(turn.words.texts.text("intent_talk_to_human"), '/talk_to_human{"purpose": "anger"}')


async def answer_handed_back(turn: Turn, reply: Reply) -> None:
    """The bot speaks again, and goes on with what was open."""
    how = turn.facts.purpose if turn.facts.purpose in _HOW else ""
    reply.say(
        f"say_handed_back_{how}" if how else "say_handed_back", phone=turn.runtime.settings.hospital_phone
    )
    if how in ("left", "no_message") and not turn.form:
        reply.say("say_handed_back_anew")
