"""News of the hospital on its way to a patient: when it may leave, and its short neutral form.

A notice answers nobody. It leaves as a usual message while the platform takes one, and otherwise as the platform's
prepared notice (bot.notice_delivery). Both forms are read on shared phones and locked screens: no department, doctor,
medicine or illness stands in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import choices, outbox, texts
from bot.outbox import Reply
from integrations.channel import Channel, Notices
from integrations.database import Executor
from integrations.hospital.events import EventKind
from integrations.language.languages import SIMPLIFIED, TRADITIONAL
from integrations.language.script import traditional
from integrations.messages import Notice, Option
from integrations.quiet_hours import after_quiet_hours
from integrations.runtime import Runtime

log = structlog.get_logger()

Button = tuple[str, str]  # title, and what pressing it says: "/intent{…}"
LONGEST_WORDS = 20  # characters; WeChat's limit for a field of the type "thing"

# News that follows what the patient just did, or that is of no use in the morning. The rest keeps quiet hours.
URGENT = frozenset(
    {
        EventKind.HOLD_EXPIRED,
        EventKind.APPOINTMENT_BOOKED,
        EventKind.APPOINTMENT_CANCELLED,
        EventKind.APPOINTMENT_HELD,
        EventKind.ORDER_PAID,
        EventKind.ORDER_EXPIRED,
        EventKind.PHONE_CHANGED,  # somebody else may have done it
        EventKind.LINK_ADDED,
        EventKind.PRESCRIPTION_APPROVED,  # valid until midnight, as often as not
        EventKind.SUBSTITUTION_ASKED,  # before that
        EventKind.PICKUP_READY,
        EventKind.PARCEL_PLANNED,
        EventKind.WAITLIST_OFFERED,  # none is made in quiet hours, and it stands for minutes
    }
)
# Asks something back: the dialog says it, as an answer.
_ASKED_BACK = frozenset({EventKind.PAGE_COMPLETED, EventKind.TREND_ASKED})
KINDS = tuple(kind for kind in EventKind if kind not in _ASKED_BACK)
# What a person said waits for the patient, and the window is shut. No news of the hospital, and told whoever speaks; in
# the chat the words themselves say it.
ANSWER_WAITS = "answer_waits"

_HEARER = text("""
    SELECT controls.epoch, conversations.language, contacts.channel
    FROM controls JOIN conversations ON conversations.id = controls.conversation_id JOIN contacts USING (id)
    WHERE controls.conversation_id = :id
""")
_TOLD_OF_ANSWER = text("""
    SELECT EXISTS (
        SELECT FROM outbound WHERE conversation_id = :id AND notice = :kind AND status <> 'dropped'
          AND (status = 'queued' OR claimed_at > coalesce((
                SELECT max(received_at) FROM inbound
                WHERE conversation_id = :id AND kind NOT IN ('event', 'unfollow', 'system')), '-infinity')))
""")
_ANSWER_HEARD = text("""
    UPDATE outbound SET status = 'dropped'
    WHERE conversation_id = :id AND notice = :kind AND status = 'queued' AND NOT EXISTS (
        SELECT FROM outbound AS said
        WHERE said.conversation_id = :id AND said.status = 'queued' AND said.staff_id IS NOT NULL)
""")
_KEEP_CHOICES = text("""
    INSERT INTO news_choices (id, conversation_id, options, created_at)
    VALUES (:id, :conversation, CAST(:options AS jsonb), :now)
""")
_INVITED = text("""
    SELECT contacts.channel, conversations.language, EXISTS (
        SELECT 1 FROM notice_permissions
        WHERE conversation_id = :id AND (granted > 0 OR refused_at IS NOT NULL)) AS answered
    FROM contacts JOIN conversations USING (id) WHERE id = :id
