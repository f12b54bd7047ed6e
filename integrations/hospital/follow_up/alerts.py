"""What staff must look at: a value or an answer out of all range. Who is paged about it: bot.paging."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, revealing
from integrations.hospital.models import AlertStatus, FollowUpAlert
from integrations.hospital.revealing import says_something
from integrations.hospital.staff.permissions import check_department
from integrations.part import Part, counted

_ALERTS = """
    SELECT count(*) OVER () AS total,
           a.id, a.status, a.created_at, a.duty, a.patient_id, p.masked_name AS patient,
           coalesce(e.plan, '') AS plan, coalesce(w.question, m.kind) AS about,
           coalesce(a.acknowledged_by, '') AS acknowledged_by, coalesce(d.name, '') AS department, a.number,
           a.acknowledged_at, coalesce(a.closed_by, '') AS closed_by, a.closed_at, a.closing
    FROM follow_up_alerts a
    JOIN patients p ON p.id = a.patient_id
    LEFT JOIN follow_up_answers w ON w.id = a.answer_id
    LEFT JOIN follow_up_tasks t ON t.id = w.task_id
    LEFT JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    LEFT JOIN departments d ON d.id = e.department_id
    LEFT JOIN measurements m ON m.id = a.measurement_id
    WHERE (CAST(:within AS uuid) IS NULL OR e.department_id IS NULL OR e.department_id = :within)
"""
_WAITING = text(f"{_ALERTS} AND a.status <> 'closed' ORDER BY (a.status <> 'open'), a.id")
_CLOSED = text(f"""{_ALERTS} AND a.status = 'closed' AND (CAST(:patient AS uuid) IS NULL OR a.patient_id = :patient)
    ORDER BY a.closed_at DESC, a.id DESC LIMIT CAST(:limit AS int)
""")
_VALUE = text("""
    SELECT w.value AS answer, m.value AS measured FROM follow_up_alerts a
    LEFT JOIN follow_up_answers w ON w.id = a.answer_id
    LEFT JOIN measurements m ON m.id = a.measurement_id
    WHERE a.id = :id
""")
# What was measured without being asked is no department's.
_DEPARTMENT = text("""
    SELECT a.patient_id, e.department_id FROM follow_up_alerts a
    LEFT JOIN follow_up_answers w ON w.id = a.answer_id
    LEFT JOIN follow_up_tasks t ON t.id = w.task_id
    LEFT JOIN follow_up_enrolments e ON e.id = t.enrolment_id
    WHERE a.id = :id
""")


# What was told aside, and is complete, sure or corrected now; it counted at no time. Not what staff took: nobody is
# paged about that again.
_ASIDE = """
    FROM measurements m
    WHERE m.id = a.measurement_id AND a.patient_id = :patient AND m.kind = :kind AND m.replaced_at = m.noted_at
      AND a.created_at > :since AND a.status = 'open'
"""
_BRING_UP_TO_DATE = text(f"""
    UPDATE follow_up_alerts a SET answer_id = CAST(:answer AS uuid), measurement_id = CAST(:measurement AS uuid),
        page_at = least(a.page_at, CAST(:page_at AS timestamptz)) -- the one that there is, where only one is
    {_ASIDE} RETURNING a.id
""")  # noqa: S608 - pieces of our own
_WITHDRAW_ASIDE = text(f"""
    UPDATE follow_up_alerts a SET status = 'closed', closed_by = 'patient', closed_at = :now {_ASIDE}
