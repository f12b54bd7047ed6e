"""Who may ask which doctor online, as the hospital tells it, and the one write: asking."""

from __future__ import annotations

from uuid import UUID

from actions.booking_people import Booker
from actions.consultation_draft import Draft
from actions.revealing import account_of
from actions.turn import Turn
from integrations.hospital.consultations import asking, eligibility, offers, views
from integrations.hospital.consultations.asking import Wish
from integrations.hospital.consultations.eligibility import Admitted
from integrations.hospital.consultations.offers import OnlineDoctor
from integrations.hospital.consultations.terms import Terms
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.patients import PatientView


def person(turn: Turn, booker: Booker, known: Draft) -> PatientView | None:
    """Whom it is about, as far as that was said; None when it may be several."""
    if named := booker.person(known.patient):
        return named
    meant = booker.related(turn.facts.relative) if turn.facts.relative else list(booker.people)
    if turn.facts.oneself:
        return booker.people[0]
    return meant[0] if len(meant) == 1 else None


async def doctors(turn: Turn, known: Draft) -> list[OnlineDoctor]:
    """Those of the department or by the name that was said; all of them when that leads to none."""
    async with turn.runtime.database.begin() as session:
        found = await offers.doctors(session, turn.now)
    named = [one for one in found if str(one.department_id) == known.department]
    if known.practitioner and not named:
        named = [one for one in found if str(one.practitioner_id) == known.practitioner]
    return named or found


async def admit(turn: Turn, known: Draft) -> Admitted:
    """Raises NotAdmitted."""
    async with turn.runtime.database.begin() as session:
        named = UUID(known.practitioner) if known.practitioner else None
        doctor = await offers.doctor(session, named, turn.now) if named else None
        return await eligibility.admit(
            session,
            patient_id=UUID(known.patient),
            account_id=await account_of(session, turn),
            department_id=doctor.department_id if doctor else None,
            terms=Terms.of(turn.runtime.settings),
            now=turn.now,
        )


async def ask_doctor(turn: Turn, known: Draft) -> ConsultationView:
    """Raises ConsultationError."""
    async with turn.runtime.database.begin() as session:
        doctor = await offers.doctor(session, UUID(known.practitioner), turn.now)
        called = turn.words.texts.text("word_consultation_item", doctor=doctor.name if doctor else "")
        wish = Wish(
            UUID(known.patient),
            UUID(known.practitioner),
            known.condition,
            called,
            known.messages,
            known.first,
        )
        made = await asking.ask(
            session,
            turn.runtime.crypto,
            wish,
            account_id=await account_of(session, turn),
            contact_id=turn.contact_id,
            terms=Terms.of(turn.runtime.settings),
            key=turn.key("ask"),
            now=turn.now,
        )
        return await views.consultation(session, made)
