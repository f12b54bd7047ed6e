"""How many wait in each queue, and since when the oldest does: for the badges and the start page. Only reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import affected, unknown_sends
from bot.alarms import RINGS_AGAIN
from bot.desk.registry import Count
from integrations.database import utcnow
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right, limited_to

# Each gives count and oldest.
_WAITING = {
    "alarms": "SELECT count(*), min(raised_at) FROM alarms WHERE page_at IS NOT NULL AND acknowledged_at IS NULL",
    "prescriptions": """
        SELECT count(*), min(issued_at) FROM prescriptions WHERE status IN ('issued', 'in_review')""",
    "amendments": """
        SELECT count(*), min(r.overdue_at) FROM prescription_reviews r
        JOIN prescriptions p ON p.id = r.prescription_id JOIN consultations c ON c.id = p.consultation_id
        WHERE r.overdue_at IS NOT NULL AND r.settled_at IS NULL AND p.status IN ('rejected', 'expired')
          AND c.status IN ('active', 'finished')
          AND NOT EXISTS (SELECT FROM prescriptions later WHERE later.amends_id = p.id)""",
    "alerts": """
        SELECT count(*), min(a.created_at) FROM follow_up_alerts a
        LEFT JOIN follow_up_answers w ON w.id = a.answer_id LEFT JOIN follow_up_tasks t ON t.id = w.task_id
        LEFT JOIN follow_up_enrolments e ON e.id = t.enrolment_id
        WHERE a.status <> 'closed'
          AND (CAST(:within AS uuid) IS NULL OR e.department_id IS NULL OR e.department_id = :within)""",
    "calls": """
        SELECT count(*), min(t.due_at) FROM follow_up_tasks t JOIN follow_up_enrolments e ON e.id = t.enrolment_id
        WHERE t.status = 'missed' AND t.called_at IS NULL AND e.status <> 'stopped'
          AND (t.next_call_at IS NULL OR t.next_call_at <= :now)
          AND (CAST(:within AS uuid) IS NULL OR e.department_id IS NULL OR e.department_id = :within)
          AND NOT EXISTS (SELECT FROM follow_up_tasks later WHERE later.enrolment_id = t.enrolment_id
                            AND later.due_at > t.due_at AND later.status IN ('answering', 'done'))""",
    "cases": """
        SELECT count(*), min(created_at) FROM cases
        WHERE status IN ('open', 'in_progress', 'reopened') AND kind IN ('complaint', 'adverse_event', 'other')""",
    "schedules": f"SELECT count(*), min(since) FROM ({affected.UNREACHED}) AS unreached",  # noqa: S608
    "identities": """
        SELECT count(*), min(since) FROM (
            SELECT created_at AS since FROM patients WHERE status = 'review'
            UNION ALL SELECT created_at FROM identity_requests WHERE status = 'open') waiting""",
    "parcels": "SELECT count(*), min(state_at) FROM deliveries WHERE status IN ('problem', 'returned')",
    "refunds": """
        SELECT count(*), min(created_at) FROM refunds
        WHERE status IN ('abnormal', 'closed')
           OR status IN ('due', 'processing') AND created_at < CAST(:now AS timestamptz) - interval '1 day'""",
    "differences": "SELECT count(*), min(found_at) FROM differences WHERE settled_at IS NULL",
    "unknown": f"""
        SELECT count(*), min(since) FROM (
            SELECT coalesce(claimed_at, created_at) AS since FROM outbound
            WHERE status = 'unknown' AND repeated_at IS NULL
              AND coalesce(claimed_at, created_at) > CAST(:now AS timestamptz) - interval '7 days'
              AND {unknown_sends.THEIRS}
            UNION ALL SELECT created_at FROM outbound
            WHERE {unknown_sends.UNSENT} AND created_at > CAST(:now AS timestamptz) - interval '7 days'
              AND {unknown_sends.THEIRS}
            UNION ALL SELECT created_at FROM outbound
            WHERE {unknown_sends.HELD} AND created_at > CAST(:now AS timestamptz) - interval '7 days'
              AND {unknown_sends.THEIRS}
            UNION ALL SELECT created_at FROM hospital_events
            WHERE handled_at IS NULL AND given_up_at IS NOT NULL AND :serves) waiting""",  # noqa: S608
    "questions": "SELECT count(*), min(first_asked_at) FROM unanswered_questions",
}
_NEWEST_ALARMS = text("""
    SELECT number, extract(epoch FROM
               CASE WHEN rings_at <= :now THEN rings_at ELSE greatest(page_at, rings_at - :rings_again) END) AS at
    FROM alarms WHERE page_at <= :now AND acknowledged_at IS NULL
""")
RIGHTS = {
    "alarms": Right.ALARMS_ACKNOWLEDGE,
    "prescriptions": Right.PRESCRIPTIONS_REVIEW,
    "amendments": Right.PRESCRIPTIONS_WATCH,
    "alerts": Right.FOLLOW_UPS_CALL,
    "calls": Right.FOLLOW_UPS_CALL,
    "cases": Right.CASES_WORK,
    "schedules": Right.SCHEDULES_CHANGE,
    "identities": Right.IDENTITIES_REVIEW,
    "parcels": Right.PARCELS_WORK,
    "refunds": Right.MONEY_REFUND,
    "differences": Right.MONEY_REFUND,
    "unknown": Right.TALKS_ANSWER,
    "questions": Right.QUESTIONS_ANSWER,
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """`oldest`: since when; None where nothing waits."""

    name: str
    count: int
    oldest: datetime | None


async def waiting(
    session: AsyncSession,
    names: Iterable[str],
    now: datetime,
    within: UUID | None = None,
    member: StaffMember | None = None,
) -> list[Waiting]:
    """In the order of the names, in one query. `within`: of the follow-ups those of this department, and of none;
    `member`: of the messages of unknown fate this member's."""
    wanted = [name for name in names if name in _WAITING]
    if not wanted:
        return []
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, w.number, w.oldest FROM ({_WAITING[name]}) AS w (number, oldest)"  # noqa: S608
        for name in wanted
    )
    values = {"now": now, "within": within, **unknown_sends.whose(member)}
    rows = await session.execute(
        text(parts), {name: value for name, value in values.items() if f":{name}" in parts}
    )
    found = {row.name: Waiting(row.name, row.number, row.oldest) for row in rows}
    return [found[name] for name in wanted]


async def newest_alarms(
    session: AsyncSession, now: datetime, _member: StaffMember | None = None
) -> dict[str, float]:
    """The red flags that wait for somebody, and when the desk was last to sound for each, in seconds."""
    found = await session.execute(_NEWEST_ALARMS, {"now": now, "rings_again": RINGS_AGAIN})
    return {str(row.number): float(row.at) for row in found}


def badge(name: str) -> Count:
    """For the navigation."""

    async def count(session: AsyncSession, member: StaffMember) -> int:
        [found] = await waiting(session, [name], utcnow(), limited_to(member), member)
        return found.count

    return count