""")  # noqa: S608 - pieces of our own
_AT_ONCE = timedelta(hours=1)  # so long what is told of the same kind belongs to it


class UnknownAlert(LookupError):
    """No alert of this id that waits for this."""


class NothingSaid(ValueError):
    """No alert is closed before somebody says what was done."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """`about`: the question, or the kind of what was measured; what was told, `read` gives. `plan` and `department`:
    empty for what was measured without being asked; the department also where staff began the plan. `number`: by which
    staff were paged; None: they were not. `closing`: what was done, in the words of who closed it (`closed_by`: staff,
    or "patient", who corrected the value); empty while it waits."""

    id: UUID
    status: AlertStatus
    created_at: datetime
    duty: str
    patient_id: UUID
    patient: str
    plan: str
    about: str
    acknowledged_by: str
    department: str
    number: int | None
    acknowledged_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    closing: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Duty:
    """Which staff look, and after how long those on call are paged when nobody has; None: they are not."""

    of: str
    page_after: timedelta | None


async def raise_for_answer(
    session: AsyncSession, patient_id: UUID, answer_id: UUID, duty: Duty, now: datetime, *, kind: str = ""
) -> None:
    """`kind`: of what was measured."""
    await _raise(session, patient_id, duty, now, kind, answer_id=answer_id)


async def raise_for_measurement(
    session: AsyncSession,
    patient_id: UUID,
    measurement_id: UUID,
    duty: Duty,
    now: datetime,
    *,
    kind: str = "",
) -> None:
    await _raise(session, patient_id, duty, now, kind, measurement_id=measurement_id)


async def withdraw_aside(session: AsyncSession, patient_id: UUID, kind: str, now: datetime) -> None:
    """The patient corrected half a value, or one that could hardly be, before anybody looked."""
    values = {"patient": patient_id, "kind": kind, "since": now - _AT_ONCE, "now": now}
    await session.execute(_WITHDRAW_ASIDE, values)


async def _raise(
    session: AsyncSession, patient_id: UUID, duty: Duty, now: datetime, kind: str, **about: UUID
) -> None:
    """One alert about one value: what was told aside a moment ago is brought up to date while nobody has taken it."""
    page_at = None if duty.page_after is None else now + duty.page_after
    aside = {
        "patient": patient_id,
        "kind": kind,
        "since": now - _AT_ONCE,
        "page_at": page_at,
        "answer": about.get("answer_id"),
        "measurement": about.get("measurement_id"),
    }
    if kind and (await session.execute(_BRING_UP_TO_DATE, aside)).first():
        return
    row = {"patient_id": patient_id, "duty": duty.of, "page_at": page_at, "created_at": now} | about
    await session.execute(insert(FollowUpAlert).values(row).inline())


async def withdraw(
    session: AsyncSession, *, now: datetime, answer_id: UUID | None = None, measurement_id: UUID | None = None
) -> None:
    """The patient corrected it before anybody looked."""
    mine = update(FollowUpAlert).where(FollowUpAlert.status == AlertStatus.OPEN)
    mine = (
        mine.where(FollowUpAlert.answer_id == answer_id)
        if answer_id
        else mine.where(FollowUpAlert.measurement_id == measurement_id)
    )
    closing = mine.values(status=AlertStatus.CLOSED, closed_by="patient", closed_at=now)
    await session.execute(closing.execution_options(synchronize_session=False))


async def waiting(session: AsyncSession, *, within: UUID | None = None) -> list[AlertView]:
    """All that are not closed, first those that nobody looks after, the longest waiting first. `within`: of this
    department, and of none."""
    rows = await session.execute(_WAITING, {"within": within})
    return [_view(row, "") for row in rows]


async def closed(
    session: AsyncSession,
    crypto: Crypto,
    limit: int | None = None,
    *,
    patient_id: UUID | None = None,
    within: UUID | None = None,
) -> Part[AlertView]:
    """Those that are done with, and what was done; the latest first. `patient_id`: of this patient."""
    values = {"within": within, "patient": patient_id, "limit": limit}
    rows = (await session.execute(_CLOSED, values)).all()
    return counted(rows, lambda row: _view(row, _closing(crypto, row.closing)))


def _closing(crypto: Crypto, kept: bytes | None) -> str:
    return "" if kept is None else crypto.decrypt(kept, "follow_up_alerts.closing")


def _view(row: Any, closing: str) -> AlertView:
    return replace(AlertView(row.id, AlertStatus(row.status), *row[3:-1]), closing=closing)


async def read(
    session: AsyncSession,
    crypto: Crypto,
    alert_id: UUID,
    *,
    actor: str,
    reason: str,
    within: UUID | None = None,
) -> Any:
    """What the patient told, as it is kept. The audit log keeps who read it and why. Raises UnknownAlert,
    OtherDepartment, NoReason."""
    await patient_of(session, alert_id, within=within)
    subject = f"follow_up_alert:{alert_id}"
    await revealing.record(
        session, actor=actor, action="follow_up_alert_read", subject=subject, reason=reason
    )
    row = (await session.execute(_VALUE, {"id": alert_id})).one()
    return _opened(crypto, row.answer, row.measured)


def _opened(crypto: Crypto, answer: bytes | None, measured: bytes) -> Any:
    if answer is not None:
        return json.loads(crypto.decrypt(answer, "follow_up_answers.value"))
    return json.loads(crypto.decrypt(measured, "measurements.value"))


async def count_open(session: AsyncSession) -> int:
    """How many nobody has looked at yet."""
    waiting = select(func.count(FollowUpAlert.id)).where(FollowUpAlert.status == AlertStatus.OPEN)
    return int(await session.scalar(waiting) or 0)


async def patient_of(session: AsyncSession, alert_id: UUID, *, within: UUID | None = None) -> UUID:
    """Raises UnknownAlert, OtherDepartment."""
    row = (await session.execute(_DEPARTMENT, {"id": alert_id})).one_or_none()
    if row is None:
        raise UnknownAlert
    check_department(within, row.department_id, f"follow_up_alert:{alert_id}")
    return cast(UUID, row.patient_id)


async def paged_as(session: AsyncSession, number: int) -> UUID | None:
    """The alert that staff were paged about by this number; None: none was."""
    return await session.scalar(select(FollowUpAlert.id).where(FollowUpAlert.number == number))


async def acknowledge(
    session: AsyncSession, alert_id: UUID, *, staff: str, now: datetime, within: UUID | None = None
) -> timedelta | None:
    """Somebody looks after it: nobody else is paged. Gives how long after the page that is; None before one. Raises
    UnknownAlert, OtherDepartment."""
    await patient_of(session, alert_id, within=within)
    values = {"status": AlertStatus.ACKNOWLEDGED, "acknowledged_by": staff, "acknowledged_at": now}
    await _step(session, alert_id, (AlertStatus.OPEN,), values, staff)
    first = select(func.least(FollowUpAlert.paged_at, FollowUpAlert.office_at))  # of those that are not NULL
    paged_at: datetime | None = await session.scalar(first.where(FollowUpAlert.id == alert_id))
    return now - paged_at if paged_at else None


async def close(
    session: AsyncSession,
    crypto: Crypto,
    alert_id: UUID,
    done: str,
    *,
    staff: str,
    now: datetime,
    within: UUID | None = None,
) -> None:
    """It is done with; `done` says what was done, and is kept with it. Raises NothingSaid, UnknownAlert,
    OtherDepartment."""
    await patient_of(session, alert_id, within=within)
    words = done.strip()
    if not says_something(words):
        raise NothingSaid
    sealed = crypto.encrypt(words, "follow_up_alerts.closing")
    values = {"status": AlertStatus.CLOSED, "closed_by": staff, "closed_at": now, "closing": sealed}
    await _step(session, alert_id, (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED), values, staff)


async def _step(
    session: AsyncSession,
    alert_id: UUID,
    before: tuple[AlertStatus, ...],
    values: dict[str, Any],
    staff: str,
) -> None:
    step = update(FollowUpAlert).where(FollowUpAlert.id == alert_id, FollowUpAlert.status.in_(before))
    returned = step.values(values).returning(FollowUpAlert.patient_id)
    patient = await session.scalar(returned.execution_options(synchronize_session=False))
    if patient is None:
        raise UnknownAlert
    detail = {"alert": str(alert_id), "status": values["status"].value}
    await audit.record(
        session, actor=staff, action="follow_up_alert", subject=f"patient:{patient}", detail=detail
    )
