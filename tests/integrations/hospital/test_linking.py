"""One person on two channels: accounts become one, earlier holders are told, and can cut the newcomer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum.cn.ric import calc_check_digit

from integrations.crypto import Crypto
from integrations.database import Base
from integrations.hospital import booking, events, linking, patients
from integrations.hospital.accounts import give_consents, missing_consents
from integrations.hospital.linking import NothingToCut, cut_link, view_link
from integrations.hospital.models import (
    Account,
    AccountLink,
    AccountPatient,
    AuditEvent,
    Consent,
    ConsentKind,
    Contact,
    LinkProof,
    PatientStatus,
    Relation,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.patients import Registration, RegistrationStatus, register, self_patient
from integrations.hospital.unbinding import unbind

from .conftest import Booker, Clinic

BODY = "11010119900307123"
NUMBER, PHONE = BODY + calc_check_digit(BODY + "0"), "13812345678"
HEALTH, ABROAD = ConsentKind.HEALTH_DATA, ConsentKind.DATA_ABROAD


async def arrive(clinic: Clinic, channel: str) -> Contact:
    """Somebody who agreed to all that the channel asks for."""
    contact = await clinic.contact(channel)
    async with clinic.database.begin() as session:
        await give_consents(session, contact, [HEALTH, ABROAD], clinic.now, None)
    return contact


def registering(
    clinic: Clinic, crypto: Crypto, contact: Contact, key: OperationKey | None = None
) -> Callable[[AsyncSession], Awaitable[Registration]]:
    return lambda session: register(
        session,
        crypto,
        account_id=contact.account_id,
        contact_id=contact.id,
        name="张明",
        id_number=NUMBER,
        phone=PHONE,
        outcome="match",
        key=key,
        now=clinic.now,
    )


async def registered(clinic: Clinic, crypto: Crypto, contact: Contact) -> Registration:
    async with clinic.database.begin() as session:
        return await registering(clinic, crypto, contact)(session)


async def account_of(clinic: Clinic, contact: Contact) -> UUID:
    async with clinic.database.begin() as session:
        return (
            await session.execute(select(Contact.account_id).where(Contact.id == contact.id))
        ).scalar_one()


async def told(clinic: Clinic) -> list[tuple[str, UUID, dict[str, Any]]]:
    async with clinic.database.begin() as session:
        found = await events.claim(session, 50, clinic.now)
    return [(event.kind, event.contact_id, event.payload) for event in found]


async def family_member(clinic: Clinic, account_id: UUID) -> UUID:
    """A child under the account."""
    other = await clinic.booker()
    async with clinic.database.begin() as session:
        session.add(
            AccountPatient(account_id=account_id, patient_id=other.patient_id, relation=Relation.CHILD)
        )
    return other.patient_id


@pytest.fixture
async def wechat(clinic: Clinic, crypto: Crypto) -> Contact:
    """Registered first."""
    contact = await arrive(clinic, "wechat")
    await registered(clinic, crypto, contact)
    await told(clinic)
    return contact


async def test_the_newcomer_joins_the_first_account_with_all_it_has(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    telegram = await arrive(clinic, "telegram")
    child = await family_member(clinic, telegram.account_id)
    made = await clinic.book(
        Booker(telegram.account_id, telegram.id, child), await clinic.schedule(fee_fen=2500)
    )
    assert (await registered(clinic, crypto, telegram)).status is RegistrationStatus.LINKED
    assert await account_of(clinic, telegram) == wechat.account_id
    async with clinic.database.begin() as session:
        assert (await session.get_one(Account, telegram.account_id)).merged_into == wechat.account_id
        family = await patients.acting_for(session, wechat.account_id)
        assert [one.relation for one in family] == [Relation.SELF, Relation.CHILD]
        [one] = await booking.upcoming(session, wechat.account_id, clinic.now)
        assert one.id == made.id
        standing = await session.execute(select(Consent.contact_id, Consent.kind, Consent.account_id))
        kept = {(row.contact_id, row.kind) for row in standing if row.account_id == wechat.account_id}
        assert kept == {(c.id, kind) for c in (wechat, telegram) for kind in (HEALTH, ABROAD)}
        assert "accounts_merged" in set(await session.scalars(select(AuditEvent.action)))


async def test_nothing_of_a_merged_account_stays_behind(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    """Also in tables that come later: whatever names an account by `account_id` is moved."""
    telegram = await arrive(clinic, "telegram")
    child = await family_member(clinic, telegram.account_id)
    await clinic.book(Booker(telegram.account_id, telegram.id, child), await clinic.schedule(fee_fen=2500))
    await registered(clinic, crypto, telegram)
    async with clinic.database.begin() as session:
        for table in Base.metadata.sorted_tables:
            if "account_id" in table.c and table.name != "account_patients":
                left = select(func.count()).where(table.c.account_id == telegram.account_id)
                assert await session.scalar(left) == 0, table.name


async def test_registering_again_merges_once(clinic: Clinic, crypto: Crypto, wechat: Contact) -> None:
    telegram, key = await arrive(clinic, "telegram"), OperationKey("0" * 32, "register", "register")
    for _ in range(2):
        async with clinic.database.begin() as session:
            done = await registering(clinic, crypto, telegram, key)(session)
        assert done.status is RegistrationStatus.LINKED
    assert (await registered(clinic, crypto, telegram)).status is RegistrationStatus.LINKED
    async with clinic.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(AccountLink)) == 1


async def test_merges_of_the_same_accounts_from_both_sides_at_once(clinic: Clinic, crypto: Crypto) -> None:
    """Two accounts that both own the patient already (linked before accounts could merge)."""
    contacts = [await arrive(clinic, channel) for channel in ("wechat", "telegram", "wechat")]
    first = await registered(clinic, crypto, contacts[0])
    async with clinic.database.begin() as session:
        for other in contacts[1:]:
            session.add(
                AccountPatient(
                    account_id=other.account_id, patient_id=first.patient_id, relation=Relation.SELF
                )
            )
    done = await clinic.together(*(registering(clinic, crypto, one) for one in contacts * 2))
    assert [one.status for one in done if isinstance(one, Registration)] == [RegistrationStatus.LINKED] * 6
    assert {await account_of(clinic, one) for one in contacts} == {contacts[0].account_id}
    async with clinic.database.begin() as session:
        merged = await session.scalars(select(Account.merged_into).where(Account.merged_into.is_not(None)))
        assert list(merged) == [contacts[0].account_id] * 2


async def test_who_was_a_relative_until_now_becomes_the_owner(clinic: Clinic, crypto: Crypto) -> None:
    first, second = await arrive(clinic, "wechat"), await arrive(clinic, "telegram")
    done = await registered(clinic, crypto, first)
    assert done.patient_id is not None
    async with clinic.database.begin() as session:
        await unbind(session, contact_id=first.id, patient_id=done.patient_id, key=None, now=clinic.now)
        session.add(
            AccountPatient(account_id=second.account_id, patient_id=done.patient_id, relation=Relation.SPOUSE)
        )
    await registered(clinic, crypto, second)
    async with clinic.database.begin() as session:
        found = await self_patient(session, second.account_id)
    assert found is not None


async def test_newcomers_at_once_all_join(clinic: Clinic, crypto: Crypto, wechat: Contact) -> None:
    newcomers = [await arrive(clinic, "telegram") for _ in range(6)]
    done = await clinic.together(*(registering(clinic, crypto, one) for one in newcomers))
    assert {one.status for one in done if isinstance(one, Registration)} == {RegistrationStatus.LINKED}
    assert len(done) == 6
    assert {await account_of(clinic, one) for one in newcomers} == {wechat.account_id}


async def test_a_booking_and_a_merge_at_once_lose_nothing(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    telegram = await arrive(clinic, "telegram")
    child = await family_member(clinic, telegram.account_id)
    schedule = await clinic.schedule()
    book = clinic.booking(Booker(telegram.account_id, telegram.id, child), schedule)
    done = await clinic.together(book, registering(clinic, crypto, telegram))
    assert not isinstance(done[1], BaseException)
    async with clinic.database.begin() as session:
        coming = await booking.upcoming(session, wechat.account_id, clinic.now)
    assert len(coming) == (0 if isinstance(done[0], BaseException) else 1)


async def test_earlier_holders_are_told_on_every_channel(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    second, third = await arrive(clinic, "telegram"), await arrive(clinic, "wechat")
    await registered(clinic, crypto, second)
    [(kind, contact, payload)] = await told(clinic)
    assert (kind, contact) == ("link_added", wechat.id)
    await registered(clinic, crypto, third)
    assert {contact for _, contact, _ in await told(clinic)} == {wechat.id, second.id}
    async with clinic.database.begin() as session:
        view = await view_link(session, UUID(payload["link"]), wechat.id)
        assert view is not None
        assert (view.patient, view.channel, view.standing, view.may_cut) == ("*明", "telegram", True, True)
        for other in (second, await clinic.contact()):
            assert await view_link(session, UUID(payload["link"]), other.id) is None


async def test_a_relative_is_told_but_does_not_cut_an_adults_own_link(clinic: Clinic, crypto: Crypto) -> None:
    relative, own = await arrive(clinic, "wechat"), await arrive(clinic, "telegram")
    async with clinic.database.begin() as session:
        first = await registering(clinic, crypto, own)(session)
        session.add(
            AccountPatient(
                account_id=relative.account_id, patient_id=first.patient_id, relation=Relation.SPOUSE
            )
        )
    another = await arrive(clinic, "wechat")
    await registered(clinic, crypto, another)
    news = {contact: payload for _, contact, payload in await told(clinic)}
    assert set(news) == {relative.id, own.id}
    async with clinic.database.begin() as session:
        view = await view_link(session, UUID(news[relative.id]["link"]), relative.id)
        assert view is not None
        assert not view.may_cut
        with pytest.raises(NothingToCut):
            await cut_link(session, contact_id=relative.id, link_id=None, key=None, now=clinic.now)


async def cut(clinic: Clinic, contact: Contact, key: OperationKey | None = None) -> linking.LinkView:
    async with clinic.database.begin() as session:
        return await cut_link(session, contact_id=contact.id, link_id=None, key=key, now=clinic.now)


async def test_cutting_parts_the_accounts_again(clinic: Clinic, crypto: Crypto, wechat: Contact) -> None:
    telegram = await arrive(clinic, "telegram")
    child = await family_member(clinic, telegram.account_id)
    done = await registered(clinic, crypto, telegram)
    assert done.patient_id is not None
    booked = [
        await clinic.book(Booker(wechat.account_id, telegram.id, patient), await clinic.schedule(fee_fen=fee))
        for patient, fee in ((done.patient_id, 0), (child, 2500))
    ]
    await told(clinic)
    key = OperationKey("1" * 32, "action_cut_link", "cut")
    view = await cut(clinic, wechat, key)
    assert not view.standing
    assert (await cut(clinic, wechat, key)).id == view.id
    [(kind, contact, _)] = await told(clinic)
    assert (kind, contact) == ("link_cut", telegram.id)
    assert await account_of(clinic, telegram) == telegram.account_id
    async with clinic.database.begin() as session:
        owner = await self_patient(session, wechat.account_id)
        assert owner is not None
        assert owner.status is PatientStatus.REVIEW
        assert [one.relation for one in await patients.acting_for(session, wechat.account_id)] == [
            Relation.SELF
        ]
        assert [one.id for one in await patients.acting_for(session, telegram.account_id)] == [child]
        [own] = await booking.upcoming(session, wechat.account_id, clinic.now)
        [theirs] = await booking.upcoming(session, telegram.account_id, clinic.now)
        assert (own.id, own.contact_id) == (booked[0].id, wechat.id)
        assert (theirs.id, theirs.contact_id) == (booked[1].id, telegram.id)
        assert await missing_consents(session, await session.get_one(Contact, telegram.id)) == set()
    with pytest.raises(NothingToCut):
        await cut(clinic, wechat)


async def test_a_newcomer_does_not_cut_who_was_there_before(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    telegram, third = await arrive(clinic, "telegram"), await arrive(clinic, "wechat")
    await registered(clinic, crypto, telegram)
    with pytest.raises(NothingToCut):
        await cut(clinic, telegram)
    await registered(clinic, crypto, third)
    assert (await cut(clinic, telegram)).channel == "wechat"  # the third one only
    assert await account_of(clinic, third) == third.account_id
    assert await account_of(clinic, telegram) == wechat.account_id


async def test_who_was_cut_comes_back_only_through_staff(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    telegram = await arrive(clinic, "telegram")
    await registered(clinic, crypto, telegram)
    await cut(clinic, wechat)
    again = await registered(clinic, crypto, telegram)
    assert again.status is RegistrationStatus.OTHER_PHONE
    async with clinic.database.begin() as session:
        assert await self_patient(session, telegram.account_id) is None


async def test_a_link_without_an_account_of_its_own_is_just_removed(
    clinic: Clinic, crypto: Crypto, wechat: Contact
) -> None:
    """As when somebody adds a patient as a family member."""
    other = await arrive(clinic, "wechat")
    async with clinic.database.begin() as session:
        owner = await self_patient(session, wechat.account_id)
        assert owner is not None
        holders = await linking.holders_of(session, owner.id)
        session.add(
            AccountPatient(account_id=other.account_id, patient_id=owner.id, relation=Relation.SPOUSE)
        )
        await linking.record_link(
            session,
            holders,
            account_id=other.account_id,
            contact_id=other.id,
            patient_id=owner.id,
            proof=LinkProof.PHONE,
            now=clinic.now,
        )
    await cut(clinic, wechat)
    async with clinic.database.begin() as session:
        assert await patients.acting_for(session, other.account_id) == []
        assert await patients.acting_for(session, wechat.account_id) != []


async def test_a_contact_that_does_not_exist_cuts_nothing(clinic: Clinic) -> None:
    async with clinic.database.begin() as session:
        with pytest.raises(NothingToCut):
            await cut_link(session, contact_id=uuid4(), link_id=uuid4(), key=None, now=clinic.now)
