from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum.cn.ric import calc_check_digit

from integrations.crypto import Crypto, KeyRing
from integrations.hospital import events
from integrations.hospital.models import (
    Account,
    AccountPatient,
    AuditEvent,
    Patient,
    PatientStatus,
    Relation,
    Sex,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.patients import (
    IdentityMismatch,
    InvalidIdNumber,
    Registration,
    RegistrationStatus,
    SelfExists,
    acting_for,
    pending_identity,
    profile,
    register,
    self_patient,
    settle_identity,
)


def _number(order: int) -> str:
    body = f"11010119900307{order:03d}"
    return body + calc_check_digit(body + "0")


NAME, NUMBER, PHONE = "张明", _number(123), "13812345678"


async def _register(
    clinic: Any,
    crypto: Crypto,
    account_id: UUID,
    *,
    outcome: str = "match",
    key: OperationKey | None = None,
    **changed: str,
) -> Registration:
    values = {"name": NAME, "id_number": NUMBER, "phone": PHONE} | changed
    async with clinic.database.begin() as session:
        return await register(
            session, crypto, account_id=account_id, **values, outcome=outcome, key=key, now=clinic.now
        )


async def _account(clinic: Any, channel: str = "wechat") -> UUID:
    account_id: UUID = (await clinic.contact(channel)).account_id
    return account_id


@pytest.mark.parametrize(
    ("outcome", "status", "kept"),
    [
        ("match", RegistrationStatus.VERIFIED, PatientStatus.VERIFIED),
        ("unavailable", RegistrationStatus.PENDING, PatientStatus.PENDING),
        ("limit", RegistrationStatus.PENDING, PatientStatus.PENDING),
        ("no_record", RegistrationStatus.PENDING, PatientStatus.REVIEW),
    ],
)
async def test_a_new_patient(
    clinic: Any, crypto: Crypto, outcome: str, status: RegistrationStatus, kept: PatientStatus
) -> None:
    account = await _account(clinic)
    done = await _register(clinic, crypto, account, outcome=outcome)
    assert done.status is status
    async with clinic.database.begin() as session:
        view = await self_patient(session, account)
        shown = await profile(session, crypto, account)
    assert view is not None
    assert shown is not None
    assert (view.id, view.name, view.status) == (done.patient_id, "*明", kept)
    assert (view.birth_date, view.sex) == (date(1990, 3, 7), Sex.MALE)
    assert (shown.id_number, shown.phone) == ("110*************" + NUMBER[-2:], "138****5678")


async def test_mismatch_and_bad_values_register_nobody(clinic: Any, crypto: Crypto) -> None:
    account = await _account(clinic)
    with pytest.raises(IdentityMismatch):
        await _register(clinic, crypto, account, outcome="mismatch")
    with pytest.raises(InvalidIdNumber):
        await _register(clinic, crypto, account, id_number=NUMBER[:-2])
    async with clinic.database.begin() as session:
        assert await self_patient(session, account) is None
        assert await profile(session, crypto, account) is None


async def test_the_same_message_registers_once(clinic: Any, crypto: Crypto) -> None:
    account, key = await _account(clinic), OperationKey("0" * 32, "action_register", "register")
    first = await _register(clinic, crypto, account, key=key)
    assert await _register(clinic, crypto, account, key=key) == first
    assert first.status is RegistrationStatus.VERIFIED


async def test_known_with_the_same_phone_is_linked(clinic: Any, crypto: Crypto) -> None:
    first = await _register(clinic, crypto, await _account(clinic), outcome="unavailable")
    telegram = await _account(clinic, "telegram")
    done = await _register(clinic, crypto, telegram, phone="138 1234 5678")
    assert done == Registration(RegistrationStatus.LINKED, first.patient_id)
    async with clinic.database.begin() as session:
        assert await self_patient(session, telegram) is None
        merged = await session.get_one(Account, telegram)
        view = await self_patient(session, merged.merged_into or telegram)
    assert view is not None
    assert view.status is PatientStatus.VERIFIED  # the check that failed before has come


async def test_whom_an_account_acts_for(clinic: Any, crypto: Crypto) -> None:
    who = await clinic.booker()
    other = await clinic.booker()
    async with clinic.database.begin() as session:
        session.add(
            AccountPatient(account_id=who.account_id, patient_id=other.patient_id, relation=Relation.PARENT)
        )
    async with clinic.database.begin() as session:
        found = await acting_for(session, who.account_id)
        assert [(one.id, one.relation) for one in found] == [
            (who.patient_id, Relation.SELF),
            (other.patient_id, Relation.PARENT),
        ]
        assert [one.relation for one in await acting_for(session, other.account_id)] == [Relation.SELF]
        assert await acting_for(session, (await clinic.contact()).account_id) == []


async def test_known_with_another_phone_is_not_shown(clinic: Any, crypto: Crypto) -> None:
    await _register(clinic, crypto, await _account(clinic))
    stranger = await _account(clinic)
    done = await _register(clinic, crypto, stranger, phone="13912345678")
    assert done == Registration(RegistrationStatus.OTHER_PHONE, None)
    async with clinic.database.begin() as session:
        assert await self_patient(session, stranger) is None
        kept = crypto.decrypt((await session.scalars(select(Patient.phone))).one(), "patients.phone")
    assert kept == "+8613812345678"


async def test_an_unproven_other_name_is_not_linked(clinic: Any, crypto: Crypto) -> None:
    await _register(clinic, crypto, await _account(clinic))
    done = await _register(clinic, crypto, await _account(clinic), name="王芳", outcome="unavailable")
    assert done.status is RegistrationStatus.OTHER_PHONE


async def test_one_self_per_account(clinic: Any, crypto: Crypto) -> None:
    account = await _account(clinic)
    first = await _register(clinic, crypto, account)
    assert (await _register(clinic, crypto, account)).patient_id == first.patient_id
    with pytest.raises(SelfExists):
        await _register(clinic, crypto, account, id_number=_number(125))


async def test_two_accounts_at_once_make_one_patient(clinic: Any, crypto: Crypto) -> None:
    accounts = [await _account(clinic) for _ in range(8)]

    def job(account_id: UUID) -> Callable[[AsyncSession], Awaitable[Registration]]:
        return lambda session: register(
            session,
            crypto,
            account_id=account_id,
            name=NAME,
            id_number=NUMBER,
            phone=PHONE,
            outcome="match",
            key=None,
            now=clinic.now,
        )

    done = await clinic.together(*map(job, accounts))
    assert sorted(one.status for one in done) == [RegistrationStatus.LINKED] * 7 + [
        RegistrationStatus.VERIFIED
    ]
    assert len({one.patient_id for one in done}) == 1


async def test_a_patient_is_found_while_the_index_key_rotates(clinic: Any, crypto: Crypto) -> None:
    first = await _register(clinic, crypto, await _account(clinic))
    new, old = KeyRing.parse(KeyRing.generate("new")), crypto.index
    rotating = Crypto(crypto.data, KeyRing("new", {**new.keys, **old.keys}))
    done = await _register(clinic, rotating, await _account(clinic))
    assert done == Registration(RegistrationStatus.LINKED, first.patient_id)


async def test_the_identity_check_comes_later(clinic: Any, crypto: Crypto) -> None:
    account = await _account(clinic)
    done = await _register(clinic, crypto, account, outcome="unavailable")
    assert done.patient_id is not None
    async with clinic.database.begin() as session:
        [waiting] = await pending_identity(session, crypto)
        assert (waiting.name, waiting.id_number) == (NAME, NUMBER)
        assert NAME not in repr(waiting)
        assert NUMBER not in repr(waiting)
        assert (
            await settle_identity(session, waiting.patient_id, "limit", clinic.now) is PatientStatus.PENDING
        )
        for _ in range(2):
            settled = await settle_identity(session, waiting.patient_id, "match", clinic.now)
            assert settled is PatientStatus.VERIFIED
        assert await pending_identity(session, crypto) == []
        [event] = await events.claim(session, 10, clinic.now)
    assert event.payload == {"patient_id": str(done.patient_id), "status": "verified"}
    assert event.account_id == account


async def test_a_later_no_record_goes_to_staff(clinic: Any, crypto: Crypto) -> None:
    done = await _register(clinic, crypto, await _account(clinic), outcome="unavailable")
    assert done.patient_id is not None
    async with clinic.database.begin() as session:
        settled = await settle_identity(session, done.patient_id, "no_record", clinic.now)
        assert settled is PatientStatus.REVIEW


async def test_a_later_mismatch_cuts_off_and_leaves_the_number_to_its_owner(
    clinic: Any, crypto: Crypto
) -> None:
    account = await _account(clinic)
    done = await _register(clinic, crypto, account, name="王错", outcome="unavailable")
    assert done.patient_id is not None
    async with clinic.database.begin() as session:
        settled = await settle_identity(session, done.patient_id, "mismatch", clinic.now)
        assert settled is PatientStatus.REJECTED
        assert await self_patient(session, account) is None
        [event] = await events.claim(session, 10, clinic.now)
    assert (event.account_id, event.payload["status"]) == (account, "rejected")
    unproven = await _register(clinic, crypto, await _account(clinic), phone="13912345678", outcome="limit")
    assert unproven.status is RegistrationStatus.OTHER_PHONE
    owner = await _account(clinic)
    taken = await _register(clinic, crypto, owner, phone="13912345678")
    assert taken == Registration(RegistrationStatus.LINKED, done.patient_id)
    async with clinic.database.begin() as session:
        shown = await profile(session, crypto, owner)
    assert shown is not None
    assert (shown.patient.name, shown.phone) == ("*明", "139****5678")
    assert shown.patient.status is PatientStatus.VERIFIED


async def test_no_column_holds_a_plain_value(clinic: Any, crypto: Crypto) -> None:
    key = OperationKey("0" * 32, "action_register", "register")
    await _register(clinic, crypto, await _account(clinic), key=key)
    async with clinic.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(AuditEvent)) == 1
        tables = list(
            await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        )
        for table in tables:
            for row in await session.scalars(text(f"SELECT t::text FROM {table} t")):  # noqa: S608
                for value in (NAME, NUMBER, PHONE):
                    assert value not in row
                    assert value.encode().hex() not in row
