"""Who chats (Account, Contact), whom the hospital treats (Patient), and what they agreed to (Consent)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word
from integrations.sealed import index, sealed


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class PatientStatus(StrEnum):
    """PENDING: the identity check was not to be had and is repeated; REVIEW (待人工核验): staff must look."""

    VERIFIED = "verified"
    PENDING = "pending"
    REVIEW = "review"


class Relation(StrEnum):
    SELF = "self"
    FAMILY = "family"


class ConsentKind(StrEnum):
    HEALTH_DATA = "health_data"  # sensitive personal information: its own consent
    DATA_ABROAD = "data_abroad"  # the channel's servers stand outside mainland China


class Account(Base):
    """A person who chats, on one channel or several."""

    __tablename__ = "accounts"

    id: Mapped[Key]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Base):
    """An account on one channel. The id is also the conversation's id and, as 32 hex digits, Rasa's sender id."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("channel", "platform_id"),
        CheckConstraint("platform_id <> ''", "platform_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    platform_id: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Consent(Base):
    """One agreement to one version of a notice. Withdrawing keeps the row: it proves what was agreed, and when."""

    __tablename__ = "consents"
    __table_args__ = (
        one_of("kind", ConsentKind),
        CheckConstraint("withdrawn_at >= given_at", "withdrawn_after_given"),
        Index(
            "uq_consents_standing",
            "account_id",
            "kind",
            "version",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was given
    kind: Mapped[ConsentKind] = mapped_column(word(ConsentKind))
    version: Mapped[str] = mapped_column(String(20))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Patient(Base):
    """A person with a file at the hospital. Name, number and phone are sealed; birth date and sex stand plain,
    because age rules and the coming of age are asked of the whole table."""

    __tablename__ = "patients"
    __table_args__ = (one_of("status", PatientStatus), one_of("sex", Sex))

    id: Mapped[Key]
    name: Mapped[bytes] = mapped_column(info=sealed("patients.name"))
    masked_name: Mapped[str] = mapped_column(String(16))  # "*明": all that lists and cards ever show
    id_number: Mapped[bytes] = mapped_column(info=sealed("patients.id_number"))
    id_number_index: Mapped[bytes] = mapped_column(
        unique=True, info=index("patients.id_number", "{id_number}")
    )
    phone: Mapped[bytes] = mapped_column(info=sealed("patients.phone"))  # E.164; a family may share one
    phone_index: Mapped[bytes] = mapped_column(index=True, info=index("patients.phone", "{phone}"))
    birth_date: Mapped[date]
    sex: Mapped[Sex] = mapped_column(word(Sex))
    status: Mapped[PatientStatus] = mapped_column(word(PatientStatus))
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountPatient(Base):
    """Which accounts act for which patients."""

    __tablename__ = "account_patients"
    __table_args__ = (
        one_of("relation", Relation),
        Index(
            "uq_account_patients_self", "account_id", unique=True, postgresql_where=text("relation = 'self'")
        ),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), primary_key=True, index=True)
    relation: Mapped[Relation] = mapped_column(word(Relation))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
