"""What an intake knows so far: its draft, for whom it is, and the answer that a message brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from actions import own_words
from actions.appointments import upcoming
from actions.booking_people import read_booker
from actions.revealing import reveal
from actions.symptoms import Symptoms, someone
from actions.triage import TOLD, told
from actions.turn import Turn
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import ALLERGIES, NONE, UNKNOWN, Story
from integrations.hospital.patients import PatientView
from integrations.hospital.tokens import UnknownToken
from integrations.language.people import told_of

FORM, SLOT = "intake_form", "intake"
ASKED = "intake_"  # how the names of questions begin
WHOSE = "intake_whose"


@dataclass(frozen=True, slots=True)
class Draft:
    """`patient` and `appointment` are ids; `revising` the field that is being put right; `known` what an earlier
    intake says of allergies."""

    story: Story = field(default_factory=Story)
    patient: str = ""
    appointment: str = ""
    revising: str = ""
    known: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Draft:
        words = {key: str(kept.get(key) or "") for key in ("patient", "appointment", "revising", "known")}
        return cls(Story.of(kept.get("story") or {}), **words)

    def as_json(self) -> dict[str, Any]:
        return {
            "story": self.story.as_json(),
            "patient": self.patient,
            "appointment": self.appointment,
            "revising": self.revising,
            "known": self.known,
        }


async def whose(turn: Turn, known: Draft) -> PatientView | None:
    """Whom it is about, as far as that was said; None when it may be several. Raises NobodyRegistered."""
    async with turn.runtime.database.begin() as session:
        booker = await read_booker(session, turn)
    if named := booker.person(turn.facts.patient or known.patient):
        return named
    if known.appointment:
        visits = [one for one in await upcoming(turn) if str(one.id) == known.appointment]
        if visits and (one := booker.person(str(visits[0].patient_id))):
            return one
    if turn.facts.oneself:
        return booker.people[0]
    symptoms = await told_lately(turn)
    meant: Sequence[PatientView] = booker.people
    if relative := _named(turn):
        meant = booker.related(relative)
    elif symptoms.words:
        meant = (await someone(turn, symptoms)).meant
    return meant[0] if len(meant) == 1 else None


async def told_lately(turn: Turn) -> Symptoms:
    """What was told in triage these days; empty when nothing was."""
    return await told(turn, turn.slots.get(TOLD))


async def unregistered(turn: Turn) -> str:
    """The word for whom it is about, when they are not registered; else "". Raises NobodyRegistered."""
    async with turn.runtime.database.begin() as session:
        booker = await read_booker(session, turn)
    if relative := _named(turn):
        return "" if booker.related(relative) else relative
    symptoms = await told_lately(turn)
    whom = await someone(turn, symptoms)
    return whom.relative if symptoms.words and not whom.meant else ""


def _named(turn: Turn) -> str:
    return turn.facts.relative or told_of(turn.text)


async def person_of(turn: Turn, known: Draft) -> PatientView | None:
    """Raises NobodyRegistered."""
    async with turn.runtime.database.begin() as session:
        booker = await read_booker(session, turn)
    return booker.person(known.patient)


async def begun(turn: Turn, known: Draft, person: PatientView) -> Draft:
    """The draft for this person, with all that is known already."""
    story = known.story if not known.patient or known.patient == str(person.id) else Story()
    symptoms = await told_lately(turn)
    if not story.answers and await _is_told_of(turn, symptoms, person):
        story = story.told(symptoms.text, date.fromisoformat(symptoms.day))
    async with turn.runtime.database.begin() as session:
        allergies = await keeping.known_allergies(session, turn.runtime.crypto, person.id)
    appointment = known.appointment
    if not appointment:
        visits = [one for one in await upcoming(turn) if one.patient_id == person.id]
        appointment = str(visits[0].id) if visits else ""
    return replace(known, story=story, patient=str(person.id), appointment=appointment, known=allergies)


async def _is_told_of(turn: Turn, symptoms: Symptoms, person: PatientView) -> bool:
    """Whether it was told of this person: of several who may be meant only when the patient says so."""
    meant = [one.id for one in (await someone(turn, symptoms)).meant] if symptoms.words else []
    return person.id in meant and (len(meant) == 1 or turn.asked == WHOSE)


async def answer_in(turn: Turn, known: Draft) -> str:
    """The answer: by button, behind its token, or as typed; "" when there is none."""
    choice = turn.facts.choice
    if choice:
        return {"none": NONE, "unknown": UNKNOWN, "same": known.known}.get(choice, choice)
    if turn.facts.health:
        try:
            return await reveal(turn, turn.facts.health, "intake")
        except UnknownToken:
            return ""
    if turn.asked == f"{ASKED}{ALLERGIES}" and known.known and turn.intent == "affirm":
        return known.known
    return await own_words.typed(turn, "intake")


def joined(before: str, words: str) -> str:
    return words if before in ("", NONE, UNKNOWN) else f"{before}；{words}"
