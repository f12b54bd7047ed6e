"""Accepting a message: stored once, looked at for red flags, committed; only then is it acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, text

from bot import alarms, media, permissions, quota, red_flags
from bot.alarms import Arrival, Latest
from bot.models import ControlState
from bot.red_flags import Outcome
from integrations.channel import Channel
from integrations.crypto import Crypto, Undecryptable
from integrations.database import Executor
from integrations.hospital.accounts import ensure_contact
from integrations.hospital.consultations import limits
from integrations.language.languages import SIMPLIFIED, guess
from integrations.messages import Kind, Location, Media, MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()

_CONTEXT = "inbound.content"
PAGE = "page"  # where words were written that no chat brought
_UNANSWERED = {Kind.EVENT, Kind.UNFOLLOW}

# What a patient writes in two pieces may come at once, by two requests: the second is to see the first, and whatever
# question that one led to.
_IN_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('inbox:' || id, 0)) FROM contacts WHERE {who}"
_SENDERS_TURN = text(_IN_TURN.format(who="channel = :channel AND platform_id = :sender"))
_WRITERS_TURN = text(_IN_TURN.format(who="id = :id"))
# For a contact we know, at once: store the message, renew the quota, read the last minutes.
_ACCEPT = text("""
    WITH known AS (
        SELECT contacts.id, language, language_chosen FROM contacts JOIN conversations ON conversations.id = contacts.id
        WHERE contacts.channel = CAST(:channel AS text) AND contacts.platform_id = :sender
    ), stored AS (
        INSERT INTO inbound (conversation_id, channel, external_id, kind, content, status, passive_until,
                             sent_at, received_at, done_at)
        SELECT id, CAST(:channel AS text), CAST(:external_id AS text), CAST(:kind AS text),
               CAST(:content AS bytea), CAST(:status AS text),
               CAST(:passive_until AS timestamptz), CAST(:sent_at AS timestamptz), CAST(:now AS timestamptz),
               CASE WHEN CAST(:status AS text) = 'done' THEN CAST(:now AS timestamptz) END
        FROM known
        ON CONFLICT (channel, external_id) DO NOTHING
        RETURNING id
    ), granted AS (
        INSERT INTO quotas (conversation_id, trigger, remaining, expires_at)
        SELECT known.id, CAST(:trigger AS text), CAST(:remaining AS integer), CAST(:expires_at AS timestamptz)
        FROM known, stored
        WHERE CAST(:trigger AS text) IS NOT NULL
        ON CONFLICT (conversation_id, trigger)
        DO UPDATE SET remaining = EXCLUDED.remaining, expires_at = EXCLUDED.expires_at
    )
    SELECT known.id AS conversation_id, (SELECT id FROM stored) AS inbound_id,
           ARRAY(SELECT content FROM (
                     SELECT seq, content, received_at, inbound.sent_at FROM inbound
                     WHERE conversation_id = known.id AND kind <> 'event'
                     ORDER BY received_at DESC LIMIT 20) AS last
                 WHERE received_at > CAST(:recent AS timestamptz)
                    OR last.sent_at > CAST(:sent_recently AS timestamptz) ORDER BY seq) AS recent,
           known.language, known.language_chosen, controls.state AS control,
           alarm.id AS alarm_id, alarm.outcome, alarm.rule, alarm.answer, alarm.inbound_id AS alarm_inbound,
           alarm.times,
           EXISTS (SELECT FROM outbound WHERE outbound.inbound_id = alarm.inbound_id AND exempt) AS alarm_told
    FROM known JOIN controls ON controls.conversation_id = known.id
    LEFT JOIN LATERAL (
        SELECT id, outcome, rule, answer, inbound_id, times FROM alarms
        WHERE conversation_id = known.id AND raised_at > CAST(:open AS timestamptz)
          AND (raised_at > CAST(:fresh AS timestamptz)
               OR outcome = 'check' AND answer IS NULL AND NOT EXISTS (
                   SELECT FROM inbound WHERE conversation_id = known.id AND received_at > last_at
                                         AND kind NOT IN ('event', 'unfollow', 'system')))
        ORDER BY raised_at DESC, number DESC LIMIT 1) AS alarm ON true
""")
_HEARD_BEFORE = text("""
    SELECT language, ARRAY(SELECT content FROM inbound
                           WHERE conversation_id = :id AND kind <> 'event' AND received_at > :recent
                           ORDER BY seq) AS recent
    FROM conversations WHERE id = :id