""")


async def queue(
    session: Executor,
    rt: Runtime,
    conversation_id: UUID,
    kind: str,
    words: str,
    *,
    number: str = "",
    picture: UUID | None = None,
    asking: Reply | None = None,
    buttons: Sequence[Button] = (),
    urgent: bool = False,
    about: UUID | None = None,
    page: str = "",
) -> None:
    """Queues news: `words` for the chat; for a platform's notice the catalogue's bot_notice_<kind> with `number`
    (an order's). A `picture` and an `asking` line (see `invitation`) follow in the chat. `buttons` are (title,
    payload), for platforms that have some; elsewhere the words say what to answer. `urgent` news of any kind
    keeps no quiet hours. `page`: the path behind the notice, where it is one of its own."""
    now = rt.now()
    hearer = (await session.execute(_HEARER, {"id": conversation_id})).one()
    notice = Notice(kind, short_words(kind, hearer.language), now, number, hearer.language, page)
    # Where buttons would be numbered lines there are none: a "1" answers what was asked last.
    numbered = isinstance(rt.channels.get(hearer.channel), Notices)
    options = await _keep(session, conversation_id, buttons, now) if buttons and not numbered else ()
    replies = [Reply(words, options, notice=notice)]
    replies += [asking] if asking else []
    replies += [Reply("", picture=picture)] if picture else []
    await outbox.queue(
        session,
        rt.crypto,
        conversation_id,
        replies,
        epoch=hearer.epoch,
        not_before=None
        if urgent or kind in URGENT
        else after_quiet_hours(rt.settings.quiet_hours, now, rt.zone),
        about=about,
    )


async def answer_waits(session: Executor, rt: Runtime, conversation_id: UUID) -> None:
    """Somebody has answered, and the patient has to write before it can leave: they hear that there is something, once
    until then, where the platform takes a notice of it."""
    hearer = (await session.execute(_HEARER, {"id": conversation_id})).one()
    if ANSWER_WAITS not in templates(rt.channels[hearer.channel]):
        return
    if not await session.scalar(_TOLD_OF_ANSWER, {"id": conversation_id, "kind": ANSWER_WAITS}):
        words = short_words(ANSWER_WAITS, hearer.language)
        await queue(session, rt, conversation_id, ANSWER_WAITS, words)


async def answer_heard(session: Executor, conversation_id: UUID) -> None:
    """Nothing that a person said waits any more: that something does is not told."""
    await session.execute(_ANSWER_HEARD, {"id": conversation_id, "kind": ANSWER_WAITS})


async def _keep(
    session: Executor, conversation_id: UUID, buttons: Sequence[Button], now: datetime
) -> tuple[Option, ...]:
    """Buttons stay good while other questions come and go."""
    kept, options = choices.remember([{"title": title, "payload": payload} for title, payload in buttons])
    assert kept is not None
    row = {"id": kept["id"], "conversation": conversation_id, "options": json.dumps(kept["options"])}
    await session.execute(_KEEP_CHOICES, row | {"now": now})
    return options


async def invitation(session: AsyncSession, rt: Runtime, conversation_id: UUID) -> Reply | None:
    """A line that asks for the permission to send a notice, where the platform wants one and the patient neither
    gave it nor said no."""
    hearer = (await session.execute(_INVITED, {"id": conversation_id})).one()
    channel = rt.channels[hearer.channel]
    wants = isinstance(channel, Notices) and channel.asks_permission and templates(channel)
    if not wants or hearer.answered:
        return None
    link = f"{rt.settings.public_url.rstrip('/')}/notice/permission?lang={hearer.language}"
    return Reply(texts.say("bot_notice_permission", language=hearer.language, link=link))


def short_words(kind: str, language: str = SIMPLIFIED) -> str:
    """What happened, in at most 20 neutral characters."""
    try:
        words = texts.say(f"bot_notice_{kind}", language=language)
    except KeyError:  # news that needs no words of its own
        words = texts.say("bot_notice_other", language=language)
    return traditional(words) if language == TRADITIONAL else words


def without_template(channel: Channel) -> list[str]:
    """The kinds of news that wait for the patient's next message because the account has no template for them."""
    if not (isinstance(channel, Notices) and channel.takes_notices):
        return []
    return [kind for kind in (*KINDS, ANSWER_WAITS) if channel.notice_template(kind) is None]


def tell_operator(rt: Runtime) -> None:
    """Once in a worker's life: which news will wait for the patient's next message."""
    for name, channel in rt.channels.items():
        if missing := without_template(channel):
            log.warning("no template for these kinds of news: they wait", channel=name, kinds=missing)


def templates(channel: Channel) -> dict[str, str]:
    """Template by kind, for the kinds that can leave as this platform's notices."""
    if not isinstance(channel, Notices):
        return {}
    known: Iterable[tuple[str, str | None]] = (
        (kind, channel.notice_template(kind)) for kind in (*KINDS, ANSWER_WAITS)
    )
    return {kind: template for kind, template in known if template}
