"""Taking a message to send it. The gateway (passively, in the webhook's own response) and the worker (actively,
through the platform's API) compete for the rows of the outbox by the same claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import media, notices, quota
from bot.models import ControlState
from bot.outbox import ALARMED, CHANGED_HANDS, SHUT, USED_UP, Reply, as_written, unseal
from bot.wake import tell_desk
from integrations.channel import Channel, PassiveReply
from integrations.database import Executor
from integrations.language.languages import TRADITIONAL
from integrations.language.script import traditional
from integrations.messages import MessageOut, Option, Picture
from integrations.runtime import Runtime

_BATCH = 10  # rows looked at for one message


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that leave as one message. `ration`: what triggered the grant that it is taken from."""

    ids: tuple[UUID, ...]
    message: MessageOut
    attempts: int = 0
    ration: str | None = None
    talk_in: UUID | None = (
        None  # the conversation, when a person speaks there: the desk shows what becomes of it
    )


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    content: bytes = field(repr=False)
    epoch: int
    exempt: bool
    attempts: int
    unasked: bool  # it answers nobody: news, an apology for a lost picture
    notice: str | None
    talk_id: UUID | None
    staff_id: UUID | None

    @property
    def of_its_time(self) -> bool:
        """It is of no use once somebody else speaks: an answer of the bot's, or words about a talk."""
        return not (self.exempt or self.staff_id or (self.unasked and not self.talk_id))

    def still_stands(self, control: Row[tuple[str, int]]) -> bool:
        """Whether it may be said once more, whoever speaks by now: nothing of the bot's from before a takeover, and no
        news in the middle of a talk."""
        if self.of_its_time:
            return bool(self.epoch == control.epoch)
        return control.state == ControlState.BOT or self.exempt or self.staff_id is not None


# As _Row has them.
_COLUMNS = "id, content, epoch, exempt, attempts, inbound_id IS NULL AS unasked, notice, talk_id, staff_id"
_CONTROL = "SELECT state, epoch FROM controls WHERE conversation_id = :conversation"
_READ_CONTROL, _LOCK_CONTROL = text(_CONTROL), text(f"{_CONTROL} FOR UPDATE")
_CONTACT = text("""
    SELECT contacts.channel, contacts.platform_id, conversations.language
    FROM contacts JOIN conversations USING (id) WHERE id = :conversation
""")
_SENDING = text("SELECT 1 FROM outbound WHERE conversation_id = :conversation AND status = 'sending' LIMIT 1")
# News that waits for the morning, or for the end of a talk, stops nothing that comes after it. The rows are locked: two
# who claim an alarm's answers, without the control row, take each of them once.
_QUEUED = text(f"""
    SELECT {_COLUMNS} FROM outbound
    WHERE conversation_id = :conversation AND status = 'queued'
      AND notice IS DISTINCT FROM '{notices.ANSWER_WAITS}'
      AND (NOT :alarms_only OR exempt)
      AND (NOT :talking OR inbound_id IS NOT NULL OR talk_id IS NOT NULL OR exempt)
      AND (CAST(:due AS timestamptz) IS NULL OR (
            coalesce(not_before <= :due, true) AND NOT EXISTS (
                SELECT 1 FROM outbound AS earlier
                WHERE earlier.conversation_id = :conversation AND earlier.status = 'queued'
                  AND earlier.seq < outbound.seq AND earlier.exempt = outbound.exempt
                  AND earlier.notice IS NULL AND earlier.not_before > :due)))
    ORDER BY exempt DESC, seq LIMIT :batch FOR UPDATE
""")  # noqa: S608 - pieces of our own
_ALARMED = text("SELECT " + ALARMED.format(conversation=":conversation"))
_MARK_SENDING = text("""
    UPDATE outbound SET status = 'sending', claimed_at = :now, passive_for = :passive_for, attempts = attempts + 1,
           notified_at = NULL
    WHERE id = ANY(:ids)
""")
_DROP = text("UPDATE outbound SET status = 'dropped' WHERE id = ANY(:ids)")
_FINISH = text("""
    UPDATE outbound SET status = :status, platform_id = :platform_id, error = :error,
           sent_at = CASE WHEN :status = 'sent' THEN CAST(:now AS timestamptz) END
    WHERE id = ANY(:ids) AND status IN ('sending', 'unknown')
""")
# A person's words wait for a takeover that is under way, to see whose talk it is then. All else does not: the takeover
# waits for what the bot is just sending.
_LOCK_TALK = text("""
    SELECT 1 FROM controls
    WHERE conversation_id = :conversation AND EXISTS (
        SELECT FROM outbound WHERE id = ANY(:ids) AND staff_id IS NOT NULL)
    FOR UPDATE
""")
# What a person was just saying when their talk went to somebody else is not tried again.
_POSTPONE = text(f"""
    UPDATE outbound SET not_before = :not_before, status = CASE WHEN gone.gone THEN 'dropped' ELSE 'queued' END,
           error = CASE WHEN gone.gone THEN '{CHANGED_HANDS}' ELSE :error END
    FROM (SELECT said.id, said.staff_id IS NOT NULL AND talks.staff_id IS DISTINCT FROM said.staff_id
                 AND talks.id IS NOT NULL AS gone
          FROM outbound AS said LEFT JOIN talks ON talks.id = said.talk_id WHERE said.id = ANY(:ids)) AS gone
    WHERE outbound.id = gone.id AND status = 'sending'
""")  # noqa: S608 - a word of our own
_WINDOW = text("SELECT 1 FROM quotas WHERE conversation_id = :conversation AND expires_at > :now LIMIT 1")
_HELD = text("""
    UPDATE outbound SET error = :error
    WHERE id = ANY(:ids) AND staff_id IS NOT NULL AND status = 'queued' RETURNING id
""")
_PASSIVE_AGAIN = text(f"""
    SELECT {_COLUMNS} FROM outbound
    WHERE passive_for = :inbound AND status IN ('sending', 'sent', 'unknown') ORDER BY seq
""")  # noqa: S608 - pieces of our own


