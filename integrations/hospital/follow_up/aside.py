"""What was told and counts in no series, and staff have to see all the same: half a pressure that alarms by itself, a
value that can hardly be and that the patient stands by. One alert tells of it, and of what it turns out to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.follow_up import alerts, measuring
from integrations.hospital.follow_up.alerts import Duty
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import MeasurementRule, Plan, Plans, Question
from integrations.hospital.models import Level, Method

TOLD_TWICE = timedelta(minutes=15)  # from the doubt to the same value once more


def duty_of(plans: Plans, plan: Plan, question: Question, level: Level) -> Duty:
    """Who looks at an answer; nobody is paged where it would not have alarmed."""
    return Duty(plan.duty.zh, plans.page_after(question) if level is Level.ALARM else None)


def duty_unasked(rule: MeasurementRule, level: Level) -> Duty:
    return Duty(rule.duty.zh, rule.page_after if level is Level.ALARM else None)


async def pass_on(
    session: AsyncSession,
    crypto: Crypto,
    patient_id: UUID,
    taken: Taken,
    duty: Duty,
    *,
    method: Method,
    now: datetime,
) -> None:
    made = await _note(session, crypto, patient_id, taken, method, now)
    await alerts.raise_for_measurement(session, patient_id, made, duty, now, kind=taken.kind)


async def told_before(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, taken: Taken, *, method: Method, now: datetime
) -> bool:
    """Whether the same was told and doubted a moment ago; kept, so that it will be known."""
    again = await measuring.told_aside(session, crypto, patient_id, taken, now - TOLD_TWICE)
    if not again:
        await _note(session, crypto, patient_id, taken, method, now)
    return again


async def _note(
    session: AsyncSession, crypto: Crypto, patient_id: UUID, taken: Taken, method: Method, now: datetime
) -> UUID:
    made = await measuring.note(session, crypto, patient_id, taken, method=method, now=now)
    await measuring.take_back(session, measurement_id=made, now=now)
    return made
