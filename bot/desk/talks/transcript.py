"""What was said in a conversation, by whom, and what became of each message: patient, bot and staff in one line, with
notes, alarms and changes of hands between. Of what its reader may not read there is a line that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from bot import inbox, outbox
from bot.desk.talks.masking import masked
from bot.desk.talks.readable import DoctorsTalk, Readable
from integrations.crypto import Crypto, Undecryptable
from integrations.database import Executor

log = structlog.get_logger()

PAGE = 60  # items shown at once; older ones are asked for
LATEST = datetime.max.replace(tzinfo=UTC)

_IN = text("""
    SELECT inbound.id, inbound.kind, inbound.content, inbound.received_at AS at, inbound.alarm, inbound.channel,
           media.id AS medium, media.status AS medium_status, media.mime
    FROM inbound LEFT JOIN media ON media.inbound_id = inbound.id
    WHERE inbound.conversation_id = :id AND inbound.kind NOT IN ('event', 'system')
      AND inbound.received_at < CAST(:before AS timestamptz)
      AND NOT inbound.received_at <@ CAST(:closed_spans AS tstzmultirange)
    ORDER BY inbound.received_at DESC, inbound.seq DESC LIMIT :limit
""")
_OUT = text("""
    SELECT outbound.id, outbound.content, outbound.created_at AS at, outbound.status, outbound.error,
           outbound.exempt, outbound.staff_id,
           outbound.notified_at, staff.name AS agent
    FROM outbound LEFT JOIN staff ON staff.id = outbound.staff_id
    WHERE outbound.conversation_id = :id AND outbound.created_at < CAST(:before AS timestamptz)
      AND NOT outbound.created_at <@ CAST(:closed_spans AS tstzmultirange)
      AND (outbound.talk_id = ANY(CAST(:closed AS uuid[])) AND outbound.created_at >= (
            SELECT accepted_at FROM talks WHERE talks.id = outbound.talk_id)) IS NOT TRUE
    ORDER BY outbound.created_at DESC, outbound.seq DESC LIMIT :limit
""")
_NOTES = text("""
    SELECT talk_notes.id, talk_notes.words, talk_notes.created_at AS at, staff.name AS agent
    FROM talk_notes JOIN staff ON staff.id = talk_notes.staff_id JOIN talks ON talks.id = talk_notes.talk_id
    WHERE talk_notes.conversation_id = :id AND talk_notes.created_at < CAST(:before AS timestamptz)
      AND NOT (talks.id = ANY(CAST(:closed AS uuid[])) AND talk_notes.created_at >= talks.accepted_at)
    ORDER BY talk_notes.created_at DESC LIMIT :limit
""")
_ALARMS = text("""
    SELECT id, number, outcome, raised_at AS at, acknowledged_by FROM alarms
    WHERE conversation_id = :id AND raised_at < CAST(:before AS timestamptz)
    ORDER BY raised_at DESC LIMIT :limit
