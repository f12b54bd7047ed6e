"""What a patient does while two accounts become one, or part: it lands on the account that stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, booking, families, merging
from integrations.hospital.documents import Identity
from integrations.hospital.families import Agreement, Coming
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    Consent,
    ConsentKind,
    DocumentKind,
    Relation,
    Sex,
)
from integrations.hospital.patients import Newcomer
from integrations.hospital.unbinding import unbind

from .conftest import Booker, Clinic

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
BORN = date(1964, 11, 11)
MOTHER = Newcomer(
    "李芳",
    Identity(DocumentKind.RESIDENT_ID, "110105196411110024", BORN, Sex.FEMALE),
    "+8613900001111",
    True,
)

Job = Callable[[AsyncSession], Awaitable[Any]]
Change = Callable[[AsyncSession], Awaitable[Any]]


async def meanwhile(clinic: Clinic, change: Change, job: Job) -> Any:
    """Runs the job while the change is done and not committed yet: the job has to wait for it."""

    async def run() -> Any:
        async with clinic.database.begin() as session:
            return await job(session)

    async with clinic.database.begin() as session, asyncio.timeout(90):
        await change(session)
        running = asyncio.create_task(run())
        await until_it_waits(clinic, running)
        assert not running.done(), "nothing kept the job from what the change had touched"
    return (await asyncio.gather(running, return_exceptions=True))[0]


async def until_it_waits(clinic: Clinic, running: asyncio.Task[Any]) -> None:
    """For another transaction."""
    while not running.done():
        async with clinic.database.begin() as session:
            if await session.scalar(WAITING):
                return
        await asyncio.sleep(0.02)


async def relative(clinic: Clinic) -> Booker:
    """An account with a patient who is not its owner: two owners stand under no account."""
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        held = await session.get_one(AccountPatient, (who.account_id, who.patient_id))
        held.relation = Relation.CHILD
    return who


def merging_into(kept: Booker, merged: Booker) -> Change:
    return lambda session: merging.merge(session, kept=kept.account_id, merged=merged.account_id)


async def accounts_of(clinic: Clinic, column: Any) -> list[UUID]:
    async with clinic.database.begin() as session:
        return list(await session.scalars(select(column)))


async def test_a_booking_lands_on_the_account_that_stands(clinic: Clinic) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)
    schedule = await clinic.schedule()
    made = await meanwhile(clinic, merging_into(kept, gone), clinic.booking(gone, schedule))
    assert made.account_id == kept.account_id
    async with clinic.database.begin() as session:
        assert [one.id for one in await booking.upcoming(session, kept.account_id, clinic.now)] == [made.id]


async def test_limits_count_what_both_accounts_had(clinic: Clinic) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)
    await clinic.rule("holds_at_once", "1")
    await clinic.book(kept, await clinic.schedule(fee_fen=100))
    schedule = await clinic.schedule(fee_fen=100)
    refused = await meanwhile(clinic, merging_into(kept, gone), clinic.booking(gone, schedule))
    assert isinstance(refused, booking.HoldLimit)


async def test_a_newcomer_who_is_cut_meanwhile_books_for_nobody_there(clinic: Clinic) -> None:
    """Their question was put while they were one account with the patient's owner."""
    owner, newcomer = await clinic.booker(), await clinic.booker()
    async with clinic.database.begin() as session:
        moved = await merging.merge(session, kept=owner.account_id, merged=newcomer.account_id)

    async def part(session: AsyncSession) -> None:
        await merging.part(
            session, kept=owner.account_id, merged=newcomer.account_id, moved=moved,
            disputed=owner.patient_id, heir=owner.contact_id,
        )  # fmt: skip

    stolen = Booker(owner.account_id, newcomer.contact_id, owner.patient_id)
    refused = await meanwhile(clinic, part, clinic.booking(stolen, await clinic.schedule()))
    assert isinstance(refused, booking.NotYours)
    assert await accounts_of(clinic, Appointment.account_id) == []


