"""While index keys are rotated, processes write with different keys: a person is still found, and is one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from integrations.crypto import Crypto, KeyRing
from integrations.hospital.models import Patient
from integrations.hospital.patients import register
from tests.conftest import ring
from tests.integrations.hospital.test_patients import NAME, NUMBER, PHONE

DATA = KeyRing.parse(ring("data"))
OLD, BOTH, NEW = ring("old"), f"{ring('new')},{ring('old')}", ring("new")


def _crypto(index: str, writes: str) -> Crypto:
    return Crypto(DATA, KeyRing.parse(index).writing_with(writes))


# What processes that run at the same time may have: before the new key, with it to read, with it to write, after.
BEFORE, READING = _crypto(OLD, "old"), _crypto(BOTH, "old")
WRITING, AFTER = _crypto(BOTH, "new"), _crypto(NEW, "new")


async def test_the_same_person_at_once_in_every_neighbouring_pair(clinic: Any) -> None:
    for one, other in ((BEFORE, READING), (READING, WRITING), (WRITING, AFTER)):
        accounts = [(await clinic.contact("wechat")).account_id for _ in range(6)]

        def job(crypto: Crypto, account: UUID) -> Any:
            return lambda session: register(
                session,
                crypto,
                account_id=account,
                name=NAME,
                id_number=NUMBER,
                phone=PHONE,
                outcome="match",
                key=None,
                now=clinic.now,
            )

        done = await clinic.together(
            *(job(one if n % 2 else other, account) for n, account in enumerate(accounts))
        )
        assert not [result for result in done if isinstance(result, BaseException)]
        assert len({result.patient_id for result in done}) == 1
        async with clinic.database.begin() as session:
            assert await session.scalar(select(func.count()).select_from(Patient)) == 1
            found = await session.scalar(select(Patient))
            # The rotation comes along before the next pair.
            found.id_number_index = other.blind(NUMBER, "patients.id_number")
            found.phone_index = other.blind(PHONE, "patients.phone")
