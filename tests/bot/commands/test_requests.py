"""`daozhen links` as staff run it, on a database with its real roles."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.launching.local import Postgres, running
from bot.launching.migrate import migrate
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database
from integrations.hospital import accounts, patients, requests
from tests.conftest import ring

NUMBER = "11010519900307013X"
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class Desk:
    """Runs the command, with one file that somebody with another phone claims."""

    def __init__(self, url: str, var: Path) -> None:
        self.url = url
        self._environment = {
            "DATABASE_URL": url,
            "DATA_KEYS": ring("data1"),
            "INDEX_KEYS": ring("index1"),
            "VAR_DIR": str(var),
        }
        asyncio.run(self._arrive())

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["links", *words], env=self._environment)

    def owners(self) -> int:
        with psycopg.connect(self.url) as connection:
            [found] = connection.execute(
                "SELECT count(*) FROM contacts JOIN account_patients USING (account_id)"
            ).fetchall()
        return int(found[0])

    async def _arrive(self) -> None:
        database = Database(self.url)
        crypto = Crypto(KeyRing.parse(ring("data1")), KeyRing.parse(ring("index1")))
        try:
            async with database.begin() as session:
                for channel, phone in (("wechat", "13812345678"), ("telegram", "13987654321")):
                    contact = await accounts.ensure_contact(session, channel, "platform-id")
                    await patients.register(
                        session, crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
                        id_number=NUMBER, phone=phone, outcome="match", key=None, now=NOW,
                    )  # fmt: skip
                claim = await requests.started_claim(session, crypto, contact.id, NOW)
                assert claim
                await requests.ask_staff(session, claim.request_id)
        finally:
            await database.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    postgres = Postgres(tmp_path / "postgres", "owner")
    with running(postgres):
        migrate(postgres.url, "rasa's password")
        yield Desk(postgres.url, tmp_path / "var")


def test_staff_list_and_approve(desk: Desk) -> None:
    listed = desk.run("list")
    assert listed.exit_code == 0, listed.output
    assert "link" in listed.output
    assert "*明" in listed.output
    for value in ("张明", NUMBER, "13812345678", "13987654321"):
        assert value not in listed.output
    [request] = re.findall(r"^\S{36}", listed.output, re.MULTILINE)
    assert desk.owners() == 1
    done = desk.run("approve", request)
    assert done.exit_code == 0, done.output
    assert desk.owners() == 2  # both contacts of the one account
    assert desk.run("list").output == ""
    again = desk.run("reject", request)
    assert again.exit_code == 1
    assert "No open request" in again.output


def test_staff_reject(desk: Desk) -> None:
    [request] = re.findall(r"^\S{36}", desk.run("list").output, re.MULTILINE)
    assert desk.run("reject", request).exit_code == 0
    assert desk.owners() == 1
    with psycopg.connect(desk.url) as connection:
        actions = [
            row[0]
            for row in connection.execute("SELECT actor FROM audit_events WHERE action LIKE 'request_%'")
        ]
    assert len(actions) == 1
    assert actions[0].startswith("staff:")
