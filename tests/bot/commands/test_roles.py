"""What only supervisors decide at the desk is theirs at the command line as well, and in their name."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import Role
from tests import staff_rows
from tests.bot.commands.conftest import Desk
from tests.clinic_rows import doctor, ward

OTHERS = [role for role in Role if role is not Role.SUPERVISOR]
_ID = str(uuid4())
THEIRS = [
    ("identities", "show", _ID, "--reason", "at the counter"),
    ("identities", "verify", _ID),
    ("identities", "reject", _ID, "--reason", "mismatch"),
    ("links", "approve", _ID),
    ("links", "reject", _ID),
    ("agreements", "list", "--phone", "13812345678", "--reason", "they call"),
    ("agreements", "end", _ID, _ID, "--called-back"),
    ("schedules", "phone", _ID, "--reason", "to tell them"),
    ("schedules", "reached", _ID),
    ("money", "orders", "refund", "O1", "--note", "asked for"),
    ("money", "refunds", "retry", "O1R1"),
    ("money", "refunds", "settle", "O1R1", "--note", "by bank"),
    ("money", "differences", "settle", _ID, "--note", "a test"),
    ("audit", "search"),
    ("follow-up", "not-dead", _ID, "--reason", "she called"),
]


async def _others(session: AsyncSession, _: Crypto) -> None:
    """Called as their role is; and a supervisor who left."""
    wang = await doctor(session, "王大夫", (await ward(session, "全科")).id)
    for role in OTHERS:
        await staff_rows.member(session, role, role.value, doctor=wang if role is Role.DOCTOR else None)
    (await staff_rows.member(session, Role.SUPERVISOR, "left")).active = False


@pytest.mark.parametrize("words", THEIRS, ids=lambda words: " ".join(words[:3]).replace(_ID, ""))
def test_nobody_else_does_it(desk: Desk, words: tuple[str, ...]) -> None:
    """Whoever is named, and whoever left; a supervisor comes as far as there being nothing of this id."""
    desk.before(_others)
    for login in (*(role.value for role in OTHERS), "left"):
        done = replace(desk, login=login).run(*words)
        assert (done.exit_code, "does not allow" in done.stderr) == (1, True), (login, done.output)
    assert "No such login: nobody" in replace(desk, login="nobody").run(*words).stderr
    assert "does not allow" not in desk.run(*words).output
    with psycopg.connect(desk.url) as connection:
        kept = connection.execute(
            "SELECT DISTINCT actor FROM audit_events WHERE actor <> 'staff:boss'"
        ).fetchall()
    assert kept == []


def test_what_is_done_bears_the_name_that_was_given(desk: Desk) -> None:
    desk.run("audit", "search")
    found = desk.run("audit", "search", "--action", "audit_searched", "--by", "boss").output
    assert "staff:boss" in found
    assert "address=shell:" in found
