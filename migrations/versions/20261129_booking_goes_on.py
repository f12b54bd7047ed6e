"""booking goes on: the waitlist, reminders of visits, stopped half days, who came; buttons below news"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from integrations.hospital.models.states import status_trigger
from integrations.hospital.models.waitlist import WAITLIST_STEPS

revision = "c41d7be2509f"
down_revision = "a4d90c17e5b2"
branch_labels = None
depends_on = None

_OPEN = sa.text("status IN ('waiting', 'offered')")
_STATUSES = ("waiting", "offered", "accepted", "declined", "lapsed", "cancelled", "expired")


def upgrade() -> None:
    _appointments()
    op.add_column(
        "accounts",
        sa.Column("visit_reminders", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    _slots("'free', 'busy', 'kept'")
    op.create_index("ix_slots_kept", "slots", ["id"], postgresql_where=sa.text("status = 'kept'"))
    _waitlist()
    _news_choices()
    op.add_column("outbound", sa.Column("about", sa.Uuid(), nullable=True))
    about = sa.text("about IS NOT NULL")
    op.create_index("ix_outbound_about", "outbound", ["about"], postgresql_where=about)


def _appointments() -> None:
    op.add_column(
        "appointments",
        sa.Column("reminders_planned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for name in ("arrived_at", "disturbed_at", "reached_at"):
        op.add_column("appointments", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    unplanned = sa.text("status = 'booked' AND NOT reminders_planned")
    op.create_index("ix_appointments_unreminded", "appointments", ["id"], postgresql_where=unplanned)
    disturbed = sa.text("disturbed_at IS NOT NULL")
    op.create_index("ix_appointments_disturbed", "appointments", ["id"], postgresql_where=disturbed)


def _slots(allowed: str) -> None:
    op.drop_constraint(op.f("ck_slots_status"), "slots", type_="check")
    op.create_check_constraint(op.f("ck_slots_status"), "slots", f"status IN ({allowed})")


def _waitlist() -> None:
    allowed = ", ".join(f"'{one}'" for one in _STATUSES)
    references = {
        "patient_id": "patients",
        "account_id": "accounts",
        "contact_id": "contacts",
        "department_id": "departments",
        "practitioner_id": "practitioners",
        "slot_id": "slots",
        "appointment_id": "appointments",
    }
    table = "waitlist_entries"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in list(references)[:4]),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("days", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("period", sa.String(24), nullable=True),
        sa.Column("status", sa.String(24), server_default="waiting", nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=True),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}_{other}"))
            for name, other in references.items()
        ),
        sa.CheckConstraint(f"status IN ({allowed})", name=op.f(f"ck_{table}_status")),
        sa.CheckConstraint("period IN ('morning', 'afternoon', 'evening')", name=op.f(f"ck_{table}_period")),
        sa.CheckConstraint("cardinality(days) > 0", name=op.f(f"ck_{table}_days")),
        sa.CheckConstraint(
            "(status = 'offered') = (offered_until IS NOT NULL)", name=op.f(f"ck_{table}_offered_until")
        ),
        sa.CheckConstraint("status <> 'offered' OR slot_id IS NOT NULL", name=op.f(f"ck_{table}_slot_id")),
        sa.CheckConstraint(
            "(status = 'accepted') = (appointment_id IS NOT NULL)", name=op.f(f"ck_{table}_appointment_id")
        ),
    )
    op.create_index(
        "uq_waitlist_entries_open",
        table,
        ["patient_id", "department_id", "practitioner_id", "days", "period"],
        unique=True,
        postgresql_where=_OPEN,
        postgresql_nulls_not_distinct=True,
    )
    waiting, offered = sa.text("status = 'waiting'"), sa.text("status = 'offered'")
    op.create_index(
        "ix_waitlist_entries_waiting", table, ["department_id", "seq"], postgresql_where=waiting
    )
    op.create_index("uq_waitlist_entries_slot", table, ["slot_id"], unique=True, postgresql_where=offered)
    op.create_index("ix_waitlist_entries_account", table, ["account_id"], postgresql_where=_OPEN)
    op.execute(status_trigger(table, WAITLIST_STEPS))


def _news_choices() -> None:
    table = "news_choices"
    op.create_table(
        table,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f(f"fk_{table}_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f(f"ix_{table}_created_at"), table, ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_outbound_about", "outbound")
    op.drop_column("outbound", "about")
    op.drop_table("news_choices")
    op.drop_table("waitlist_entries")
    op.drop_index("ix_slots_kept", "slots")
    op.execute("UPDATE slots SET status = 'free' WHERE status = 'kept'")
    _slots("'free', 'busy'")
    op.drop_column("accounts", "visit_reminders")
    op.drop_index("ix_appointments_disturbed", "appointments")
    op.drop_index("ix_appointments_unreminded", "appointments")
    for name in ("reached_at", "disturbed_at", "arrived_at", "reminders_planned"):
        op.drop_column("appointments", name)
