"""a chain of hashes over the audit log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e41c90ab73d5"
down_revision = "5c27e9d1a4f8"
branch_labels = None
depends_on = None

_SQL = (
    """
    CREATE OR REPLACE FUNCTION audit_content(one audit_events) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT convert_to(string_agg(octet_length(field) || ':' || field, '' ORDER BY place), 'UTF8')
        FROM unnest(ARRAY[
            one.id::text, (extract(epoch FROM one.at) * 1000000)::bigint::text,
            one.actor, one.action, one.subject, one.detail::text
        ]) WITH ORDINALITY AS fields (field, place)
    $$
    """,
    """
    CREATE OR REPLACE FUNCTION await_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN INSERT INTO audit_unsealed (event_id) VALUES (NEW.id); RETURN NULL; END $$
    """,
    """
    CREATE OR REPLACE TRIGGER audit_events_await_seal AFTER INSERT ON audit_events
    FOR EACH ROW EXECUTE FUNCTION await_seal()
    """,
    """
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
    """,
    """
    CREATE OR REPLACE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)


def upgrade() -> None:
    op.create_index("ix_audit_events_actor", "audit_events", ["actor", "at"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_table(
        "audit_unsealed",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_unsealed")),
    )
    op.create_table(
        "audit_chain",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sealed_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_chain_event_id")),
    )
    for statement in _SQL:
        op.execute(statement)
    # What was written before the chain begins takes its place at its beginning.
    op.execute("INSERT INTO audit_unsealed (event_id) SELECT id FROM audit_events")


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_events_await_seal ON audit_events")
    op.drop_table("audit_chain")
    op.drop_table("audit_unsealed")
    for name in ("seal_audit(integer)", "await_seal()", "audit_content(audit_events)"):
        op.execute(f"DROP FUNCTION {name}")
    op.drop_index("ix_audit_events_at", table_name="audit_events")
    op.drop_index("ix_audit_events_actor", table_name="audit_events")
