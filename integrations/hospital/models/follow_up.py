"""Follow-up after care: which plan a patient is on, what is asked when, what was answered and measured, and what
staff must look at. What patients say is sealed; kind and time stand plain, because series are read by them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class EnrolmentStatus(StrEnum):
    ACTIVE = "active"
    FINISHED = "finished"  # nothing more is to be asked
    STOPPED = "stopped"


ENROLMENT_STEPS = {
    EnrolmentStatus.ACTIVE: {EnrolmentStatus.FINISHED, EnrolmentStatus.STOPPED},
    EnrolmentStatus.FINISHED: set[EnrolmentStatus](),
}


class StartedBy(StrEnum):
    VISIT = "visit"
    STAFF = "staff"


class StopReason(StrEnum):
    NEW_VISIT = "new_visit"  # in the same department: its own plan begins
    OPTED_OUT = "opted_out"
    DIED = "died"
    NOBODY = "nobody"  # no account acts for the patient any more with a standing consent
    STAFF = "staff"


class TaskStatus(StrEnum):
    PLANNED = "planned"
    ASKED = "asked"
    ANSWERING = "answering"
    DONE = "done"
    MISSED = "missed"  # neither the question nor its reminder was answered; late answers are taken
    STOPPED = "stopped"


TASK_STEPS = {
    TaskStatus.PLANNED: {TaskStatus.ASKED, TaskStatus.ANSWERING, TaskStatus.MISSED, TaskStatus.STOPPED},
    TaskStatus.ASKED: {TaskStatus.ANSWERING, TaskStatus.DONE, TaskStatus.MISSED, TaskStatus.STOPPED},
    TaskStatus.ANSWERING: {TaskStatus.DONE, TaskStatus.MISSED, TaskStatus.STOPPED},
    TaskStatus.MISSED: {TaskStatus.ANSWERING, TaskStatus.DONE, TaskStatus.STOPPED},
}


class CallOutcome(StrEnum):
    """What came of calling a patient who did not answer in the chat."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"  # 未接: called again
    REFUSED = "refused"  # 拒访
    WRONG_NUMBER = "wrong_number"  # 空号, or somebody else's
    DIED = "died"


class AlertStatus(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


ALERT_STEPS = {
    AlertStatus.OPEN: {AlertStatus.ACKNOWLEDGED, AlertStatus.CLOSED},
    AlertStatus.ACKNOWLEDGED: {AlertStatus.CLOSED},
}


class Level(StrEnum):
    """How a value is to be taken; the ranges stand in the plan."""

    USUAL = "usual"
    WATCH = "watch"
    ALARM = "alarm"


class Method(StrEnum):
    CHAT = "chat"
    PAGE = "page"
    PHONE = "phone"


class FollowUpEnrolment(Base):
    """A patient on a plan. `account_id`, `contact_id`: who brought the patient; whom to ask is asked anew each
    time."""

    __tablename__ = "follow_up_enrolments"
    __table_args__ = (
        one_of("status", EnrolmentStatus),
        one_of("started_by", StartedBy),
        one_of("stop_reason", StopReason),
        CheckConstraint("(status = 'stopped') = (stop_reason IS NOT NULL)", "stopped"),
        CheckConstraint("(status = 'active') = (ended_at IS NULL)", "ended_at"),
        Index(
            "uq_follow_up_enrolments_active",
            "patient_id",
            "plan",
            unique=True,
            postgresql_where=text("status = 'active'"),
        ),
        Index("uq_follow_up_enrolments_visit", "appointment_id", "plan", unique=True),
    )

    id: Mapped[Key]
    plan: Mapped[str] = mapped_column(String(40))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("departments.id"))
    started_by: Mapped[StartedBy] = mapped_column(word(StartedBy))
    started_on: Mapped[date]  # local
    status: Mapped[EnrolmentStatus] = mapped_column(word(EnrolmentStatus), server_default="active")
    stop_reason: Mapped[StopReason | None] = mapped_column(word(StopReason))
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FollowUpTask(Base):
    """One asking of a plan's questions. Missed and not called yet, it stands on the call list."""

    __tablename__ = "follow_up_tasks"
    __table_args__ = (
        one_of("status", TaskStatus),
        one_of("call_outcome", CallOutcome),
        UniqueConstraint("enrolment_id", "number"),
        CheckConstraint("(called_at IS NULL) = (call_outcome IS NULL)", "called_at"),
        Index(
            "ix_follow_up_tasks_open",
            "enrolment_id",
            "due_at",
            postgresql_where=text("status IN ('asked', 'answering', 'missed')"),
        ),
        Index(
            "ix_follow_up_tasks_calls",
            "due_at",
            postgresql_where=text("status = 'missed' AND called_at IS NULL"),
        ),
        Index("ix_follow_up_tasks_due_at", "due_at"),
    )

    id: Mapped[Key]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("follow_up_enrolments.id"))
    number: Mapped[int]
    due_at: Mapped[datetime]
    status: Mapped[TaskStatus] = mapped_column(word(TaskStatus), server_default="planned")
    asked_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]  # for the last time: it is off the call list
    call_outcome: Mapped[CallOutcome | None] = mapped_column(word(CallOutcome))
    next_call_at: Mapped[datetime | None]  # nobody answered: not before then


