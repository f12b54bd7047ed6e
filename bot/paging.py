"""Staff are paged when a red flag was seen, or when what alarms in a follow-up waits for longer than it may: those on
call at once, the duty office when nobody has acknowledged in time. One message tells of all that waits, and no phone
gets more than it can bear."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox
from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.hospital import audit, revealing
from integrations.hospital.follow_up import alerts
from integrations.hospital.models import DutyLevel
from integrations.hospital.staff import roster
from integrations.part import Part, counted
from integrations.runtime import Runtime
from integrations.sms.interface import SmsError

log = structlog.get_logger()

PAGED = Counter(
    "daozhen_pages_total", "Pages of red flags and follow-up alerts to staff", ["level", "result"]
)
ACKNOWLEDGED = Histogram(
    "daozhen_alarm_acknowledged_seconds",
    "From a red flag to its acknowledgement",
    buckets=(30, 60, 120, 300, 600, 1800),
)
ALERT_ACKNOWLEDGED = Histogram(
    "daozhen_follow_up_alert_acknowledged_seconds",
    "From the page of a follow-up alert to its acknowledgement",
    buckets=(30, 60, 120, 300, 600, 1800),
)
ONCALL, OFFICE = DutyLevel.ONCALL.value, DutyLevel.OFFICE.value
PAUSE = timedelta(seconds=31)  # between two messages to one phone: services refuse a second within 30 seconds
MOST_AN_HOUR = 20  # to one level; what is over it stands in the list, and goes with the next that may be sent
MOST_OF_ALERTS = 10  # of these, so that red flags find room; alerts that are over it wait
_RETRIES = 3  # to one phone for one batch

# One batch at a time: gateways and workers page, and nobody should be called twice for one alarm.
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('paging', 0))")
_LAST = text("""
    SELECT max(sent_at) AS last, count(*) FILTER (WHERE phone = -1) AS hourly
    FROM page_slips WHERE level = :level AND sent_at > :hour
""")
# An alert gets its number here, in one count with the red flags: staff acknowledge either by it. Alerts page by
# themselves while they leave `room` for red flags, and else together with one.
_DUE = {
    ONCALL: text("""
        WITH flags AS (
            UPDATE alarms SET paged_at = :now
            WHERE page_at <= :now AND paged_at IS NULL AND acknowledged_at IS NULL RETURNING number
        ), alerts AS (
            UPDATE follow_up_alerts SET paged_at = :now, number = coalesce(number, nextval('alarms_number_seq'))
            WHERE page_at <= :now AND paged_at IS NULL AND status = 'open'
              AND (:room OR EXISTS (SELECT FROM flags)) RETURNING number
        )
        SELECT number FROM flags UNION ALL SELECT number FROM alerts
    """),
    OFFICE: text("""
        WITH flags AS (
            UPDATE alarms SET office_at = :now
            WHERE page_at <= :late AND coalesce(paged_at, page_at) <= :late
              AND office_at IS NULL AND acknowledged_at IS NULL RETURNING number
        ), alerts AS (
            UPDATE follow_up_alerts SET office_at = :now, number = coalesce(number, nextval('alarms_number_seq'))
            WHERE page_at <= :late AND coalesce(paged_at, page_at) <= :late
              AND office_at IS NULL AND status = 'open'
              AND (:room OR EXISTS (SELECT FROM flags)) RETURNING number
        )
        SELECT number FROM flags UNION ALL SELECT number FROM alerts
    """),  # in time also those that no page to those on call had room for
}
_HELD = text("""
    SELECT count(*) FROM alarms WHERE page_at <= :now AND acknowledged_at IS NULL
       AND CASE CAST(:level AS text) WHEN 'office' THEN office_at IS NULL AND coalesce(paged_at, page_at) <= :late
                       ELSE paged_at IS NULL END
""")
_SLIP = text("""
    INSERT INTO page_slips (level, phone, alarms, sent_at, error)
    VALUES (:level, :phone, :alarms, :now, :error)
""")
_WAITING = text("""
    SELECT count(*) OVER () AS total,
           number, outcome, rule, times, answer, raised_at, last_at, page_at, paged_at, office_at, acknowledged_at,
           acknowledged_by, channel,
           (SELECT count(*) FROM page_slips
            WHERE phone >= 0 AND error IS NULL AND sent_at IN (paged_at, office_at)) AS reached
    FROM alarms JOIN contacts ON contacts.id = conversation_id
    WHERE (:every OR page_at IS NOT NULL AND acknowledged_at IS NULL)
    ORDER BY raised_at DESC LIMIT CASE WHEN :every THEN CAST(:limit AS int) END  -- of what waits, nothing is left out