""")
_TALKS = text("""
    SELECT talks.id, talks.skill, talks.reason, talks.status, talks.requested_at, talks.accepted_at, talks.ended_at,
           coalesce(ender.name, talks.ended_by) AS ended_by, coalesce(staff.name, talks.native_agent) AS agent
    FROM talks LEFT JOIN staff ON staff.id = talks.staff_id
    LEFT JOIN staff AS ender ON talks.ended_by = 'staff:' || ender.login
    WHERE talks.conversation_id = :id AND talks.requested_at < CAST(:before AS timestamptz)
    ORDER BY talks.requested_at DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in the transcript. `key` is the same in every reading. `by`: patient, staff, bot, note, or event for
    what happened without words (`event` names it, `detail` says more). `state`: queued, sending, sent, failed,
    unknown, held or dropped, for what we send."""

    key: str
    by: str
    at: datetime
    kind: str = "text"
    text: str = field(default="", repr=False)
    agent: str = ""
    state: str = ""
    error: str = ""
    options: tuple[str, ...] = ()
    medium: UUID | None = None
    medium_state: str = ""
    mime: str = ""
    event: str = ""
    detail: str = ""
    alarm: str = ""
    place: tuple[float, float] | None = None


async def read(
    session: Executor,
    crypto: Crypto,
    conversation_id: UUID,
    readable: Readable,
    *,
    before: datetime,
    limit: int = PAGE,
    waiting: bool = False,
) -> list[Item]:
    """The last `limit` items before that moment, the oldest first. `waiting`: nobody may write actively now, so what
    is queued is held. Numbers of persons that the patient wrote are masked."""
    if readable.until:
        before = min(before, readable.until + timedelta.resolution)
    closed = [talk.id for talk in readable.closed]
    about = {"id": conversation_id, "before": before, "limit": limit}
    about |= {"closed": closed, "closed_spans": readable.spans}
    items: list[Item] = []
    for statement, made in (
        (_IN, _inbound), (_OUT, _outbound), (_NOTES, _note), (_ALARMS, _alarm), (_TALKS, _talk),
    ):  # fmt: skip
        for row in reversed((await session.execute(statement, about)).all()):
            items += made(crypto, row)
    items += [_not_shown(talk) for talk in readable.closed]
    items = sorted((item for item in items if item.at < before), key=lambda item: item.at)[-limit:]
    return [replace(item, state="held") if waiting and item.state == "queued" else item for item in items]


def _inbound(crypto: Crypto, row: Any) -> list[Item]:
    parts = _opened(inbox.unseal, crypto, row.content, {"text": "", "choice": ""})
    place = parts.get("location")
    words = parts["text"] or (place[2] if place else "")
    return [
        Item(
            f"i{row.id.hex}",
            "patient",
            row.at,
            kind=row.kind,
            text=masked(words),
            medium=row.medium,
            medium_state=row.medium_status or "",
            mime=row.mime or "",
            alarm=row.alarm or "",
            place=(place[0], place[1]) if place else None,
            detail="page" if row.channel == inbox.PAGE else "",
        )
    ]


def _outbound(crypto: Crypto, row: Any) -> list[Item]:
    said = _opened(outbox.unseal, crypto, row.content, outbox.Reply(""))
    return [
        Item(
            f"o{row.id.hex}",
            "staff" if row.staff_id else "bot",
            row.at,
            kind="image" if said.picture else "transfer" if said.transfer else "text",
            text=said.text,
            agent=row.agent or "",
            state=row.status,
            error=row.error or "",
            options=tuple(option.title for option in said.options),
            medium=said.picture,
            medium_state="stored" if said.picture else "",
            mime="image/png" if said.picture else "",
            alarm="answer" if row.exempt else "",
            detail="notice" if row.notified_at else "",
        )
    ]


def _note(crypto: Crypto, row: Any) -> list[Item]:
    words = _opened(Crypto.decrypt, crypto, row.words, "", "talk_notes.words")
    return [Item(f"n{row.id.hex}", "note", row.at, text=words, agent=row.agent)]


def _alarm(_: Crypto, row: Any) -> list[Item]:
    return [
        Item(
            f"a{row.id.hex}",
            "event",
            row.at,
            event="alarm",
            alarm=row.outcome,
            detail=str(row.number),
            agent=row.acknowledged_by or "",
        )
    ]


def _talk(_: Crypto, row: Any) -> list[Item]:
    """Asked for, accepted, ended: three moments of a talk."""
    items = [Item(f"q{row.id.hex}", "event", row.requested_at, event="asked", detail=row.reason)]
    if row.accepted_at:
        items.append(
            Item(f"b{row.id.hex}", "event", row.accepted_at, event="accepted", agent=row.agent or "")
        )
    if row.ended_at:
        items.append(
            Item(f"e{row.id.hex}", "event", row.ended_at, event=row.status, agent=row.ended_by or "")
        )
    return items


def _not_shown(talk: DoctorsTalk) -> Item:
    kind = "consultation" if talk.consultation else "doctor"
    return Item(f"h{talk.id.hex}", "event", talk.begin, event="not_shown", detail=kind)


def _opened(open_: Callable[..., Any], crypto: Crypto, content: bytes, otherwise: Any, *context: str) -> Any:
    """What cannot be opened stands empty: the rest of the talk must be readable."""
    try:
        return open_(crypto, content, *context)
    except (Undecryptable, json.JSONDecodeError) as error:
        log.error("a message cannot be read", reason=str(error))
        return otherwise