class FollowUpCall(Base):
    """One attempt to call about an asking that nobody answered."""

    __tablename__ = "follow_up_calls"
    __table_args__ = (one_of("outcome", CallOutcome),)

    id: Mapped[Key]
    task_id: Mapped[UUID] = mapped_column(ForeignKey("follow_up_tasks.id"), index=True)
    outcome: Mapped[CallOutcome] = mapped_column(word(CallOutcome))
    called_by: Mapped[str] = mapped_column(String(80))
    called_at: Mapped[datetime]


class FollowUpAnswer(Base):
    """What was answered to one question. A corrected answer stays, marked as replaced."""

    __tablename__ = "follow_up_answers"
    __table_args__ = (
        one_of("level", Level),
        one_of("method", Method),
        Index(
            "uq_follow_up_answers_standing",
            "task_id",
            "question",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    task_id: Mapped[UUID] = mapped_column(ForeignKey("follow_up_tasks.id"), index=True)
    question: Mapped[str] = mapped_column(String(40))
    value: Mapped[bytes] = mapped_column(info=sealed("follow_up_answers.value"))  # JSON; null: passed over
    level: Mapped[Level] = mapped_column(word(Level))
    method: Mapped[Method] = mapped_column(word(Method))
    answered_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class Measurement(Base):
    """What a patient measured, asked or by themselves."""

    __tablename__ = "measurements"
    __table_args__ = (
        one_of("method", Method),
        Index(
            "ix_measurements_series",
            "patient_id",
            "kind",
            "taken_at",
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[str] = mapped_column(String(24))
    value: Mapped[bytes] = mapped_column(info=sealed("measurements.value"))  # JSON, see integrations.language
    unit: Mapped[str] = mapped_column(String(16))
    taken_at: Mapped[datetime]
    method: Mapped[Method] = mapped_column(word(Method))
    answer_id: Mapped[UUID | None] = mapped_column(ForeignKey("follow_up_answers.id"), index=True)
    noted_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class FollowUpAlert(Base):
    """A value or an answer that staff must look at now. `page_at`: from then on those on call are to be paged while it
    is open; None: never. `paged_at`, `office_at`: when they and then the duty office were told, and `number`: by which
    name. It is one of the alarms' numbers."""

    __tablename__ = "follow_up_alerts"
    __table_args__ = (
        one_of("status", AlertStatus),
        CheckConstraint("(answer_id IS NULL) <> (measurement_id IS NULL)", "about"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", "closed_at"),
        Index("ix_follow_up_alerts_open", "id", postgresql_where=text("status <> 'closed'")),
        Index("ix_follow_up_alerts_closed", "closed_at", postgresql_where=text("status = 'closed'")),
    )

    id: Mapped[Key]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    answer_id: Mapped[UUID | None] = mapped_column(ForeignKey("follow_up_answers.id"), unique=True)
    measurement_id: Mapped[UUID | None] = mapped_column(ForeignKey("measurements.id"), unique=True)
    duty: Mapped[str] = mapped_column(String(40))  # which staff: the plan says it
    status: Mapped[AlertStatus] = mapped_column(word(AlertStatus), server_default="open")
    acknowledged_by: Mapped[str | None] = mapped_column(String(80))
    acknowledged_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    closed_at: Mapped[datetime | None]
    closing: Mapped[bytes | None] = mapped_column(info=sealed("follow_up_alerts.closing"))  # what was done
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    page_at: Mapped[datetime | None]
    paged_at: Mapped[datetime | None]
    office_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class FollowUpRefusal(Base):
    """A patient who does not want to be asked any more."""

    __tablename__ = "follow_up_refusals"
    __table_args__ = (one_of("reason", StopReason),)

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    reason: Mapped[StopReason] = mapped_column(word(StopReason))
    since: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


stateful(FollowUpEnrolment, ENROLMENT_STEPS)
stateful(FollowUpTask, TASK_STEPS)
stateful(FollowUpAlert, ALERT_STEPS)
