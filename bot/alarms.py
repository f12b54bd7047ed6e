"""Red flags at the door: what a patient's words call for is answered in the transaction that stores them.

An emergency or a crisis is answered and staff are paged; what is urgent is sent to a doctor of today; a check asks one
question together with the number. "No" to it, and the message goes the way it came for; "yes" is an emergency; of two
minutes without a word staff hear (bot.paging).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot import first_aid, outbox, red_flags, texts
from bot.first_aid import Danger
from bot.handoff import alarmed
from bot.models import ControlState
from bot.red_flags import Outcome
from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.language.languages import TRADITIONAL, detect
from integrations.language.script import normalise, traditional
from integrations.messages import Kind, Location, MessageIn
from integrations.runtime import Runtime

FRESH = timedelta(minutes=30)  # an alarm that is talked about still: what follows belongs to it
SILENCE = timedelta(minutes=2)  # after the question of a check
URGENT_FOR = timedelta(hours=6)  # only numbers of today are offered
_PLACE_FRESH = timedelta(hours=2)
_CONTEXT = "inbound.content"
_GRAVE = frozenset({Outcome.EMERGENCY, Outcome.CRISIS})
_LONGEST_ANSWER = 12

_MARK = text("UPDATE inbound SET alarm = :alarm, status = 'done', done_at = :now WHERE id = :id")
_MERGE = text("""
    UPDATE alarms SET last_at = :now, times = times + 1, rule = :rule,
           outcome = CASE WHEN outcome = 'emergency' THEN outcome ELSE :outcome END
    WHERE id = (SELECT id FROM alarms
                WHERE conversation_id = :conversation AND acknowledged_at IS NULL AND last_at > :since
                  AND outcome IN ('emergency', 'crisis') ORDER BY raised_at DESC LIMIT 1)
    RETURNING id
""")
_RAISE = text("""
    INSERT INTO alarms (conversation_id, inbound_id, outcome, rule, raised_at, last_at, page_at)
    VALUES (:conversation, :inbound, :outcome, :rule, :now, :now, :page_at)
""")
# Whoever answered is not silent. What staff were told already stays theirs.
_ANSWER = text("""
    UPDATE alarms SET answer = :answer, last_at = :now, page_at = CASE WHEN paged_at IS NOT NULL THEN page_at END
    WHERE id = :id
""")
_CONTENT = text("SELECT content FROM inbound WHERE id = :id")
_REWRITE = text("UPDATE inbound SET content = :content WHERE id = :id")
_GO_ON = text("UPDATE inbound SET status = 'pending', done_at = NULL WHERE id = :id AND status = 'done'")
_PLACE = text("""
    SELECT content FROM inbound
    WHERE conversation_id = :conversation AND kind = 'location' AND received_at > :since
    ORDER BY received_at DESC, seq DESC LIMIT 1
""")

_YES = re.compile(
    r"(?:是|有|对|嗯|恩|都有|有的|是的|有点|有一点|有一些|会|yes|yeah|yep|y|yup|some|a bit|i do|i am)"
    r"(?:的|啊|呢|点|一点|一些|了|呀|please|,|，|。|！|!| )*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:都|也|暂时|现在|目前)*(?:没有?|无|不是|不|否|没得|冇|没啥|没什么|没这些|没这种|没有这些"
    r"|no|nope|none|not really|n|nah|no i don't|i don't|not at all)"
    r"(?:的|啊|呢|了|呀|过|这些|情况|症状|以上|这种|thanks|thank you|谢谢|,|，|。|！|!| )*",
    re.IGNORECASE,
)

_UNSURE = re.compile(
    r"(?:我|也|还)*(?:不知道|不清楚|不太清楚|说不清楚?|说不好|不确定|不好说|拿不准|唔知"
    r"|(?:i(?:'m| am)? )?(?:not|don'?t|do not) (?:sure|know)|no idea|unsure|maybe)(?:啊|呢|了|,|，|。|！|!| )*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Latest:
    """The alarm of the last half hour, if there was one."""

    id: UUID
    outcome: Outcome
    rule: str
    answer: str | None
    inbound_id: UUID | None

    @property
    def asks(self) -> bool:
        return self.outcome is Outcome.CHECK and self.answer is None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message just stored, and what is known around it. `earlier` are the patient's words of the last minutes."""

    conversation_id: UUID
    inbound_id: UUID
    message: MessageIn
    earlier: Sequence[str]
    language: str
    language_chosen: bool = True
    control: str = ControlState.BOT
    latest: Latest | None = None
    passive_until: datetime | None = None


