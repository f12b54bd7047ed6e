"""Of somebody who died nothing is pushed; their family's other people are told as before."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from bot import sweep
from integrations.hospital import booking, deceased, events, ratings
from integrations.hospital.events import EventKind
from integrations.hospital.models import AccountLink, AccountPatient, LinkProof, Relation, SubjectKind
from tests.bot.said import news
from tests.clinic_rows import talks
from tests.consultation_rows import NOW as CONSULTED
from tests.consultation_rows import Asker, Online
from tests.pharmacy_rows import NOW, Pharmacy


@pytest.fixture
async def who(rt, clinic):
    found = await clinic.booker(channel="telegram")
    async with rt.database.begin() as session:
        await talks(session, found.contact_id)
    return found


@pytest.fixture
async def mother(rt, clinic, who):
    """Of the same account."""
    other = await clinic.booker()
    async with rt.database.begin() as session:
        session.add(
            AccountPatient(account_id=who.account_id, patient_id=other.patient_id, relation=Relation.PARENT)
        )
    return replace(who, patient_id=other.patient_id)


async def died(rt, one):
    async with rt.database.begin() as session:
        assert await deceased.record(session, one.patient_id, actor="staff:x", now=rt.now())


async def kinds(rt):
    return [reply.notice.kind for reply in await news(rt) if reply.notice]


async def test_the_visit_of_one_is_told_and_of_the_other_is_not(rt, clinic, clock, who, mother):
    await clinic.book(who, await clinic.schedule())
    await clinic.book(mother, await clinic.schedule())
    assert sorted(await kinds(rt)) == ["appointment_booked"] * 2
    await died(rt, mother)
    clock.forward(days=2, hours=12)  # the evening before
    await sweep.hospital(rt)
    assert await kinds(rt) == ["visit_tomorrow"]
    async with rt.database.begin() as session:
        assert await deceased.take_back(session, mother.patient_id, actor="staff:y", reason="拨错了人")
        assert not await deceased.take_back(session, mother.patient_id, actor="staff:y", reason="again")
    clock.forward(hours=9, minutes=45)  # that morning
    await sweep.hospital(rt)
    assert await kinds(rt) == ["visit_soon"] * 2


async def test_that_somebody_else_holds_a_file_concerns_whose_file_it_is(rt, who, mother):
    """Not who told the account's other people of it."""
    await died(rt, who)
    async with rt.database.begin() as session:
        links = [
            AccountLink(
                patient_id=one.patient_id,
                account_id=who.account_id,
                contact_id=who.contact_id,
                proof=LinkProof.PHONE,
                linked_at=rt.now(),
            )
            for one in (mother, who)
        ]
        session.add_all(links)
        await session.flush()
        about = [await deceased.concerns(session, who.account_id, {"link": str(link.id)}) for link in links]
    assert about == [False, True]


async def test_money_comes_back_even_so_and_no_survey_is_put(rt, clinic, who):
    made = await clinic.book(who, await clinic.schedule(fee_fen=3500))
    await died(rt, who)
    async with rt.database.begin() as session:
        await booking.expire_holds(session, made.hold_expires_at)
        await ratings.ask(session, SubjectKind.SERVICE, uuid4(), who.account_id, who.contact_id, rt.now())
    assert await kinds(rt) == []
    async with rt.database.begin() as session:
        back = {"order_no": made.order_no, "appointment_id": str(made.id)}
        await events.emit(
            session, EventKind.REFUND_DUE, account_id=who.account_id, contact_id=who.contact_id, payload=back
        )
    assert await kinds(rt) == ["refund_due"]


async def test_medicine_parcels_and_bills(rt, clock):
    clock.time = NOW
    pharmacy = await Pharmacy(rt.database, rt.crypto).open()
    client = await pharmacy.client()
    async with rt.database.begin() as session:
        await talks(session, client.contact_id)
    made = await pharmacy.approved(client, "NIF")
    await died(rt, client)
    about = {"account_id": client.account_id, "contact_id": client.contact_id}
    async with rt.database.begin() as session:
        parcel = {"delivery_id": str(uuid4()), "prescription_id": str(made), "state": "delivered"}
        await events.emit(session, EventKind.PARCEL_MOVED, payload=parcel, **about)
        ids = {"patient_id": str(client.patient_id)}
        await events.emit(session, EventKind.IDENTITY_SETTLED, payload=ids | {"status": "active"}, **about)
    assert await kinds(rt) == []


async def test_a_consultation_ends_and_nobody_is_told(rt, clock):
    clock.time = CONSULTED
    online = await Online(rt.database, rt.crypto).open()
    asker: Asker = await online.asker()
    async with rt.database.begin() as session:
        await talks(session, asker.contact_id)
    await died(rt, asker)
    made = await online.active(asker)
    async with rt.database.begin() as session:
        for kind in (EventKind.CONSULTATION_EXPIRED, EventKind.CONSULTATION_SUMMED_UP):
            await events.emit(
                session, kind, account_id=asker.account_id, contact_id=asker.contact_id,
                payload={"consultation_id": str(made)},
            )  # fmt: skip
    assert [kind for kind in await kinds(rt) if kind.startswith("consultation")] == []