@pytest.mark.parametrize("what", ["cancel", "move"])
async def test_an_appointment_is_changed_where_it_went(clinic: Clinic, what: str) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)
    made, other = await clinic.book(gone, await clinic.schedule()), await clinic.schedule()

    async def job(session: AsyncSession) -> Any:
        if what == "cancel":
            return await booking.cancel(session, made.id, gone.contact_id, None, clinic.now)
        return await booking.reschedule(
            session, made.id, schedule_id=other, slot_id=None, contact_id=gone.contact_id, key=None,
            now=clinic.now,
        )  # fmt: skip

    done = await meanwhile(clinic, merging_into(kept, gone), job)
    assert done.account_id == kept.account_id
    assert done.status == ("cancelled" if what == "cancel" else "booked")


async def test_a_merge_waits_for_what_is_being_cancelled(clinic: Clinic) -> None:
    """The other way round, which must not end in a deadlock: the cancellation writes an event of the account."""
    kept, gone = await clinic.booker(), await relative(clinic)
    made = await clinic.book(gone, await clinic.schedule())

    async def cancel(session: AsyncSession) -> None:
        await session.execute(
            select(Appointment).where(Appointment.id == made.id).with_for_update(key_share=True)
        )

    async with clinic.database.begin() as session, asyncio.timeout(90):
        await cancel(session)

        async def merge() -> None:
            async with clinic.database.begin() as other:
                await merging.merge(other, kept=kept.account_id, merged=gone.account_id)

        running = asyncio.create_task(merge())
        await until_it_waits(clinic, running)
        done = await booking.cancel(session, made.id, gone.contact_id, None, clinic.now)
        assert done.status == "cancelled"
    await running
    assert await accounts_of(clinic, Appointment.account_id) == [kept.account_id]


async def test_a_consent_given_or_withdrawn_counts_for_the_account_that_stands(clinic: Clinic) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)
    kinds = [ConsentKind.HEALTH_DATA]
    async with clinic.database.begin() as session:
        contact = await accounts.contact(session, gone.contact_id)
        assert contact is not None

    async def give(session: AsyncSession) -> None:
        await accounts.give_consents(session, contact, kinds, clinic.now, None)

    async def withdraw(session: AsyncSession) -> None:
        await accounts.withdraw_consents(session, contact, kinds, clinic.now, None)

    assert await meanwhile(clinic, merging_into(kept, gone), give) is None
    assert await accounts_of(clinic, Consent.account_id) == [kept.account_id]
    third = await clinic.booker()
    assert await meanwhile(clinic, merging_into(third, kept), withdraw) is None
    async with clinic.database.begin() as session:
        standing = select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None))
        assert await session.scalar(standing) == 0


async def test_a_relative_is_added_to_the_account_that_stands(clinic: Clinic, crypto: Crypto) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)
    async with clinic.database.begin() as session:
        contact = await accounts.contact(session, gone.contact_id)
        assert contact is not None

    async def add(session: AsyncSession) -> Any:
        return await families.add(
            session, crypto, contact=contact, most=6, key=None, now=clinic.now,
            coming=Coming(Relation.PARENT, MOTHER, "match", Agreement(own=True)),
        )  # fmt: skip

    added = await meanwhile(clinic, merging_into(kept, gone), add)
    async with clinic.database.begin() as session:
        held = select(AccountPatient.account_id).where(AccountPatient.patient_id == added.patient_id)
        assert list(await session.scalars(held)) == [kept.account_id]


async def test_letting_go_of_a_patient_lets_go_on_the_account_that_stands(clinic: Clinic) -> None:
    kept, gone = await clinic.booker(), await relative(clinic)

    async def let_go(session: AsyncSession) -> bool:
        return await unbind(
            session, contact_id=gone.contact_id, patient_id=gone.patient_id, key=None, now=clinic.now
        )

    assert await meanwhile(clinic, merging_into(kept, gone), let_go) is True
    async with clinic.database.begin() as session:
        assert await session.get(AccountPatient, (kept.account_id, gone.patient_id)) is None
