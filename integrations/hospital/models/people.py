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
    REJECTED = "rejected"  # staff looked: this is not who it says


class DocumentKind(StrEnum):
    """What a patient proves their identity with. Only the first one can be checked by the named check."""

    RESIDENT_ID = "resident_id"  # 居民身份证
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证: eighteen digits as well
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    PASSPORT = "passport"


class Relation(StrEnum):
    """What the patient is to the account's owner."""

    SELF = "self"
    SPOUSE = "spouse"
    PARENT = "parent"
    CHILD = "child"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    OTHER = "other"


class ConsentKind(StrEnum):
    HEALTH_DATA = "health_data"  # sensitive personal information: its own consent
    DATA_ABROAD = "data_abroad"  # the channel's servers stand outside mainland China
    FAMILY_ACCESS = "family_access"  # a patient lets an account act for them
    GUARDIAN = "guardian"  # a guardian agrees for a minor (个人信息保护法 31)
    CONSULTATION = "consultation"  # to an online consultation with its risks, for one patient


class ConsentMethod(StrEnum):
    """How a consent was given: what proves that it was this person's."""

    CHAT = "chat"
    PAGE = "page"
    SMS_CODE = "sms_code"  # the code sent to the person's own phone was read back


class Account(Base):
    """A person who chats, on one channel or several. A merged account has no contacts any more; whoever still
    knows its id finds the account that took them over in `merged_into`."""

    __tablename__ = "accounts"

    id: Mapped[Key]
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    rating_requests: Mapped[bool] = mapped_column(
        server_default=text("true")
    )  # wants to be asked for ratings
    visit_reminders: Mapped[bool] = mapped_column(server_default=text("true"))  # wants them
    elder_mode: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # wants short messages of few choices
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Base):
    """An account on one channel. The id is also the conversation's id and, as 32 hex digits, Rasa's sender id."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("channel", "platform_id"),
        UniqueConstraint("id", "channel"),  # for tables that may hold rows of one channel only
        CheckConstraint("platform_id <> ''", "platform_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    platform_id: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Consent(Base):
    """One agreement to one version of a notice. Withdrawing keeps the row: it proves what was agreed, and when.
    `patient_id`: the family member who agrees that the account acts for them, or for whom a guardian agrees, or who
    consults a doctor online; None where the account's owner agrees for themselves as a whole."""

    __tablename__ = "consents"
    __table_args__ = (
        one_of("kind", ConsentKind),
        one_of("method", ConsentMethod),
        CheckConstraint(
            "(kind IN ('family_access', 'guardian', 'consultation')) = (patient_id IS NOT NULL)", "patient"
        ),
        CheckConstraint("withdrawn_at >= given_at", "withdrawn_after_given"),
        Index(
            "uq_consents_standing",
            "contact_id",  # an account's contacts each keep their own proof, whichever account they come to
            "kind",
            "version",
            "patient_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was given
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patients.id"), index=True)
    kind: Mapped[ConsentKind] = mapped_column(word(ConsentKind))
    method: Mapped[ConsentMethod] = mapped_column(word(ConsentMethod), server_default="chat")
    version: Mapped[str] = mapped_column(String(20))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Patient(Base):
    """A person with a file at the hospital. Name, number and phone are sealed; birth date and sex stand plain,
    because age rules and the coming of age are asked of the whole table. A number is known once per kind of
    document; for a passport also when two countries use the same one: then staff look."""

    __tablename__ = "patients"
    __table_args__ = (
        one_of("status", PatientStatus),
        one_of("sex", Sex),
        one_of("document", DocumentKind),
        UniqueConstraint("id_number_index", "document"),
        Index(
            "ix_patients_waiting", "status", "id", postgresql_where=text("status IN ('pending', 'review')")
        ),
    )

    id: Mapped[Key]
    name: Mapped[bytes] = mapped_column(info=sealed("patients.name"))
    masked_name: Mapped[str] = mapped_column(String(16))  # "*明": all that lists and cards ever show
    document: Mapped[DocumentKind] = mapped_column(word(DocumentKind), server_default="resident_id")
    id_number: Mapped[bytes] = mapped_column(info=sealed("patients.id_number"))  # the document's number
    id_number_index: Mapped[bytes] = mapped_column(info=index("patients.id_number", "{id_number}"))
    phone: Mapped[bytes] = mapped_column(info=sealed("patients.phone"))  # E.164; a family may share one
    phone_index: Mapped[bytes] = mapped_column(index=True, info=index("patients.phone", "{phone}"))
    birth_date: Mapped[date]
    sex: Mapped[Sex] = mapped_column(word(Sex))
    status: Mapped[PatientStatus] = mapped_column(word(PatientStatus))
    verified_at: Mapped[datetime | None]
    deceased_at: Mapped[datetime | None]  # since when the hospital knows that they died
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountPatient(Base):
    """Which accounts act for which patients. With `guardian_since` the account's owner acts as guardian of a
    minor, by the consent kept as `guardian_consent_id`; that ends when the minor comes of age."""

    __tablename__ = "account_patients"
    __table_args__ = (
        one_of("relation", Relation),
        Index(
            "uq_account_patients_self", "account_id", unique=True, postgresql_where=text("relation = 'self'")
        ),
        CheckConstraint(
            "(guardian_since IS NULL) = (guardian_consent_id IS NULL)"
            " AND (guardian_since IS NULL OR relation <> 'self')",
            "guardian",
        ),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), primary_key=True, index=True)
    relation: Mapped[Relation] = mapped_column(word(Relation))
    guardian_since: Mapped[datetime | None]
    guardian_consent_id: Mapped[UUID | None] = mapped_column(ForeignKey("consents.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
