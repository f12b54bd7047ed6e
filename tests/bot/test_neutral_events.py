"""Whole messages made from events about every department and doctor of the seeded hospital name none of them: neither
in the chat nor in the platform's notice."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from bot import notices, sweep
from bot.outbox import unseal
from integrations.hospital import accounts, events, seed
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    Contact,
    Department,
    Period,
    Practitioner,
    Relation,
    Schedule,
    Sex,
    Slot,
    WaitlistEntry,
)
from tests.bot.neutral_words import read_aloud
from tests.clinic_rows import doctor, half_day, known_patient, talks
from tests.integrations.hospital.conftest import Clinic

# Whose texts name a patient (masked): they are looked at in the catalogue, with the name left out.
NAMING = {
    EventKind.LINK_ADDED,
    EventKind.LINK_CUT,
    EventKind.PHONE_CHANGED,
    EventKind.GUARDIAN_ENDED,
    EventKind.AGREEMENT_ENDED,
    EventKind.FOLLOW_UP_DUE,
    EventKind.FOLLOW_UP_UNANSWERED,
}
# Likewise: tests/bot/test_medicine_news.py.
MEDICINE = {
    EventKind.PRESCRIPTION_APPROVED,
    EventKind.PRESCRIPTION_REJECTED,
    EventKind.PRESCRIPTION_AMENDED,
    EventKind.PRESCRIPTION_NOT_AMENDED,
    EventKind.PRESCRIPTION_EXPIRED,
    EventKind.SUBSTITUTION_ASKED,
    EventKind.PICKUP_READY,
    EventKind.PARCEL_PLANNED,
    EventKind.PARCEL_MOVED,
}
# Asked about rows of theirs when they are told: tests/bot/test_opinion_news.py looks at what leaves.
OPINIONS = {
    EventKind.CASE_ANSWERED,
    EventKind.CASE_CLOSED,
    EventKind.CASE_EXTENDED,
    EventKind.CASE_OVERDUE,
    EventKind.RATING_ASKED,
}

# Told with their own row: tests/bot/consulting/.
CONSULTATIONS = {kind for kind in EventKind if kind.startswith("consultation_")}

# Whose texts are made of the appointment or the entry itself: each department has one of its own below.
OF_ROWS = {kind for kind in EventKind if kind.startswith(("visit_", "waitlist_"))}

# Told with the appointment's own row.
OF_VISIT = {EventKind.APPOINTMENT_BOOKED, EventKind.APPOINTMENT_HELD, EventKind.APPOINTMENT_CANCELLED}


@pytest.fixture
async def hospital(rt, monkeypatch):
    monkeypatch.setattr(seed, "DAYS_AHEAD", 0)  # its names are what matters here
    async with rt.database.begin() as session:
        await seed.seed(session, date(2026, 11, 22))
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await talks(session, contact.id)
    return contact


# Every department and every sixth doctor takes a while.
every = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])


@every
async def test_events_about_any_department_or_doctor_say_nothing_of_them(rt, hospital, clock, step):
    """The payloads hold all that an event could tell; what leaves holds none of it."""
    clinic = Clinic(rt.database)
    who = await clinic.booker(channel="telegram")
    async with rt.database.begin() as session:
        (await session.get_one(Contact, hospital.id)).account_id = who.account_id
    hospital.account_id = who.account_id
    visit = await clinic.book(replace(who, contact_id=hospital.id), await clinic.schedule())
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM hospital_events"))
        departments = list(await session.scalars(select(Department).order_by(Department.id)))
        doctors = list(await session.scalars(select(Practitioner).order_by(Practitioner.id)))
        named = [*departments[::step], *doctors[:: 6 * step]]
        for number, one in enumerate(named):
            for kind in sorted(set(notices.KINDS) - NAMING - OPINIONS - OF_ROWS - MEDICINE - CONSULTATIONS):
                payload = {
                    **({"appointment_id": str(visit.id)} if kind in OF_VISIT else {}),
                    # only a dispute's outcome says whose it was, in words looked at in the catalogue
                    **({} if kind == EventKind.REQUEST_DECIDED else {"patient_id": str(uuid4())}),
                    "order_no": f"O2026112200{number:03}",
                    "status": ("verified", "review", "pending")[number % 3],
                    "by": "hospital",
                    "kind": ("link", "phone", "name", "dispute")[number % 4],
                    "approved": number % 3 == 0,
                    "reason": ("mismatch", "expired", "other")[number % 3],
                    "amount_fen": 3500,
                    "department": one.name,
                    "doctor": one.name,
                }
                await events.emit(
                    session, kind, account_id=hospital.account_id, contact_id=hospital.id, payload=payload
                )
    while True:
        await sweep.hospital(rt)
        async with rt.database.begin() as session:
            if not await session.scalar(
                text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL")
            ):
                break
    async with rt.database.begin() as session:
        contents = list(await session.scalars(text("SELECT content FROM outbound")))
    assert len(contents) > len(named)
    for content in contents:
        reply = unseal(rt.crypto, content)
        for words in (reply.text, *(option.title for option in reply.options)):
            assert read_aloud(words) is None
        if reply.notice:
            assert read_aloud(f"{reply.notice.words} {reply.notice.number} {reply.notice.kind}") is None
            assert len(reply.notice.words) <= notices.LONGEST_WORDS


@every
async def test_visits_and_waitlists_of_any_department_say_nothing_of_it(rt, hospital, clock, step):
    """Only the name of the building stands there, which is the same for most of them."""
    async with rt.database.begin() as session:
        departments = list(await session.scalars(select(Department).order_by(Department.id)))[::step]
        patient = known_patient("*明", date(1990, 3, 7), Sex.FEMALE)
        session.add(patient)
        await session.flush()
        relation = {"account_id": hospital.account_id, "patient_id": patient.id, "relation": Relation.SELF}
        session.add(AccountPatient(**relation))
        who = {"account_id": hospital.account_id, "contact_id": hospital.id}
        for department in departments:
            for kind in OF_ROWS:
                await _emit_of_row(session, kind, department, patient.id, who)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert (
            await session.scalar(text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL")) == 0
        )
        rows = (await session.execute(text("SELECT content, notice FROM outbound"))).all()
    assert len(rows) == len(departments) * len(OF_ROWS)
    buildings = re.compile("|".join({one.building for one in departments}))
    for row in rows:
        reply = unseal(rt.crypto, row.content)
        for words in (reply.text, reply.notice.words, *(option.title for option in reply.options)):
            assert read_aloud(buildings.sub("", words)) is None


async def _emit_of_row(session, kind, department, patient_id, who):
    """A half day, a number in it, and what the event is about, in the state that the event tells of."""
    practitioner = await doctor(session, "李静", department.id)
    day = date(2026, 11, 25)
    schedule_id = await half_day(
        session, practitioner, day, time(8, 30), Period.MORNING, fee_fen=2500, slots=1, minutes=10
    )
    slot_id = await session.scalar(select(Slot.id).where(Slot.schedule_id == schedule_id))
    if kind.startswith("waitlist_"):
        made = WaitlistEntry(patient_id=patient_id, department_id=department.id, days=[day], **who)
        made.practitioner_id = practitioner.id
        if kind == EventKind.WAITLIST_OFFERED:
            made.status, made.slot_id = "offered", slot_id
            made.offered_until = datetime(2026, 11, 23, tzinfo=UTC)
    else:
        stopped, missed = kind == EventKind.VISIT_STOPPED, kind == EventKind.VISIT_MISSED
        if stopped:
            (await session.get_one(Schedule, schedule_id)).status = "stopped"
        made = Appointment(
            schedule_id=schedule_id, slot_id=slot_id, patient_id=patient_id, fee_fen=2500, **who
        )
        made.status, made.reminders_planned = "noshow" if missed else "booked", True
        made.disturbed_at = datetime(2026, 11, 22, 2, tzinfo=UTC) if stopped else None
    session.add(made)
    await session.flush()
    about = "waitlist_entry" if isinstance(made, WaitlistEntry) else "appointment_id"
    payload = {about: str(made.id), "order_no": "GH1"}
    await events.emit(session, kind, payload=payload, **who)
