"""Topics of the staff's group, what is told there, and what staff wrote there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.sealed import sealed


class RelayStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # Telegram will never take it
    UNKNOWN = "unknown"  # it left, and no answer came: a row of its own says it once more


class Act(StrEnum):
    """What is done in a topic."""

    SAY = "say"
    OPEN = "open"
    CLOSE = "close"


class StaffTopic(Base):
    """A patient's topic. The group stands abroad: only who writes from Telegram anyway can have one, which the key over
    the contact's channel enforces, whatever code runs.

    `thread_id` is Telegram's; None: it is to be made. `made`: how often that was done. `error`: why the group does not
    get what it should.
    """

    __tablename__ = "staff_topics"
    __table_args__ = (
        CheckConstraint("channel = 'telegram'", name="telegram_only"),
        ForeignKeyConstraint(
            ["conversation_id", "channel"],
            ["contacts.id", "contacts.channel"],
            name="fk_staff_topics_conversation_id_contacts",
            ondelete="CASCADE",
        ),
        Index("uq_staff_topics_thread_id", "group_id", "thread_id", unique=True),
    )

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(server_default="telegram")
    group_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    made: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]


class StaffRelay(Base):
    """Something told in a topic. `cause` names what it tells of, and is told once. `content` is an
    encrypted JSON object: text, picture (a row of `media`)."""

    __tablename__ = "staff_relays"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(repr(v.value) for v in RelayStatus)})", name="status"),
        CheckConstraint(f"act IN ({', '.join(repr(v.value) for v in Act)})", name="act"),
        Index("uq_staff_relays_cause", "cause", unique=True),
        Index(
            "ix_staff_relays_open",
            "conversation_id",
            "seq",
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
        Index("ix_staff_relays_talk_id", "talk_id"),
        Index("ix_staff_relays_created_at", "created_at"),
    )

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("staff_topics.conversation_id", ondelete="CASCADE")
    )
    talk_id: Mapped[UUID | None] = mapped_column(ForeignKey("talks.id", ondelete="CASCADE"))
    cause: Mapped[str]
    act: Mapped[str] = mapped_column(server_default=Act.SAY)
    content: Mapped[bytes] = mapped_column(LargeBinary, info=sealed("staff_relays.content"))
    status: Mapped[str] = mapped_column(server_default=RelayStatus.QUEUED)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    not_before: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    platform_id: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]


class StaffUpdate(Base):
    """What somebody wrote in a topic, as it was taken in: `update_id` is the same for every delivery. `content` is an
    encrypted JSON object: user, text, picture, other, edited."""

    __tablename__ = "staff_updates"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'done', 'failed')", name="status"),
        Index("uq_staff_updates_update_id", "update_id", unique=True),
        Index("ix_staff_updates_pending", "seq", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    update_id: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary, info=sealed("staff_updates.content"))
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    retry_at: Mapped[datetime]
    received_at: Mapped[datetime]
