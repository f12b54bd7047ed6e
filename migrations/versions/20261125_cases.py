"""cases with notes and pictures, ratings, surveys"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.hospital.models.cases import CASE_STEPS
from integrations.hospital.models.states import status_trigger

revision = "5c0d7be41f82"
down_revision = "e7b1c04d9a36"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_NOW = sa.text("now()")
_MOMENT = sa.DateTime(timezone=True)


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{one}'" for one in words)
    return sa.CheckConstraint(f"{column} IN ({allowed})", name=op.f(f"ck_{table}_{column}"))


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("rating_requests", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    _cases()
    _notes_and_media()
    _ratings()
    _surveys()


def _cases() -> None:
    op.create_table(
        "cases",
        _id(),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("category", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), server_default="open", nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("prescription_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("across", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("adverse", sa.String(24), server_default="none", nullable=False),
        sa.Column("owner", sa.String(80), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("warned_at", _MOMENT, nullable=True),
        sa.Column("escalated_at", _MOMENT, nullable=True),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.Column("closing", sa.LargeBinary(), nullable=True),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        _one_of("cases", "kind", "complaint", "adverse_event", "parcel_problem", "refund_problem", "other"),
        _one_of("cases", "category", "attitude", "waiting", "fees", "care", "delivery", "online", "other"),
        _one_of("cases", "status", "open", "in_progress", "answered", "closed", "reopened", "withdrawn"),
        _one_of("cases", "adverse", "none", "suspected", "confirmed", "dismissed"),
        sa.CheckConstraint("(status = 'closed') <= (closed_at IS NOT NULL)", name=op.f("ck_cases_closed_at")),
        _refers("cases", "account_id", "accounts"),
        _refers("cases", "contact_id", "contacts"),
        _refers("cases", "patient_id", "patients"),
        _refers("cases", "order_id", "orders"),
        _refers("cases", "appointment_id", "appointments"),
        _refers("cases", "practitioner_id", "practitioners"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index("ix_cases_account_id_id", "cases", ["account_id", "id"])
    op.create_index("ix_cases_created_at", "cases", ["created_at"])
    waiting = sa.text("status IN ('open', 'in_progress', 'reopened')")
    op.create_index("ix_cases_waiting", "cases", ["deadline"], postgresql_where=waiting)
    op.execute(status_trigger("cases", CASE_STEPS))


def _notes_and_media() -> None:
    op.create_table(
        "case_notes",
        _id(),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        _one_of("case_notes", "kind", "internal", "answer", "patient"),
        _refers("case_notes", "case_id", "cases"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
    )
    op.create_index("ix_case_notes_case_id_id", "case_notes", ["case_id", "id"])
    op.create_table(
        "case_media",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        _refers("case_media", "case_id", "cases"),
        sa.PrimaryKeyConstraint("case_id", "message_id", name=op.f("pk_case_media")),
    )


def _ratings() -> None:
    op.create_table(
        "ratings",
        _id(),
        sa.Column("subject_kind", sa.String(24), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("rated_at", _MOMENT, nullable=True),
        _one_of("ratings", "subject_kind", "visit", "consultation", "delivery", "agent", "service"),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.CheckConstraint("(stars IS NULL) = (rated_at IS NULL)", name=op.f("ck_ratings_rated_at")),
        _refers("ratings", "account_id", "accounts"),
        _refers("ratings", "contact_id", "contacts"),
        _refers("ratings", "practitioner_id", "practitioners"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("subject_kind", "subject_id", name="uq_ratings_subject"),
    )
    op.create_index("ix_ratings_account_id_id", "ratings", ["account_id", "id"])
    op.create_index("ix_ratings_asked_at", "ratings", ["asked_at"])


def _surveys() -> None:
    op.create_table(
        "surveys",
        _id(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        _refers("surveys", "account_id", "accounts"),
        _refers("surveys", "contact_id", "contacts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
    )
    op.create_index("ix_surveys_account_id_asked_at", "surveys", ["account_id", "asked_at"])


def downgrade() -> None:
    for table in ("surveys", "ratings", "case_media", "case_notes", "cases"):
        op.drop_table(table)
    op.drop_column("accounts", "rating_requests")
