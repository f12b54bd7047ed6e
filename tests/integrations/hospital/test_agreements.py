from __future__ import annotations

from typing import Any

from sqlalchemy import select

from integrations.crypto import Crypto
from integrations.hospital import agreements, families, patients
from integrations.hospital.families import Agreement
from integrations.hospital.models import Consent, Contact, HospitalEvent, Relation
from integrations.hospital.operations import OperationKey

from .test_families import GUARDIAN, OTHER_PHONE, OWN, add, identity, owner


async def mother_of(clinic: Any, crypto: Crypto, contact: Contact, agreement: Agreement = OWN) -> Any:
    added = await add(
        clinic, crypto, contact, identity(clinic, "19600101", 102), agreement,
        relation=Relation.PARENT, name="王秀英", phone=OTHER_PHONE,
    )  # fmt: skip
    return added.patient_id


async def test_a_mother_takes_it_back_by_telephone(clinic: Any, crypto: Crypto) -> None:
    daughter, son = await owner(clinic, crypto, 2), await owner(clinic, crypto, 1)
    mother = await mother_of(clinic, crypto, daughter)
    await mother_of(clinic, crypto, son)
    async with clinic.database.begin() as session:
        found = await agreements.of_phone(session, crypto, "139 8765 4321")
        assert [(one.patient, one.owner, one.relation) for one in found] == [("*英", "*明", "parent")] * 2
        assert await agreements.of_phone(session, crypto, "13800000000") == []
    key = OperationKey("message", "action", "end")
    for _ in range(2):
        async with clinic.database.begin() as session:
            await agreements.end(
                session,
                patient_id=mother,
                account_id=daughter.account_id,
                actor="staff:li",
                key=key,
                now=clinic.now,
            )
    async with clinic.database.begin() as session:
        assert [one.account_id for one in await agreements.of_patient(session, mother)] == [son.account_id]
        assert await families.count(session, daughter.account_id) == 1
        told = await session.scalars(select(HospitalEvent).where(HospitalEvent.kind == "agreement_ended"))
        assert [one.contact_id for one in told] == [daughter.id]
        consents = await session.scalars(
            select(Consent).where(Consent.patient_id == mother, Consent.account_id == daughter.account_id)
        )
        assert [one.withdrawn_at for one in consents] == [clinic.now]
    assert await mother_of(clinic, crypto, daughter) == mother  # she may agree again


async def test_neither_oneself_nor_a_guardian_is_ended_so(clinic: Any, crypto: Crypto) -> None:
    contact = await owner(clinic, crypto, 1)
    child = await add(clinic, crypto, contact, identity(clinic, "20200101"), GUARDIAN)
    async with clinic.database.begin() as session:
        own = await patients.self_patient(session, contact.account_id)
    assert own is not None
    for patient in (own.id, child.patient_id):
        async with clinic.database.begin() as session:
            assert not await agreements.end(
                session,
                patient_id=patient,
                account_id=contact.account_id,
                actor="patient",
                key=None,
                now=clinic.now,
            )
    async with clinic.database.begin() as session:
        assert await families.count(session, contact.account_id) == 2
