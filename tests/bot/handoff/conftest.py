"""Patients in conversations, and members of staff as talks see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from bot import conversations, inbox, outbox
from bot.handoff import queue, talking
from bot.handoff.models import Skill
from integrations.hospital.models import Practitioner, PresenceState, Role, StaffMember
from integrations.hospital.staff import presence
from tests.bot.conftest import START
from tests.bot.handoff import turns


@pytest.fixture
def hire(rt, clock) -> Callable[..., Awaitable[StaffMember]]:
    """A member of staff; with `there` online."""

    async def member(
        login: str = "xiaoli",
        name: str = "小李",
        role: Role = Role.AGENT,
        *,
        department: UUID | None = None,
        there: bool = False,
        capacity: int = 5,
    ) -> StaffMember:
        async with rt.database.begin() as session:
            practitioner = None
            if role is Role.DOCTOR:
                one = Practitioner(staff_no=login, department_id=department, name=name, title="医师", rank=1)
                session.add(one)
                await session.flush()
                practitioner = one.id
            found = StaffMember(
                login=login, name=name, role=role, department_id=department, practitioner_id=practitioner,
                password_hash="-", password_changed_at=clock(),
            )  # fmt: skip
            session.add(found)
            await session.flush()
            if there:
                await presence.set_state(session, found.id, PresenceState.ONLINE, clock(), capacity=capacity)
            session.expunge(found)
        return found

    return member


@pytest.fixture
async def agent(hire) -> StaffMember:
    return await hire()


@pytest.fixture
async def other(hire) -> StaffMember:
    return await hire("laowang", "老王")


@pytest.fixture(autouse=True)
def at_work(clock) -> None:
    """10:00 on a working day."""
    clock.time = datetime.fromisoformat("2026-11-23T02:00:00+00:00")
    assert clock.time > START


@pytest.fixture
def arrive(rt, message) -> Callable[..., Awaitable[UUID]]:
    """A patient who writes; gives the conversation."""

    async def write(sender: str = "patient-1", words: str = "你好", channel: str = "telegram") -> UUID:
        said = message(words, sender=sender, channel=channel)
        accepted = await inbox.accept(rt, rt.channels[channel], said, passive_until=None)
        return accepted.conversation_id

    return write


@pytest.fixture
async def patient(arrive) -> UUID:
    return await arrive()


@pytest.fixture
def ask(rt) -> Callable[..., Awaitable[queue.Place]]:
    async def wish(conversation: UUID, skill: Skill = Skill.SERVICE, **more) -> queue.Place:
        async with rt.database.begin() as session:
            return await queue.ask(session, rt, conversation, skill, **more)

    return wish


@pytest.fixture
def taken(rt, ask, clock) -> Callable[..., Awaitable[UUID]]:
    """A person is asked for, and this one takes the talk; gives its id."""

    async def take(conversation: UUID, member: StaffMember) -> UUID:
        place = await ask(conversation)
        async with rt.database.begin() as session:
            await talking.accept(session, rt, place.talk_id, member, clock())
        return place.talk_id

    return take


async def rows(rt, statement: str, **values) -> list:
    async with rt.database.begin() as session:
        return list((await session.execute(text(statement), values)).all())


async def queued(rt, conversation: UUID) -> list[str]:
    """What waits to be sent, in words."""
    found = await rows(
        rt,
        "SELECT content FROM outbound WHERE conversation_id = :id AND status = 'queued' ORDER BY seq",
        id=conversation,
    )
    return [outbox.unseal(rt.crypto, row.content).text for row in found]


async def state(rt, conversation: UUID) -> tuple[str, int]:
    [row] = await rows(rt, "SELECT state, epoch FROM controls WHERE conversation_id = :id", id=conversation)
    return row.state, row.epoch


@pytest.fixture
def write(rt, message, telegram, rasa):
    """A patient writes, and reads what comes."""
    rasa.say["我要人工"] = [{"text": "人工请打 010-1", **turns.HANDOFF}]
    rasa.say["听不懂的话"] = [turns.BROUGHT]

    async def said(words: str = "", **more) -> list[str]:
        before = len(telegram.sent)
        accepted = await inbox.accept(rt, telegram, message(words, **more), passive_until=None)
        await conversations.drain(rt, turns.PlainReader(), accepted.conversation_id)
        await rt.redis.flushall()
        return telegram.texts[before:]

    return said


@pytest.fixture
def act(rt, clock):
    """One thing that staff do, in a transaction of its own."""

    async def do(work, *values, **more):
        async with rt.database.begin() as session:
            return await work(session, rt, *values, now=clock(), **more)

    return do
