import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot import sweep
from integrations.hospital import accounts, patients
from integrations.hospital.operations import OperationKey, once
from integrations.identity.interface import Outcome


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