""")
_ALERTS = text("""
    SELECT number, duty, coalesce(paged_at, office_at) AS told_at, office_at,
           (SELECT count(*) FROM page_slips
            WHERE phone >= 0 AND error IS NULL AND sent_at IN (paged_at, office_at)) AS reached
    FROM follow_up_alerts WHERE status = 'open' AND number IS NOT NULL ORDER BY number DESC
""")
_ACKNOWLEDGE = text("""
    UPDATE alarms SET acknowledged_at = :now, acknowledged_by = :by
    WHERE number = :number AND acknowledged_at IS NULL RETURNING raised_at
""")
_TIMES = text("""
    SELECT count(*) AS alarms, count(acknowledged_at) AS acknowledged, count(office_at) AS late,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM acknowledged_at - raised_at)) AS median,
           max(extract(epoch FROM acknowledged_at - raised_at)) AS longest
    FROM (
        SELECT raised_at, acknowledged_at, office_at FROM alarms WHERE page_at IS NOT NULL
        UNION ALL
        SELECT coalesce(paged_at, office_at), coalesce(acknowledged_at, closed_at), office_at FROM follow_up_alerts
        WHERE number IS NOT NULL AND closed_by IS DISTINCT FROM 'patient'
    ) AS paged WHERE raised_at > :since
""")


@dataclass(frozen=True, slots=True)
class Batch:
    """Alarms of which one message tells."""

    level: str
    numbers: tuple[int, ...]
    at: datetime


async def page(rt: Runtime) -> None:
    """Pages whom there is to page. What is due is noted first: a process that dies here has paged or has left it to the
    duty office, and nobody is called over and over."""
    for level in (ONCALL, OFFICE):
        if batch := await _take(rt, level):
            await _send(rt, batch)


async def _take(rt: Runtime, level: str) -> Batch | None:
    now = rt.now()
    async with rt.database.transaction() as session:
        if not await session.scalar(_ALONE):
            return None
        before = (await session.execute(_LAST, {"level": level, "hour": now - timedelta(hours=1)})).one()
        if before.last and now - before.last < PAUSE:
            return None  # soon, together with what comes until then
        late = now - timedelta(minutes=rt.settings.page_minutes)
        if before.hourly >= MOST_AN_HOUR:  # what is due goes with the next page that may be sent
            if held := await session.scalar(_HELD, {"level": level, "now": now, "late": late}):
                PAGED.labels(level, "too many").inc()
                log.error("no page sent: too many in this hour", level=level, alarms=held)
            return None
        room = before.hourly < MOST_OF_ALERTS
        due = await session.execute(_DUE[level], {"now": now, "late": late, "room": room})
        numbers = tuple(sorted(row.number for row in due))
        if not numbers:
            return None
        log.warning("somebody waits for staff", level=level, numbers=numbers)
        # The place of this batch in the hour, also where no phone is set.
        await session.execute(_SLIP, _slip(level, -1, numbers, now, "taken"))
        return Batch(level, numbers, now)


async def _send(rt: Runtime, batch: Batch) -> None:
    phones = await _phones(rt, batch)
    if not phones:
        PAGED.labels(batch.level, "nobody").inc()
        log.error("nobody can be paged: no phone is set", level=batch.level, numbers=batch.numbers)
    for place, phone in enumerate(phones):
        error = await _send_one(rt, phone, batch)
        PAGED.labels(batch.level, "failed" if error else "sent").inc()
        async with rt.database.transaction() as session:
            await session.execute(_SLIP, _slip(batch.level, place, batch.numbers, batch.at, error))


async def _send_one(rt: Runtime, phone: str, batch: Batch) -> str | None:
    """Gives why it failed, or None."""
    for attempt in range(1, _RETRIES + 1):
        try:
            await rt.sms.send_page(phone, len(batch.numbers), batch.numbers[-1])
        except SmsError as error:
            if error.retryable and attempt < _RETRIES:
                continue
            log.error("a page was not sent", level=batch.level, reason=type(error).__name__)
            return type(error).__name__
        return None
    return None


async def _phones(rt: Runtime, batch: Batch) -> list[str]:
    """Of whoever is on duty; where the roster names nobody, or cannot be read, those of the settings."""
    try:
        async with rt.database.begin() as session:
            found = await roster.on_duty(session, rt.crypto, DutyLevel(batch.level), batch.at)
    except Exception:  # whatever is wrong with it, somebody must be called
        log.exception("the duty roster cannot be read", level=batch.level)
        found = []
    if found:
        return list(dict.fromkeys(one.phone for one in found))
    written = rt.settings.oncall_phones if batch.level == ONCALL else rt.settings.duty_office_phones
    return [phone.strip() for phone in written.split(",") if phone.strip()]


def _slip(
    level: str, phone: int, numbers: tuple[int, ...], now: datetime, error: str | None
) -> dict[str, Any]:
    return {"level": level, "phone": phone, "alarms": len(numbers), "now": now, "error": error}


async def listed(session: Executor, *, every: bool = False, limit: int = 50) -> Part[Any]:
    """All alarms that nobody has acknowledged; or of all (`every`) the latest, `limit` of them."""
    return counted((await session.execute(_WAITING, {"every": every, "limit": limit})).all(), lambda row: row)


async def alerts_listed(session: Executor) -> list[Any]:
    """The follow-up alerts that staff were paged about and that nobody has taken yet."""
    return list((await session.execute(_ALERTS)).all())


async def acknowledge(session: Executor, number: int, by: str, now: datetime) -> timedelta:
    """Somebody looks after it. Gives how long it took. Raises LookupError where there is nothing to acknowledge."""
    row = (await session.execute(_ACKNOWLEDGE, {"number": number, "by": by, "now": now})).first()
    if row is None:
        raise LookupError(number)
    took: timedelta = now - row.raised_at
    ACKNOWLEDGED.observe(took.total_seconds())
    return took


@dataclass(frozen=True, slots=True)
class Written:
    """What the patient wrote around a red flag."""

    at: datetime
    words: str = field(repr=False)


# Of many, those nearest to the alarm.
_WORDS = text("""
    SELECT content, received_at FROM (
        SELECT inbound.content, inbound.received_at, inbound.seq FROM alarms
        JOIN inbound ON inbound.conversation_id = alarms.conversation_id
        WHERE number = :number AND kind NOT IN ('event', 'unfollow', 'system')
          AND inbound.received_at BETWEEN alarms.raised_at - interval '10 minutes'
                                      AND alarms.last_at + interval '10 minutes'
        ORDER BY abs(extract(epoch FROM inbound.received_at - alarms.raised_at)), inbound.seq DESC LIMIT 30
    ) AS nearest ORDER BY seq
