"""Rows with a life: the database itself refuses a step that is not allowed, and keeps every step that was taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DDL, Index, String, Table, event, func
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.journal import AuditEvent
from integrations.hospital.models.types import LONGEST_WORD


class StatusChange(Base):
    """One step of one row. `entity` is its table. Rows are never changed or removed."""

    __tablename__ = "status_changes"
    __table_args__ = (Index("ix_status_changes_subject", "subject_id", "id"),)

    id: Mapped[Key]
    entity: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    before: Mapped[str] = mapped_column(String(LONGEST_WORD))
    after: Mapped[str] = mapped_column(String(LONGEST_WORD))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


KEEP_STATUS_SQL = """
    CREATE OR REPLACE FUNCTION keep_status() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT (OLD.status || '>' || NEW.status = ANY (TG_ARGV)) THEN
            RAISE EXCEPTION '% may not go from % to %', TG_TABLE_NAME, OLD.status, NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO status_changes (entity, subject_id, before, after)
        VALUES (TG_TABLE_NAME, NEW.id, OLD.status, NEW.status);
        RETURN NEW;
    END $$
"""
HISTORY_APPEND_ONLY_SQL = """
    CREATE OR REPLACE TRIGGER status_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON status_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def status_trigger[S: StrEnum](table: str, steps: Mapping[S, Collection[S]]) -> str:
    """The statement that makes `status` of the table keep to these steps. Migrations run it as well: a trigger is
    invisible to Alembic's comparison."""
    pairs = ", ".join(f"'{before}>{after}'" for before, allowed in steps.items() for after in allowed)
    return (
        f"CREATE OR REPLACE TRIGGER {table}_status BEFORE UPDATE OF status ON {table} FOR EACH ROW "
        f"WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION keep_status({pairs})"
    )


def stateful[S: StrEnum](model: type[Base], steps: Mapping[S, Collection[S]]) -> None:
    """Puts the trigger on the table wherever its metadata is created. The table has `id` and `status`."""
    table = model.__table__
    assert isinstance(table, Table)
    assert isinstance(StatusChange.__table__, Table)
    table.add_is_dependent_on(StatusChange.__table__)
    _after_create(table, status_trigger(table.name, steps))


def _after_create(table: Table, statement: str) -> None:
    event.listen(table, "after_create", DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


_history, _audit = StatusChange.__table__, AuditEvent.__table__
assert isinstance(_history, Table)
assert isinstance(_audit, Table)
_history.add_is_dependent_on(_audit)  # whose function refuses changes
for _statement in (KEEP_STATUS_SQL, HISTORY_APPEND_ONLY_SQL):
    _after_create(_history, _statement)
