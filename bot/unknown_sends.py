"""Messages of unknown fate (they left, and no answer came): staff read them, say them again, or let them be. What the
patient hears again inside their next answer (bot.outbox.repeat_unknown) leaves the list by itself. With them stands
what a person said and could not leave before somebody else had the talk, for nobody else says it for them; and what a
shut window holds back for so long that the patient had better be called.

What a person said is theirs, and what the program said the customer service's; those who watch over talks see all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import outbox
from bot.handoff.models import Skill
from bot.handoff.talking import SKILLS
from integrations.crypto import Crypto
from integrations.database import utcnow
from integrations.hospital import audit, revealing
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right, may
from integrations.part import Part, counted

LISTED_FOR = timedelta(days=7)  # what is older is no news to anybody


class NotUnknown(LookupError):
    """No message of unknown fate that is this member's has this id (any more)."""


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """`patient` is masked, the account's owner; `notice`: the kind of news, where it is some; `left` False: the talk
    changed hands before it could, or, where it `waits`, the patient has to write first."""

    id: UUID
    conversation_id: UUID
    channel: str
    patient: str
    notice: str | None
    error: str | None
    sent_at: datetime
    left: bool = True
    waits: bool = False


# With the values of `whose`.
THEIRS = "(:watches OR staff_id = CAST(:own AS uuid) OR :serves AND staff_id IS NULL)"
UNSENT = f"status = 'dropped' AND error = '{outbox.CHANGED_HANDS}' AND repeated_at IS NULL"
HELD = f"""
    status = 'queued' AND staff_id IS NOT NULL AND error IN ('{outbox.SHUT}', '{outbox.USED_UP}')
    AND repeated_at IS NULL AND created_at < CAST(:now AS timestamptz) - interval '1 hour'
"""
_LEFT = "status = 'unknown' AND repeated_at IS NULL"
_LIST = text(f"""
    SELECT count(*) OVER () AS total,
           o.id, o.conversation_id, c.channel, coalesce(pt.masked_name, '-') AS patient, o.notice, o.error,
           coalesce(o.claimed_at, o.created_at) AS sent_at, o.status = 'unknown', o.status = 'queued'
    FROM (SELECT * FROM outbound WHERE {_LEFT} UNION ALL SELECT * FROM outbound WHERE {UNSENT}
          UNION ALL SELECT * FROM outbound WHERE {HELD}) AS o
    JOIN contacts c ON c.id = o.conversation_id
    LEFT JOIN account_patients ap ON ap.account_id = c.account_id AND ap.relation = 'self'
    LEFT JOIN patients pt ON pt.id = ap.patient_id
    WHERE coalesce(o.claimed_at, o.created_at) > :since AND {THEIRS}
    ORDER BY sent_at, o.id LIMIT CAST(:limit AS int)
""")  # noqa: S608 - pieces of our own
_ONE = text(f"""
    SELECT content FROM outbound WHERE id = :id AND ({_LEFT} OR {UNSENT} OR {HELD}) AND {THEIRS}
""")  # noqa: S608
_SETTLE = text(f"""
    UPDATE outbound SET repeated_at = :now
    WHERE id = :id AND ({_LEFT} OR :unsent AND ({UNSENT} OR {HELD})) AND {THEIRS}
    RETURNING conversation_id
""")  # noqa: S608
# What a person or an alarm said is theirs again: it leaves whoever speaks by now.
_AGAIN = text("""
    INSERT INTO outbound (conversation_id, content, epoch, exempt, notice, about, talk_id, staff_id)
    SELECT conversation_id, content, :epoch, exempt, notice, about, talk_id, staff_id FROM outbound WHERE id = :id
""")
# Before the message, as everybody who sends takes them.
_EPOCH = text("""
    SELECT epoch FROM controls WHERE conversation_id = (SELECT conversation_id FROM outbound WHERE id = :id) FOR SHARE
""")


def serves(member: StaffMember) -> bool:
    """Whether the program's own words are theirs to see to."""
    return Skill.SERVICE in SKILLS.get(member.role, frozenset())


def whose(member: StaffMember | None) -> Mapping[str, object]:
    """The values that THEIRS takes; of nobody in particular everything is."""
    if member is None:
        return {"watches": True, "serves": True, "own": None}
    return {"watches": may(member, Right.TALKS_WATCH), "serves": serves(member), "own": member.id}


async def listed(
    session: AsyncSession, member: StaffMember, now: datetime, limit: int | None = None
) -> Part[UnknownSend]:
    """The oldest first."""
    values = {"now": now, "since": now - LISTED_FOR, "limit": limit, **whose(member)}
    return counted((await session.execute(_LIST, values)).all(), lambda row: UnknownSend(*row[1:]))


async def read(
    session: AsyncSession,
    crypto: Crypto,
    outbound_id: UUID,
    member: StaffMember,
    *,
    reason: str,
    now: datetime | None = None,
) -> str:
    """Its words; the audit log keeps who read them, and why. Raises NotUnknown, NoReason."""
    values = {"id": outbound_id, "now": now or utcnow(), **whose(member)}
    content = await session.scalar(_ONE, values)
    if content is None:
        raise NotUnknown
    subject = f"outbound:{outbound_id}"
    await revealing.record(session, actor=member.actor, action="message_read", subject=subject, reason=reason)
    return outbox.unseal(crypto, content).text


async def say_again(
    session: AsyncSession, outbound_id: UUID, member: StaffMember, *, reason: str, now: datetime
) -> UUID:
    """Queues it once more, at most once; the patient may read it twice. Gives the conversation, to be woken after the
    commit. Raises NotUnknown."""
    epoch = await session.scalar(_EPOCH, {"id": outbound_id})
    conversation = await _settle(session, outbound_id, member, now, unsent=False)
    await session.execute(_AGAIN, {"id": outbound_id, "epoch": epoch})
    await _audit(session, member.actor, "message_said_again", outbound_id, reason)
    return conversation


async def let_be(
    session: AsyncSession, outbound_id: UUID, member: StaffMember, *, reason: str, now: datetime
) -> None:
    """The patient knows it (was called), or need not. Raises NotUnknown."""
    await _settle(session, outbound_id, member, now, unsent=True)
    await _audit(session, member.actor, "message_settled", outbound_id, reason)


async def _settle(
    session: AsyncSession, outbound_id: UUID, member: StaffMember, now: datetime, *, unsent: bool
) -> UUID:
    """Gives the conversation. `unsent`: also of what never left. Raises NotUnknown."""
    values = {"id": outbound_id, "now": now, "unsent": unsent, **whose(member)}
    found = (await session.execute(_SETTLE, values)).one_or_none()
    if found is None:
        raise NotUnknown
    conversation: UUID = found.conversation_id
    return conversation


async def _audit(session: AsyncSession, actor: str, action: str, outbound_id: UUID, reason: str) -> None:
    await audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"outbound:{outbound_id}",
        detail={"reason": reason[:200]},
    )
