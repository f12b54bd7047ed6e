"""Who came to act for a patient after others (AccountLink), and what staff must decide (IdentityRequest)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word
from integrations.sealed import sealed


class LinkProof(StrEnum):
    """What a newcomer showed."""

    PHONE = "phone"  # a code sent to the phone on the hospital's file
    STAFF = "staff"  # staff saw the documents


class AccountLink(Base):
    """A contact that came to a patient whom others held already. While it stands, earlier holders can cut it.

    `former_account_id` is the account that was merged into `account_id`; `moved` holds what came along:
    {"contacts": […], "patients": […]} by id. Without one, `moved` is empty until the link is cut; then it keeps how
    the account acted for the patient (revoking.Held), by which staff can have it stand again.
    """

    __tablename__ = "account_links"
    __table_args__ = (
        one_of("proof", LinkProof),
        Index("ix_account_links_standing", "patient_id", "id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Key]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"), index=True)  # the newcomer
    former_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    proof: Mapped[LinkProof] = mapped_column(word(LinkProof))
    linked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"))


class RequestKind(StrEnum):
    LINK = "link"  # a file exists with another phone: may this contact have it?
    PHONE = "phone"  # a new phone was proven, the old one is gone
    NAME = "name"  # another name for the same document
    DISPUTE = "dispute"  # an earlier holder cut a newer link: whose is the file?


class RequestStatus(StrEnum):
    STARTED = "started"  # can still be proven by a code
    OPEN = "open"  # 待人工核验
    PROVEN = "proven"  # the code came; staff need not look
    APPROVED = "approved"
    REJECTED = "rejected"


class IdentityRequest(Base):
    """Something about a patient's identity that a code or staff must decide. `value` is what would change (the
    proven new phone, the new name), sealed as "identity_requests.value"; it is emptied once decided."""

    __tablename__ = "identity_requests"
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("status", RequestStatus),
        CheckConstraint("(kind = 'dispute') = (link_id IS NOT NULL)", "link"),
        CheckConstraint("(status IN ('started', 'open')) = (decided_at IS NULL)", "decided"),
        Index("ix_identity_requests_open", "id", postgresql_where=text("status = 'open'")),
        Index("ix_identity_requests_contact_id_created_at", "contact_id", "created_at"),
        Index("ix_identity_requests_patient_id_created_at", "patient_id", "created_at"),
    )

    id: Mapped[Key]
    kind: Mapped[RequestKind] = mapped_column(word(RequestKind))
    status: Mapped[RequestStatus] = mapped_column(word(RequestStatus))
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # who asks
    link_id: Mapped[UUID | None] = mapped_column(ForeignKey("account_links.id"))  # that was cut
    value: Mapped[bytes | None] = mapped_column(info=sealed("identity_requests.value"))
    outcome: Mapped[str | None] = mapped_column(String(20))  # of the identity check made for this
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))
