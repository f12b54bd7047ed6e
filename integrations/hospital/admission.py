"""Whether a patient may book a half day: the hospital's rules, applied to what the patient and the account have.

With `lock` the account's and the patient's rows are held until the transaction ends, so that of two bookings for
one person, on whatever channels, the second counts the first. Whoever holds an appointment's row as well takes it
before these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.clock import hospital_zone, local_date
from integrations.hospital.models import Sex
from integrations.hospital.reading import age_on
from integrations.hospital.refusals import (
    AgeOutside,
    AlreadyBooked,
    Blocked,
    DayLimit,
    DepartmentDayLimit,
    HoldDayLimit,
    HoldLimit,
    NotBookable,
    NotYours,
    OpenLimit,
    OtherSex,
    OutsideHorizon,
)
from integrations.hospital.rules import BookingRules, rules_of


@dataclass(frozen=True, slots=True)
class Admission:
    """The patient may book: what it costs, and by what rules."""

    fee_fen: int
    rules: BookingRules


async def admit(
    session: AsyncSession,
    *,
    schedule_id: UUID,
    patient_id: UUID,
    account_id: UUID,
    now: datetime,
    lock: bool,
    instead_of: UUID | None = None,
) -> Admission:
    """Leaves `instead_of`, an appointment that is to make room, out of all counts. Raises NotBookable, NotYours,
    OutsideHorizon, AlreadyBooked and every RuleRefusal of booking."""
    who = {"account_id": account_id, "patient_id": patient_id}
    if lock:
        for statement in _LOCKS:
            await session.execute(statement, who)
    values = who | {"schedule_id": schedule_id, "instead_of": instead_of}
    facts = (await session.execute(_FACTS, values)).one_or_none()
    if facts is None or not facts.open:
        raise NotBookable
    rules = await rules_of(session, facts.department_id)
    _admit_here(facts, rules, now)
    await _admit_patient(session, facts, rules, values, now)
    if facts.fee_fen:
        await _admit_hold(session, rules, values, now)
    return Admission(int(facts.fee_fen), rules)


_LOCKS = (
    text("SELECT FROM accounts WHERE id = :account_id FOR NO KEY UPDATE"),
    text("SELECT FROM patients WHERE id = :patient_id FOR NO KEY UPDATE"),
)
_FACTS = text("""
    SELECT s.fee_fen, s.date, s.department_id, pt.birth_date, pt.sex,
           s.status = 'open' AND d.active AND p.active AS open,
           -- an account that was merged a moment ago keeps its patients' rows, but its owner sees the other one
           ap.patient_id IS NOT NULL AND NOT EXISTS (
               SELECT FROM accounts WHERE id = :account_id AND merged_into IS NOT NULL
           ) AS acts_for,
           (
               SELECT id FROM appointments
               WHERE patient_id = :patient_id AND schedule_id = :schedule_id
                 AND status NOT IN ('cancelled', 'expired') AND id IS DISTINCT FROM CAST(:instead_of AS uuid)
           ) AS existing
    FROM schedules s
    JOIN departments d ON d.id = s.department_id
    JOIN practitioners p ON p.id = s.practitioner_id
    LEFT JOIN account_patients ap ON ap.account_id = :account_id AND ap.patient_id = :patient_id
    LEFT JOIN patients pt ON pt.id = ap.patient_id
    WHERE s.id = :schedule_id
