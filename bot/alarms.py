"""Red flags at the door: what a patient's words call for is answered in the transaction that stores them.

An emergency or a crisis is answered and staff are paged; what is urgent is sent to a doctor of today; a check asks one
question together with the number. "No" to it, and the message goes the way it came for; "yes" is an emergency; of two
minutes without an answer staff hear (bot.paging).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot import check_answers, first_aid, outbox, red_flags, texts
from bot.check_answers import Said
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
OPEN = timedelta(hours=24)  # a question that the very next message may still answer
SILENCE = timedelta(minutes=2)  # after the question of a check
RINGS_AGAIN = timedelta(minutes=1)  # at the soonest, for one alarm: who hears it without end hears it no more
URGENT_FOR = timedelta(hours=6)  # only numbers of today are offered
_PLACE_FRESH = timedelta(hours=2)
_CONTEXT = "inbound.content"
_GRAVE = frozenset({Outcome.EMERGENCY, Outcome.CRISIS})

_MARK = text("UPDATE inbound SET alarm = :alarm, status = 'done', done_at = :now WHERE id = :id")
_SHOW = text("UPDATE inbound SET alarm = :alarm WHERE id = :id")
# The desk sounds for it again, at once or when it has been silent about it for RINGS_AGAIN. Asked outside as well: who
# acknowledges it just now holds the row, and has not seen this message.
_MERGE = text("""
    UPDATE alarms SET last_at = :now, times = times + 1, rule = :rule,
           rings_at = CASE WHEN rings_at > :now THEN rings_at ELSE greatest(rings_at + :rings_again, :now) END,
           outcome = CASE WHEN outcome = 'emergency' THEN outcome ELSE :outcome END
    WHERE id = (SELECT id FROM alarms
                WHERE conversation_id = :conversation AND acknowledged_at IS NULL AND last_at > :since
                  AND outcome IN ('emergency', 'crisis') ORDER BY raised_at DESC LIMIT 1)
      AND acknowledged_at IS NULL
    RETURNING id
""")
_RAISE = text("""
    INSERT INTO alarms (conversation_id, inbound_id, outcome, rule, raised_at, last_at, page_at, rings_at)
    VALUES (:conversation, :inbound, :outcome, :rule, :now, :now, :page_at, :page_at)
""")
# Whoever answered is not silent. What staff were told already stays theirs.
_ANSWER = text("""
    UPDATE alarms SET answer = :answer, last_at = :now,
           page_at = CASE WHEN CAST(:keeps AS boolean) OR paged_at IS NOT NULL THEN page_at END
    WHERE id = :id
""")
_ASKED_AGAIN = text("UPDATE alarms SET last_at = :now, times = times + 1 WHERE id = :id")
_STILL_ASKED = text("UPDATE alarms SET last_at = :now WHERE id = :id")
_SEEN_TO = text("""
    UPDATE alarms SET page_at = NULL
    WHERE conversation_id = :conversation AND paged_at IS NULL AND page_at IS NOT NULL AND acknowledged_at IS NULL
      AND outcome IN ('check', 'urgent')
      AND NOT EXISTS (SELECT FROM outbound WHERE outbound.inbound_id = alarms.inbound_id AND exempt)
""")
_CONTENT = text("SELECT content FROM inbound WHERE id = :id")
_REWRITE = text("UPDATE inbound SET content = :content WHERE id = :id")
_GO_ON = text("UPDATE inbound SET status = 'pending', done_at = NULL WHERE id = :id AND status = 'done'")
_PLACE = text("""
    SELECT content FROM inbound
    WHERE conversation_id = :conversation AND kind = 'location' AND received_at > :since
    ORDER BY received_at DESC, seq DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Latest:
    """The alarm of the last half hour, if there was one; or the question of today that the patient left open.
    `times`: how often the question was put. `told`: the patient was answered; else a person was there."""

    id: UUID
    outcome: Outcome
    rule: str
    answer: str | None
    inbound_id: UUID | None
    times: int = 1
    told: bool = True

    @property
    def asks(self) -> bool:
        return self.outcome is Outcome.CHECK and self.answer is None and self.told

    @property
    def denied(self) -> bool:
        return self.outcome is Outcome.CHECK and self.answer == Said.NO

    def is_about(self, rule: str) -> bool:
        """Whether that rule is of the same matter. The second opinion names none."""
        topic = rule.partition(".")[0]
        return rule == self.rule or (topic != "model" and topic == self.rule.partition(".")[0])


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

    @property
    def attended(self) -> bool:
        """A person speaks there."""
        return self.control == ControlState.AGENT


async def meet(session: Executor, rt: Runtime, arrival: Arrival) -> str:
    """Looks for red flags and queues the answer in this transaction. Gives that answer; "" when the message goes its
    usual way."""
    latest = arrival.latest
    if arrival.message.kind is Kind.LOCATION and latest and latest.outcome in _GRAVE:
        return await _place_after_alarm(session, rt, arrival, latest)
    if not arrival.message.text:
        return ""
    outcome, rule = red_flags.look(
        normalise(arrival.message.text), [normalise(words) for words in arrival.earlier]
    )
    if latest and outcome not in _GRAVE:
        if latest.asks:
            return await _hear(session, rt, arrival, latest, outcome, rule)
        edited = arrival.message.kind is Kind.EDIT
        if latest.denied and check_answers.corrects(arrival.message.text, edited=edited):
            return await _yes(session, rt, arrival, latest)
    elif latest and latest.asks:
        await _note(session, rt, latest, Said.OTHER)  # staff are paged for what was said instead
    if outcome is Outcome.NONE or _known(arrival, outcome, rule):
        return ""
    return await _answer(session, rt, arrival, outcome, rule)


