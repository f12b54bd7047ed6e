"""The conversation list's rows: read for many conversations in one statement, masked before they leave here."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from bot import inbox, outbox
from bot.desk.talks.masking import masked
from bot.desk.talks.readable import DoctorsTalk, with_doctors
from bot.handoff.models import TalkStatus
from bot.handoff.states import QUEUED
from integrations.crypto import Crypto, Undecryptable
from integrations.database import Executor
from integrations.hospital.clock import local_date
from integrations.hospital.reading import age_on

log = structlog.get_logger()

OPEN = (TalkStatus.WAITING, TalkStatus.ACTIVE, TalkStatus.UNANSWERED)
BOUND = 100  # rows of a list; who looks for more searches
_SILENT_KINDS = "('event', 'unfollow', 'system')"
_PREVIEW = 80  # characters
_MOST_UNREAD = 99
ELDERLY = 65
FRESH_ALARM = timedelta(hours=6)  # a red flag marks its conversation so long, unless somebody took note of it

_ROWS = f"""
    SELECT c.id, contacts.channel, contacts.account_id, c.language, controls.state AS control,
           talk.id AS talk_id, talk.status, talk.skill, talk.department_id, talk.reason, talk.priority,
           talk.staff_id, talk.wanted_staff_id, talk.consultation_id, talk.requested_at, talk.accepted_at,
           talk.ended_at, talk.escalated_at, talk.silent_since, coalesce(staff.name, talk.native_agent) AS agent,
           talk.answered_in, talk.message_at IS NOT NULL AS message,
           (SELECT error FROM staff_topics WHERE conversation_id = c.id) AS topic_error,
           departments.name AS department, departments.name_en AS department_en,
           owner.masked_name AS name, owner.birth_date, owner.deceased_at IS NOT NULL AS dead,
           online.ends_at, online.turns_allowed - online.turns_used AS turns_left,
           said.kind AS in_kind, said.content AS in_content, said.received_at AS in_at,
           told.content AS out_content, told.created_at AS out_at, told.staff_id AS out_staff,
           told.status AS out_status, told.talk_id AS out_talk,
           (SELECT count(*) FROM (
                SELECT FROM inbound WHERE conversation_id = c.id AND kind NOT IN {_SILENT_KINDS}
                AND talk.id IS NOT NULL
                AND received_at > greatest(seen.seen_at, talk.requested_at - interval '2 minutes')
                LIMIT {_MOST_UNREAD}) AS new) AS unread,
           (SELECT min(received_at) FROM inbound WHERE conversation_id = c.id AND kind NOT IN {_SILENT_KINDS}
                AND received_at > greatest(talk.requested_at - interval '2 minutes', talk.last_said_at)
           ) AS unanswered_since,
           (SELECT max(expires_at) FROM quotas
            WHERE conversation_id = c.id AND remaining > 0 AND expires_at > :now) AS closes_at,
           (SELECT sum(remaining) FROM quotas
            WHERE conversation_id = c.id AND remaining > 0 AND expires_at > :now) AS left_to_send,
           (SELECT outcome FROM alarms
            WHERE conversation_id = c.id AND acknowledged_at IS NULL AND last_at > :alarmed
            ORDER BY raised_at DESC, number DESC LIMIT 1) AS alarm
    FROM unnest(CAST(:ids AS uuid[])) AS wanted (id)
    JOIN conversations c ON c.id = wanted.id
    JOIN contacts ON contacts.id = c.id
    JOIN controls ON controls.conversation_id = c.id
    LEFT JOIN LATERAL (
        SELECT * FROM talks WHERE talks.conversation_id = c.id
        ORDER BY ended_at IS NULL DESC, requested_at DESC LIMIT 1
    ) AS talk ON true
    LEFT JOIN staff ON staff.id = talk.staff_id
    LEFT JOIN departments ON departments.id = talk.department_id
    LEFT JOIN consultations online ON online.id = talk.consultation_id AND online.status = 'active'
    LEFT JOIN conversations_seen seen ON seen.conversation_id = c.id AND seen.staff_id = talk.staff_id
    LEFT JOIN account_patients own ON own.account_id = contacts.account_id AND own.relation = 'self'
    LEFT JOIN patients owner ON owner.id = own.patient_id
    LEFT JOIN LATERAL (
        SELECT kind, content, received_at FROM inbound
        WHERE conversation_id = c.id AND kind NOT IN {_SILENT_KINDS} ORDER BY received_at DESC, seq DESC LIMIT 1
    ) AS said ON true
    LEFT JOIN LATERAL (
        SELECT content, created_at, staff_id, status, talk_id FROM outbound
        WHERE conversation_id = c.id AND status <> 'dropped' AND (talk_id IS NULL OR staff_id IS NOT NULL)
        ORDER BY created_at DESC, seq DESC LIMIT 1
    ) AS told ON true
