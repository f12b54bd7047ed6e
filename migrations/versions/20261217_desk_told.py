"""the database itself tells the desk which conversation has something new"""

from __future__ import annotations

from alembic import op

revision = "e5d1a7c03b92"
down_revision = "3be8d5f2a617"
branch_labels = None
depends_on = None

_TELL = """
    CREATE OR REPLACE FUNCTION tell_desk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', replace(NEW.conversation_id::text, '-', ''));
        RETURN NULL;
    END $$
"""
_WHEN = {
    "talks": "INSERT OR UPDATE",
    "talk_notes": "INSERT",
    "alarms": "INSERT OR UPDATE OF outcome, acknowledged_at",
    "media": "UPDATE OF status",
}


def upgrade() -> None:
    op.execute(_TELL)
    for table, when in _WHEN.items():
        op.execute(f"CREATE TRIGGER tell_desk AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION tell_desk()")


def downgrade() -> None:
    for table in _WHEN:
        op.execute(f"DROP TRIGGER tell_desk ON {table}")
    op.execute("DROP FUNCTION tell_desk()")
