"""What the group is told: who waits and how the talk stands, what the patient says meanwhile, what colleagues at the
desk answer, and what did not reach the patient. It is looked for in the database, so that nothing depends on a message
between processes; each thing has a cause, and is told once.

The group is the customer service's. Talks with doctors and pharmacists stay at the desk, where departments part.
No name of a file, and no identity or phone number, comes here; a name that a patient types, and what their pictures
show, comes as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot import inbox, outbox, unknown_sends
from bot.desk.talks.masking import masked
from bot.desk.words import Words
from bot.handoff.models import Reason, Skill, TalkStatus
from bot.handoff.talking import SKILLS
from bot.staff_group.models import Act, RelayStatus
from integrations import texts
from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.messages import Kind
from integrations.runtime import Runtime

CONTEXT = "staff_relays.content"
WORDS = Words("zh")  # the group's own; one member is answered in theirs
_PICTURE_WAITS = timedelta(
    minutes=1
)  # for a picture that is still to be fetched; then only that there is one
_ENDED_LATELY = timedelta(minutes=10)
_NOTICED = timedelta(seconds=10)  # a pause before the next try that who answers should know of
_TRIES = 3  # the same
_LED = timedelta(minutes=10)  # an alarm of so long before a talk belongs to it
_MOST = 200
_UNASKED = frozenset({Reason.ALARM, Reason.FAILED, Reason.ANGER})
_SERVING = [role.value for role, skills in SKILLS.items() if Skill.SERVICE in skills]
_LONGEST = 3500  # units of UTF-16

# The one way into the group: nobody who does not write from Telegram has a topic.
_TOPICS = text("""
    INSERT INTO staff_topics (conversation_id, channel, group_id)
    SELECT talks.conversation_id, contacts.channel, :group
    FROM talks JOIN contacts ON contacts.id = talks.conversation_id
    WHERE talks.status IN ('waiting', 'active', 'unanswered') AND talks.skill = 'service'
      AND talks.consultation_id IS NULL AND contacts.channel = 'telegram'
      AND coalesce(talks.opens_at, :now) <= :now
      AND (CAST(:only AS uuid) IS NULL OR talks.conversation_id = :only)
    ON CONFLICT (conversation_id) DO NOTHING
""")
_MOVED = text("UPDATE staff_topics SET group_id = :group, thread_id = NULL WHERE group_id <> :group")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('staff_relays', 0))")
# A state is told when it comes: `cause` changes with whatever is said of it. Nothing is said of talks that are none of
# the group's, unless it saw their beginning.
_STATES = text("""
    SELECT talks.id, talks.conversation_id, talks.status, talks.skill, talks.reason, talks.answered_in,
           talks.requested_at, talks.accepted_at, talks.ended_by, staff.name AS agent, ender.name AS ended_by_name,
           state.cause, seen.known
    FROM talks JOIN staff_topics USING (conversation_id)
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM staff_relays before WHERE before.talk_id = talks.id) AS known) AS seen
    LEFT JOIN staff ON staff.id = talks.staff_id
    LEFT JOIN staff AS ender ON 'staff:' || ender.login = talks.ended_by
    CROSS JOIN LATERAL (SELECT concat_ws(':', 'talk', talks.id, talks.status, talks.skill,
        CASE WHEN talks.status = 'active' THEN concat_ws(':', talks.answered_in, talks.staff_id) END,
        extract(epoch FROM CASE WHEN talks.status = 'active' THEN talks.accepted_at ELSE talks.requested_at END)
    ) AS cause) AS state
    WHERE (talks.status IN ('waiting', 'active', 'unanswered') AND (seen.known OR talks.skill = 'service')
           OR talks.ended_at > :lately AND seen.known)
      AND talks.consultation_id IS NULL AND coalesce(talks.opens_at, :now) <= :now
      AND (CAST(:only AS uuid) IS NULL OR talks.conversation_id = :only)
      AND NOT EXISTS (SELECT FROM staff_relays WHERE staff_relays.cause = state.cause)
    ORDER BY talks.requested_at, talks.id LIMIT :limit
