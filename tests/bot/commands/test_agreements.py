"""`daozhen agreements` as staff run it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, families, patients
from integrations.hospital.documents import read_identity
from integrations.hospital.families import Agreement, Coming
from integrations.hospital.models import DocumentKind, Relation
from integrations.hospital.patients import Newcomer
from tests.bot.commands.conftest import Desk

MOTHER = "110105196003071024"
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def _mother(session: AsyncSession, crypto: Crypto) -> None:
    """A patient who registered his mother, with her consent by SMS."""
    contact = await accounts.ensure_contact(session, "wechat", "platform-id")
    await patients.register(
        session, crypto, account_id=contact.account_id, contact_id=contact.id, name="张明",
        id_number="11010519900307013X", phone="13812345678", outcome="match", key=None, now=NOW,
    )  # fmt: skip
    mother = read_identity(DocumentKind.RESIDENT_ID, MOTHER, NOW.date())
    coming = Coming(
        Relation.PARENT, Newcomer("王秀英", mother, "+8613712345678", True), "match", Agreement(own=True)
    )
    await families.add(session, crypto, contact=contact, coming=coming, most=6, key=None, now=NOW)


def test_staff_end_what_a_relative_agreed_to(desk: Desk) -> None:
    desk.before(_mother)
    listed = desk.run("agreements", "list", typed="137 1234 5678\n")
    assert "*英" in listed.output
    assert "王秀英" not in listed.output
    ids = re.findall(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", listed.output)
    assert desk.run("agreements", "end", *ids, typed="n\n").exit_code == 1
    done = desk.run("agreements", "end", *ids, "--called-back")
    assert done.exit_code == 0, done.output
    assert desk.run("agreements", "end", *ids, "--called-back").exit_code == 1
    assert "Nobody" in desk.run("agreements", "list", typed="13712345678\n").output