"""  # noqa: S608 - pieces of our own
_READ = text(_ROWS)
_OPEN = text("SELECT conversation_id FROM talks WHERE status IN ('waiting', 'active', 'unanswered')")
# From the latest messages on, for nearly all conversations of a hospital are the bot's.
_BOT = text("""
    SELECT conversation_id FROM (
        SELECT conversation_id, max(received_at) AS at
        FROM (SELECT conversation_id, received_at FROM inbound ORDER BY id DESC LIMIT :messages) AS latest
        GROUP BY conversation_id) AS said
    JOIN controls USING (conversation_id)
    WHERE controls.state = 'bot' AND at > :since ORDER BY at DESC LIMIT :limit
""")
_CLOSED = text("""
    SELECT conversation_id, max(ended_at) AS ended_at FROM talks
    WHERE ended_at > :since
      AND (CAST(:skills AS text[]) IS NULL OR skill = ANY(CAST(:skills AS text[])) OR staff_id = :staff)
    GROUP BY conversation_id ORDER BY max(ended_at) DESC LIMIT :limit
""")
_WAITING = text("""
    SELECT count(*) FROM talks
    WHERE status IN ('waiting', 'unanswered') AND consultation_id IS NULL AND skill = ANY(CAST(:skills AS text[]))
      AND (skill <> 'doctor' OR CAST(:department AS uuid) IS NULL OR department_id = :department)
       OR status = 'waiting' AND :staff IN (staff_id, wanted_staff_id)
       OR :watches AND status = 'active' AND silent_since IS NOT NULL
""")
_NEWEST = text("""
    SELECT coalesce(extract(epoch FROM max(CASE
        WHEN status = 'active' THEN CASE WHEN :watches THEN silent_since END
        ELSE greatest(CASE WHEN staff_id = :staff THEN assigned_at END,
                      CASE WHEN wanted_staff_id = :staff AND consultation_id IS NOT NULL THEN requested_at END,
                      CASE WHEN :watches THEN escalated_at END) END)), 0)
    FROM talks WHERE status IN ('waiting', 'active', 'unanswered')
""")
_RECENT_BOT, _RECENT_CLOSED = timedelta(days=2), timedelta(days=30)
_LATEST = 5000  # messages: some hours of a large hospital


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in the list. `name` is masked, None for somebody who has not registered; `last` are the last
    words, with numbers masked, and `last_by` who said them: patient, staff or bot. The bot's words about the talk
    itself, and all of them while the patient waits, would hide what the patient wants, and are left out.
    `unanswered_since`: since when the patient waits for a word of a person. `closes_at`, `left`: until when and how
    often the platform lets us write; None where it sets no limit. `ends_at`, `turns_left`: of a consultation that is
    going on. `with_doctors`: the talks that not everybody may read (bot.desk.talks.seeing)."""

    id: UUID
    channel: str
    language: str
    control: str
    talk_id: UUID | None
    status: str | None
    skill: str | None
    department_id: UUID | None
    department: str | None
    department_en: str | None
    reason: str | None
    priority: int
    staff_id: UUID | None
    wanted_staff_id: UUID | None
    consultation_id: UUID | None
    agent: str | None
    name: str | None
    elderly: bool
    last: str = field(repr=False)
    last_kind: str
    last_by: str
    last_state: str | None
    last_at: datetime | None
    unread: int
    requested_at: datetime | None
    unanswered_since: datetime | None
    ended_at: datetime | None
    closes_at: datetime | None
    left: int | None
    alarm: str | None
    ends_at: datetime | None = None
    turns_left: int | None = None
    answered_in: str = "desk"
    topic_error: str | None = None  # why the staff's group does not get the talk
    with_doctors: tuple[DoctorsTalk, ...] = ()
    last_talk_id: UUID | None = None  # of the last words, where they are ours
    escalated_at: datetime | None = None
    silent_since: datetime | None = None
    message: bool = False  # the patient left one, and does not sit there waiting
    dead: bool = False  # whoever the account belongs to died: somebody else writes

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def late(self) -> str:
        """What supervisors should see: "nobody" has taken it in time, or its person has been "silent" for too long."""
        if self.escalated_at and self.status in QUEUED:
            return "nobody"
        return "silent" if self.silent_since and self.status == TalkStatus.ACTIVE else ""

    @property
    def queued(self) -> bool:
        """A person is waited for, in silence or while the bot goes on. A doctor's consultations stand in a list of
        their own."""
        return self.status in QUEUED and self.consultation_id is None


