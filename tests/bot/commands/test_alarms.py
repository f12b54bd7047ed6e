"""`daozhen alarms`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox
from integrations.crypto import Crypto
from integrations.hospital.accounts import ensure_contact
from integrations.messages import Kind, MessageIn
from tests.bot.commands.conftest import Desk


async def _alarm(session: AsyncSession, crypto: Crypto) -> int:
    now = datetime.now(UTC)
    contact = await ensure_contact(session, "telegram", "patient-1")
    await session.execute(text("INSERT INTO conversations (id) VALUES (:id)"), {"id": contact.id})
    message = MessageIn("telegram", "m1", "patient-1", Kind.TEXT, now, text="孩子叫不醒")
    row = {"id": contact.id, "content": inbox.seal(crypto, message), "now": now}
    await session.execute(
        text("""
            INSERT INTO inbound (conversation_id, channel, external_id, kind, content, sent_at, received_at)
            VALUES (:id, 'telegram', 'm1', 'text', :content, :now, :now)
        """),
        row,
    )
    number = await session.scalar(
        text("""
            INSERT INTO alarms (conversation_id, outcome, rule, raised_at, last_at, page_at)
            VALUES (:id, 'emergency', 'conscious.gone', :now, :now, :now) RETURNING number
        """),
        {"id": contact.id, "now": now},
    )
    return int(number or 0)


def test_alarms_are_listed_read_and_acknowledged(desk: Desk) -> None:
    number = desk.before(_alarm)
    listed = desk.run("alarms", "list").output
    assert str(number) in listed
    assert "conscious.gone" in listed
    assert "not paged" in listed
    assert "孩子" not in listed
    assert "孩子叫不醒" in desk.run("alarms", "show", str(number), "--reason", "on call").output
    assert "Acknowledged" in desk.run("alarms", "ack", str(number)).output
    assert desk.run("alarms", "ack", str(number)).exit_code == 1
    assert str(number) not in desk.run("alarms", "list").output
    assert "1 alarms, 1 acknowledged" in desk.run("alarms", "report").output
