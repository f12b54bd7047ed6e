"""Who works at the desk: their accounts, what they are logged in with, and whether they are there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.types import one_of, word
from integrations.sealed import apart, sealed


class Role(StrEnum):
    AGENT = "agent"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    NURSE = "nurse"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class StaffMember(Base):
    """An account at the desk. It is never removed, for the audit log and histories name it: it is disabled.

    `totp_secret` counts from `totp_confirmed_at` on, the first right code; `totp_last_step` is the half minute of the
    last code that was taken, so that each counts once.
    """

    __tablename__ = "staff"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("login = lower(login)", "login"),
        CheckConstraint("(role = 'doctor') = (practitioner_id IS NOT NULL)", "practitioner"),
        Index("uq_staff_practitioner_id", "practitioner_id", unique=True),
        Index("uq_staff_telegram_id", "telegram_id", unique=True),
    )

    id: Mapped[Key]
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[Role] = mapped_column(word(Role))
    practitioner_id: Mapped[UUID | None] = mapped_column(ForeignKey("practitioners.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("departments.id"))
    password_hash: Mapped[str]  # argon2id
    password_changed_at: Mapped[datetime]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    totp_secret: Mapped[bytes | None] = mapped_column(info=sealed("staff.totp_secret"))
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    language: Mapped[str] = mapped_column(String(12), server_default="zh")
    telegram_id: Mapped[int | None] = mapped_column(BigInteger)  # who this is in the staff's Telegram group
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def actor(self) -> str:
        """As the audit log and histories name this person."""
        return f"staff:{self.login}"


class StaffSession(Base):
    """One login. The browser holds a random token, this row its SHA-256 only."""

    __tablename__ = "staff_sessions"

    id: Mapped[bytes] = mapped_column(primary_key=True, info=apart("SHA-256 of a random token"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # the last thing that the person did
    ends_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(45))


class PresenceState(StrEnum):
    ONLINE = "online"
    BUSY = "busy"  # takes no further talks
    AWAY = "away"
    OFFLINE = "offline"


class StaffPresence(Base):
    """What a member of staff says of themselves, and when their browser was last heard of."""

    __tablename__ = "staff_presence"
    __table_args__ = (
        one_of("state", PresenceState),
        CheckConstraint("capacity BETWEEN 1 AND 50", "capacity"),
    )

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    state: Mapped[PresenceState] = mapped_column(word(PresenceState), server_default="offline")
    seen_at: Mapped[datetime]
    capacity: Mapped[int] = mapped_column(server_default=text("5"))  # talks at once