""")
# From the message that led to the talk on; what was told to the bot before is nobody's business here.
_HEARD = text("""
    SELECT inbound.id, inbound.conversation_id, talks.id AS talk_id, inbound.kind, inbound.content,
           inbound.received_at, media.id AS medium, media.status AS medium_status
    FROM talks JOIN staff_topics USING (conversation_id)
    JOIN inbound ON inbound.conversation_id = talks.conversation_id
    LEFT JOIN media ON media.inbound_id = inbound.id
    WHERE talks.status IN ('waiting', 'active') AND talks.skill = 'service' AND talks.consultation_id IS NULL
      AND (CAST(:only AS uuid) IS NULL OR talks.conversation_id = :only)
      AND inbound.kind NOT IN ('event', 'unfollow', 'system', 'choice', 'menu', 'follow', 'scan')
      AND inbound.received_at >= coalesce((
            SELECT max(led.received_at) FROM inbound AS led
            WHERE led.conversation_id = talks.conversation_id AND led.received_at <= talks.requested_at
              AND led.kind NOT IN ('event', 'unfollow', 'system')), talks.requested_at)
      AND NOT EXISTS (SELECT FROM staff_relays WHERE cause = 'inbound:' || inbound.id)
    ORDER BY inbound.seq LIMIT :limit
""")
# Of a talk that came back from elsewhere, what was said there stays there: each time that somebody takes a talk the
# patient is told so, under a later epoch. What a doctor says once more meanwhile is theirs all the same.
_SAID = text("""
    SELECT outbound.id, outbound.conversation_id, outbound.talk_id, outbound.content, outbound.status,
           staff.name AS agent, late.held,
           EXISTS (SELECT FROM staff_relays WHERE cause = 'outbound:' || outbound.id) AS told
    FROM talks JOIN staff_topics USING (conversation_id)
    JOIN outbound ON outbound.talk_id = talks.id JOIN staff ON staff.id = outbound.staff_id
    CROSS JOIN LATERAL (SELECT outbound.status = 'queued' AND outbound.attempts > 0
        AND (outbound.attempts >= :tries OR outbound.not_before > :noticed) AS held) AS late
    WHERE (talks.status = 'active' OR talks.ended_at > :lately) AND talks.skill = 'service'
      AND talks.consultation_id IS NULL
      AND (CAST(:only AS uuid) IS NULL OR talks.conversation_id = :only)
      AND (EXISTS (SELECT FROM staff_relays WHERE cause = 'outbound:' || outbound.id)
           OR staff.role = ANY(CAST(:serving AS text[])) AND outbound.epoch >= (
                SELECT max(epoch) FROM outbound AS about
                WHERE about.talk_id = talks.id AND about.staff_id IS NULL))
      AND (NOT EXISTS (SELECT FROM staff_relays WHERE cause = 'outbound:' || outbound.id)
           OR outbound.status IN ('failed', 'unknown')
              AND NOT EXISTS (SELECT FROM staff_relays WHERE cause = 'lost:' || outbound.id)
           OR late.held AND NOT EXISTS (SELECT FROM staff_relays WHERE cause = 'held:' || outbound.id))
    ORDER BY outbound.seq LIMIT :limit
""")
# What the group has seen and the patient never will, for the talk changed hands before it could leave.
_UNSENT = text(f"""
    SELECT outbound.id, outbound.conversation_id, outbound.talk_id, outbound.content, staff.name AS agent
    FROM (SELECT * FROM outbound WHERE {unknown_sends.UNSENT}) AS outbound
    JOIN staff_topics USING (conversation_id) JOIN staff ON staff.id = outbound.staff_id
    WHERE (CAST(:only AS uuid) IS NULL OR outbound.conversation_id = :only)
      AND EXISTS (SELECT FROM staff_relays WHERE cause = 'outbound:' || outbound.id)
      AND NOT EXISTS (SELECT FROM staff_relays WHERE cause = 'lost:' || outbound.id)
    ORDER BY outbound.seq LIMIT :limit
