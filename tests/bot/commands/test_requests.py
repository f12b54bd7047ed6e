"""`daozhen links` as staff run it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, families, linking, patients
from integrations.hospital.documents import read_identity
from integrations.hospital.families import Agreement, Coming
from integrations.hospital.models import DocumentKind, Relation
from integrations.hospital.patients import Newcomer
from tests.bot.commands.conftest import Desk
from tests.people_rows import ID_NUMBER, claimed

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def _claim(session: AsyncSession, crypto: Crypto) -> None:
    await claimed(session, crypto, NOW)


async def _cut_child(session: AsyncSession, crypto: Crypto) -> None:
    """Two parents of a child, of whom the first cut the second one's link."""
    child = read_identity(DocumentKind.RESIDENT_ID, "110105202005121011", NOW.date())
    parents = []
    for channel, number in (("wechat", ID_NUMBER), ("telegram", "110105198811110027")):
        contact = await accounts.ensure_contact(session, channel, "platform-id")
        await patients.register(
            session, crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
            id_number=number, phone="13812345678", outcome="match", key=None, now=NOW,
        )  # fmt: skip
        await families.add(
            session, crypto, contact=contact, most=6, key=None, now=NOW,
            coming=Coming(
                Relation.CHILD, Newcomer("张小宝", child, "+8613812345678", True), "match",
                Agreement(guardian=True, on_file=True),
            ),
        )  # fmt: skip
        parents.append(contact)
    await linking.cut_link(session, contact_id=parents[0].id, link_id=None, key=None, now=NOW)


def test_a_relatives_link_stands_again_as_what_it_was(desk: Desk) -> None:
    desk.before(_cut_child)
    listed = desk.run("links", "list").output
    assert "*宝 as child" in " ".join(listed.split())
    [request] = re.findall(r"^\S{36}", listed, re.MULTILINE)
    done = desk.run("links", "approve", request)
    assert done.exit_code == 0, done.output
    with psycopg.connect(desk.url) as connection:
        found = connection.execute("SELECT relation FROM account_patients ORDER BY relation").fetchall()
    assert [row[0] for row in found] == ["child", "child", "self", "self"]


def _owners(desk: Desk) -> int:
    with psycopg.connect(desk.url) as connection:
        [found] = connection.execute(
            "SELECT count(*) FROM contacts JOIN account_patients USING (account_id)"
        ).fetchall()
    return int(found[0])


def test_staff_list_and_approve(desk: Desk) -> None:
    desk.before(_claim)
    listed = desk.run("links", "list")
    assert listed.exit_code == 0, listed.output
    assert "link" in listed.output
    assert "*明" in listed.output
    for value in ("张明", ID_NUMBER, "13812345678", "13987654321"):
        assert value not in listed.output
    [request] = re.findall(r"^\S{36}", listed.output, re.MULTILINE)
    assert _owners(desk) == 1
    done = desk.run("links", "approve", request)
    assert done.exit_code == 0, done.output
    assert _owners(desk) == 2  # both contacts of the one account
    assert desk.run("links", "list").output == ""
    again = desk.run("links", "reject", request)
    assert again.exit_code == 1
    assert "No open request" in again.output


def test_staff_reject(desk: Desk) -> None:
    desk.before(_claim)
    [request] = re.findall(r"^\S{36}", desk.run("links", "list").output, re.MULTILINE)
    assert desk.run("links", "reject", request).exit_code == 0
    assert _owners(desk) == 1
    with psycopg.connect(desk.url) as connection:
        actions = [
            row[0]
            for row in connection.execute("SELECT actor FROM audit_events WHERE action LIKE 'request_%'")
        ]
    assert len(actions) == 1
    assert actions[0].startswith("staff:")
