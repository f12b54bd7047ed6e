"""What a message is answered: by Rasa as a rule; by us where a button is of yesterday or a person is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Row

from bot import choices, failures, first_aid, intents, outbox, rasa, shown_back, texts
from bot.handoff import asked, leaving, meanwhile, native
from bot.handoff.words import Asks
from bot.handoff.words import read as read_wish
from bot.models import ControlState
from bot.outbox import Reply
from bot.rasa import RasaReply
from bot.understanding import Understanding
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn says, and what it leaves in the conversation."""

    replies: list[Reply]
    choices: dict[str, Any] | None = None
    expects: str | None = None
    chosen_language: str = ""
    said: tuple[
        RasaReply, ...
    ] = ()  # of the dialogs, where they wish for a person: of that bot.handoff has a word
    leaves: bool = False  # the queue for a person
    withdraws: bool = False  # the message that was left for one
    left_message: bool = False  # for a person


async def answer(
    rt: Runtime,
    understanding: Understanding,
    conversation: Row[Any],
    inbound: Row[Any],
    message: MessageIn,
    language: str,
) -> Answer:
    """Raises rasa.RasaDown, rasa.RasaFailed."""
    kept: dict[str, Any] | None = conversation.choices
    asks = Asks.NOTHING if inbound.state == ControlState.BOT else read_wish(message, kept)
    waits = inbound.state == ControlState.WAITING
    if waits and asks is Asks.NOTHING and inbound.unknown:
        asks = Asks.PLACE  # perhaps they never read that a person is waited for
    lets_go = asks is Asks.LEAVE or (asks is Asks.WITHDRAW and await leaving.has_message(rt, conversation.id))
    if inbound.state != ControlState.BOT and not (waits and lets_go):  # a person reads it
        said = await _meanwhile(rt, conversation, inbound, asks, language)
        return said or _unchanged(conversation)
    if message.kind is Kind.EDIT:
        return Answer([Reply(texts.say("bot_edited", language=language))], kept, conversation.expects)
    try:
        if waits:
            command: str | None = choices.WITHDRAW_MESSAGE if asks is Asks.WITHDRAW else leaving.LEFT
        else:
            command = meanwhile.command(message, conversation.expects) or intents.command(message, kept)
        if (
            command
            and message.kind is Kind.TEXT
            and await intents.answers_news(rt, conversation.id, message.text)
        ):
            command = None  # 3 is three stars
    except choices.Stale:
        command = await intents.below_news(rt, conversation.id, message.choice)
        if command is None:
            return _stale(conversation, language)
    if command == choices.MORE:
        return _more(conversation, language)
    return await _from_dialogs(rt, understanding, conversation, inbound, message, command, language)


async def _from_dialogs(
    rt: Runtime,
    understanding: Understanding,
    conversation: Row[Any],
    inbound: Row[Any],
    message: MessageIn,
    command: str | None,
    language: str,
) -> Answer:
    """`command`: what the message stands for; None: its words are to be understood."""
    metadata = _metadata(rt, inbound, message, language)
    written = ""
    if command is None:
        read = await understanding.read(rt, conversation.id, message.text, conversation.expects)
        written, metadata["entities"] = read.text, read.entities
    left = await leaving.read(rt, conversation.id, command, written)
    command = left.command
    if command is None:
        command = await asked.command(rt, conversation.id, written, metadata["entities"])
    words = intents.no_command(written) if command is None else command
    said = await rasa.turn(rt, conversation.id, inbound.id, words, metadata, inbound.attempts)
    if not said and message.kind is Kind.SYSTEM:
        return _unchanged(conversation)
    if not said:
        log.error("the dialogs said nothing", conversation=str(conversation.id), inbound=str(inbound.id))
        return Answer([failures.apology(rt, language)])
    said = left.told(await shown_back.reveal(rt, conversation.id, said), language)
    if message.location:  # the dialogs are not told where the patient is
        way = first_aid.way_to_help(rt.settings, message.location, language)
        said = [replace(said[0], text=f"{way}\n{said[0].text}".rstrip()), *said[1:]]
    composed = compose(rt, inbound.speaks, said, language, elder=inbound.elder_mode)
    wished = tuple(said) if any(reply.handoff for reply in said) else ()
    noted = command == meanwhile.MESSAGE_LEFT
    return replace(composed, said=wished, leaves=left.leaves, withdraws=left.withdraws, left_message=noted)


def _unchanged(conversation: Row[Any]) -> Answer:
    """Nothing is said, and the question that is open stays so."""
    return Answer([], conversation.choices, conversation.expects)


async def _meanwhile(
    rt: Runtime, conversation: Row[Any], inbound: Row[Any], asks: Asks, language: str
) -> Answer | None:
    """What is answered although a person is waited for, or there."""
    if asks is Asks.NOTHING and not rt.settings.wechat_native_agents:
        return None
    async with rt.database.transaction() as session:
        if asks is not Asks.HELP:
            handed = await native.forward(session, rt, conversation.id, inbound, language)
            if handed is not None:
                return Answer(handed, conversation.choices, conversation.expects)
        said = await meanwhile.answer(session, rt, conversation.id, asks, inbound, language)
    if said is None:
        return None
    composed = compose(rt, inbound.speaks, [said], language, elder=inbound.elder_mode)
    return composed if composed.choices else replace(composed, choices=conversation.choices)


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


def _stale(conversation: Row[Any], language: str) -> Answer:
    """A button of an earlier question: say so, and offer again what the last question offered. That
    question stays open, and with it what it expects: a name typed next is still swapped for a token."""
    kept = conversation.choices
    words = texts.say("bot_choice_again" if kept else "bot_choice_over", language=language)
    return Answer([Reply(words, choices.again(kept) if kept else ())], kept, conversation.expects)


def _more(conversation: Row[Any], language: str) -> Answer:
    """更多: the choices that did not fit, with the same question open."""
    kept, options = choices.remember(choices.unfolded(conversation.choices), more=_more_word(language))
    return Answer(
        [Reply(texts.say("bot_more_choices", language=language), options)], kept, conversation.expects
    )


def _more_word(language: str) -> str:
    return texts.say("bot_more", language=language)


def compose(
    rt: Runtime, channel_name: str, said: list[RasaReply], language: str, *, elder: bool = False
) -> Answer:
    """Replies of the dialogs as messages that the channel takes; the choices of the last question are kept."""
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
