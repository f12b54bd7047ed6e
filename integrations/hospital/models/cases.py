"""What went wrong for a patient and who looks into it; what patients think of us. Their words are sealed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class CaseKind(StrEnum):
    COMPLAINT = "complaint"
    ADVERSE_EVENT = "adverse_event"
    PARCEL_PROBLEM = "parcel_problem"
    REFUND_PROBLEM = "refund_problem"
    MONEY_DIFFERENCE = "money_difference"  # between a platform's word and ours
    OTHER = "other"


class Category(StrEnum):
    ATTITUDE = "attitude"
    WAITING = "waiting"
    FEES = "fees"
    CARE = "care"
    DELIVERY = "delivery"
    ONLINE = "online"
    OTHER = "other"


class CaseStatus(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"  # the patient was not satisfied
    WITHDRAWN = "withdrawn"  # by the patient


_ENDS = {CaseStatus.ANSWERED, CaseStatus.CLOSED, CaseStatus.WITHDRAWN}
CASE_STEPS = {
    CaseStatus.OPEN: {CaseStatus.IN_PROGRESS, *_ENDS},
    CaseStatus.IN_PROGRESS: _ENDS,
    CaseStatus.ANSWERED: {CaseStatus.IN_PROGRESS, CaseStatus.CLOSED, CaseStatus.WITHDRAWN},
    CaseStatus.CLOSED: {CaseStatus.REOPENED},
    CaseStatus.REOPENED: {CaseStatus.IN_PROGRESS, *_ENDS},
}
WAITING = (CaseStatus.OPEN, CaseStatus.IN_PROGRESS, CaseStatus.REOPENED)  # the patient waits for an answer
STANDING = (*WAITING, CaseStatus.ANSWERED)  # the patient may say more


# What the hospital found by itself: the patient has told nothing, and waits for no answer.
PROBLEMS = (CaseKind.PARCEL_PROBLEM, CaseKind.REFUND_PROBLEM)  # with a patient to tell
FOUND = (*PROBLEMS, CaseKind.MONEY_DIFFERENCE)
TOLD = (CaseKind.COMPLAINT, CaseKind.ADVERSE_EVENT, CaseKind.OTHER)  # by a patient


class Adverse(StrEnum):
    """Whether it tells of harm through care (不良事件). Words raise the suspicion, staff decide."""

    NONE = "none"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Case(Base):
    """A complaint, or another thing that staff must settle by a day. `number` is what people read out."""

    __tablename__ = "cases"
    __table_args__ = (
        one_of("kind", CaseKind),
        one_of("category", Category),
        one_of("status", CaseStatus),
        one_of("adverse", Adverse),
        CheckConstraint("(status = 'closed') <= (closed_at IS NOT NULL)", "closed_at"),
        CheckConstraint("(kind = 'money_difference') = (account_id IS NULL)", "account_id"),
        CheckConstraint("(account_id IS NULL) = (contact_id IS NULL)", "contact_id"),
        Index("ix_cases_account_id_id", "account_id", "id"),
        Index(
            "ix_cases_waiting",
            "deadline",
            postgresql_where=text("status IN ('open', 'in_progress', 'reopened')"),
        ),
        Index("ix_cases_created_at", "created_at"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[CaseKind] = mapped_column(word(CaseKind))
    category: Mapped[Category] = mapped_column(word(Category))
    status: Mapped[CaseStatus] = mapped_column(word(CaseStatus), server_default="open")
    words: Mapped[bytes] = mapped_column(info=sealed("cases.words"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))  # who hears of it
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"))  # where it was told
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioners.id"))
    prescription_id: Mapped[UUID | None]
    delivery_id: Mapped[UUID | None]
    across: Mapped[bool] = mapped_column(server_default=text("false"))  # several departments are involved
    adverse: Mapped[Adverse] = mapped_column(word(Adverse), server_default="none")
    owner: Mapped[str | None] = mapped_column(String(80))  # a member of staff
    deadline: Mapped[date]  # the hospital's day on which the patient has an answer at the latest
    warned_at: Mapped[datetime | None]  # staff were told that the deadline is near
    escalated_at: Mapped[
        datetime | None
    ]  # the deadline passed: the owner's superior and the patient are told
    answered_at: Mapped[datetime | None]  # first
    closing: Mapped[bytes | None] = mapped_column(info=sealed("cases.closing"))
    closed_at: Mapped[datetime | None]
    satisfied: Mapped[bool | None]
    reopened: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NoteKind(StrEnum):
    INTERNAL = "internal"  # among staff
    ANSWER = "answer"  # to the patient
    PATIENT = "patient"  # what the patient said later
    CORRECTION = "correction"  # what the patient says instead of earlier words, which stand beside it


class CaseNote(Base):
    __tablename__ = "case_notes"
    __table_args__ = (one_of("kind", NoteKind), Index("ix_case_notes_case_id_id", "case_id", "id"))

    id: Mapped[Key]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[NoteKind] = mapped_column(word(NoteKind))
    author: Mapped[str] = mapped_column(String(80))  # patient, staff:<name>
    words: Mapped[bytes] = mapped_column(info=sealed("case_notes.words"))
    created_at: Mapped[datetime]


class CaseMedium(Base):
    """A picture or recording that belongs to a case. It stands with the message that brought it, and goes with it."""

    __tablename__ = "case_media"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)


class SubjectKind(StrEnum):
    VISIT = "visit"
    CONSULTATION = "consultation"
    DELIVERY = "delivery"
    AGENT = "agent"
    SERVICE = "service"  # all of it: the periodic survey


class Rating(Base):
    """One thing that a patient was asked to rate, and the answer. `subject_id` is that thing's row."""

    __tablename__ = "ratings"
    __table_args__ = (
        one_of("subject_kind", SubjectKind),
        UniqueConstraint("subject_kind", "subject_id", name="uq_ratings_subject"),
        CheckConstraint("stars BETWEEN 1 AND 5", "stars"),
        CheckConstraint("(stars IS NULL) = (rated_at IS NULL)", "rated_at"),
        Index("ix_ratings_account_id_id", "account_id", "id"),
        Index("ix_ratings_asked_at", "asked_at"),
    )

    id: Mapped[Key]
    subject_kind: Mapped[SubjectKind] = mapped_column(word(SubjectKind))
    subject_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioners.id"))
    stars: Mapped[int | None]
    words: Mapped[bytes | None] = mapped_column(info=sealed("ratings.words"))
    asked_at: Mapped[datetime]
    rated_at: Mapped[datetime | None]  # first; it may be changed for some days


class Survey(Base):
    """That an account was asked what it thinks of all of us; its answer is a rating of it."""

    __tablename__ = "surveys"
    __table_args__ = (Index("ix_surveys_account_id_asked_at", "account_id", "asked_at"),)

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    asked_at: Mapped[datetime]


stateful(Case, CASE_STEPS)