""")
_HEAR = text("""
    INSERT INTO inbound (conversation_id, channel, external_id, kind, content, status, sent_at, received_at, done_at)
    VALUES (:id, :channel, :external_id, 'text', :content, 'done', :now, :now, :now)
    ON CONFLICT (channel, external_id) DO NOTHING RETURNING id
""")
_MEET = text("INSERT INTO conversations (id, language) VALUES (:id, :language) ON CONFLICT DO NOTHING")
_CONTROL = text("INSERT INTO controls (conversation_id) VALUES (:id) ON CONFLICT DO NOTHING")
_AGAIN = text("""
    UPDATE inbound SET deliveries = deliveries + 1
    WHERE channel = :channel AND external_id = :external_id
    RETURNING id, deliveries
""")
_QUIET = text("UPDATE inbound SET status = 'done', done_at = :now WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a message. `deliveries` counts how often the platform has brought it; `alarm`: an
    answer to a red flag is queued already; `answered`: no turn will follow."""

    inbound_id: UUID
    conversation_id: UUID
    deliveries: int = 1
    alarm: bool = False
    answered: bool = False
    attended: bool = False  # a person speaks there, or is waited for


async def accept(
    rt: Runtime, channel: Channel, message: MessageIn, *, passive_until: datetime | None
) -> Accepted | None:
    """Stores the message in one transaction, committed on return. A second delivery changes nothing.

    None for an event about somebody who never wrote to us (a group, say): there is no patient to keep it for.
    """
    accepted = await _accept(rt, channel, message, passive_until)
    if accepted is None and message.kind is not Kind.EVENT:
        await _meet(rt, message)
        accepted = await _accept(rt, channel, message, passive_until)
        assert accepted is not None, "a contact just made must be known"
    if accepted is not None and accepted.attended and message.kind not in _UNANSWERED:
        async with rt.database.begin() as session:  # a doctor's talk counts it; stored it is in any case
            await limits.patient_said(session, accepted.conversation_id, rt.now())
    return accepted


async def _meet(rt: Runtime, message: MessageIn) -> None:
    """Somebody who writes for the first time: a contact, with a conversation."""
    async with rt.database.begin() as session:
        contact = await ensure_contact(session, message.channel, message.sender)
        language = guess(message.language) or SIMPLIFIED
        await session.execute(_MEET, {"id": contact.id, "language": language})
        await session.execute(_CONTROL, {"id": contact.id})


async def _accept(
    rt: Runtime, channel: Channel, message: MessageIn, passive_until: datetime | None
) -> Accepted | None:
    """None for somebody we have not met."""
    now = rt.now()
    async with rt.database.transaction() as session:
        await session.execute(_SENDERS_TURN, {"channel": message.channel, "sender": message.sender})
        accepted = await _store(session, rt.crypto, channel, message, passive_until, now)
        if accepted is None:
            return None
        conversation_id, inbound_id = accepted.conversation_id, accepted.inbound_id
        if inbound_id is None:
            delivery = {"channel": message.channel, "external_id": message.external_id}
            again = (await session.execute(_AGAIN, delivery)).one()
            nobody = message.kind in _UNANSWERED
            return Accepted(again.id, conversation_id, deliveries=again.deliveries, answered=nobody)
        words = await alarms.meet(session, rt, _arrival(rt.crypto, message, accepted, passive_until))
        alarm = bool(words)
        if message.news:
            await permissions.take_news(session, conversation_id, message.news, now)
        more = await media.expect(session, conversation_id, inbound_id, message, now)
        if more and not message.text:  # the first picture of an album is answered, the others come with it
            await session.execute(_QUIET, {"id": inbound_id, "now": now})
    answered = alarm or message.kind in _UNANSWERED or (more and not message.text)
    attended = accepted.control != ControlState.BOT
    return Accepted(inbound_id, conversation_id, alarm=alarm, answered=answered, attended=attended)


async def _store(
    session: Executor,
    crypto: Crypto,
    channel: Channel,
    message: MessageIn,
    passive_until: datetime | None,
    now: datetime,
) -> Any:
    """The row of `_ACCEPT`, or None."""
    trigger, remaining, lasting = quota.grant(channel, message.kind) or (None, 0, timedelta(0))
    return (
        await session.execute(
            _ACCEPT,
            {
                "channel": message.channel,
                "sender": message.sender,
                "external_id": message.external_id,
                "kind": message.kind.value,
                "content": seal(crypto, message),
                "status": "done" if message.kind in _UNANSWERED else "pending",
                "passive_until": passive_until,
                "sent_at": message.sent_at,
                "now": now,
                "recent": now - red_flags.WINDOW,
                "fresh": now - alarms.FRESH,
                "open": now - alarms.OPEN,
                "sent_recently": message.sent_at
                - red_flags.WINDOW,  # by the platform's clock: ours may be set
                "trigger": trigger,
                "remaining": remaining,
                "expires_at": now + lasting,
            },
        )
    ).first()


