"""What makes a change of the audit log show: a chain of hashes over its rows, in the order in which they were sealed.

Whoever writes an event does not wait for the chain: a trigger notes that it waits, and the sweep seals what waits
(`seal_audit`), one after another. Both run with the rights of the tables' owner; the application can neither read nor
change what they write.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, Table, event, func
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base
from integrations.hospital.models.journal import AuditEvent
from integrations.sealed import apart


class AuditLink(Base):
    """One link: `hash` is the SHA-256 of the hash before it and of the event."""

    __tablename__ = "audit_chain"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(info=apart("SHA-256 over the event and the link before it"))
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AuditUnsealed(Base):
    """An event that waits for its place in the chain."""

    __tablename__ = "audit_unsealed"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)


# Every field with its length before it: no two events have the same content.
AUDIT_CONTENT_SQL = """
    CREATE OR REPLACE FUNCTION audit_content(one audit_events) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT convert_to(string_agg(octet_length(field) || ':' || field, '' ORDER BY place), 'UTF8')
        FROM unnest(ARRAY[
            one.id::text, (extract(epoch FROM one.at) * 1000000)::bigint::text,
            one.actor, one.action, one.subject, one.detail::text
        ]) WITH ORDINALITY AS fields (field, place)
    $$
"""
AWAIT_SEAL_SQL = (
    """
    CREATE OR REPLACE FUNCTION await_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN INSERT INTO audit_unsealed (event_id) VALUES (NEW.id); RETURN NULL; END $$
    """,
    """
    CREATE OR REPLACE TRIGGER audit_events_await_seal AFTER INSERT ON audit_events
    FOR EACH ROW EXECUTE FUNCTION await_seal()
    """,
)
SEAL_SQL = """
    CREATE OR REPLACE FUNCTION seal_audit(most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        one audit_events;
        place bigint;
        link bytea;
        sealed integer := 0;
    BEGIN
        IF NOT pg_try_advisory_xact_lock(hashtext('audit chain')) THEN RETURN 0; END IF;
        SELECT seq, hash INTO place, link FROM audit_chain ORDER BY seq DESC LIMIT 1;
        place := coalesce(place, 0);
        link := coalesce(link, ''::bytea);
        FOR one IN
            SELECT audit_events.* FROM audit_unsealed JOIN audit_events ON id = event_id ORDER BY id LIMIT most
        LOOP
            place := place + 1;
            link := sha256(link || audit_content(one));
            INSERT INTO audit_chain (seq, event_id, hash) VALUES (place, one.id, link);
            DELETE FROM audit_unsealed WHERE event_id = one.id;
            sealed := sealed + 1;
        END LOOP;
        RETURN sealed;
    END $$
"""
CHAIN_APPEND_ONLY_SQL = """
    CREATE OR REPLACE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""
# Invisible to Alembic's comparison: the migration runs them as well.
CHAIN_SQL = (AUDIT_CONTENT_SQL, *AWAIT_SEAL_SQL, SEAL_SQL, CHAIN_APPEND_ONLY_SQL)

_events, _chain, _waiting = AuditEvent.__table__, AuditLink.__table__, AuditUnsealed.__table__
assert isinstance(_events, Table)
assert isinstance(_chain, Table)
assert isinstance(_waiting, Table)
_chain.add_is_dependent_on(_waiting)
_chain.add_is_dependent_on(_events)
for _statement in CHAIN_SQL:
    event.listen(_chain, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
