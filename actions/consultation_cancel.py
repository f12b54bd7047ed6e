"""The way back from an online consultation, until the doctor has accepted it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from actions.consultation_draft import CANCEL, Draft, open_question, unclear
from actions.consultation_words import LATELY
from actions.forms import Outcome
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.consultations import asking, views
from integrations.hospital.consultations.terms import NotNow
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import ConsultationStatus

_CANCELLABLE = (ConsultationStatus.UNPAID, ConsultationStatus.WAITING)


async def ask_cancel(turn: Turn, reply: Reply, known: Draft) -> Outcome:
    """The question whether it is to be cancelled: the one that was named, else the last."""
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        found = await views.of_account(session, account, turn.now - LATELY)
    standing = [one for one in found if one.status in _CANCELLABLE]
    wanted = turn.facts.consultation or known.consultation
    named = [one for one in standing if str(one.id) == wanted] or standing
    if not named:
        active = any(one.status is ConsultationStatus.ACTIVE for one in found)
        reply.say("say_consultation_cancel_late" if active else "say_no_consultations")
        return Outcome.closed()
    one = named[0]
    key = "ask_consultation_cancel_paid" if _paid(one) else "ask_consultation_cancel"
    reply.say(key, doctor=turn.words.doctor(one.practitioner, one.title), fee=turn.words.money(one.fee_fen))
    return await open_question(turn, replace(known, consultation=str(one.id)), CANCEL)


async def take_cancel(turn: Turn, reply: Reply, known: Draft) -> Outcome:
    """The answer to it."""
    if turn.intent in ("deny", "cancel", "go_back", "refuse_consent"):
        reply.say("say_consultation_kept")
        return Outcome.closed()
    if turn.intent not in ("affirm", "give_consent"):
        return unclear(turn)
    try:
        async with turn.runtime.database.begin() as session:
            one = await views.consultation(session, UUID(known.consultation))
            back = await asking.cancel(
                session,
                one.id,
                account_id=await account_of(session, turn),
                key=turn.key("cancel"),
                now=turn.now,
            )
    except (NotNow, LookupError):
        reply.say("say_consultation_cancel_late")
        return Outcome.closed()
    fee = turn.words.money(one.fee_fen)
    reply.say("say_consultation_cancelled_refund" if back else "say_consultation_cancelled", fee=fee)
    return Outcome.closed()


def _paid(one: ConsultationView) -> bool:
    return one.status is ConsultationStatus.WAITING and one.fee_fen > 0
