"""Online consultations (在线复诊): which doctors offer them, and each from its order to its end. Money is whole fen."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class ConsultationOffer(Base):
    """That a doctor consults online: for how much, on which days (1 is Monday) and between which local times, and how
    many may wait or talk with them at once. `children`: also patients under six (a specialist for them)."""

    __tablename__ = "consultation_offers"
    __table_args__ = (
        CheckConstraint("fee_fen >= 0", "fee_fen"),
        CheckConstraint("places > 0", "places"),
        CheckConstraint("closes > opens", "closes"),
    )

    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id"), primary_key=True)
    fee_fen: Mapped[int]
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    opens: Mapped[time]
    closes: Mapped[time]
    places: Mapped[int]
    children: Mapped[bool] = mapped_column(server_default=text("false"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class ConsultationStatus(StrEnum):
    UNPAID = "unpaid"
    WAITING = "waiting"  # paid: the doctor is to accept it
    ACTIVE = "active"
    FINISHED = "finished"
    RETURNED = "returned"  # 退诊: the doctor gave it back, and the fee goes back whole
    EXPIRED = "expired"  # not paid in time, or not accepted in time: then the fee goes back whole
    CANCELLED = "cancelled"  # by the patient, before it was accepted


CONSULTATION_STEPS = {
    ConsultationStatus.UNPAID: {
        ConsultationStatus.WAITING, ConsultationStatus.EXPIRED, ConsultationStatus.CANCELLED,
    },
    ConsultationStatus.WAITING: {
        ConsultationStatus.ACTIVE, ConsultationStatus.RETURNED, ConsultationStatus.EXPIRED,
        ConsultationStatus.CANCELLED,
    },
    ConsultationStatus.ACTIVE: {ConsultationStatus.FINISHED, ConsultationStatus.RETURNED},
}  # fmt: skip
STANDING_CONSULTATIONS = (
    ConsultationStatus.UNPAID,
    ConsultationStatus.WAITING,
    ConsultationStatus.ACTIVE,
)


class Evidence(StrEnum):
    """By what a diagnosis before is known: only 复诊 may be done online."""

    ON_FILE = "on_file"  # a visit at this department stands in our own file
    PICTURE = "picture"  # the patient showed a record, which the doctor confirms
    STATED = "stated"  # a first visit, where a pilot allows it


class ReturnReason(StrEnum):
    """Why a doctor gives a consultation back."""

    MUST_BE_SEEN = "must_be_seen"
    NO_DIAGNOSIS = "no_diagnosis"  # nothing shows that it was diagnosed before
    CHANGED = "changed"  # it is not any more what was diagnosed
    NOT_MY_FIELD = "not_my_field"
    NOT_ANSWERED = "not_answered"  # the time ran out without a word of the doctor


class EndedBy(StrEnum):
    PATIENT = "patient"
    DOCTOR = "doctor"
    TIME = "time"


class Consultation(Base):
    """One patient's talk with one doctor. `condition` is what was diagnosed before, in the patient's words;
    `turns_used` counts the patient's messages since it was accepted. Locked before its order."""

    __tablename__ = "consultations"
    __table_args__ = (
        one_of("status", ConsultationStatus),
        one_of("evidence", Evidence),
        one_of("return_reason", ReturnReason),
        one_of("ended_by", EndedBy),
        CheckConstraint("fee_fen >= 0", "fee_fen"),
        CheckConstraint("(fee_fen > 0) = (order_id IS NOT NULL)", "order_id"),
        CheckConstraint("(status = 'returned') = (return_reason IS NOT NULL)", "returned"),
        CheckConstraint("(status IN ('unpaid', 'waiting', 'active')) = (ended_at IS NULL)", "ended_at"),
        CheckConstraint("status <> 'waiting' OR accept_by IS NOT NULL", "accept_by"),
        CheckConstraint(
            "status NOT IN ('active', 'finished') OR (accepted_at IS NOT NULL AND ends_at IS NOT NULL)",
            "accepted_at",
        ),
        CheckConstraint("(evidence = 'on_file') = (appointment_id IS NOT NULL)", "appointment_id"),
        Index("uq_consultations_order_id", "order_id", unique=True),
        Index(
            "uq_consultations_standing", "patient_id", "practitioner_id", unique=True,
            postgresql_where=text("status IN ('unpaid', 'waiting', 'active')"),
        ),
        Index("ix_consultations_practitioner_id_status", "practitioner_id", "status"),
        Index("ix_consultations_account_id_id", "account_id", "id"),
        Index("ix_consultations_patient_id_id", "patient_id", "id"),
        Index("ix_consultations_contact", "contact_id", postgresql_where=text("status = 'active'")),
        Index(
            "ix_consultations_accept_by", "accept_by", postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_consultations_ends_at", "ends_at", postgresql_where=text("status = 'active'")),
    )  # fmt: skip

    id: Mapped[Key]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it is talked
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("departments.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"))  # None: free of charge
    intake_id: Mapped[UUID | None] = mapped_column(ForeignKey("intakes.id"))
    consent_id: Mapped[UUID] = mapped_column(ForeignKey("consents.id"))
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"))  # the visit on file
    status: Mapped[ConsultationStatus] = mapped_column(word(ConsultationStatus))
    fee_fen: Mapped[int]
    condition: Mapped[bytes] = mapped_column(info=sealed("consultations.condition"))
    evidence: Mapped[Evidence] = mapped_column(word(Evidence))
    evidence_confirmed_at: Mapped[datetime | None]  # by the doctor
    accept_minutes: Mapped[int]  # in which the doctor is to accept it, once it is paid
    accept_by: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the doctor's first words
    ends_at: Mapped[datetime | None]
    turns_used: Mapped[int] = mapped_column(server_default=text("0"))
    turns_allowed: Mapped[int]
    summary: Mapped[bytes | None] = mapped_column(info=sealed("consultations.summary"))
    summed_up_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[EndedBy | None] = mapped_column(word(EndedBy))
    return_reason: Mapped[ReturnReason | None] = mapped_column(word(ReturnReason))
    return_words: Mapped[bytes | None] = mapped_column(info=sealed("consultations.return_words"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ConsultationMedium(Base):
    """A picture of a record that shows the diagnosis. It stands with the message that brought it, and goes with it."""

    __tablename__ = "consultation_media"

    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id"), primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)


class PrescriptionWarning(Base):
    """What the doctor was warned of while prescribing, and why they prescribed it all the same."""

    __tablename__ = "prescription_warnings"

    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # of the line
    kind: Mapped[str] = mapped_column(String(24))
    allergy: Mapped[bytes] = mapped_column(info=sealed("prescription_warnings.allergy"))  # as it was told
    reason: Mapped[bytes] = mapped_column(info=sealed("prescription_warnings.reason"))
    acknowledged_by: Mapped[str] = mapped_column(String(80))
    acknowledged_at: Mapped[datetime]


stateful(Consultation, CONSULTATION_STEPS)
