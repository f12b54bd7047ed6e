"""Takeover during many in-flight replies of the bot: how many of them the platform gets after the takeover was
confirmed to the member of staff. The platform is a slow one in memory; database and claims are the program's own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import create_engine, text

import bot.models  # noqa: F401  (its tables)
from bot import delivery, inbox, outbox
from bot.handoff import talking
from bot.launching.local import Postgres, Valkey, running
from bot.outbox import Reply
from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database
from integrations.hospital.models import Role, StaffMember
from integrations.messages import Kind, MessageIn, MessageOut
from integrations.runtime import Runtime
from integrations.settings import Settings
from integrations.throttle import Throttle

CONVERSATIONS, REPLIES, AGENTS = 100, 10, 10
_SECONDS_A_CALL = 0.15


@dataclass(frozen=True, slots=True)
class Takeovers:
    sent_before: int
    sent_after: int
    dropped: int

    @property
    def figures(self) -> dict[str, float]:
        return {
            "takeover_sent_after": float(self.sent_after),
            "takeover_sent_before": float(self.sent_before),
            "takeover_dropped": float(self.dropped),
        }


async def measure(
    rt: Runtime,
    platform: Any,
    message: Callable[..., MessageIn],
    *,
    conversations: int,
    replies: int,
    desk: Runtime | None = None,
) -> Takeovers:
    """`replies` of the bot's in each of the conversations are being sent when somebody takes all of them over."""
    taken: set[str] = set()
    before, after = 0, 0
    answer = platform.send

    async def send(sent: Any) -> str:
        nonlocal before, after
        await asyncio.sleep(_SECONDS_A_CALL)
        if sent.text.startswith("机器人"):
            late = sent.recipient in taken
            before, after = before + (not late), after + late
        return str(await answer(sent))

    platform.send = send
    async with rt.database.begin() as session:
        member = StaffMember(
            login="taker", name="小李", role=Role.AGENT, password_hash="-", password_changed_at=rt.now()
        )
        session.add(member)
        await session.flush()
        session.expunge(member)
    talks = [await _replies(rt, platform, message, f"p{at}", replies) for at in range(conversations)]

    at_once = asyncio.Semaphore(AGENTS)
    desk = desk or rt  # a process of its own, with connections of its own

    async def take(sender: str, conversation: UUID) -> None:
        async with at_once, desk.database.begin() as session:
            await talking.take_over(session, desk, conversation, member, rt.now())
        taken.add(sender)

    sending = [asyncio.create_task(delivery.deliver(rt, conversation)) for _, conversation in talks]
    await asyncio.sleep(_SECONDS_A_CALL / 2)
    await asyncio.gather(*(take(*one) for one in talks))
    await asyncio.gather(*sending)
    for _, conversation in talks:
        await delivery.deliver(rt, conversation)
    async with rt.database.begin() as session:
        dropped = await session.scalar(text("SELECT count(*) FROM outbound WHERE status = 'dropped'"))
    return Takeovers(before, after, int(dropped or 0))


async def _replies(
    rt: Runtime, platform: Any, message: Callable[..., MessageIn], sender: str, replies: int
) -> tuple[str, UUID]:
    accepted = await inbox.accept(rt, platform, message(sender=sender), passive_until=None)
    assert accepted is not None
    async with rt.database.begin() as session:
        said = [Reply(f"机器人{at}") for at in range(replies)]
        await outbox.queue(
            session, rt.crypto, accepted.conversation_id, said, epoch=0, inbound_id=accepted.inbound_id
        )
    return sender, accepted.conversation_id


@asynccontextmanager
async def _bench() -> AsyncIterator[tuple[Runtime, Runtime]]:
    """A database and a Valkey of its own, where nothing else sends; for who sends, and for the desk."""
    with tempfile.TemporaryDirectory(prefix="daozhen-bench-") as folder:
        server, valkey = (
            Postgres(Path(folder) / "postgres", "bench"),
            Valkey(Path(folder) / "valkey", "bench"),
        )
        with running(server), running(valkey):
            engine = create_engine(server.url.replace("postgresql://", "postgresql+psycopg://", 1))
            Base.metadata.create_all(engine)
            engine.dispose()
            database, redis = Database(server.url, pools=Pools(20, 50)), Redis.from_url(valkey.url)
            key, nothing = KeyRing.parse(KeyRing.generate("bench")), cast(Any, None)
            rt = Runtime(
                settings=Settings(_env_file=None),  # type: ignore[call-arg]
                database=database,
                redis=redis,
                http=nothing,
                crypto=Crypto(key, key),
                channels={"telegram": cast(Any, _Platform())},
                throttle=Throttle(redis),
                sms=nothing,
                identity=nothing,
            )
            desk = replace(rt, database=Database(server.url, pools=Pools(5, AGENTS)))
            yield rt, desk
            await redis.aclose()
            await database.close()
            await desk.database.close()


class _Platform:
    """Takes everything."""

    name = "telegram"
    merges = False

    def fits(self, words: str) -> bool:
        return bool(words)

    def split(self, words: str) -> list[str]:
        return [words]

    async def send(self, message: MessageOut) -> str:
        return message.recipient


async def run() -> Takeovers:
    """1,000 replies in 100 conversations, all of them taken over at once."""
    numbers = count()

    def message(**fields: str) -> MessageIn:
        now = datetime.now(UTC)
        return MessageIn("telegram", str(next(numbers)), fields["sender"], Kind.TEXT, now, text="你好")

    async with _bench() as (rt, desk):
        return await measure(
            *(rt, rt.channels["telegram"], message),
            conversations=CONVERSATIONS,
            replies=REPLIES,
            desk=desk,
        )


if __name__ == "__main__":
    print(asyncio.run(run()))
