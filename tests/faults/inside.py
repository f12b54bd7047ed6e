"""What a test does on the program's own side: a notice, a change of control, a look at the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.outbox import Reply
from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database
from tests.faults.breaking import conversation, until
from tests.patients import Patient
from tests.stack import Stack


@dataclass(frozen=True, slots=True)
class Sent:
    """A row of the outbox. `wait` is how many seconds are left until it may leave."""

    status: str
    attempts: int
    wait: float
    error: str


def crypto(stack: Stack) -> Crypto:
    settings = stack.options.settings()
    return Crypto(
        KeyRing.parse(settings.data_keys.get_secret_value()),
        KeyRing.parse(settings.index_keys.get_secret_value()),
    )


def notify(stack: Stack, patient: Patient, words: str) -> None:
    """Queues a message that answers nobody, as reminders are; it goes out actively."""

    async def queue(session: AsyncSession) -> None:
        await outbox.queue(
            session, crypto(stack), UUID(conversation(stack, patient)), [Reply(words)], epoch=0
        )

    _commit(stack, queue)


def hand_over(stack: Stack, patient: Patient, to: ControlState) -> None:
    async def change(session: AsyncSession) -> None:
        await change_control(session, UUID(conversation(stack, patient)), to, datetime.now(UTC))

    _commit(stack, change)


def _commit(stack: Stack, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(stack.addresses["DATABASE_URL"], pools=Pools(1, 2))
        try:
            async with database.begin() as session:
                await work(session)
        finally:
            await database.close()

    asyncio.run(run())


def last_sent(stack: Stack, patient: Patient) -> Sent:
    """The newest row of the outbox to this patient."""
    return Sent(
        *stack.rows(
            """
            SELECT status, attempts, coalesce(extract(epoch FROM not_before - now()), 0)::float, coalesce(error, '')
            FROM outbound WHERE conversation_id = %s ORDER BY seq DESC LIMIT 1
            """,
            conversation(stack, patient),
        )[0]
    )


def until_sent(stack: Stack, patient: Patient, status: str) -> Sent:
    until(lambda: last_sent(stack, patient).status == status)
    return last_sent(stack, patient)


def let_stuck_sends_be_old(stack: Stack) -> None:
    """As if a minute had passed since somebody began to send."""
    stack.rows("UPDATE outbound SET claimed_at = claimed_at - interval '61 s' WHERE status = 'sending'")
