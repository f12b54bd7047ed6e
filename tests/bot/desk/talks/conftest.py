"""Members of staff, and patients who wait for one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from bot import inbox
from bot.desk.talks import hub as hubs
from bot.handoff import queue, talking
from bot.handoff.models import Skill
from integrations.hospital.models import Role, StaffMember
from tests import staff_rows
from tests.waiting import until


@pytest.fixture(autouse=True)
def at_work(clock) -> None:
    """10:00 on a working day before today: what goes out is dated by the database."""
    clock.time = clock.time.replace(day=16)


@pytest.fixture
def arrive(rt, message) -> Callable[..., Awaitable[UUID]]:
    """A patient who writes; gives the conversation."""

    async def write(sender: str = "p1", words: str = "你好", channel: str = "wechat", **more) -> UUID:
        said = message(words, sender=sender, channel=channel, **more)
        accepted = await inbox.accept(rt, rt.channels[channel], said, passive_until=None)
        return accepted.conversation_id

    return write


@pytest.fixture
def wait_for(rt, arrive) -> Callable[..., Awaitable[UUID]]:
    """A patient who writes and asks for a person; gives the conversation."""

    async def ask(sender: str = "p1", words: str = "我要人工", skill: Skill = Skill.SERVICE, **more) -> UUID:
        conversation = await arrive(sender, words)
        async with rt.database.transaction() as session:
            await queue.ask(session, rt, conversation, skill, **more)
        return conversation

    return ask


@pytest.fixture
async def agent(rt) -> StaffMember:
    async with rt.database.begin() as session:
        return await staff_rows.member(session, Role.AGENT, "shen", crypto=rt.crypto, name="沈一鸣")


@pytest.fixture
async def other(rt) -> StaffMember:
    async with rt.database.begin() as session:
        return await staff_rows.member(session, Role.AGENT, "luo", crypto=rt.crypto, name="罗思")


@pytest.fixture
def accept(rt) -> Callable[..., Awaitable[UUID]]:
    """Somebody takes the talk; gives it. What goes out is dated by the database, here by the test's clock."""

    async def take(conversation: UUID, member: StaffMember) -> UUID:
        async with rt.database.begin() as session:
            found = await talking.open_talk(session, conversation)
            await talking.accept(session, rt, found.id, member, rt.now())
            await session.execute(text("UPDATE outbound SET created_at = :now"), {"now": rt.now()})
            return found.id

    return take


@pytest.fixture
def queued(desks, wait_for) -> Callable[..., Awaitable[UUID]]:
    """A patient in the queue, of whom the desk has heard."""

    async def ask(**more) -> UUID:
        conversation = await wait_for(**more)
        hub = hubs.of(desks.rt)
        hub.touch([conversation])
        await until(lambda: conversation in hub.rows)
        return conversation

    return ask
