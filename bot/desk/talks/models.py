"""What the desk keeps of its own: up to when somebody has looked at a conversation; and of what Postgres tells it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, ForeignKey, event
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base


class ConversationSeen(Base):
    """What a patient wrote later than `seen_at` is unread for this member of staff."""

    __tablename__ = "conversations_seen"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    seen_at: Mapped[datetime]


SESSION, REPLIES = "session:", "replies"  # how news begins that is of no conversation
# Whoever commits one of these, the desk hears of it (bot.desk.talks.hub).
TELLS = {
    "talks": "INSERT OR UPDATE",
    "talk_notes": "INSERT",
    "alarms": "INSERT OR UPDATE OF outcome, acknowledged_at",
    "media": "UPDATE OF status",
}
_TELL = """
    CREATE OR REPLACE FUNCTION tell_desk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', replace(NEW.conversation_id::text, '-', ''));
        RETURN NULL;
    END $$
"""
_ON = "CREATE TRIGGER tell_desk AFTER {when} ON {table} FOR EACH ROW EXECUTE FUNCTION tell_desk()"
_TELL_SESSION = f"""
    CREATE OR REPLACE FUNCTION tell_desk_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', '{SESSION}' || replace(OLD.staff_id::text, '-', ''));
        RETURN NULL;
    END $$
"""
_TELL_REPLIES = f"""
    CREATE OR REPLACE FUNCTION tell_desk_replies() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('desk', '{REPLIES}');
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
_APART = (_TELL_SESSION, _TELL_REPLIES, _ON_SESSIONS, _ON_REPLIES)
for _statement in (_TELL, *(_ON.format(table=table, when=when) for table, when in TELLS.items()), *_APART):
    event.listen(Base.metadata, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
