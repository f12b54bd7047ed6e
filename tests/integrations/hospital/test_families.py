from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from stdnum.cn import ric

from integrations.crypto import Crypto
from integrations.hospital import families, identity_reviews, linking, patients, requests
from integrations.hospital.documents import Identity, read_identity
from integrations.hospital.families import Added, AddedStatus, Agreement, Coming
from integrations.hospital.identity_checks import settle_identity
from integrations.hospital.models import (
    AccountLink,
    AccountPatient,
    AuditEvent,
    Consent,
    Contact,
    DocumentKind,
    HospitalEvent,
    IdentityRequest,
    Patient,
    PatientStatus,
    Relation,
    RequestKind,
    RequestStatus,
    Sex,
)
from integrations.hospital.patients import Newcomer
from tests.bot.blocking import waits_for

OWN, GUARDIAN = Agreement(own=True), Agreement(guardian=True)
PHONE, OTHER_PHONE = "+8613812345678", "+8613987654321"


def identity(clinic: Any, born: str, order: int = 101) -> Identity:
    body = f"110105{born}{order:03}"
    return read_identity(DocumentKind.RESIDENT_ID, body + ric.calc_check_digit(body + "0"), clinic.today)


async def owner(clinic: Any, crypto: Crypto, order: int, outcome: str = "match") -> Contact:
    contact: Contact = await clinic.contact()
    body = f"11010119900307{order:03}"
    async with clinic.database.begin() as session:
        await patients.register(
            session, crypto, account_id=contact.account_id, name="张明", outcome=outcome, key=None, now=clinic.now,
            id_number=body + ric.calc_check_digit(body + "0"), phone=PHONE,
        )  # fmt: skip
    return contact


async def add(
    clinic: Any,
    crypto: Crypto,
    contact: Contact,
    who: Identity,
    agreement: Agreement,
    *,
    relation: Relation = Relation.CHILD,
    name: str = "张小宝",
    phone: str = PHONE,
    outcome: str = "match",
    most: int = 6,
) -> Added:
    async with clinic.database.begin() as session:
        return await families.add(
            session, crypto, contact=contact, most=most, key=None, now=clinic.now,
            coming=Coming(relation, Newcomer(name, who, phone, outcome == "match"), outcome, agreement),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("born", "relation", "agreement", "refusal"),
    [
        ("19600101", Relation.PARENT, Agreement(), families.NoConsent),
        ("19600101", Relation.PARENT, GUARDIAN, families.NoConsent),  # nobody is an adult's guardian here
        ("20081122", Relation.CHILD, GUARDIAN, families.NoConsent),  # eighteen today
        ("20200101", Relation.CHILD, OWN, families.NoConsent),  # a child cannot agree
        ("20200101", Relation.PARENT, GUARDIAN, families.WrongRelation),
        ("20200101", Relation.SPOUSE, GUARDIAN, families.WrongRelation),
    ],
)
async def test_whose_agreement_it_takes(
    clinic: Any, crypto: Crypto, born: str, relation: Relation, agreement: Agreement, refusal: type[Exception]
) -> None:
    contact = await owner(clinic, crypto, 1)
    with pytest.raises(refusal):
        await add(clinic, crypto, contact, identity(clinic, born), agreement, relation=relation)
    async with clinic.database.begin() as session:
        assert await families.count(session, contact.account_id) == 1


async def test_only_a_verified_adult_is_a_guardian(clinic: Any, crypto: Crypto) -> None:
    contact = await owner(clinic, crypto, 1, outcome="unavailable")
    with pytest.raises(families.NoGuardian):
        await add(clinic, crypto, contact, identity(clinic, "20200101"), GUARDIAN)
    with pytest.raises(families.NoOwner):
        await add(clinic, crypto, await clinic.contact(), identity(clinic, "20200101"), GUARDIAN)


async def test_of_two_last_places_asked_for_at_once_one_is_given(clinic: Any, crypto: Crypto) -> None:
    contact = await owner(clinic, crypto, 1)

    def job(order: int) -> Any:
        return lambda session: families.add(
            session, crypto, contact=contact, most=2, key=None, now=clinic.now,
            coming=Coming(
                Relation.CHILD, Newcomer("张小宝", identity(clinic, "20200101", order), PHONE, True), "match", GUARDIAN
            ),
        )  # fmt: skip

    done = await clinic.together(job(1), job(3))
    assert sorted(type(one).__name__ for one in done) == ["Added", "Full"]


