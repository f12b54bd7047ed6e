"""The end of a turn: the message done, the replies queued and the conversation's new state, in one transaction."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import outbox, texts
from bot.answers import Answer, compose
from bot.handoff import control, meanwhile, native, queue
from bot.outbox import Reply
from integrations.database import Executor
from integrations.runtime import Runtime

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


async def conclude(
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
    if answer.withdraws:
        _, epoch = await queue.withdraw(session, conversation_id, rt.now())
        return answer, epoch or inbound.epoch
    if answer.leaves:
        return answer, await queue.leave(session, conversation_id, rt.now()) or inbound.epoch
    if answer.left_message:
        await queue.keep_message(session, conversation_id, rt.now())
    wishing = next((reply for reply in answer.said if reply.handoff), None)
    if wishing is None or await control.hold(session, conversation_id) != inbound.epoch:
        return answer, inbound.epoch
    wish = wishing.handoff or {}
    if "instead_of" in wish:
        goes_on = not native.serves(rt, inbound)
        begun = await meanwhile.bring(session, rt, conversation_id, wishing, language, bot_goes_on=goes_on)
        replies = [begun.reply if begun and one is wishing else one for one in answer.said]
    else:
        begun = await meanwhile.begin(session, rt, conversation_id, wish, language)
        replies = [begun.reply] if begun else []
    if begun is None:
        return answer, inbound.epoch
    said = compose(rt, inbound.speaks, replies, language, elder=inbound.elder_mode)
    if handed := await native.ask(session, rt, conversation_id, inbound, language):
        said = Answer(handed)
    return replace(said, chosen_language=answer.chosen_language), begun.epoch
