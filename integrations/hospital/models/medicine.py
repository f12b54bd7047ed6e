"""What is prescribed: medicines, prescriptions with their lines, a pharmacist's review, and substitutions. Money is
whole fen, quantities are packs (`unit`)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class MedicineForm(StrEnum):
    TABLET = "tablet"
    CAPSULE = "capsule"
    GRANULES = "granules"
    LIQUID = "liquid"
    DROPS = "drops"
    INHALER = "inhaler"
    OINTMENT = "ointment"
    INJECTION = "injection"


class MedicineClass(StrEnum):
    """What the law on medicines tells apart. All but the first two may not be sold at a distance, whatever they are
    packed as (药品网络销售禁止清单, 2022); injections may not either, those that lower the blood sugar excepted."""

    COMMON = "common"
    GLUCOSE_LOWERING = "glucose_lowering"
    NARCOTIC = "narcotic"
    PSYCHOTROPIC = "psychotropic"
    TOXIC = "toxic"
    RADIOACTIVE = "radioactive"
    PRECURSOR = "precursor"  # 药品类易制毒化学品
    VACCINE = "vaccine"
    BLOOD_PRODUCT = "blood_product"
    IN_HOUSE = "in_house"  # 医疗机构制剂


class Medicine(Base):
    """What the pharmacy has. `stock` is what can still be promised: what a bill holds is taken off already."""

    __tablename__ = "medicines"
    __table_args__ = (
        one_of("form", MedicineForm),
        one_of("kind", MedicineClass),
        CheckConstraint("price_fen > 0", "price_fen"),
        CheckConstraint("stock >= 0", "stock"),
    )

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))  # generic
    name_en: Mapped[str] = mapped_column(String(80), server_default="")
    form: Mapped[MedicineForm] = mapped_column(word(MedicineForm))
    kind: Mapped[MedicineClass] = mapped_column(word(MedicineClass), server_default="common")
    strength: Mapped[str] = mapped_column(String(60))  # of one, and how many in a pack: 0.25g×24粒
    unit: Mapped[str] = mapped_column(String(8))  # 盒, 瓶, 支
    price_fen: Mapped[int]  # of one unit
    stock: Mapped[int]
    cold_chain: Mapped[bool] = mapped_column(server_default=text("false"))
    prescription_only: Mapped[bool] = mapped_column(server_default=text("true"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class PrescriptionStatus(StrEnum):
    ISSUED = "issued"  # waits for a pharmacist
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAID = "paid"
    DISPENSING = "dispensing"  # the pharmacy is putting it together
    DISPENSED = "dispensed"  # picked up
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    EXPIRED = "expired"  # not paid while it was valid
    CANCELLED = "cancelled"


PRESCRIPTION_STEPS = {
    PrescriptionStatus.ISSUED: {
        PrescriptionStatus.IN_REVIEW, PrescriptionStatus.EXPIRED, PrescriptionStatus.CANCELLED,
    },
    PrescriptionStatus.IN_REVIEW: {
        PrescriptionStatus.APPROVED, PrescriptionStatus.REJECTED, PrescriptionStatus.EXPIRED,
        PrescriptionStatus.CANCELLED,
    },
    PrescriptionStatus.REJECTED: {PrescriptionStatus.EXPIRED},  # its doctor did not amend it while it was valid
    PrescriptionStatus.APPROVED: {
        PrescriptionStatus.PAID, PrescriptionStatus.EXPIRED, PrescriptionStatus.CANCELLED,
    },
    PrescriptionStatus.PAID: {PrescriptionStatus.DISPENSING, PrescriptionStatus.CANCELLED},
    PrescriptionStatus.DISPENSING: {
        PrescriptionStatus.DISPENSED, PrescriptionStatus.SHIPPED, PrescriptionStatus.CANCELLED,
    },
    PrescriptionStatus.SHIPPED: {PrescriptionStatus.DELIVERED, PrescriptionStatus.CANCELLED},
}  # fmt: skip


WITH_PHARMACY = (PrescriptionStatus.PAID, PrescriptionStatus.DISPENSING)  # paid, and not handed over


class Handing(StrEnum):
    """How the patient gets it."""

    PICKUP = "pickup"
    DELIVERY = "delivery"


class Prescription(Base):
    """One doctor's prescription for one patient. It may be paid until `valid_until`. `stock_held`: its packs are
    taken off the stock."""

    __tablename__ = "prescriptions"
    __table_args__ = (
        one_of("status", PrescriptionStatus),
        one_of("handing", Handing),
        CheckConstraint("valid_until > issued_at", "valid_until"),
        CheckConstraint(
            "num_nulls(signed_by, signed_at, signed_hash) IN (0, 3)"
            " AND (consultation_id IS NULL OR signed_hash IS NOT NULL)",
            "signed",
        ),
        Index(
            "ix_prescriptions_expiry", "valid_until",
            postgresql_where=text("status IN ('issued', 'in_review', 'approved')"),
        ),
        Index("ix_prescriptions_practitioner", "practitioner_id", "id"),
        Index(
            "uq_prescriptions_pickup_code", "pickup_code", unique=True,
            postgresql_where=text("status IN ('paid', 'dispensing')"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # who is told
    practitioner_id: Mapped[UUID] = mapped_column(ForeignKey("practitioners.id"))
    department_id: Mapped[UUID] = mapped_column(ForeignKey("departments.id"))
    online: Mapped[bool]  # written in an online consultation, where some medicines are forbidden
    status: Mapped[PrescriptionStatus] = mapped_column(word(PrescriptionStatus))
    issued_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    handing: Mapped[Handing | None] = mapped_column(word(Handing))  # chosen with the bill
    stock_held: Mapped[bool] = mapped_column(server_default=text("false"))
    pickup_code: Mapped[str | None] = mapped_column(String(6))
    consultation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("consultations.id", use_alter=True), index=True
    )
    amends_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("prescriptions.id"), unique=True
    )  # one that was rejected
    signed_by: Mapped[str | None] = mapped_column(String(80))  # the doctor's account at the desk
    signed_at: Mapped[datetime | None]
    signed_hash: Mapped[str | None] = mapped_column(String(64))  # SHA-256 of what was signed


class PrescriptionLine(Base):
    """One medicine of a prescription. `dose` and `frequency` in the doctor's plain words."""

    __tablename__ = "prescription_lines"
    __table_args__ = (
        UniqueConstraint("prescription_id", "position"),
        CheckConstraint("days > 0", "days"),
        CheckConstraint("quantity > 0", "quantity"),
    )

    id: Mapped[Key]
    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"))
    position: Mapped[int]
    medicine_id: Mapped[UUID] = mapped_column(ForeignKey("medicines.id"))
    dose: Mapped[str] = mapped_column(String(60))
    frequency: Mapped[str] = mapped_column(String(60))
    days: Mapped[int]
    quantity: Mapped[int]
    price_fen: Mapped[int]  # of one unit, when it was prescribed