async def meet(session: Executor, rt: Runtime, arrival: Arrival) -> str:
    """Looks for red flags and queues the answer in this transaction. Gives that answer; "" when the message goes its
    usual way."""
    latest = arrival.latest
    if arrival.message.kind is Kind.LOCATION and latest and latest.outcome in _GRAVE:
        return await _place_after_alarm(session, rt, arrival, latest)
    if not arrival.message.text:
        return ""
    outcome, rule = _seen(arrival)
    if latest and latest.asks and outcome not in _GRAVE:
        answer = read_answer(arrival.message.text)
        if answer == "unsure":  # the question stays open, and so does the staff's clock
            return await _unsure(session, rt, arrival, latest)
        await session.execute(_ANSWER, {"id": latest.id, "answer": answer, "now": rt.now()})
        if answer == "yes":
            asked = red_flags.rule_named(latest.rule).words
            outcome, rule = Outcome.CRISIS if asked == "mind" else Outcome.EMERGENCY, latest.rule
        elif outcome is Outcome.NONE:
            return await _go_on(session, rt, arrival, latest, answer)
    elif latest and latest.asks:
        await session.execute(_ANSWER, {"id": latest.id, "answer": "other", "now": rt.now()})
    if outcome is Outcome.NONE:
        return ""
    return await _answer(session, rt, arrival, outcome, rule)


def read_answer(words: str) -> str:
    """yes, no, unsure or other: what was said to the one question."""
    said = normalise(words).strip().lower()
    if len(said) > _LONGEST_ANSWER:
        return "other"
    if _NO.fullmatch(said):
        return "no"
    if _UNSURE.fullmatch(said):
        return "unsure"
    return "yes" if _YES.fullmatch(said) else "other"


def _seen(arrival: Arrival) -> tuple[Outcome, str]:
    """What the words call for. While a person speaks with the patient, only lives in danger interrupt them; and
    nobody is asked or sent to today's doctors twice within half an hour."""
    earlier = [normalise(words) for words in arrival.earlier]
    outcome, rule = red_flags.look(normalise(arrival.message.text), earlier)
    if outcome in _GRAVE:
        return outcome, rule
    known = arrival.latest and not (outcome is Outcome.URGENT and arrival.latest.outcome is Outcome.CHECK)
    return (Outcome.NONE, "") if known or arrival.control == ControlState.AGENT else (outcome, rule)


async def _answer(session: Executor, rt: Runtime, arrival: Arrival, outcome: Outcome, rule: str) -> str:
    now = rt.now()
    await session.execute(_MARK, {"id": arrival.inbound_id, "alarm": f"{outcome}:{rule}", "now": now})
    await _record(session, arrival, outcome, rule, now)
    place = await _place(session, rt, arrival)
    said = " ".join([*arrival.earlier, arrival.message.text])
    topic = red_flags.rule_named(rule).words
    if outcome is Outcome.CHECK:
        topic = topic or first_aid.GENERAL[outcome]
    elif outcome is not red_flags.rule_named(rule).outcome:
        topic = ""  # the yes to a check, or what is over by now
    return await _say(session, rt, arrival, Danger(outcome, topic, place, normalise(said)))


async def _record(session: Executor, arrival: Arrival, outcome: Outcome, rule: str, now: datetime) -> None:
    """As a new alarm, or one more of those that staff have not seen yet."""
    values = {
        "conversation": arrival.conversation_id, "inbound": arrival.inbound_id, "outcome": outcome.value,
        "rule": rule, "now": now,
    }  # fmt: skip
    if outcome in _GRAVE:
        await alarmed.to_the_front(session, arrival.conversation_id, now)
    if outcome in _GRAVE and (await session.execute(_MERGE, values | {"since": now - FRESH})).first():
        return
    wait = {Outcome.URGENT: None, Outcome.CHECK: SILENCE}.get(outcome, timedelta(0))
    await session.execute(_RAISE, values | {"page_at": None if wait is None else now + wait})


