"""What was done (Operation), what the patient must hear of now (HospitalEvent) or later (Reminder), what must be
provable (AuditEvent)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, event, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key


class Operation(Base):
    """An effect that ran, and its result, so that a repeated message does not run it again."""

    __tablename__ = "operations"

    message_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    action: Mapped[str] = mapped_column(String(60), primary_key=True)
    operation: Mapped[str] = mapped_column(String(120), primary_key=True)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class HospitalEvent(Base):
    """Something at the hospital that a patient should hear of. The payload holds ids, no personal values. What could
    not be told (`error`: why) is tried again from `not_before` on; what was given up is staff's."""

    __tablename__ = "hospital_events"
    __table_args__ = (
        CheckConstraint("given_up_at IS NULL OR error IS NOT NULL", "given_up_at"),
        Index(
            "ix_hospital_events_open",
            "id",
            postgresql_where=text("handled_at IS NULL AND given_up_at IS NULL"),
        ),
        Index(
            "ix_hospital_events_given_up",
            "given_up_at",
            postgresql_where=text("handled_at IS NULL AND given_up_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    handled_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))  # that failed
    not_before: Mapped[datetime | None]
    error: Mapped[str | None]
    given_up_at: Mapped[datetime | None]


class Reminder(Base):
    """Something to be told at a time to come: then it becomes an event. At most one of a kind waits for a subject.
    The payload holds ids, no personal values."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("subject_id", "kind", name="uq_reminders_subject"),
        Index("ix_reminders_due", "due_at", "id"),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(40))  # of the event
    subject_id: Mapped[UUID]  # the row it is about: an appointment, a task of a plan
    due_at: Mapped[datetime]
    useless_at: Mapped[datetime | None]  # from then on it is not told any more
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class AuditEvent(Base):
    """Who did what to whose data. Rows are never changed or removed: a trigger refuses it, even to the owner."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_subject", "subject", "at"),
        Index("ix_audit_events_actor", "actor", "at"),
        Index("ix_audit_events_at", "at"),
    )

    id: Mapped[Key]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


# Triggers are invisible to Alembic's comparison: the migration runs these two statements as well.
APPEND_ONLY_SQL = (
    """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$
    """,
    """
    CREATE OR REPLACE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)

for _statement in APPEND_ONLY_SQL:
    event.listen(AuditEvent.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