class Review(Base):
    """A pharmacist's look at a prescription. It is late when it is not decided at `due_at`."""

    __tablename__ = "prescription_reviews"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (approved IS NULL)", "decided"),
        CheckConstraint("approved IS NOT FALSE OR reason IS NOT NULL", "reason"),
        CheckConstraint("amend_by IS NULL OR approved IS FALSE", "amend_by"),
        CheckConstraint("overdue_at IS NULL OR amend_by IS NOT NULL", "overdue_at"),
        CheckConstraint("(settled_at IS NULL) = (settled_by IS NULL)", "settled_at"),
        Index("ix_prescription_reviews_open", "due_at", postgresql_where=text("decided_at IS NULL")),
        Index("ix_prescription_reviews_amend_by", "amend_by", postgresql_where=text("amend_by IS NOT NULL")),
        Index(
            "ix_prescription_reviews_left",
            "overdue_at",
            postgresql_where=text("overdue_at IS NOT NULL AND settled_at IS NULL"),
        ),
    )

    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"), primary_key=True)
    due_at: Mapped[datetime]
    pharmacist: Mapped[str | None] = mapped_column(String(80))
    started_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    approved: Mapped[bool | None]
    reason: Mapped[str | None]  # why not; the patient reads it
    amend_by: Mapped[datetime | None]  # sent back to a doctor, who should have amended it by then
    overdue_at: Mapped[datetime | None]  # they had not: the patient was told, and supervisors see it
    settled_at: Mapped[datetime | None]  # a supervisor has seen to it
    settled_by: Mapped[str | None] = mapped_column(String(80))


class SubstitutionStatus(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"  # the prescription ended before the patient said anything


SUBSTITUTION_STEPS = {
    SubstitutionStatus.ASKED: {
        SubstitutionStatus.ACCEPTED, SubstitutionStatus.DECLINED, SubstitutionStatus.CLOSED,
    },
}  # fmt: skip


class Substitution(Base):
    """Another medicine in the place of one that is not to be had: proposed by the pharmacist, agreed to by the
    prescribing doctor, and done only when the patient says yes."""

    __tablename__ = "substitutions"
    __table_args__ = (
        one_of("status", SubstitutionStatus),
        CheckConstraint("quantity > 0", "quantity"),
        Index("uq_substitutions_asked", "line_id", unique=True, postgresql_where=text("status = 'asked'")),
    )

    id: Mapped[Key]
    prescription_id: Mapped[UUID] = mapped_column(ForeignKey("prescriptions.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("prescription_lines.id"))
    old_medicine_id: Mapped[UUID] = mapped_column(ForeignKey("medicines.id"))
    old_quantity: Mapped[int]
    medicine_id: Mapped[UUID] = mapped_column(ForeignKey("medicines.id"))
    quantity: Mapped[int]
    dose: Mapped[str] = mapped_column(String(60))
    price_fen: Mapped[int]
    pharmacist: Mapped[str] = mapped_column(String(80))
    status: Mapped[SubstitutionStatus] = mapped_column(word(SubstitutionStatus))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]


class SubstitutionWarning(Base):
    """What the pharmacist was warned of while proposing another medicine, and why they proposed it all the same."""

    __tablename__ = "substitution_warnings"

    substitution_id: Mapped[UUID] = mapped_column(ForeignKey("substitutions.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))  # the gravest
    allergy: Mapped[bytes] = mapped_column(info=sealed("substitution_warnings.allergy"))  # as it was told
    reason: Mapped[bytes] = mapped_column(info=sealed("substitution_warnings.reason"))


stateful(Prescription, PRESCRIPTION_STEPS)
stateful(Substitution, SUBSTITUTION_STEPS)
