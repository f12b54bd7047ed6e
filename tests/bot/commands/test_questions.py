"""`daozhen questions` as staff run it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import unanswered
from tests.bot.commands.conftest import Desk


async def _ask(session: AsyncSession, _: Crypto) -> None:
    now = datetime(2026, 11, 22, 17, tzinfo=UTC)
    for text in ("能带狗进来吗", "有理发店吗", "有理发店吗"):
        await unanswered.note(session, text, "zh-Hans", now, None)


def test_staff_see_what_is_asked_and_settle_it(desk: Desk) -> None:
    desk.before(_ask)
    listed = desk.run("questions", "list").stdout.splitlines()
    assert [line.split() for line in listed] == [
        ["2", "2026-11-23", "有理发店吗"],
        ["1", "2026-11-23", "能带狗进来吗"],
    ]
    assert desk.run("questions", "done", "有理发店吗").exit_code == 0
    assert desk.run("questions", "done", "有理发店吗").exit_code == 1
    assert "理发店" not in desk.run("questions", "list").stdout
