"""A relative's link that was cut stands again when staff say so: as what it was, and never as more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from integrations.crypto import Crypto
from integrations.hospital import identity_reviews, linking, patients, requests, restoring
from integrations.hospital.families import Agreement
from integrations.hospital.models import (
    AccountLink,
    AccountPatient,
    AuditEvent,
    Consent,
    ConsentKind,
    Contact,
    HospitalEvent,
    IdentityRequest,
    Patient,
    PatientStatus,
    Relation,
)
from integrations.hospital.unbinding import unbind

from .test_families import GUARDIAN, OTHER_PHONE, OWN, PHONE, add, identity, owner

ON_FILE = Agreement(guardian=True, on_file=True)


async def cut(clinic: Any, contact: Contact) -> None:
    async with clinic.database.begin() as session:
        await linking.cut_link(session, contact_id=contact.id, link_id=None, key=None, now=clinic.now)


async def decide(clinic: Any, crypto: Crypto, *, now: datetime | None = None) -> None:
    async with clinic.database.begin() as session:
        (one,) = await requests.open_requests(session)
        await requests.decide(session, crypto, one.id, approve=True, staff="staff:li", now=now or clinic.now)


async def second_parent(clinic: Any, crypto: Crypto, born: str = "20200101") -> tuple[Contact, Contact, Any]:
    """A father, the mother whose link to the child he cut, and the child."""
    father, mother = await owner(clinic, crypto, 1), await owner(clinic, crypto, 2)
    child = identity(clinic, born)
    await add(clinic, crypto, father, child, GUARDIAN)
    made = await add(clinic, crypto, mother, child, ON_FILE)
    await cut(clinic, father)
    return father, mother, made.patient_id


async def adult(clinic: Any, crypto: Crypto) -> tuple[Contact, Contact, Any]:
    """A mother with an account of her own, the son whose link she cut, and her file."""
    son, mother = await owner(clinic, crypto, 1), await clinic.contact()
    who = identity(clinic, "19600101")
    async with clinic.database.begin() as session:
        done = await patients.register(
            session, crypto, account_id=mother.account_id, name="张小宝", id_number=who.number,
            phone=OTHER_PHONE, outcome="match", key=None, now=clinic.now,
        )  # fmt: skip
    await add(clinic, crypto, son, who, OWN, relation=Relation.PARENT, phone=OTHER_PHONE)
    await cut(clinic, mother)
    return mother, son, done.patient_id


async def family(clinic: Any, contact: Contact) -> list[Relation]:
    async with clinic.database.begin() as session:
        return [one.relation for one in await patients.acting_for(session, contact.account_id)]


async def test_a_child_comes_back_to_its_guardian_as_a_child(clinic: Any, crypto: Crypto) -> None:
    father, mother, child = await second_parent(clinic, crypto)
    async with clinic.database.begin() as session:
        (waits,) = await requests.open_requests(session)
        await session.execute(delete(HospitalEvent))
    assert waits.relation == "child"
    assert await family(clinic, mother) == [Relation.SELF]
    await decide(clinic, crypto)
    assert await family(clinic, mother) == [Relation.SELF, Relation.CHILD]
    async with clinic.database.begin() as session:
        held = await session.get_one(AccountPatient, (mother.account_id, child))
        consents = list(
            await session.scalars(
                select(Consent).where(Consent.contact_id == mother.id, Consent.patient_id == child)
            )
        )
        (standing,) = [one for one in consents if one.withdrawn_at is None]
        assert (held.guardian_consent_id, held.guardian_since) == (standing.id, clinic.now)
        assert standing.kind is ConsentKind.GUARDIAN
        assert [one.withdrawn_at for one in consents if one is not standing] == [clinic.now]
        told = {one.contact_id: one.kind for one in await session.scalars(select(HospitalEvent))}
        assert told == {father.id: "link_added", mother.id: "request_decided"}
        [payload] = await session.scalars(
            select(HospitalEvent.payload).where(HospitalEvent.kind == "request_decided")
        )
        assert payload["patient_id"] == str(child)  # she hears whose records they are
        log = await session.scalar(select(AuditEvent).where(AuditEvent.action == "link_restored"))
        assert log is not None
        assert (log.actor, log.detail["relation"]) == ("staff:li", "child")
        patient = await session.get_one(Patient, child)
        assert patient.status is PatientStatus.VERIFIED
    await cut(clinic, father)  # an earlier holder may do so again
    assert await family(clinic, mother) == [Relation.SELF]


async def test_an_adult_comes_back_by_the_agreement_of_their_own_that_stood(
    clinic: Any, crypto: Crypto
) -> None:
    mother, son, patient = await adult(clinic, crypto)
    await decide(clinic, crypto)
    assert await family(clinic, son) == [Relation.SELF, Relation.PARENT]
    assert await family(clinic, mother) == [Relation.SELF]
    async with clinic.database.begin() as session:
        held = await session.get_one(AccountPatient, (son.account_id, patient))
        assert held.guardian_since is None
        standing = select(Consent.kind).where(Consent.patient_id == patient, Consent.withdrawn_at.is_(None))
        assert list(await session.scalars(standing)) == [ConsentKind.FAMILY_ACCESS]


async def refused(clinic: Any, crypto: Crypto, contact: Contact, why: type[Exception], **at: Any) -> None:
    before = await family(clinic, contact)
    with pytest.raises(why):
        await decide(clinic, crypto, **at)
    assert await family(clinic, contact) == before
    async with clinic.database.begin() as session:
        assert len(await requests.open_requests(session)) == 1


async def test_the_account_never_becomes_the_childs_own(clinic: Any, crypto: Crypto) -> None:
    """Also when its owner let go of themselves, or another came."""
    _, mother, _ = await second_parent(clinic, crypto)
    async with clinic.database.begin() as session:
        own = await patients.self_patient(session, mother.account_id)
        assert own is not None
        await unbind(session, contact_id=mother.id, patient_id=own.id, key=None, now=clinic.now)
    await refused(clinic, crypto, mother, restoring.OtherOwner)
    assert await family(clinic, mother) == []
    async with clinic.database.begin() as session:
        stranger = identity(clinic, "19850101", 303)
        await patients.register(
            session, crypto, account_id=mother.account_id, name="李四", id_number=stranger.number,
            phone=PHONE, outcome="match", key=None, now=clinic.now,
        )  # fmt: skip
    await refused(clinic, crypto, mother, restoring.OtherOwner)


async def test_of_age_meanwhile_they_agree_themselves(clinic: Any, crypto: Crypto) -> None:
    _, mother, _ = await second_parent(clinic, crypto, "20081201")
    await refused(clinic, crypto, mother, restoring.AgreementNeeded, now=datetime(2026, 12, 2, tzinfo=UTC))


async def test_a_guardian_who_is_not_verified_any_more_gets_nobody_back(clinic: Any, crypto: Crypto) -> None:
    _, mother, _ = await second_parent(clinic, crypto)
    async with clinic.database.begin() as session:
        own = await patients.self_patient(session, mother.account_id)
        assert own is not None
        await session.execute(update(Patient).where(Patient.id == own.id).values(status=PatientStatus.REVIEW))
    await refused(clinic, crypto, mother, restoring.AgreementNeeded)


async def test_without_an_agreement_that_stood_an_adult_agrees_anew(clinic: Any, crypto: Crypto) -> None:
    _, son, _ = await adult(clinic, crypto)
    async with clinic.database.begin() as session:
        link = (await session.scalars(select(AccountLink))).one()
        link.moved = {**link.moved, "consents": []}
    await refused(clinic, crypto, son, restoring.AgreementNeeded)


async def test_after_the_identity_was_rejected_nothing_comes_back(clinic: Any, crypto: Crypto) -> None:
    _, mother, child = await second_parent(clinic, crypto)
    async with clinic.database.begin() as session:
        await identity_reviews.reject(
            session, child, reason=identity_reviews.RejectionReason.MISMATCH, actor="staff:li", now=clinic.now
        )
    await refused(clinic, crypto, mother, restoring.NothingKept)
    async with clinic.database.begin() as session:  # somebody else is found to be the patient
        await session.execute(update(Patient).values(status=PatientStatus.VERIFIED))
    await refused(clinic, crypto, mother, restoring.NothingKept)


async def test_a_rejected_identity_is_not_verified_by_a_decision_about_a_link(
    clinic: Any, crypto: Crypto
) -> None:
    _, _, child = await second_parent(clinic, crypto)
    async with clinic.database.begin() as session:
        await session.execute(
            update(Patient).where(Patient.id == child).values(status=PatientStatus.REJECTED)
        )
        request = (await session.scalars(select(IdentityRequest.id))).one()
        await requests.decide(session, crypto, request, approve=False, staff="staff:li", now=clinic.now)
    async with clinic.database.begin() as session:
        assert (await session.get_one(Patient, child)).status is PatientStatus.REJECTED