""")


async def read(
    session: AsyncSession, crypto: Crypto, number: int, *, actor: str, reason: str
) -> list[Written]:
    """The audit log keeps who read it, and why. Raises NoReason; LookupError where there is no such alarm."""
    rows = (await session.execute(_WORDS, {"number": number})).all()
    if not rows:
        raise LookupError(number)
    subject = f"alarm:{number}"
    await revealing.record(session, actor=actor, action="alarm.read", subject=subject, reason=reason)
    return [Written(row.received_at, str(inbox.unseal(crypto, row.content)["text"])) for row in rows]


async def look_after(session: AsyncSession, number: int, *, actor: str, now: datetime) -> timedelta:
    """`acknowledge`, with its entry in the audit log; also of a follow-up alert, by the number of its page."""
    if (alert_id := await alerts.paged_as(session, number)) is not None:
        return await take_alert(session, alert_id, actor=actor, now=now) or timedelta()
    took = await acknowledge(session, number, actor, now)
    await audit.record(session, actor=actor, action="alarm.acknowledged", subject=f"alarm:{number}")
    return took


async def take_alert(
    session: AsyncSession, alert_id: UUID, *, actor: str, now: datetime, within: UUID | None = None
) -> timedelta | None:
    """Somebody looks after a follow-up alert. Gives how long after its page; None before one. Raises UnknownAlert,
    OtherDepartment."""
    took = await alerts.acknowledge(session, alert_id, staff=actor, now=now, within=within)
    if took is not None:
        ALERT_ACKNOWLEDGED.observe(took.total_seconds())
    return took


async def times(session: Executor, since: datetime) -> Any:
    """How many were paged, and how long it took until somebody looked: alarms, acknowledged, late, median, longest."""
    return (await session.execute(_TIMES, {"since": since})).one()