""")


def _admit_here(facts: Row[Any], rules: BookingRules, now: datetime) -> None:
    """What does not depend on other appointments, and the same half day."""
    if not rules.online:
        raise NotBookable
    if not facts.acts_for:
        raise NotYours
    last = rules.last_day(now)
    if facts.date > last:
        raise OutsideHorizon(last, rules.opens_at(facts.date))
    if facts.existing:
        raise AlreadyBooked(facts.existing)
    check_person(rules, facts.birth_date, Sex(facts.sex), facts.date)


def check_person(rules: BookingRules, born: date, sex: Sex, day: date) -> None:
    """Raises AgeOutside, OtherSex."""
    if not rules.takes_age(born, day):
        raise AgeOutside(age_on(born, day), rules.age_from, rules.age_to)
    if rules.sex is not None and rules.sex is not sex:
        raise OtherSex(rules.sex)


_COUNTS = text("""
    SELECT count(*) FILTER (WHERE s.date = :date) AS that_day,
           count(*) FILTER (WHERE s.date = :date AND s.department_id = :department_id) AS that_day_here,
           count(*) FILTER (WHERE a.status IN ('held', 'booked') AND sl.starts_at > :now) AS ahead
    FROM appointments a
    JOIN slots sl ON sl.id = a.slot_id
    JOIN schedules s ON s.id = a.schedule_id
    WHERE a.patient_id = :patient_id AND a.status NOT IN ('cancelled', 'expired')
      AND a.id IS DISTINCT FROM CAST(:instead_of AS uuid)
""")


async def _admit_patient(
    session: AsyncSession, facts: Row[Any], rules: BookingRules, values: dict[str, Any], now: datetime
) -> None:
    if rules.noshow_limit:
        await _admit_after_noshows(session, rules, rules.noshow_limit, values["patient_id"], now)
    more = {"date": facts.date, "department_id": facts.department_id, "now": now}
    has = (await session.execute(_COUNTS, values | more)).one()
    if rules.per_department_day is not None and has.that_day_here >= rules.per_department_day:
        raise DepartmentDayLimit(rules.per_department_day)
    if rules.per_day is not None and has.that_day >= rules.per_day:
        raise DayLimit(rules.per_day)
    if rules.open_at_once is not None and has.ahead >= rules.open_at_once:
        raise OpenLimit(rules.open_at_once)


_NOSHOWS = text("""
    SELECT s.date FROM appointments a JOIN schedules s ON s.id = a.schedule_id
    WHERE a.patient_id = :patient_id AND a.status = 'noshow' ORDER BY s.date DESC LIMIT :limit
""")


async def _admit_after_noshows(
    session: AsyncSession, rules: BookingRules, limit: int, patient_id: UUID, now: datetime
) -> None:
    """Blocked from the last missed visit on, when it was one too many within the days that count."""
    missed = (await session.scalars(_NOSHOWS, {"patient_id": patient_id, "limit": limit})).all()
    if len(missed) < limit or missed[0] - missed[-1] >= timedelta(days=rules.noshow_days):
        return
    until = missed[0] + timedelta(days=rules.noshow_block_days)
    if local_date(now) <= until:
        raise Blocked(limit, until)


# A hold that was paid or moved does not count against its account; one that was let go does, until midnight.
_HOLDS = text("""
    SELECT count(*) FILTER (WHERE status = 'held') AS at_once,
           count(*) FILTER (WHERE created_at >= :midnight) AS today,
           min(hold_expires_at) AS first_end
    FROM appointments a
    WHERE account_id = :account_id AND fee_fen > 0 AND status IN ('held', 'expired', 'cancelled')
      AND (status = 'held' OR created_at >= :midnight)
      AND a.id IS DISTINCT FROM CAST(:instead_of AS uuid)
      AND NOT EXISTS (SELECT FROM appointments later WHERE later.rescheduled_from = a.id)
      AND NOT EXISTS (SELECT FROM orders o WHERE o.appointment_id = a.id AND o.paid_at IS NOT NULL)
""")


async def _admit_hold(
    session: AsyncSession, rules: BookingRules, values: dict[str, Any], now: datetime
) -> None:
    if rules.holds_at_once is None and rules.holds_per_day is None:
        return
    midnight = datetime.combine(local_date(now), time(), hospital_zone())
    has = (await session.execute(_HOLDS, values | {"midnight": midnight})).one()
    if rules.holds_at_once is not None and has.at_once >= rules.holds_at_once:
        raise HoldLimit(rules.holds_at_once, has.first_end)
    if rules.holds_per_day is not None and has.today >= rules.holds_per_day:
        raise HoldDayLimit(rules.holds_per_day)
