"""`daozhen identities` as staff run it, on a database with its real roles."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.launching.local import Postgres, running
from bot.launching.migrate import migrate
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database
from integrations.hospital import accounts, patients
from integrations.hospital.models import DocumentKind, Sex
from tests.conftest import ring

NUMBER = "E12345678"


class Desk:
    """Runs the command, with one patient who waits."""

    def __init__(self, url: str, var: Path) -> None:
        self.url = url
        self._environment = {
            "DATABASE_URL": url,
            "DATA_KEYS": ring("data1"),
            "INDEX_KEYS": ring("index1"),
            "VAR_DIR": str(var),
        }
        self.patient = asyncio.run(self._arrive())

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["identities", *words], env=self._environment)

    async def _arrive(self) -> str:
        database = Database(self.url)
        crypto = Crypto(KeyRing.parse(ring("data1")), KeyRing.parse(ring("index1")))
        try:
            async with database.begin() as session:
                contact = await accounts.ensure_contact(session, "wechat", "openid")
                done = await patients.register(
                    session, crypto, account_id=contact.account_id, name="John Smith", id_number=NUMBER,
                    phone="13812345678", outcome="unchecked", key=None, now=datetime(2026, 11, 22, tzinfo=UTC),
                    document=DocumentKind.PASSPORT, birth_date=date(1985, 4, 1), sex=Sex.MALE,
                )  # fmt: skip
        finally:
            await database.close()
        return str(done.patient_id)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    postgres = Postgres(tmp_path / "postgres", "owner")
    with running(postgres):
        migrate(postgres.url, "rasa")
        yield Desk(postgres.url, tmp_path / "var")


def test_staff_list_look_and_decide(desk: Desk) -> None:
    listed = desk.run("list")
    assert listed.exit_code == 0, listed.output
    assert f"{desk.patient}  J. S." in listed.output
    assert "passport" in listed.output
    assert NUMBER not in listed.output
    assert desk.run("show", desk.patient, "--reason", " ").exit_code != 0
    shown = desk.run("show", desk.patient, "--reason", "at the counter with the passport")
    assert NUMBER in shown.output
    assert desk.run("reject", desk.patient, "--reason", "because").exit_code != 0
    assert desk.run("verify", desk.patient).exit_code == 0
    assert desk.patient not in desk.run("list").output
    late = desk.run("show", desk.patient, "--reason", "again")
    assert late.exit_code == 1
    assert NUMBER not in late.output
    with psycopg.connect(desk.url) as connection:
        audited = connection.execute(
            "SELECT action, detail->>'reason' FROM audit_events WHERE action LIKE 'identity_re%' ORDER BY id"
        ).fetchall()
    assert audited == [("identity_revealed", "at the counter with the passport"), ("identity_reviewed", None)]