def _arrival(crypto: Crypto, message: MessageIn, row: Any, passive_until: datetime | None) -> Arrival:
    latest = None
    if row.alarm_id:
        latest = Latest(
            row.alarm_id,
            Outcome(row.outcome),
            row.rule,
            row.answer,
            row.alarm_inbound,
            row.times,
            row.alarm_told,
        )
    return Arrival(
        row.conversation_id,
        row.inbound_id,
        message,
        list(_readable(crypto, row.conversation_id, row.recent)),
        row.language,
        language_chosen=row.language_chosen,
        control=row.control,
        latest=latest,
        passive_until=passive_until,
    )


async def hear(session: Executor, rt: Runtime, conversation_id: UUID, *, external_id: str, words: str) -> str:
    """Words that a patient wrote on a page of ours: part of the talk, looked at for red flags like any message; no
    turn answers them. Gives what must be shown at once, in the conversation's language; "" for no alarm. The same
    waits in the chat."""
    now = rt.now()
    message = MessageIn(PAGE, external_id, "", Kind.TEXT, now, text=words)
    row = {"id": conversation_id, "recent": now - red_flags.WINDOW}
    await session.execute(_WRITERS_TURN, {"id": conversation_id})
    known = (await session.execute(_HEARD_BEFORE, row)).one()
    inbound_id = await session.scalar(
        _HEAR,
        {
            "id": conversation_id,
            "channel": PAGE,
            "external_id": external_id,
            "content": seal(rt.crypto, message),
            "now": now,
        },
    )
    if inbound_id is None:  # the same words once more
        return ""
    earlier = list(_readable(rt.crypto, conversation_id, known.recent))
    return await alarms.meet(
        session, rt, Arrival(conversation_id, inbound_id, message, earlier, known.language)
    )


def _readable(crypto: Crypto, conversation_id: UUID, contents: list[bytes]) -> Iterator[str]:
    """The words of earlier messages. One that cannot be opened must not stand in a new one's way."""
    for content in contents:
        try:
            yield unseal(crypto, content)["text"]
        except Undecryptable as error:
            log.error(
                "an earlier message cannot be read", conversation=str(conversation_id), reason=str(error)
            )


async def accept_system(
    session: Executor,
    crypto: Crypto,
    conversation_id: UUID,
    *,
    external_id: str,
    payload: str,
    now: datetime,
) -> None:
    """A message from ourselves (a page was completed): a turn like any other, in the same order."""
    message = MessageIn("system", external_id, "", Kind.SYSTEM, now, choice=payload)
    await session.execute(
        text("""
            INSERT INTO inbound (conversation_id, channel, external_id, kind, content, sent_at, received_at)
            VALUES (:id, 'system', :external_id, 'system', :content, :now, :now)
            ON CONFLICT (channel, external_id) DO NOTHING
        """),
        {"id": conversation_id, "external_id": external_id, "content": seal(crypto, message), "now": now},
    )


def seal(crypto: Crypto, message: MessageIn) -> bytes:
    """The parts of a message that a turn needs later, as one encrypted value."""
    content: dict[str, object] = {"text": message.text, "choice": message.choice}
    if message.media:
        content["media"] = {"id": message.media.id, "mime": message.media.mime, "url": message.media.url}
    if message.location:
        content["location"] = [message.location.latitude, message.location.longitude, message.location.label]
    if message.message_ref:
        content["message_ref"] = message.message_ref
    return crypto.encrypt(json.dumps(content, ensure_ascii=False), _CONTEXT)


def unseal(crypto: Crypto, content: bytes) -> dict[str, Any]:
    """What `seal` put away: text, choice, and media, location, message_ref where there were any."""
    parts: dict[str, Any] = json.loads(crypto.decrypt(content, _CONTEXT))
    return parts


def reopen(crypto: Crypto, row: Row[Any]) -> MessageIn:
    """The stored message as it came; `row` has external_id, kind, content, sent_at, speaks, platform_id."""
    parts = unseal(crypto, row.content)
    media = parts.get("media")
    location = parts.get("location")
    return MessageIn(
        row.speaks,
        row.external_id,
        row.platform_id,
        Kind(row.kind),
        row.sent_at,
        text=parts.get("meant") or parts["text"],
        choice=parts["choice"],
        media=Media(**media) if media else None,
        location=Location(*location) if location else None,
        message_ref=parts.get("message_ref", ""),
    )