async def _go_on(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest, answer: str) -> str:
    """The check is over: what the patient came with is answered after all. After a plain no in the place of that no, so
    that the reply is the answer to it; after anything else, before it."""
    if latest.inbound_id is None:
        return ""
    if answer == "other":
        await session.execute(_GO_ON, {"id": latest.inbound_id})
        return ""
    first = await session.scalar(_CONTENT, {"id": latest.inbound_id})
    if first is not None:
        meant = json.loads(rt.crypto.decrypt(first, _CONTEXT))["text"]
        own = json.loads(
            rt.crypto.decrypt(await session.scalar(_CONTENT, {"id": arrival.inbound_id}), _CONTEXT)
        )
        content = rt.crypto.encrypt(json.dumps({**own, "meant": meant}, ensure_ascii=False), _CONTEXT)
        await session.execute(_REWRITE, {"id": arrival.inbound_id, "content": content})
    region = first_aid.region_of(await _place(session, rt, arrival), "")
    words = texts.say("bot_check_no", language=arrival.language, ambulance=region.ambulance)
    await _queue(session, rt, arrival, words, first=outbox.BEFORE_THE_ANSWER, exempt=False)
    return ""


async def _unsure(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest) -> str:
    """Who cannot tell is told to ask those who can."""
    flag = {"id": arrival.inbound_id, "alarm": f"{latest.outcome}:{latest.rule}", "now": rt.now()}
    await session.execute(_MARK, flag)
    region = first_aid.region_of(await _place(session, rt, arrival), "")
    words = texts.say("bot_check_unsure", language=_language(arrival), ambulance=region.ambulance)
    return await _queue(session, rt, arrival, words)


def _language(arrival: Arrival) -> str:
    """A conversation that begins with an alarm is written in the words of the alarm; a place has none of its own."""
    if arrival.language_chosen:
        return arrival.language
    written = arrival.message.text or " ".join(arrival.earlier[-1:])
    return detect(written, arrival.language)


async def _place_after_alarm(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest) -> str:
    """Where to go from there; the journey still waits."""
    flag = {"id": arrival.inbound_id, "alarm": f"{latest.outcome}:{latest.rule}", "now": rt.now()}
    await session.execute(_MARK, flag)
    place = arrival.message.location
    region = first_aid.region_of(place)
    language = _language(arrival)
    line = first_aid.department_line(rt.settings, place, region, language)
    words = texts.say("bot_place_after_alarm", language=language, ambulance=region.ambulance, department=line)
    return await _queue(session, rt, arrival, words)


async def _say(session: Executor, rt: Runtime, arrival: Arrival, danger: Danger) -> str:
    language = _language(arrival)
    words = first_aid.words_for(rt.settings, danger, language)
    if language == TRADITIONAL:  # the conversation may not know yet, and its row may be held by a turn
        words = traditional(words)
    return await _queue(session, rt, arrival, words)


async def _queue(
    session: Executor,
    rt: Runtime,
    arrival: Arrival,
    words: str,
    *,
    first: int = outbox.ALARM,
    exempt: bool = True,
) -> str:
    await outbox.queue(
        session,
        rt.crypto,
        arrival.conversation_id,
        [outbox.Reply(words)],
        inbound_id=arrival.inbound_id,
        epoch=0 if exempt else await _epoch(session, arrival.conversation_id),
        first=first,
        exempt=exempt,
        not_before=arrival.passive_until,
    )
    return words


_EPOCH = text("SELECT epoch FROM controls WHERE conversation_id = :id")


async def _epoch(session: Executor, conversation_id: UUID) -> int:
    return int(await session.scalar(_EPOCH, {"id": conversation_id}) or 0)


async def _place(session: Executor, rt: Runtime, arrival: Arrival) -> Location | None:
    """Where the patient is, if they sent it lately."""
    values = {"conversation": arrival.conversation_id, "since": rt.now() - _PLACE_FRESH}
    content = await session.scalar(_PLACE, values)
    return _location(rt.crypto, content) if content is not None else None


def _location(crypto: Crypto, content: bytes) -> Location | None:
    parts: dict[str, Any] = json.loads(crypto.decrypt(content, _CONTEXT))
    return Location(*parts["location"]) if parts.get("location") else None