def _known(arrival: Arrival, outcome: Outcome, rule: str) -> bool:
    """Nobody is asked about one matter, or sent to today's doctors for it, twice within half an hour, nor is less than
    an ambulance advised right after one was; but despair is answered each time."""
    latest = arrival.latest
    if latest is None or outcome in _GRAVE or (outcome is Outcome.URGENT and latest.outcome is Outcome.CHECK):
        return False
    despair = red_flags.rule_named(rule).asks == "mind"
    if not arrival.attended and (despair or not latest.told):
        return False
    return latest.is_about(rule) or (latest.outcome is Outcome.EMERGENCY and not despair)


async def _hear(
    session: Executor, rt: Runtime, arrival: Arrival, latest: Latest, outcome: Outcome, rule: str
) -> str:
    """What was said to the question of a check, and what these words call for by themselves. Staff are paged all the
    same, unless it was answered or something else was plainly asked for."""
    if arrival.message.kind is Kind.CHOICE and outcome is Outcome.NONE:
        return ""  # a button of another question is no answer to this one
    read = check_answers.read_edited if arrival.message.kind is Kind.EDIT else check_answers.read
    answer = read(arrival.message.text)
    if answer is Said.UNSURE:  # the question stays open, and so does the staff's clock
        return await _unsure(session, rt, arrival, latest)
    if answer is Said.YES:
        return await _yes(session, rt, arrival, latest)
    if answer is Said.OTHER and outcome is not Outcome.NONE:
        answer = Said.UNCLEAR
    another = outcome is not Outcome.NONE and not _known(arrival, outcome, rule)
    repeated = outcome is Outcome.CHECK and latest.is_about(rule)
    if answer is Said.UNCLEAR and (repeated or not another):
        if arrival.attended:
            return ""
        if latest.times == 1:
            return await _ask_again(session, rt, arrival, latest)
    await _note(session, rt, latest, answer)
    if another and answer is not Said.NO:
        return await _answer(session, rt, arrival, outcome, rule)
    return await _go_on(session, rt, arrival, latest, answer)


async def _note(session: Executor, rt: Runtime, latest: Latest, answer: Said) -> None:
    kept = Said.OTHER if answer is Said.UNCLEAR else answer
    row = {"id": latest.id, "answer": kept.value, "keeps": answer is Said.UNCLEAR, "now": rt.now()}
    await session.execute(_ANSWER, row)


async def _yes(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest) -> str:
    await _note(session, rt, latest, Said.YES)
    asked = red_flags.rule_named(latest.rule).asks
    outcome = Outcome.CRISIS if asked == "mind" else Outcome.EMERGENCY
    return await _answer(session, rt, arrival, outcome, latest.rule)


async def _ask_again(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest) -> str:
    """The same question, once: a greeting, a typo that was mended or the complaint once more is no answer."""
    flag = {"id": arrival.inbound_id, "alarm": f"{latest.outcome}:{latest.rule}", "now": rt.now()}
    await session.execute(_MARK, flag)
    await session.execute(_ASKED_AGAIN, {"id": latest.id, "now": rt.now()})
    topic = red_flags.rule_named(latest.rule).asks
    said = " ".join([*arrival.earlier, arrival.message.text])
    danger = Danger(Outcome.CHECK, topic, await _place(session, rt, arrival), normalise(said))
    return await _say(session, rt, arrival, danger)


async def seen_to(session: Executor, conversation_id: UUID) -> None:
    """The person who speaks with the patient has answered: nobody else has to come for what they alone were told."""
    await session.execute(_SEEN_TO, {"conversation": conversation_id})


async def _answer(session: Executor, rt: Runtime, arrival: Arrival, outcome: Outcome, rule: str) -> str:
    """While a person speaks with the patient, only lives in danger interrupt them: of the rest that person is told."""
    now = rt.now()
    await _record(session, arrival, outcome, rule, now)
    mark = {"id": arrival.inbound_id, "alarm": f"{outcome}:{rule}"}
    if arrival.attended and outcome not in _GRAVE:
        await session.execute(_SHOW, mark)
        return ""
    await session.execute(_MARK, mark | {"now": now})
    place = await _place(session, rt, arrival)
    said = " ".join([*arrival.earlier, arrival.message.text])
    seen = red_flags.rule_named(rule)
    topic = seen.asks if outcome is Outcome.CHECK else seen.words
    if outcome not in (Outcome.CHECK, seen.outcome):
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
    again = {"since": now - FRESH, "rings_again": RINGS_AGAIN}
    if outcome in _GRAVE and (await session.execute(_MERGE, values | again)).first():
        return
    today = SILENCE if arrival.attended else None  # else the patient is told to come
    wait = {Outcome.URGENT: today, Outcome.CHECK: SILENCE}.get(outcome, timedelta(0))
    await session.execute(_RAISE, values | {"page_at": None if wait is None else now + wait})


async def _go_on(session: Executor, rt: Runtime, arrival: Arrival, latest: Latest, answer: Said) -> str:
    """The check is over: what the patient came with is answered after all. After a plain no in the place of that no, so
    that the reply is the answer to it; after anything else, before it."""
    if latest.inbound_id is None:
        return ""
    if answer is not Said.NO:
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
    await session.execute(_STILL_ASKED, {"id": latest.id, "now": rt.now()})
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
