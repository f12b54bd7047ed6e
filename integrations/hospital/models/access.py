"""Short-lived proofs: SMS codes, one-time page links, and the tokens that stand for personal values."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.sealed import apart, passing, sealed

_COUNTED = timedelta(days=1)  # a number's codes are counted over a day


class OneTimeCode(Base):
    """A code sent by SMS. Neither the phone nor the code stands here: both are keyed hashes."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        Index("ix_one_time_codes_phone_index_issued_at", "phone_index", "issued_at"),
        Index("ix_one_time_codes_contact_id_issued_at", "contact_id", "issued_at"),
        CheckConstraint("tries >= 0", "tries"),
    )

    id: Mapped[Key]
    phone_index: Mapped[bytes] = mapped_column(info=passing("issued_at", _COUNTED))
    purpose: Mapped[str] = mapped_column(String(40))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    code_hash: Mapped[bytes] = mapped_column(info=passing("issued_at", _COUNTED))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    used_at: Mapped[datetime | None]


class PageLink(Base):
    """A link to a page: for one contact, for one purpose. `subject` says about what, where the purpose does not say it
    all: an order's number, or an appointment's id."""

    __tablename__ = "page_links"

    id: Mapped[Key]
    token_hash: Mapped[bytes] = mapped_column(unique=True, info=apart("the hash of a random token"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class PersonalToken(Base):
    """A personal value kept out of the dialog engine. `value` is sealed for its conversation and kind."""

    __tablename__ = "personal_tokens"

    token: Mapped[UUID] = mapped_column(primary_key=True)  # 128 random bits
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[bytes] = mapped_column(info=sealed("personal_tokens.value:{conversation_id.hex}:{kind}"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