async def test_a_known_adult_with_the_phone_on_file_is_linked(clinic: Any, crypto: Crypto) -> None:
    mother = identity(clinic, "19600101")
    son, daughter = await owner(clinic, crypto, 1), await owner(clinic, crypto, 2)
    made = await add(clinic, crypto, son, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    found = await add(clinic, crypto, daughter, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    assert found == Added(AddedStatus.LINKED, made.patient_id)


async def test_a_code_to_the_owners_phone_is_no_agreement_of_a_stranger(clinic: Any, crypto: Crypto) -> None:
    """Unless the hospital knows both by that phone already."""
    mother = identity(clinic, "19600101")
    son, daughter = await owner(clinic, crypto, 1), await owner(clinic, crypto, 2)
    with pytest.raises(families.OwnPhone):
        await add(clinic, crypto, son, mother, OWN, relation=Relation.PARENT, phone=PHONE)
    made = await add(clinic, crypto, daughter, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    async with clinic.database.begin() as session:
        patient = await session.get_one(Patient, made.patient_id)
        patient.phone = crypto.encrypt(PHONE, "patients.phone")
        patient.phone_index = crypto.blind(PHONE, "patients.phone")
    found = await add(clinic, crypto, son, mother, OWN, relation=Relation.PARENT, phone=PHONE)
    assert found == Added(AddedStatus.LINKED, made.patient_id)


@pytest.mark.parametrize(("outcome", "name"), [("no_record", "李四"), ("limit", "李四")])
async def test_a_number_alone_has_nobodys_phone_ring(
    clinic: Any, crypto: Crypto, outcome: str, name: str
) -> None:
    child = identity(clinic, "20200101")
    father, stranger = await owner(clinic, crypto, 1), await owner(clinic, crypto, 2)
    await add(clinic, crypto, father, child, GUARDIAN)
    asked = await add(clinic, crypto, stranger, child, GUARDIAN, name=name, outcome=outcome)
    assert asked == Added(AddedStatus.OTHER_NAME, None)
    asked = await add(clinic, crypto, stranger, child, GUARDIAN)
    assert asked == Added(AddedStatus.ON_FILE, None)
    proven = await add(clinic, crypto, stranger, child, Agreement(guardian=True, on_file=True))
    assert proven.status is AddedStatus.LINKED


async def test_who_was_cut_and_cleared_by_staff_may_be_added_again(clinic: Any, crypto: Crypto) -> None:
    child, known = identity(clinic, "20200101"), Agreement(guardian=True, on_file=True)
    father, mother = await owner(clinic, crypto, 1), await owner(clinic, crypto, 2)
    made = await add(clinic, crypto, father, child, GUARDIAN)
    await add(clinic, crypto, mother, child, known)
    async with clinic.database.begin() as session:
        await linking.cut_link(session, contact_id=father.id, link_id=None, key=None, now=clinic.now)
        mothers = select(Consent.withdrawn_at).where(
            Consent.contact_id == mother.id, Consent.patient_id.is_not(None)
        )
        assert list(await session.scalars(mothers)) == [clinic.now]
        request = await session.scalar(select(IdentityRequest.id))
        await requests.decide(session, crypto, request, approve=False, staff="front desk", now=clinic.now)
    assert await add(clinic, crypto, mother, child, known) == Added(AddedStatus.LINKED, made.patient_id)


async def test_a_late_mismatch_ends_the_agreement_too(clinic: Any, crypto: Crypto) -> None:
    son, mother = await owner(clinic, crypto, 1), identity(clinic, "19600101")
    made = await add(
        clinic, crypto, son, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE, outcome="unavailable"
    )
    async with clinic.database.begin() as session:
        await settle_identity(session, made.patient_id, "mismatch", clinic.now)
        consents = select(Consent.withdrawn_at).where(Consent.patient_id == made.patient_id)
        assert list(await session.scalars(consents)) == [clinic.now]


@pytest.mark.parametrize("status", [PatientStatus.REJECTED, "disputed"])
async def test_no_code_opens_a_file_that_staff_look_into(clinic: Any, crypto: Crypto, status: str) -> None:
    mother = identity(clinic, "19600101")
    son, daughter, niece = [await owner(clinic, crypto, which) for which in (1, 2, 3)]
    made = await add(clinic, crypto, son, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    await add(clinic, crypto, daughter, mother, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    async with clinic.database.begin() as session:
        patient = await session.get_one(Patient, made.patient_id)
        if status == "disputed":
            link = await session.scalar(select(AccountLink.id))
            request = {"kind": RequestKind.DISPUTE, "status": RequestStatus.OPEN, "link_id": link}
            session.add(IdentityRequest(patient_id=patient.id, contact_id=son.id, **request))
        else:
            patient.status = PatientStatus.REJECTED
    found = await add(clinic, crypto, niece, mother, OWN, relation=Relation.OTHER, phone=OTHER_PHONE)
    assert found == Added(AddedStatus.STAFF, None)


async def _of_age(clinic: Any, crypto: Crypto) -> tuple[Contact, Contact]:
    """Somebody born on 29 February 2008 whose guardian acts for them, and who has an account of their own."""
    teen = identity(clinic, "20080229")
    contact = await owner(clinic, crypto, 1)
    async with clinic.database.begin() as session:
        made = await families.add(
            session, crypto, contact=contact, most=6, key=None, now=datetime(2020, 1, 1, tzinfo=UTC),
            coming=Coming(Relation.CHILD, Newcomer("张小宝", teen, PHONE, True), "match", GUARDIAN),
        )  # fmt: skip
        own = await clinic.contact()
        session.add(
            AccountPatient(account_id=own.account_id, patient_id=made.patient_id, relation=Relation.SELF)
        )
    return contact, own


async def test_at_eighteen_guardianship_ends_and_both_are_told(clinic: Any, crypto: Crypto) -> None:
    contact, own = await _of_age(clinic, crypto)
    for day, ended in ((date(2026, 2, 28), 0), (date(2026, 3, 1), 1)):
        async with clinic.database.begin() as session:
            now = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
            assert await families.end_guardianships(session, now) == ended
    async with clinic.database.begin() as session:
        told = {
            one.account_id: one.payload["guardian"] for one in await session.scalars(select(HospitalEvent))
        }
        left = [one.relation for one in await patients.acting_for(session, own.account_id)]
    assert told == {contact.account_id: True, own.account_id: False}
    assert left == [Relation.SELF]


async def test_two_sweeps_at_once_end_a_guardianship_once(clinic: Any, crypto: Crypto) -> None:
    await _of_age(clinic, crypto)
    now = datetime(2026, 3, 1, 1, tzinfo=UTC)

    async def another() -> int:
        async with clinic.database.begin() as session:
            return await families.end_guardianships(session, now)

    async with clinic.database.begin() as session:
        assert await families.end_guardianships(session, now) == 1
        second = asyncio.create_task(another())
        await waits_for(session, second)
    assert await second == 0
    async with clinic.database.begin() as session:
        assert len(list(await session.scalars(select(HospitalEvent)))) == 2


async def _foreigner(clinic: Any, crypto: Crypto) -> tuple[Contact, Any]:
    contact = await clinic.contact()
    async with clinic.database.begin() as session:
        done = await patients.register(
            session, crypto, account_id=contact.account_id, name="John Smith", id_number="E12345678", phone=PHONE,
            outcome="unchecked", key=None, now=clinic.now, document=DocumentKind.PASSPORT,
            birth_date=date(1985, 4, 1), sex=Sex.MALE,
        )  # fmt: skip
    return contact, done.patient_id


async def test_staff_look_at_a_passport_and_the_patient_hears(clinic: Any, crypto: Crypto) -> None:
    _, patient = await _foreigner(clinic, crypto)
    async with clinic.database.begin() as session:
        (line,) = await identity_reviews.waiting(session)
        told = await identity_reviews.reveal(
            session, crypto, patient, actor="staff:li", reason="at the counter"
        )
    assert (line.patient_id, line.name, line.document) == (patient, "J. S.", DocumentKind.PASSPORT)
    assert (told.name, told.id_number, told.phone) == ("John Smith", "E12345678", PHONE)
    assert "E12345678" not in repr(told)
    async with clinic.database.begin() as session:
        await identity_reviews.verify(session, patient, actor="staff:li", now=clinic.now)
    async with clinic.database.begin() as session:
        assert await identity_reviews.waiting(session) == []
        kept = await session.get_one(Patient, patient)
        assert (kept.status, kept.verified_at) == (PatientStatus.VERIFIED, clinic.now)
        event = (await session.scalars(select(HospitalEvent))).one()
        assert (event.kind, event.payload["status"]) == ("identity_settled", "verified")
        looked = await session.scalar(select(AuditEvent).where(AuditEvent.action == "identity_revealed"))
        assert looked is not None
        assert (looked.actor, looked.detail) == ("staff:li", {"reason": "at the counter"})
        with pytest.raises(identity_reviews.NotWaiting):
            await identity_reviews.reveal(session, crypto, patient, actor="staff:li", reason="curious")


async def test_who_is_rejected_may_register_anew(clinic: Any, crypto: Crypto) -> None:
    contact, patient = await _foreigner(clinic, crypto)
    async with clinic.database.begin() as session:
        await identity_reviews.reject(
            session,
            patient,
            reason=identity_reviews.RejectionReason.EXPIRED,
            actor="staff:li",
            now=clinic.now,
        )
    async with clinic.database.begin() as session:
        assert await patients.acting_for(session, contact.account_id) == []
        event = (await session.scalars(select(HospitalEvent))).one()
        assert (event.kind, event.payload["reason"]) == ("identity_rejected", "expired")
    _, again = await _foreigner(clinic, crypto)
    async with clinic.database.begin() as session:
        assert again == patient
        assert (await session.get_one(Patient, patient)).status is PatientStatus.REVIEW