async def read(
    session: Executor,
    crypto: Crypto,
    conversations: Collection[UUID],
    *,
    now: datetime,
    limited: Collection[str],
    public: Collection[str] = (),
) -> list[Row]:
    """The rows of these conversations, in no order. `limited`: channels whose platform limits what we may send;
    `public`: telephones of the hospital, which stand as they are."""
    if not conversations:
        return []
    values = {"ids": list(conversations), "now": now, "alarmed": now - FRESH_ALARM}
    doctors = await with_doctors(session, conversations)
    return [
        replace(_row(crypto, found, local_date(now), limited, public), with_doctors=doctors.get(found.id, ()))
        for found in await session.execute(_READ, values)
    ]


async def open_ones(session: Executor) -> list[UUID]:
    """Conversations in which a patient waits for a person or talks with one."""
    return [found.conversation_id for found in await session.execute(_OPEN)]


async def with_bot(session: Executor, now: datetime, limit: int = BOUND) -> list[UUID]:
    """Those in which the bot speaks, the latest first."""
    values = {"since": now - _RECENT_BOT, "messages": _LATEST, "limit": limit}
    return [found.conversation_id for found in await session.execute(_BOT, values)]


async def closed(
    session: Executor, now: datetime, *, skills: list[str] | None, staff_id: UUID, limit: int = BOUND
) -> list[UUID]:
    """Those whose talk ended, the latest first; with skills only theirs and this member's."""
    values = {"since": now - _RECENT_CLOSED, "skills": skills, "staff": staff_id, "limit": limit}
    return [found.conversation_id for found in await session.execute(_CLOSED, values)]


async def waiting_for(
    session: Executor, staff_id: UUID, skills: list[str], department_id: UUID | None, *, watches: bool = False
) -> int:
    """How many wait whom this member could take; for whoever `watches` over all also those who wait for too long for
    the next word of somebody else."""
    values = {"staff": staff_id, "skills": skills, "department": department_id, "watches": watches}
    return int(await session.scalar(_WAITING, values))


async def newest_for(session: Executor, staff_id: UUID, *, watches: bool = False) -> float:
    """When this member was last asked to take somebody, in seconds; for whoever `watches` over all also when somebody
    was let wait too long. 0.0: nobody waits so."""
    return float(await session.scalar(_NEWEST, {"staff": staff_id, "watches": watches}))


def _row(crypto: Crypto, found: Any, today: date, limited: Iterable[str], public: Collection[str]) -> Row:
    kind, words, by, at = _last(crypto, found, public)
    bound = found.channel in limited
    return Row(
        id=found.id,
        channel=found.channel,
        language=found.language,
        control=found.control,
        talk_id=found.talk_id,
        status=found.status,
        skill=found.skill,
        department_id=found.department_id,
        department=found.department,
        department_en=found.department_en or found.department,
        reason=found.reason,
        priority=found.priority or 0,
        staff_id=found.staff_id,
        wanted_staff_id=found.wanted_staff_id,
        consultation_id=found.consultation_id,
        agent=found.agent,
        name=found.name,
        elderly=bool(found.birth_date and age_on(found.birth_date, today) >= ELDERLY),
        last=words,
        last_kind=kind,
        last_by=by,
        last_state=found.out_status if by != "patient" else None,
        last_at=at,
        unread=int(found.unread),
        requested_at=found.requested_at,
        unanswered_since=found.unanswered_since if found.status in OPEN else None,
        ended_at=found.ended_at,
        closes_at=found.closes_at if bound else None,
        left=int(found.left_to_send or 0) if bound else None,
        alarm=found.alarm,
        ends_at=found.ends_at,
        turns_left=found.turns_left,
        answered_in=found.answered_in or "desk",
        topic_error=found.topic_error,
        last_talk_id=found.out_talk if by != "patient" else None,
        escalated_at=found.escalated_at,
        silent_since=found.silent_since,
        message=bool(found.message) and found.status in QUEUED,
        dead=bool(found.dead),
    )


def _last(crypto: Crypto, found: Any, public: Collection[str]) -> tuple[str, str, str, datetime | None]:
    """kind, words, who and when of the latest message; of whoever waits for a person, what they said last."""
    if found.in_at and (not found.out_at or found.in_at >= found.out_at or found.status in QUEUED):
        words = _preview(crypto, found.in_content, inbox.unseal, public)
        return found.in_kind, words, "patient", found.in_at
    if found.out_at:
        words = _preview(crypto, found.out_content, _said, public)
        return ("text" if words else "image"), words, "staff" if found.out_staff else "bot", found.out_at
    return "text", "", "bot", None


def _said(crypto: Crypto, content: bytes) -> dict[str, Any]:
    return {"text": outbox.unseal(crypto, content).text}


def _preview(crypto: Crypto, content: bytes, opened: Any, public: Collection[str]) -> str:
    """Of a message that cannot be opened nothing is shown; the list must stand nevertheless."""
    try:
        words = opened(crypto, content)["text"]
    except (Undecryptable, json.JSONDecodeError, KeyError) as error:
        log.error("a message cannot be read", reason=str(error))
        return ""
    return masked(" ".join(words.split()), public)[:_PREVIEW]
