"""A Telegram with a staff's group that keeps what it was told, and members of staff who write there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from bot import inbox
from bot.staff_group import work
from integrations.channel import SendError, TopicGone
from integrations.messages import GroupMessage, Picture
from tests.bot.conftest import Platform
from tests.bot.handoff.conftest import agent, arrive, ask, at_work, hire, other, patient, rows  # noqa: F401

GROUP = -1001234567890
STAFF = 4711  # the agent's user id
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@dataclass
class Telegram(Platform):
    """`topics` by id; `told` in order: (topic, words or picture); `turned`: (topic, open); `refuse`: errors to raise,
    one a call to the group; `heard`: whether the bot reads what members write."""

    topics: dict[int, str] = field(default_factory=dict)
    told: list[tuple[int, str | Picture]] = field(default_factory=list)
    turned: list[tuple[int, bool]] = field(default_factory=list)
    refuse: list[BaseException | None] = field(default_factory=list)
    files: dict[str, bytes | SendError] = field(default_factory=dict)
    heard: bool | SendError = True
    made: count = field(default_factory=lambda: count(100))

    def _called(self, topic: int | None = None) -> None:
        if error := (self.refuse.pop(0) if self.refuse else None):
            raise error
        if topic is not None and topic not in self.topics:
            raise TopicGone("message thread not found")

    async def create_topic(self, group: int, title: str) -> int:
        assert group == GROUP
        self._called()
        number = next(self.made)
        self.topics[number] = title
        return number

    async def say_in_topic(self, group: int, topic: int, words: str, picture: Picture | None = None) -> str:
        self._called(topic)
        self.told.append((topic, picture or words))
        return f"group-{len(self.told)}"

    async def open_topic(self, group: int, topic: int, *, to_all: bool) -> None:
        self._called(topic)
        self.turned.append((topic, to_all))

    async def serves(self, group: int) -> bool:
        assert group == GROUP
        if isinstance(self.heard, SendError):
            raise self.heard
        return self.heard

    def in_group(self, webhook) -> GroupMessage | None:
        raise NotImplementedError

    async def fetch(self, media_id: str, *, limit: int = 0) -> tuple[bytes, str]:
        found = self.files[media_id]
        if isinstance(found, SendError):
            raise found
        return found, "image/png"

    @property
    def lines(self) -> list[str]:
        """All words told, line by line."""
        return [line for _, said in self.told if isinstance(said, str) for line in said.split("\n")]


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture(autouse=True)
def group(rt) -> None:
    object.__setattr__(rt, "settings", rt.settings.model_copy(update={"telegram_staff_group_id": GROUP}))


@pytest.fixture
def keep(rt) -> Callable[[], Awaitable[None]]:
    """What the worker does when it hears of a change, or now and then."""
    return lambda: work.keep(rt)


@pytest.fixture
async def known(rt, agent):  # noqa: F811
    """The agent, known in the group."""
    await rows(
        rt, "UPDATE staff SET telegram_id = :id WHERE id = :staff RETURNING id", id=STAFF, staff=agent.id
    )
    return agent


@pytest.fixture
def writes(rt, message):
    """A patient writes."""

    async def write(words: str, channel: str = "telegram", **more):
        said = message(words, channel=channel, **more)
        return await inbox.accept(rt, rt.channels[channel], said, passive_until=None)

    return write


@pytest.fixture
def act(rt, clock):
    """One thing that staff do with a talk, in a transaction of its own."""

    async def do(what, talk_id, member, *words, **more):
        async with rt.database.begin() as session:
            return await what(session, rt, talk_id, member, *words, now=clock(), **more)

    return do
