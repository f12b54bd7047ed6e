"""What is said to the patient around a talk, and what the bot keeps back meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text

from bot import inbox, notices, outbox, texts
from bot.handoff.models import Talk
from bot.outbox import Reply
from integrations.channel import Channel
from integrations.database import Executor
from integrations.hospital.events import EventKind
from integrations.language.english_names import pinyin
from integrations.language.languages import ENGLISH
from integrations.runtime import Runtime


class Fate(StrEnum):
    """What becomes of news that would come while a person speaks."""

    HELD = "held"  # until the bot speaks again
    DROPPED = "dropped"  # of no use afterwards


# All other kinds are held.
MEANWHILE: dict[EventKind, Fate] = {
    EventKind.WAITLIST_OFFERED: Fate.DROPPED,  # it stands for minutes; that it lapsed is told
    EventKind.VISIT_SOON: Fate.DROPPED,  # two hours before: the evening before told of it already
    EventKind.CONSULTATION_ENDS_SOON: Fate.DROPPED,  # it stands for minutes; that it ended is told
    EventKind.RATING_ASKED: Fate.DROPPED,
}

_HEARER = text("""
    SELECT contacts.channel, conversations.language, controls.epoch
    FROM contacts JOIN conversations USING (id) JOIN controls ON controls.conversation_id = contacts.id
    WHERE contacts.id = :id
""")
_QUEUE = text("""
    INSERT INTO outbound (conversation_id, content, epoch, talk_id, staff_id)
    VALUES (:conversation, :content, :epoch, :talk, :staff) RETURNING id
""")
_DROP = text("""
    UPDATE outbound SET status = 'dropped', error = 'a person spoke'
    WHERE conversation_id = :conversation AND status = 'queued' AND staff_id IS NULL AND epoch > :since
      AND (notice = ANY(:kinds) OR talk_id IS NOT NULL)
""")
_UNSENT = text("""
    UPDATE outbound SET status = 'dropped', error = :why
    WHERE conversation_id = :conversation AND talk_id = :talk AND staff_id = :staff AND status = 'queued'
""")


def fate(kind: EventKind) -> Fate:
    return MEANWHILE.get(kind, Fate.HELD)


async def channel(session: Executor, rt: Runtime, conversation_id: UUID) -> Channel:
    found = (await session.execute(_HEARER, {"id": conversation_id})).one()
    return rt.channels[found.channel]


async def queue(
    session: Executor, rt: Runtime, found: Talk, replies: Sequence[Reply], *, staff_id: UUID | None = None
) -> list[UUID]:
    """Rows that leave while the bot is silent: a person's words, or words about the talk."""
    hearer = (await session.execute(_HEARER, {"id": found.conversation_id})).one()
    row = {"conversation": found.conversation_id, "epoch": hearer.epoch, "talk": found.id, "staff": staff_id}
    return [
        await session.scalar(_QUEUE, row | {"content": outbox.seal(rt.crypto, reply)}) for reply in replies
    ]


async def language(session: Executor, conversation_id: UUID) -> str:
    found = (await session.execute(_HEARER, {"id": conversation_id})).one()
    return str(found.language)


async def say(session: Executor, rt: Runtime, found: Talk, words: str) -> None:
    await queue(session, rt, found, [Reply(words)])


async def tell(session: Executor, rt: Runtime, found: Talk, key: str, **values: object) -> None:
    """Says a text of the catalogue about the talk."""
    said = {"hospital_phone": rt.settings.hospital_phone} | values
    spoken = await language(session, found.conversation_id)
    if spoken == ENGLISH and "name" in said:  # of a member of staff
        said["name"] = pinyin(str(said["name"]))
    await say(session, rt, found, texts.say(key, language=spoken, **said))


async def take_back(session: Executor, found: Talk) -> None:
    """The talk leaves its person: what they said and has not left does not follow, for whoever has it next may say
    otherwise. It stands in the talk as not sent, and in the list of whoever wrote it (bot.unknown_sends)."""
    if found.staff_id is not None:
        row = {"conversation": found.conversation_id, "talk": found.id, "staff": found.staff_id}
        await session.execute(_UNSENT, row | {"why": outbox.CHANGED_HANDS})
        await notices.answer_heard(session, found.conversation_id)


async def drop_stale(session: Executor, found: Talk) -> None:
    """The bot speaks again: what was held and is of no use by now does not follow."""
    kinds = [kind.value for kind, becomes in MEANWHILE.items() if becomes is Fate.DROPPED]
    row = {"conversation": found.conversation_id, "kinds": kinds, "since": found.epoch}
    await session.execute(_DROP, row)


def handed_back(how: str) -> str:
    """What the dialog is told when the bot speaks again."""
    return f"/handed_back{json.dumps({'purpose': how})}"


async def resume(session: Executor, rt: Runtime, found: Talk, how: str, now: datetime) -> None:
    """The dialog says that the bot is back, and asks what was open. Who asks for a person again after that may hear it
    again: each time control has another epoch."""
    hearer = (await session.execute(_HEARER, {"id": found.conversation_id})).one()
    await inbox.accept_system(
        session,
        rt.crypto,
        found.conversation_id,
        external_id=f"talk:{found.id}:{hearer.epoch}:{how}",
        payload=handed_back(how),
        now=now,
    )
