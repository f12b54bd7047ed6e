"""`daozhen identities` as staff run it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, patients
from integrations.hospital.models import DocumentKind, Sex
from tests.bot.commands.conftest import Desk

NUMBER = "E12345678"


async def _arrive(session: AsyncSession, crypto: Crypto) -> str:
    """A patient who waits."""
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    done = await patients.register(
        session, crypto, account_id=contact.account_id, name="John Smith", id_number=NUMBER,
        phone="13812345678", outcome="unchecked", key=None, now=datetime(2026, 11, 22, tzinfo=UTC),
        document=DocumentKind.PASSPORT, birth_date=date(1985, 4, 1), sex=Sex.MALE,
    )  # fmt: skip
    return str(done.patient_id)


def test_staff_list_look_and_decide(desk: Desk) -> None:
    patient = desk.before(_arrive)
    listed = desk.run("identities", "list")
    assert listed.exit_code == 0, listed.output
    assert f"{patient}  J. S." in listed.output
    assert "passport" in listed.output
    assert NUMBER not in listed.output
    assert desk.run("identities", "show", patient, "--reason", " ").exit_code != 0
    shown = desk.run("identities", "show", patient, "--reason", "at the counter with the passport")
    assert NUMBER in shown.output
    assert desk.run("identities", "reject", patient, "--reason", "because").exit_code != 0
    assert desk.run("identities", "verify", patient).exit_code == 0
    assert patient not in desk.run("identities", "list").output
    late = desk.run("identities", "show", patient, "--reason", "again")
    assert late.exit_code == 1
    assert NUMBER not in late.output
    with psycopg.connect(desk.url) as connection:
        audited = connection.execute(
            "SELECT action, detail->>'reason' FROM audit_events WHERE action LIKE 'identity_re%' ORDER BY id"
        ).fetchall()
    assert audited == [("identity_revealed", "at the counter with the passport"), ("identity_reviewed", None)]
