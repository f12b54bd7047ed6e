"""Turns: one message of a patient, answered. One at a time per conversation, in the order of arrival.

The conversation's row is locked for the turn; marking the message done, queueing the replies and the new
state are one transaction. Whoever finds the row locked goes away: the holder looks again after its commit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row, text

from bot import choices, delivery, inbox, numbers_in_chat, outbox, rasa, shown_back, texts
from bot.alarms import URGENT_FOR
from bot.handoff import meanwhile, queue, telling
from bot.handoff.words import Asks
from bot.handoff.words import read as read_wish
from bot.models import ControlState
from bot.outbox import Reply
from bot.rasa import RasaDown, RasaReply
from bot.understanding import Understanding
from bot.wake import TURNS, tell_desk
from integrations import menu
from integrations.database import Executor
from integrations.language.languages import SIMPLIFIED, detect
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()

MAX_FAILURES = 3
RASA_PAUSE = timedelta(seconds=2)
PATIENCE = timedelta(seconds=20)  # after which a patient who waits for Rasa is told so, once
LONGEST_PAUSE = timedelta(seconds=5)  # of a message that waits to be answered
# What an entry of the account's menu may ask for; the keys are intents of the domain.
MENU_INTENTS = frozenset(intent for intent, _ in menu.ENTRIES)
_WORDLESS = frozenset(
    {Kind.EDIT, Kind.CHOICE, Kind.MENU, Kind.FOLLOW, Kind.SCAN, Kind.SYSTEM, Kind.LINK, Kind.FILE}
)

_LOCK = text("""
    SELECT id, choices, expects, language, language_chosen FROM conversations
    WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED
""")
_NEXT = text("""
    SELECT inbound.id, inbound.channel, inbound.external_id, inbound.kind, inbound.content, inbound.attempts,
           inbound.passive_until, inbound.sent_at, inbound.retry_at,
           EXTRACT(epoch FROM inbound.received_at - (
               SELECT max(earlier.received_at) FROM inbound AS earlier
               WHERE earlier.conversation_id = inbound.conversation_id
                 AND earlier.kind NOT IN ('event', 'unfollow', 'system')
                 AND earlier.received_at < inbound.received_at)) AS away,
           contacts.channel AS speaks, contacts.platform_id, accounts.elder_mode, controls.state, controls.epoch,
           EXISTS (SELECT FROM outbound WHERE conversation_id = :id AND status = 'unknown'
                                          AND repeated_at IS NULL) AS unknown,
           EXISTS (SELECT FROM alarms WHERE conversation_id = :id AND outcome = 'urgent'
                                        AND raised_at > :urgent_since) AS urgent,
           EXTRACT(epoch FROM inbound.received_at - (
               SELECT max(raised_at) FROM alarms
               WHERE conversation_id = :id AND outcome <> 'check')) AS alarm
    FROM inbound
    JOIN contacts ON contacts.id = inbound.conversation_id
    JOIN accounts ON accounts.id = contacts.account_id
    JOIN controls ON controls.conversation_id = inbound.conversation_id
    WHERE inbound.conversation_id = :id AND inbound.status = 'pending'
      AND (inbound.kind <> 'system' OR controls.state = 'bot')
    ORDER BY inbound.seq LIMIT 1
""")
_CONCLUDE = text("""
    WITH done AS (
        UPDATE inbound SET status = 'done', done_at = :now WHERE id = :inbound
    ), state AS (
        UPDATE conversations SET choices = CAST(:choices AS jsonb), expects = :expects,
               language = :language, language_chosen = language_chosen OR :chosen
        WHERE id = :id
    )
    INSERT INTO outbound (conversation_id, inbound_id, position, content, epoch, not_before)
    SELECT CAST(:id AS uuid), CAST(:inbound AS uuid), CAST(place - 1 AS integer), content, CAST(:epoch AS integer),
           CAST(:not_before AS timestamptz)
    FROM unnest(CAST(:replies AS bytea[])) WITH ORDINALITY AS replies (content, place)
