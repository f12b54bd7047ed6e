"""Postgres tells the desk that a session ended, and that canned replies are others now; what was not sent is found"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c47e91b0d3fa"
down_revision = "b83f5d2c6e17"
branch_labels = None
depends_on = None

_SESSION = """
    CREATE OR REPLACE FUNCTION tell_desk_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', 'session:' || replace(OLD.staff_id::text, '-', ''));
        RETURN NULL;
    END $$
"""
_REPLIES = """
    CREATE OR REPLACE FUNCTION tell_desk_replies() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', 'replies');
        RETURN NULL;
    END $$
"""
_ON_SESSIONS = """
    CREATE TRIGGER tell_desk AFTER DELETE ON staff_sessions FOR EACH ROW EXECUTE FUNCTION tell_desk_session()
"""
_ON_REPLIES = """
    CREATE TRIGGER tell_desk AFTER INSERT OR DELETE OR UPDATE OF shortcut, title, words, words_en, skill
    ON canned_replies FOR EACH STATEMENT EXECUTE FUNCTION tell_desk_replies()
"""


_UNSENT = "status = 'dropped' AND error = 'changed hands' AND repeated_at IS NULL"


def upgrade() -> None:
    op.create_index("ix_outbound_unsent", "outbound", ["staff_id"], postgresql_where=sa.text(_UNSENT))
    for statement in (_SESSION, _REPLIES, _ON_SESSIONS, _ON_REPLIES):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_desk ON canned_replies")
    op.execute("DROP TRIGGER tell_desk ON staff_sessions")
    op.execute("DROP FUNCTION tell_desk_replies()")
    op.execute("DROP FUNCTION tell_desk_session()")
    op.drop_index("ix_outbound_unsent", table_name="outbound")