""")  # noqa: S608 - pieces of our own
# That somebody waits longer than they should; and that a red flag was seen, which the program answers by itself.
_REMINDERS = text("""
    SELECT talks.conversation_id, talks.id, reminder.cause, reminder.said, staff.name AS agent, reminder.outcome
    FROM talks JOIN staff_topics USING (conversation_id) LEFT JOIN staff ON staff.id = talks.staff_id
    CROSS JOIN LATERAL (
        SELECT concat_ws(':', 'silent', talks.id, extract(epoch FROM talks.silent_since)) AS cause, 'silent' AS said,
               '' AS outcome, talks.silent_since AS since
        WHERE talks.status = 'active' AND talks.silent_since IS NOT NULL
        UNION ALL
        SELECT concat_ws(':', 'late', talks.id, extract(epoch FROM talks.escalated_at)), 'late', '', talks.escalated_at
        WHERE talks.status IN ('waiting', 'unanswered') AND talks.escalated_at IS NOT NULL
        UNION ALL
        SELECT concat_ws(':', 'alarm', alarms.id, alarms.outcome), 'alarm', alarms.outcome, alarms.raised_at
        FROM alarms
        WHERE alarms.conversation_id = talks.conversation_id AND alarms.raised_at > talks.requested_at - :led
    ) AS reminder
    WHERE talks.status IN ('waiting', 'active', 'unanswered') AND talks.skill = 'service'
      AND talks.consultation_id IS NULL AND coalesce(talks.opens_at, :now) <= :now
      AND (CAST(:only AS uuid) IS NULL OR talks.conversation_id = :only)
      AND NOT EXISTS (SELECT FROM staff_relays WHERE staff_relays.cause = reminder.cause)
    ORDER BY reminder.since LIMIT :limit
""")
_QUEUE = text("""
    INSERT INTO staff_relays (conversation_id, talk_id, cause, act, content, status, created_at)
    VALUES (:conversation, :talk, :cause, :act, :content, :status, :now)
    ON CONFLICT (cause) DO NOTHING
""")
_NAME = text("""
    SELECT owner.masked_name FROM contacts
    JOIN account_patients own ON own.account_id = contacts.account_id AND own.relation = 'self'
    JOIN patients owner ON owner.id = own.patient_id
    WHERE contacts.id = :conversation
""")


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell in a topic. `status`: of what the group has seen already."""

    conversation_id: UUID
    talk_id: UUID | None
    cause: str
    text: str = field(default="", repr=False)
    picture: UUID | None = None
    act: Act = Act.SAY
    status: RelayStatus = RelayStatus.QUEUED


async def collect(session: Executor, rt: Runtime, group: int, only: UUID | None = None) -> int:
    """Queues what the group has not been told, of all talks or of one conversation. Gives how much that was."""
    now = rt.now()
    await session.execute(_ALONE)  # two who queue the same would wait for each other
    await session.execute(_MOVED, {"group": group})
    await session.execute(_TOPICS, {"group": group, "only": only, "now": now})
    about = {"only": only, "now": now, "lately": now - _ENDED_LATELY, "limit": _MOST, "led": _LED}
    held = {"tries": _TRIES, "noticed": now + _NOTICED, "serving": _SERVING}
    told = [one for row in await session.execute(_STATES, about) for one in _state(row)]
    told += _heard(rt.crypto, (await session.execute(_HEARD, about)).all(), now)
    for row in await session.execute(_SAID, about | held):
        told += _said(rt.crypto, row)
    told += [_unsent(rt.crypto, row) for row in await session.execute(_UNSENT, about)]
    told += [_reminder(row) for row in await session.execute(_REMINDERS, about)]
    for one in told:
        for piece in _pieces(one):
            await queue(session, rt, piece)
    return len(told)


def _pieces(told: Told) -> list[Told]:
    """What is too long for one message, at sentence ends; its first piece bears the cause."""
    cut = texts.split(told.text, _LONGEST, lambda character: 1 + (character > "\uffff")) or [""]
    return [replace(told, text=cut[0])] + [
        replace(told, cause=f"{told.cause}:{number}", text=piece, picture=None)
        for number, piece in enumerate(cut[1:], 2)
    ]


async def queue(session: Executor, rt: Runtime, told: Told) -> None:
    content = {"text": told.text, "picture": told.picture.hex if told.picture else None}
    row = {
        "conversation": told.conversation_id, "talk": told.talk_id, "cause": told.cause, "act": told.act.value,
        "content": rt.crypto.encrypt(json.dumps(content, ensure_ascii=False), CONTEXT),
        "status": told.status.value, "now": rt.now(),
    }  # fmt: skip
    await session.execute(_QUEUE, row)


async def name(session: Executor, conversation_id: UUID) -> str:
    """The patient as the group knows them: masked, as in the desk's list."""
    known = await session.scalar(_NAME, {"conversation": conversation_id})
    return str(known or WORDS("talks.guest", code=conversation_id.hex[-4:].upper()))