""")
_LEFT = text("""
    SELECT EXISTS (SELECT FROM inbound JOIN controls USING (conversation_id)
                   WHERE conversation_id = :id AND status = 'pending' AND (kind <> 'system' OR state = 'bot')
                     AND (retry_at IS NULL OR retry_at <= :now)) AS to_answer,
           (SELECT bool_or(coalesce(not_before <= :now, true))
               AND NOT coalesce(bool_or(notice IS NULL AND not_before > :now), false)
            FROM outbound WHERE conversation_id = :id AND status = 'queued') AS to_send
""")
_POSTPONE = text("""
    UPDATE inbound SET retry_at = :retry_at WHERE id = :inbound AND status = 'pending'
    RETURNING kind <> 'system' AND received_at <= :long_ago
              AND NOT EXISTS (SELECT FROM outbound WHERE inbound_id = :inbound) AS to_tell
""")
_COUNT = text("""
    UPDATE inbound SET attempts = attempts + 1, retry_at = :retry_at,
           status = CASE WHEN attempts + 1 >= :most THEN 'failed' ELSE status END,
           done_at = CASE WHEN attempts + 1 >= :most THEN CAST(:now AS timestamptz) END
    WHERE id = :inbound AND status = 'pending' RETURNING status
""")
_NEWS_CHOICES = text("SELECT options FROM news_choices WHERE id = :id AND conversation_id = :conversation")
_FORGOTTEN = text("""
    SELECT DISTINCT conversation_id FROM inbound JOIN controls USING (conversation_id)
    WHERE status = 'pending' AND (received_at < :before OR received_at > :now)
      AND (kind <> 'system' OR state = 'bot')
      AND (retry_at IS NULL OR retry_at <= :now) LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn says, and what it leaves in the conversation."""

    replies: list[Reply]
    choices: dict[str, Any] | None = None
    expects: str | None = None
    chosen_language: str = ""
    handoff: dict[str, str] | None = None  # a person is to help, if one can: that is said instead
    leaves: bool = False  # the queue for a person


async def drain(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> None:
    """Answers all pending messages of a conversation and sends what is due."""
    if await answer_pending(rt, understanding, conversation_id):
        await delivery.deliver(rt, conversation_id)


async def answer_pending(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> bool:
    """Answers all pending messages of a conversation, unless somebody else is at it. True: something is to be sent.

    After each turn it looks again: a message that came while we held the lock, and whose wake-up found it held, is
    seen here. While the gateway may still give a reply passively, nothing is sent: what waited goes along with it.
    """
    while await _turn(rt, understanding, conversation_id):
        async with rt.database.transaction() as session:
            left = (await session.execute(_LEFT, {"id": conversation_id, "now": rt.now()})).one()
        if not left.to_answer:
            return bool(left.to_send)
    return True


async def forgotten(session: Executor, rt: Runtime, limit: int) -> list[UUID]:
    """Conversations whose pending messages nobody took up, or whose pause is over. A message of the future came
    before a clock was set back: how long ago, nobody knows."""
    now = rt.now()
    rows = await session.execute(
        _FORGOTTEN, {"before": now - timedelta(seconds=2), "now": now, "limit": limit}
    )
    return [row.conversation_id for row in rows]


async def _turn(rt: Runtime, understanding: Understanding, conversation_id: UUID) -> bool:
    """Answers the oldest pending message. True: we held the lock, and all went well: look again."""
    inbound: Row[Any] | None = None
    message: MessageIn | None = None
    answer: Answer | None = None
    expects, language = None, SIMPLIFIED
    try:
        async with rt.database.transaction() as session:
            conversation = (await session.execute(_LOCK, {"id": conversation_id})).first()
            if conversation is None:
                return False
            row = {"id": conversation_id, "urgent_since": rt.now() - URGENT_FOR}
            inbound = (await session.execute(_NEXT, row)).first()
            if inbound is not None:
                if inbound.retry_at and inbound.retry_at > rt.now():
                    return False
                message, expects = inbox.reopen(rt.crypto, inbound), conversation.expects
                language = _language(conversation, message)
                answer = await _answer(rt, understanding, conversation, inbound, message, language)
                await _conclude(session, rt, conversation_id, inbound, answer, language)
    except RasaDown:
        assert inbound is not None, "only a turn asks Rasa"
        await _postpone(rt, conversation_id, inbound, language)
        return False
    except Exception:
        if inbound is None:
            raise
        log.exception("turn failed", conversation=str(conversation_id), inbound=str(inbound.id))
        if not await _count_failure(rt, conversation_id, inbound, language):
            return False
    if inbound is None:
        return True
    await _announce(rt, inbound.id)
    await _tell_desk(rt, conversation_id, inbound, answer)
    if message is not None:  # one that cannot be read is nothing to be looked into
        await numbers_in_chat.take_out(rt, rt.channels[inbound.speaks], message, expects)
    return True


def _language(conversation: Row[Any], message: MessageIn) -> str:
    """What to answer in: the chosen language, else what the patient writes. An edit says nothing new."""
    if conversation.language_chosen or message.kind in _WORDLESS:
        return str(conversation.language)
    return detect(message.text, conversation.language, expects=conversation.expects)


async def _answer(
    rt: Runtime,
    understanding: Understanding,
    conversation: Row[Any],
    inbound: Row[Any],
    message: MessageIn,
    language: str,
) -> Answer:
    kept: dict[str, Any] | None = conversation.choices
    unchanged = Answer([], kept, conversation.expects)
    asks = Asks.NOTHING if inbound.state == ControlState.BOT else read_wish(message, kept)
    waits = inbound.state == ControlState.WAITING
    if inbound.state != ControlState.BOT and not (waits and asks is Asks.LEAVE):
        return await _meanwhile(rt, conversation, inbound, asks, language) or unchanged  # a person reads it
    if message.kind is Kind.EDIT:
        return Answer([Reply(texts.say("bot_edited", language=language))], kept, conversation.expects)
    try:
        command = telling.handed_back("left") if waits else meanwhile.command(message, conversation.expects)
        command = command or _command(message, kept)
    except choices.Stale:
        command = await _news_command(rt, conversation.id, message.choice)
        if command is None:
            return _stale(conversation, language)
    if command == choices.MORE:
        return _more(conversation, language)
    metadata = _metadata(rt, inbound, message, language)
    if command is None:
        read = await understanding.read(rt, conversation.id, message.text, conversation.expects)
        metadata["entities"] = read.entities
    words = _no_command(read.text) if command is None else command
    said = await rasa.turn(rt, conversation.id, inbound.id, words, metadata, inbound.attempts)
    if not said and message.kind is Kind.SYSTEM:
        return unchanged  # the question that is open stays so
    if not said:
        log.error("the dialogs said nothing", conversation=str(conversation.id), inbound=str(inbound.id))
        return Answer([_apology(rt, language)])
    said = await shown_back.reveal(rt, conversation.id, said)
    answer = _compose(rt, inbound.speaks, said, language, elder=inbound.elder_mode)
    wish = next((reply.handoff for reply in said if reply.handoff), None)
    return replace(answer, handoff=wish, leaves=command in meanwhile.LEAVING)


async def _meanwhile(
    rt: Runtime, conversation: Row[Any], inbound: Row[Any], asks: Asks, language: str
) -> Answer | None:
    """What is answered although a person is waited for, or there."""
    if asks is Asks.NOTHING:
        return None
    async with rt.database.transaction() as session:
        said = await meanwhile.answer(session, rt, conversation.id, asks, inbound.state, language)
    if said is None:
        return None
    answer = _compose(rt, inbound.speaks, [said], language, elder=inbound.elder_mode)
    return answer if answer.choices else replace(answer, choices=conversation.choices)


def _metadata(rt: Runtime, inbound: Row[Any], message: MessageIn, language: str) -> dict[str, Any]:
    """What the dialogs are told beside the words."""
    marks = {"elder": inbound.elder_mode, "urgent": inbound.urgent}
    return {
        "channel": inbound.speaks,
        "kind": message.kind.value,
        "language": language,
        "today": rt.local_now().date().isoformat(),
        "away": int(inbound.away or 0),  # seconds since the patient's message before this one
        **({} if inbound.alarm is None else {"alarm": int(inbound.alarm)}),  # seconds since the last alarm
    } | {name: True for name, holds in marks.items() if holds}


def _no_command(words: str) -> str:
    """Only we speak in intents. Rasa looks for the slash behind any white space; places of entities stay."""
    at = len(words) - len(words.lstrip())
    return f"{words[:at]}／{words[at + 1 :]}" if words[at : at + 1] == "/" else words


def _apology(rt: Runtime, language: str) -> Reply:
    return Reply(texts.say("bot_failure", language=language, hospital_phone=rt.settings.hospital_phone))


def _command(message: MessageIn, kept: dict[str, Any] | None) -> str | None:
    """The intent a message stands for without being understood, in Rasa's own form; None: it has to be read.

    Raises choices.Stale.
    """
    if message.kind in (Kind.FOLLOW, Kind.SCAN):  # whoever scans the hospital's code has come to us
        return "/greet"
    if message.kind is Kind.SYSTEM:
        return message.choice
    if message.kind is Kind.MENU:
        return f"/{message.choice}" if message.choice in MENU_INTENTS else "/help"
    if message.kind is Kind.CHOICE:
        return choices.pressed(message.choice, kept)
    if message.text.strip():
        return choices.typed(message.text, kept)
    return "/non_text"


async def _news_command(rt: Runtime, conversation_id: UUID, choice: str) -> str | None:
    """What a button below news stands for; it may be pressed while another question is open."""
    question = {"id": choice.rpartition(":")[0], "conversation": conversation_id}
    async with rt.database.transaction() as session:
        options = await session.scalar(_NEWS_CHOICES, question)
    if options is None:
        return None
    try:
        return choices.pressed(choice, {"id": question["id"], "options": options})
    except choices.Stale:
        return None


def _stale(conversation: Row[Any], language: str) -> Answer:
    """A button of an earlier question: say so, and offer again what the last question offered. That
    question stays open, and with it what it expects: a name typed next is still swapped for a token."""
    kept, options = choices.again(conversation.choices)
    words = texts.say("bot_choice_again" if kept else "bot_choice_over", language=language)
    return Answer([Reply(words, options)], kept, conversation.expects)


def _more(conversation: Row[Any], language: str) -> Answer:
    """更多: the choices that did not fit, with the same question open."""
    kept, options = choices.remember(choices.unfolded(conversation.choices), more=_more_word(language))
    return Answer(
        [Reply(texts.say("bot_more_choices", language=language), options)], kept, conversation.expects
    )


def _more_word(language: str) -> str:
    return texts.say("bot_more", language=language)


def _compose(
    rt: Runtime, channel_name: str, said: list[RasaReply], language: str, *, elder: bool = False
) -> Answer:
    chosen = next((reply.language for reply in said if reply.language), "")
    channel = rt.channels[channel_name]
    replies: list[Reply] = []
    kept = None
    for reply in said:
        *pieces, last = channel.split(reply.text) or [""]
        replies += [Reply(piece) for piece in pieces]
        more = _more_word(chosen or language) if elder else ""
        kept_here, options = choices.remember(reply.buttons, more=more)
        kept = kept_here or kept
        if options and not channel.fits(outbox.as_written(last, options)):
            replies.append(Reply(last))
            last = texts.say("bot_choose", language=chosen or language)
        if last or options:
            replies.append(Reply(last, options))
    expects = said[-1].expects if said else None
    return Answer(replies, kept, expects, chosen)


async def _conclude(
    session: Executor,
    rt: Runtime,
    conversation_id: UUID,
    inbound: Row[Any],
    answer: Answer,
    language: str,
) -> None:
    now = rt.now()
    at_most = now + timedelta(seconds=rt.settings.wechat_passive_seconds)  # the gateway's clock may run ahead
    language = answer.chosen_language or language
    answer, epoch = await _hand_over(session, rt, conversation_id, inbound, answer, language)
    replies = answer.replies
    if replies and inbound.unknown:
        again = await outbox.repeat_unknown(session, rt.crypto, conversation_id, now)
        words = [texts.say("bot_repeated", language=language, text=reply.text) for _, reply in again]
        split = rt.channels[inbound.speaks].split  # with the words around it, it may be too long by now
        replies = [*(Reply(piece) for one in words for piece in split(one)), *replies]
    await session.execute(
        _CONCLUDE,
        {
            "id": conversation_id,
            "inbound": inbound.id,
            "now": now,
            "choices": json.dumps(answer.choices, ensure_ascii=False) if answer.choices else None,
            "expects": answer.expects,
            "language": language,
            "chosen": bool(answer.chosen_language),
            "replies": [outbox.seal(rt.crypto, reply) for reply in replies],
            "epoch": epoch,
            "not_before": inbound.passive_until and min(inbound.passive_until, at_most),
        },
    )


async def _hand_over(
    session: Executor, rt: Runtime, conversation_id: UUID, inbound: Row[Any], answer: Answer, language: str
) -> tuple[Answer, int]:
    """Into the queue for a person, or out of it, together with what is said of that. Gives the epoch to say it under:
    what somebody who took the talk meanwhile has overtaken is dropped."""
    if answer.leaves:
        return answer, await queue.leave(session, conversation_id, rt.now()) or inbound.epoch
    if not answer.handoff:
        return answer, inbound.epoch
    begun = await meanwhile.begin(session, rt, conversation_id, answer.handoff, language)
    if begun is None:
        return answer, inbound.epoch
    said = _compose(rt, inbound.speaks, [begun.reply], language, elder=inbound.elder_mode)
    return replace(said, chosen_language=answer.chosen_language), begun.epoch


async def _postpone(rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str) -> None:
    """The message waits. Who has waited for long is told so, before the answer and once: it holds the message's row, so
    that no answer of another worker comes between."""
    now = rt.now()
    async with rt.database.transaction() as session:
        pause = {"inbound": inbound.id, "retry_at": now + RASA_PAUSE, "long_ago": now - PATIENCE}
        row = (await session.execute(_POSTPONE, pause)).first()
        if row is None or not row.to_tell:
            return
        words = texts.say("bot_delayed", language=language, hospital_phone=rt.settings.hospital_phone)
        await outbox.queue(
            session,
            rt.crypto,
            conversation_id,
            [Reply(words)],
            epoch=inbound.epoch,
            inbound_id=inbound.id,
            first=outbox.BEFORE_THE_ANSWER,
        )


async def _count_failure(rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str) -> bool:
    """Counts a real failure; after the last one the patient gets an apology. True: go on at once."""
    now = rt.now()
    async with rt.database.transaction() as session:
        status = await session.scalar(
            _COUNT,
            {
                "inbound": inbound.id,
                "most": MAX_FAILURES,
                "retry_at": now + timedelta(seconds=1 + inbound.attempts),
                "now": now,
            },
        )
        if status != "failed":
            return False
        await outbox.queue(
            session,
            rt.crypto,
            conversation_id,
            [_apology(rt, language)],
            epoch=inbound.epoch,
            inbound_id=inbound.id,
            not_before=inbound.passive_until,
        )
    return True


async def _tell_desk(rt: Runtime, conversation_id: UUID, inbound: Row[Any], answer: Answer | None) -> None:
    """Whoever speaks there sees the message; whoever works at the desk, who came into the queue or left it."""
    if inbound.state != ControlState.BOT or (answer and (answer.handoff or answer.leaves)):
        await tell_desk(rt.redis, [conversation_id])


async def _announce(rt: Runtime, inbound_id: UUID) -> None:
    """Tells a gateway that waits with the platform's request open. Nobody may be listening."""
    try:
        await rt.redis.publish(TURNS, inbound_id.hex)
    except (RedisError, OSError):
        log.warning("no announcement without redis", inbound=str(inbound_id))