async def claim(
    rt: Runtime, conversation_id: UUID, *, passive_for: UUID | None = None, alarms_only: bool = False
) -> Claim | None:
    """Takes what may leave now as one message, or None. The control row is locked for that moment, so a
    takeover is either seen here or comes after the message was on its way. The answer to a red flag leaves whoever
    speaks: claimed by itself, it waits for no takeover.

    A passive claim needs no quota and waits for nobody's `not_before`.
    """
    now = rt.now()
    async with rt.database.transaction() as session:
        key = {"conversation": conversation_id}
        control = (await session.execute(_READ_CONTROL if alarms_only else _LOCK_CONTROL, key)).one()
        if not alarms_only and (await session.execute(_SENDING, key)).first():
            return None  # whoever sends looks again when done
        due = None if passive_for else now
        talking = control.state != ControlState.BOT
        which = {"due": due, "alarms_only": alarms_only, "talking": talking, "batch": _BATCH}
        rows = [_Row(*row) for row in await session.execute(_QUEUED, key | which)]
        # Read after the rows: the turn that queued them may have changed the language at the same moment.
        contact = (await session.execute(_CONTACT, key)).one()
        channel = rt.channels[contact.channel]
        if passive_for is None and not sends_actively(rt, channel):
            return None  # held for the answer to the patient's next message
        rows = await _may_leave(session, conversation_id, control, rows)
        opened = [(row, unseal(rt.crypto, row.content)) for row in rows]
        opened = await _transfer_alone(session, opened, passive=passive_for is not None)
        if passive_for:
            opened = await _without_pictures(session, rt, channel, opened)
        if not opened:
            return None
        taken, reply = _merge(channel, opened)
        ids = tuple(row.id for row in taken)
        picture = await media.picture(session, rt.crypto, reply.picture) if reply.picture else None
        if reply.picture and picture is None:
            await session.execute(_DROP, {"ids": list(ids)})
            return None  # its term is over; the sweep sees to the rest
        ration = None
        if passive_for is None and quota.quotas(channel):
            ration = await quota.use(session, conversation_id, now)
            if ration is None:
                if any(row.staff_id for row in taken):
                    await say_held(session, rt, conversation_id, ids)
                return None  # held until the patient writes again
        await session.execute(_MARK_SENDING, {"ids": list(ids), "now": now, "passive_for": passive_for})
        if any(row.staff_id for row in taken):
            await notices.answer_heard(session, conversation_id)
    message = _addressed(contact, reply, picture)
    talk_in = conversation_id if any(row.talk_id for row in taken) else None
    return Claim(ids, message, max(row.attempts for row in taken), ration, talk_in)


async def say_held(session: Executor, rt: Runtime, conversation_id: UUID, ids: Sequence[UUID]) -> None:
    """Notes at what a person said of these why it cannot leave, for them to see; the patient hears that something
    waits."""
    is_open = await session.scalar(_WINDOW, {"conversation": conversation_id, "now": rt.now()})
    held = await session.execute(_HELD, {"ids": list(ids), "error": USED_UP if is_open else SHUT})
    if held.first():
        await notices.answer_waits(session, rt, conversation_id)


async def is_sending(rt: Runtime, conversation_id: UUID) -> bool:
    """Whether something is just leaving in this conversation: then nothing else may."""
    async with rt.database.transaction() as session:
        return (await session.execute(_SENDING, {"conversation": conversation_id})).first() is not None


async def _may_leave(
    session: Executor, conversation_id: UUID, control: Row[tuple[str, int]], rows: list[_Row]
) -> list[_Row]:
    """Drops what was made before a takeover, and holds news after an alarm until the patient goes on. What a person
    said leaves whoever speaks by now."""
    overtaken = [row.id for row in rows if row.of_its_time and row.epoch != control.epoch]
    if overtaken:
        await session.execute(_DROP, {"ids": overtaken})
    rows = [row for row in rows if row.id not in overtaken]
    if any(row.notice for row in rows) and await alarmed(session, conversation_id):
        rows = [row for row in rows if not row.notice]
    return rows


async def alarmed(session: Executor, conversation_id: UUID) -> bool:
    """Whether the patient's last message was an alarm."""
    return bool(await session.scalar(_ALARMED, {"conversation": conversation_id}))


