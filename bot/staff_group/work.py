"""The staff's group at work: in the gateway, which takes in what staff write, and in the worker, which hears of changes
(the channel `desk`) and tells the group. Whatever was missed a sweep finds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from bot.errands import Errands
from bot.listening import Listener, said_on
from bot.staff_group import answering, relaying, sending, standing
from bot.wake import DESK, named
from integrations.messages import MessageIn, Webhook
from integrations.runtime import Runtime


async def take_in(rt: Runtime, webhook: Webhook, messages: list[MessageIn]) -> bool:
    """Whether the webhook's message is the group's; what staff wrote there is stored then. Raises Malformed."""
    found = standing.place(rt)
    if found is None:
        return False
    group, platform = found
    if not any(one.channel == standing.CHANNEL and one.sender == str(group) for one in messages):
        return False
    said = platform.in_group(webhook)
    if said is not None and said.group == group:
        await answering.keep(rt, said)
    return True


async def keep(rt: Runtime, only: UUID | None = None) -> None:
    """Does what staff wrote, and tells the group what it has not been told: all of it, or one conversation's."""
    found = standing.place(rt)
    if found is None:
        return
    group, platform = found
    await answering.work(rt)
    news = True
    while news:  # what comes while we tell is told as well
        async with rt.database.transaction() as session:
            news = bool(await relaying.collect(session, rt, group, only))
            due = await sending.due(session, rt.now())
        for conversation_id in due:
            await sending.send(rt, platform, group, conversation_id)


@asynccontextmanager
async def listening(rt: Runtime, errands: Errands) -> AsyncIterator[None]:
    """While inside, the group hears at once of what changes. Without a group nothing is done."""
    if standing.place(rt) is None:
        yield
        return

    def hear(news: str) -> None:
        for changed in named(news):
            errands.start(("staff_group", changed), partial(keep, rt, changed))

    async def look() -> None:
        errands.start("staff_group", partial(keep, rt))

    async with Listener("the staff's group", partial(said_on, rt.redis, DESK), hear, look).at_work():
        yield