def _state(row: Any) -> list[Told]:
    """In words; and what it does to the topic."""
    if row.skill != "service":
        said = "group.elsewhere"
    elif row.status == TalkStatus.ACTIVE:
        said = f"group.taken_{row.answered_in}"
    elif row.status in (TalkStatus.WAITING, TalkStatus.UNANSWERED):
        said = f"group.{row.status}{_unasked(row)}"
    else:
        said = f"group.{row.status}{_ended_by(row)}"
    blanks = {
        "name": (row.agent if row.status == TalkStatus.ACTIVE else row.ended_by_name) or "",
        "reason": WORDS(f"talks.reason_{row.reason}"),
    }
    goes_on = row.status in (TalkStatus.WAITING, TalkStatus.ACTIVE, TalkStatus.UNANSWERED)
    about = (row.conversation_id, row.id)
    words = Told(*about, row.cause, WORDS(said, **blanks))
    if goes_on and row.skill == "service":
        known = row.known and row.status == TalkStatus.ACTIVE
        return [words] if known else [Told(*about, f"{row.cause}:open", act=Act.OPEN), words]
    return [words, Told(*about, f"{row.cause}:close", act=Act.CLOSE)]


def _unasked(row: Any) -> str:
    """Nobody has left a message: the program itself asks for somebody."""
    asks = row.status == TalkStatus.UNANSWERED and row.reason in _UNASKED
    return f"_{row.reason}" if asks else ""


def _ended_by(row: Any) -> str:
    by_somebody = row.ended_by_name if row.status == TalkStatus.CLOSED else row.ended_by == "patient"
    return "" if by_somebody else "_by_itself"


def _reminder(row: Any) -> Told:
    outcome = WORDS(f"talks.alarm_{row.outcome}") if row.outcome else ""
    said = WORDS(f"group.{row.said}", name=row.agent or "", outcome=outcome)
    return Told(row.conversation_id, row.id, row.cause, said)


def _heard(crypto: Crypto, rows: Sequence[Any], now: datetime) -> list[Told]:
    """What patients said, in their order: a picture that is still being fetched holds up those behind it."""
    told: list[Told] = []
    held: set[UUID] = set()
    for row in rows:
        if row.conversation_id in held:
            continue
        if row.medium_status == "waiting" and now - row.received_at < _PICTURE_WAITS:
            held.add(row.conversation_id)
            continue
        told += _one_heard(crypto, row)
    return told


def _one_heard(crypto: Crypto, row: Any) -> list[Told]:
    parts = inbox.unseal(crypto, row.content)
    words = masked(parts["text"])
    about, cause = (row.conversation_id, row.talk_id), f"inbound:{row.id}"
    picture = row.medium if row.kind == Kind.IMAGE and row.medium_status == "stored" else None
    if row.kind == Kind.TEXT:
        return [Told(*about, cause, WORDS("group.patient", words=words))]
    shown = WORDS("group.patient_other", kind=WORDS(f"talks.kind_{row.kind}"), words=words).rstrip()
    if picture is None:
        return [Told(*about, cause, shown)]
    return [Told(*about, cause, shown), Told(*about, f"{cause}:picture", picture=picture)]


def _unsent(crypto: Crypto, row: Any) -> Told:
    start = _start(outbox.unseal(crypto, row.content))
    words = WORDS("group.unsent", name=row.agent, words=start)
    return Told(row.conversation_id, row.talk_id, f"lost:{row.id}", words)


def _start(said: outbox.Reply) -> str:
    return masked(said.text)[:40] or WORDS("talks.kind_image")


def _said(crypto: Crypto, row: Any) -> list[Told]:
    """What was answered at the desk; and what of any answer did not arrive, or not yet."""
    about = (row.conversation_id, row.talk_id)
    said = outbox.unseal(crypto, row.content)
    told = []
    if not row.told:
        words = masked(said.text) if said.text else WORDS("talks.kind_image")
        told.append(Told(*about, f"outbound:{row.id}", WORDS("group.said", name=row.agent, words=words)))
    start = _start(said)
    if row.held:
        told.append(Told(*about, f"held:{row.id}", WORDS("group.held", words=start)))
    if row.status in (RelayStatus.FAILED, RelayStatus.UNKNOWN):
        told.append(Told(*about, f"lost:{row.id}", WORDS(f"group.lost_{row.status}", words=start)))
    return told
