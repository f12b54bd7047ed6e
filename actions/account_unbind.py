"""Letting go of a patient, oneself or a relative, or of somebody who acts for oneself, after saying what that
means. No consent is needed for it: who took theirs back may let go as well, and is told no more than masked names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions.booking_draft import nth
from actions.consent import may_go_on
from actions.forms import Form, Outcome
from actions.relations import related
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import agreements, booking, patients, unbinding
from integrations.hospital.agreements import Standing
from integrations.hospital.models import Relation
from integrations.hospital.patients import PatientView
from integrations.hospital.views import AppointmentView


class UnbindForm(Form):
    """Opened by "解绑"; with several patients it asks which one."""

    form = "unbind_form"
    slot = "unbinding"
    own = frozenset({"unbind"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked and turn.intent in {"cancel", "go_back", "deny"}:
            reply.say("say_unbind_stopped")
            return Outcome.closed()
        if turn.asked == "unbind" and turn.intent == "affirm":
            return await (self._end if "account" in draft else self._unbind)(turn, reply, draft)
        people, others = await _people(turn)
        if not people:
            reply.say("say_profile_none")
            return Outcome.closed()
        wanted = turn.facts.patient or turn.facts.link or nth(draft.get("offered") or [], turn.facts.ordinal)
        if ended := _agreed(others, wanted):
            return _confirm_end(reply, ended)
        chosen = _chosen(people, wanted) or _named(people, turn.facts.relative)
        if chosen is None and len(people) == 1 and not others:
            chosen = people[0]
        if chosen:
            outcome = await _confirm(turn, reply, chosen)
            outcome.understood = bool(wanted or turn.facts.relative) or turn.asked != "unbind"
            return outcome
        outcome = _choose(turn, reply, people, others)
        outcome.understood = turn.asked != "unbind_who"
        return outcome

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        people, others = await _people(turn)
        if ended := _agreed(others, str(draft.get("account", ""))):
            return _confirm_end(reply, ended)
        chosen = _chosen(people, str(draft.get("patient", "")))
        if chosen:
            return await _confirm(turn, reply, chosen)
        if not people:
            reply.say("say_profile_none")
            return Outcome.closed()
        return _choose(turn, reply, people, others)

    async def _unbind(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        async with turn.runtime.database.begin() as session:
            await unbinding.unbind(
                session,
                contact_id=turn.contact_id,
                patient_id=UUID(str(draft["patient"])),
                key=turn.key("unbind"),
                now=turn.now,
            )
        reply.say("say_unbound", name=draft["name"])
        return Outcome.closed()

    async def _end(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Somebody else acts for the owner of this account no longer."""
        async with turn.runtime.database.begin() as session:  # ended meanwhile is as good
            await agreements.end(
                session,
                patient_id=UUID(str(draft["patient"])),
                account_id=UUID(str(draft["account"])),
                actor="patient",
                key=turn.key("end agreement"),
                now=turn.now,
            )
        reply.say("say_agreement_ended", name=draft["name"])
        return Outcome.closed()


async def _people(turn: Turn) -> tuple[list[PatientView], list[Standing]]:
    """Whom the account acts for, and who acts for its owner."""
    async with turn.runtime.database.begin() as session:
        people = await patients.acting_for(session, await account_of(session, turn))
        own = next((one for one in people if one.relation is Relation.SELF), None)
        return people, await agreements.of_patient(session, own.id) if own else []


def _agreed(others: list[Standing], wanted: str) -> Standing | None:
    return next((one for one in others if str(one.account_id) == wanted), None)


def _confirm_end(reply: Reply, ended: Standing) -> Outcome:
    reply.say("ask_unbind_agreement", name=ended.owner)
    draft = {"patient": str(ended.patient_id), "account": str(ended.account_id), "name": ended.owner}
    return Outcome(draft, "unbind")


def _chosen(people: list[PatientView], wanted: str) -> PatientView | None:
    return next((one for one in people if str(one.id) == wanted), None)


def _named(people: list[PatientView], relative: str) -> PatientView | None:
    """The one whom 我妈 can only mean."""
    meant = related(people, relative) if relative else []
    return meant[0] if len(meant) == 1 else None


def _choose(turn: Turn, reply: Reply, people: list[PatientView], others: list[Standing]) -> Outcome:
    reply.say("ask_unbind_who")
    for one in people:
        title = turn.words.texts.text("word_unbind_one", name=one.name)
        reply.offer(title, f'/unbind{{"patient": "{one.id}"}}')
    for other in others:
        title = turn.words.texts.text("word_end_agreement", name=other.owner)
        reply.offer(title, f'/unbind{{"link": "{other.account_id}"}}')
    offered = [*(str(one.id) for one in people), *(str(other.account_id) for other in others)]
    return Outcome({"offered": offered}, "unbind_who")


async def _confirm(turn: Turn, reply: Reply, chosen: PatientView) -> Outcome:
    coming: list[AppointmentView] = []
    if await may_go_on(turn):  # not withdrawn meanwhile, perhaps on another channel
        async with turn.runtime.database.begin() as session:
            coming = await booking.upcoming(session, await account_of(session, turn), turn.now)
    count = sum(one.patient_id == chosen.id for one in coming)
    if count:
        reply.say("say_unbind_appointments", name=chosen.name, count=count)
    reply.say("ask_unbind", name=chosen.name)
    if count:
        reply.offer(turn.words.texts.text("word_cancel_first"), "/cancel_appointment")
    return Outcome({"patient": str(chosen.id), "name": chosen.name}, "unbind")