async def _transfer_alone(
    session: Executor, rows: list[tuple[_Row, Reply]], *, passive: bool
) -> list[tuple[_Row, Reply]]:
    """Only the answer to the webhook of a patient's message hands it to the platform's own agents, and holds nothing
    else. Too late for that, it is dropped: bot.handoff.native sees to the patient."""
    transfers = [one for one in rows if one[1].transfer]
    if passive:
        return transfers[-1:] or rows
    if transfers:
        await session.execute(_DROP, {"ids": [row.id for row, _ in transfers]})
    return [one for one in rows if not one[1].transfer]


async def _without_pictures(
    session: Executor, rt: Runtime, channel: Channel, rows: list[tuple[_Row, Reply]]
) -> list[tuple[_Row, Reply]]:
    """A picture has to be uploaded, so it is no passive reply: it follows actively, or not at all where the
    account can only reply."""
    pictures = [row.id for row, reply in rows if reply.picture]
    if pictures and not sends_actively(rt, channel):
        await session.execute(_DROP, {"ids": pictures})
    return [(row, reply) for row, reply in rows if not reply.picture]


def _merge(channel: Channel, rows: list[tuple[_Row, Reply]]) -> tuple[list[_Row], Reply]:
    """The first row, and the following ones as far as they go into one message. A message with options
    ends it: what comes after would hide them. A picture stands alone, and so does an alarm: no menu below it."""
    (first, reply), *rest = rows
    taken = [first]
    if reply.picture or first.exempt:
        return taken, reply
    for row, following in rest:
        together = f"{reply.text}\n\n{following.text}"
        if (
            following.picture
            or reply.options
            or not channel.merges
            or not channel.fits(as_written(together, following.options))
        ):
            break
        taken.append(row)
        reply = Reply(together, following.options)
    return taken, reply


def sends_actively(rt: Runtime, channel: Channel) -> bool:
    """False for an account whose platform only takes replies (WeChat without its customer-service interface)."""
    return not (isinstance(channel, PassiveReply) and rt.settings.wechat_reply_mode == "passive_only")


async def passive_again(rt: Runtime, inbound_id: UUID, conversation_id: UUID) -> Claim | None:
    """The answer that was already given passively to this inbound message, for a redelivery of it: what of it still
    stands. The platform may have cut the first one, and a person speaks by now."""
    async with rt.database.transaction() as session:
        rows = [_Row(*row) for row in await session.execute(_PASSIVE_AGAIN, {"inbound": inbound_id})]
        given = [(row, unseal(rt.crypto, row.content)) for row in rows]
        key = {"conversation": conversation_id}
        if not all(row.exempt for row in rows):  # the answer to a red flag waits for no takeover
            control = (await session.execute(_LOCK_CONTROL, key)).one()
            given = [one for one in given if one[1].transfer or one[0].still_stands(control)]
        if not given:
            return None
        contact = (await session.execute(_CONTACT, key)).one()
    replies = [reply for _, reply in given]
    words = "\n\n".join(reply.text for reply in replies)
    again = Reply("", transfer=True) if replies[-1].transfer else Reply(words, replies[-1].options)
    return Claim(tuple(row.id for row, _ in given), _addressed(contact, again))


def _addressed(contact: Row[Any], reply: Reply, picture: Picture | None = None) -> MessageOut:
    """The outbound edge: everything is written in simplified Chinese or English up to here."""
    words, options = reply.text, reply.options
    if contact.language == TRADITIONAL:
        words = traditional(words)
        options = tuple(Option(option.id, traditional(option.title)) for option in options)
    return MessageOut(
        contact.channel,
        contact.platform_id,
        words,
        options,
        picture,
        language=contact.language,
        transfer=reply.transfer,
    )


async def finish(
    rt: Runtime, claim: Claim, status: str, *, platform_id: str | None = None, error: str | None = None
) -> None:
    values = {"status": status, "platform_id": platform_id, "error": error, "now": rt.now()}
    async with rt.database.transaction() as session:
        await session.execute(_FINISH, {"ids": list(claim.ids), **values})
    if claim.talk_in:
        await tell_desk(rt.redis, [claim.talk_in])


async def give_back(rt: Runtime, conversation_id: UUID, claimed: Claim) -> None:
    """A claim that could not be used is due again at once."""
    await postpone(rt, conversation_id, claimed, timedelta(0), "nobody was left to hear it")


async def postpone(rt: Runtime, conversation_id: UUID, claimed: Claim, pause: timedelta, error: str) -> None:
    """Back into the queue, for the platform did not take it; who speaks there sees so at once."""
    not_before: datetime = rt.now() + pause
    ids = list(claimed.ids)
    async with rt.database.transaction() as session:
        await session.execute(_LOCK_TALK, {"conversation": conversation_id, "ids": ids})
        await session.execute(_POSTPONE, {"ids": ids, "not_before": not_before, "error": error})
        if claimed.ration:
            channel = rt.channels[claimed.message.channel]
            await quota.give_back(session, conversation_id, claimed.ration, channel)
    if claimed.talk_in:
        await tell_desk(rt.redis, [claimed.talk_in])
