"""`daozhen agreements` as staff run it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from tests.bot.commands.conftest import Desk
from tests.people_rows import with_mother

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def _mother(session: AsyncSession, crypto: Crypto) -> None:
    await with_mother(session, crypto, NOW)


def test_staff_end_what_a_relative_agreed_to(desk: Desk) -> None:
    desk.before(_mother)
    listed = desk.run("agreements", "list", typed="137 1234 5678\nshe calls\n")
    assert "*英" in listed.output
    assert "王秀英" not in listed.output
    ids = re.findall(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b", listed.output)
    assert desk.run("agreements", "end", *ids, typed="n\n").exit_code == 1
    done = desk.run("agreements", "end", *ids, "--called-back")
    assert done.exit_code == 0, done.output
    assert desk.run("agreements", "end", *ids, "--called-back").exit_code == 1
    assert "Nobody" in desk.run("agreements", "list", typed="13712345678\nshe calls\n").output
