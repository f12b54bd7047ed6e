import dataclasses
from datetime import time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot import sweep
from integrations.hospital import accounts, patients, reminders, tokens
from integrations.hospital.events import EventKind
from integrations.hospital.models import Period
from integrations.hospital.operations import OperationKey, once
from integrations.identity.interface import Outcome
from tests.clinic_rows import talks
from tests.integrations.hospital.conftest import full


class Register:
    """The identity check's, which counts how often it is asked."""

    def __init__(self, outcome):
        self.outcome, self.asked = outcome, 0

    async def check(self, name, id_number):
        self.asked += 1
        return self.outcome


@pytest.fixture
async def waiting(rt):
    """Ten patients whose identity could not be checked when they registered."""
    for at in range(10):
        async with rt.database.begin() as session:
            contact = await accounts.ensure_contact(session, "telegram", f"{at}")
            await patients.register(
                session, rt.crypto, account_id=contact.account_id, name="张明", phone="13812345678",
                id_number=f"E1234567{at}", document="passport", birth_date=rt.now().date() - timedelta(days=9000),
                sex="male", outcome="unavailable", key=None, now=rt.now(),
            )  # fmt: skip


async def test_a_register_that_does_not_answer_is_left_in_peace(rt, waiting):
    down, up = Register(Outcome.UNAVAILABLE), Register(Outcome.MATCH)
    await sweep.identities(dataclasses.replace(rt, identity=down))
    assert down.asked == 3
    await sweep.identities(dataclasses.replace(rt, identity=up))
    assert up.asked == 10


async def test_what_was_done_long_ago_is_forgotten_and_the_rest_is_kept(rt, clock):
    async def effect():
        return {}

    async with rt.database.begin() as session:
        for message in ("old", "new"):
            await once(session, OperationKey(message, "action", "effect"), effect)
        await session.execute(
            text("UPDATE operations SET created_at = :at WHERE message_id = 'old'"),
            {"at": clock() - timedelta(days=40)},
        )
        await session.execute(
            text("UPDATE operations SET created_at = :at WHERE message_id = 'new'"), {"at": clock()}
        )
    await sweep.expired(rt)
    async with rt.database.begin() as session:
        assert list(await session.scalars(text("SELECT message_id FROM operations"))) == ["new"]


async def test_what_was_told_of_an_illness_lasts_a_day_without_a_consent(rt, clock):
    left = []
    for agreed in (True, False):
        async with rt.database.begin() as session:
            contact = await accounts.ensure_contact(session, "wechat", uuid4().hex)
            if agreed:
                await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, clock(), None)
            for kind in (tokens.DRAFT, "health", "person_name"):
                await tokens.mint(
                    session, rt.crypto, conversation_id=contact.id, kind=kind, value="膝盖疼", now=clock()
                )
        left += [
            (contact.id, kind)
            for kind in (tokens.DRAFT, "health", "person_name")
            if agreed or kind == "person_name"
        ]
    clock.forward(days=1, seconds=1)
    await sweep.expired(rt)
    async with rt.database.begin() as session:
        kept = await session.execute(text("SELECT conversation_id, kind FROM personal_tokens"))
        assert sorted(tuple(row) for row in kept) == sorted(left)


async def test_what_fell_due_in_an_hour_without_sweeps_comes_once_and_what_is_of_no_use_does_not(
    rt, clinic, clock
):
    held = await full(clinic, slots=1, fee_fen=3500)
    offered = await full(clinic, slots=1)
    waiting = [await held.join(await clinic.booker())]
    waiting += [await offered.join(await clinic.booker()) for _ in range(2)]
    soon = await clinic.schedule(day=clinic.today, start=time(13, 10), period=Period.AFTERNOON)
    visit = await clinic.book(await clinic.booker(), soon)
    async with rt.database.begin() as session:
        for statement in (
            "INSERT INTO conversations (id) SELECT id FROM contacts",
            "INSERT INTO controls (conversation_id) SELECT id FROM contacts",
        ):
            await session.execute(text(statement))
    await offered.cancel()
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        useless = clock() + timedelta(minutes=50)
        due = {"due_at": clock() + timedelta(minutes=10), "useless_at": useless}
        await reminders.plan(
            session, EventKind.VISIT_TOMORROW, visit.id, account_id=visit.account_id,
            contact_id=visit.contact_id, payload={"appointment_id": str(visit.id)}, **due,
        )  # fmt: skip
        await session.execute(text("DELETE FROM hospital_events"))
        await session.execute(text("DELETE FROM outbound"))
    clock.forward(minutes=75)
    for _ in range(3):
        await sweep.hospital(rt)
    async with rt.database.begin() as session:
        events = (await session.execute(text("SELECT kind, handled_at FROM hospital_events"))).all()
        said = await session.scalar(text("SELECT count(*) FROM outbound"))
    assert sorted(kind for kind, _ in events) == [
        "hold_expired", "visit_soon", "waitlist_lapsed", "waitlist_offered", "waitlist_offered",
    ]  # fmt: skip
    assert all(handled for _, handled in events)
    assert said == 5
    assert await held.status(*waiting) == ["offered", "lapsed", "offered"]


async def test_while_postgres_is_away_one_try_says_so(rt, monkeypatch):
    tries = []

    def away():
        tries.append(1)
        raise OperationalError("SELECT 1", None, ConnectionRefusedError())

    monkeypatch.setattr(rt.database, "begin", away)
    with pytest.raises(OperationalError):
        await sweep.hospital(rt)
    assert len(tries) == 1


async def test_what_fails_in_the_hospital_keeps_nothing_else_from_being_done(rt, clinic, clock, monkeypatch):
    async def fails(*_):
        raise ValueError("one row that nobody thought of")

    who = await clinic.booker(channel="telegram")
    async with rt.database.begin() as session:
        await talks(session, who.contact_id)
    await clinic.book(who, await clinic.schedule(fee_fen=3500))
    clock.forward(hours=1)
    monkeypatch.setattr(sweep.orders, "expire_orders", fails)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert list(await session.scalars(text("SELECT status FROM appointments"))) == ["expired"]
        assert list(await session.scalars(text("SELECT notice FROM outbound"))) == ["hold_expired"]
