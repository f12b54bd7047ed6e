"""accounts of staff, their sessions, and who is there"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c27e9d1a4f8"
down_revision = "8b1d60f7c2ae"
branch_labels = None
depends_on = None

_ROLES = ("agent", "doctor", "pharmacist", "nurse", "supervisor", "administrator")
_STATES = ("online", "busy", "away", "offline")


def _one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.Enum(*_ROLES, name="role", native_enum=False, length=24), nullable=False),
        sa.Column("practitioner_id", sa.Uuid()),
        sa.Column("department_id", sa.Uuid()),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("totp_last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("language", sa.String(12), server_default="zh", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(_one_of("role", _ROLES), name=op.f("ck_staff_role")),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_staff_login")),
        sa.CheckConstraint(
            "(role = 'doctor') = (practitioner_id IS NOT NULL)", name=op.f("ck_staff_practitioner")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_staff_practitioner_id_practitioners")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_staff_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_index("uq_staff_practitioner_id", "staff", ["practitioner_id"], unique=True)
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"])
    op.create_table(
        "staff_presence",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*_STATES, name="presencestate", native_enum=False, length=24),
            server_default="offline",
            nullable=False,
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.CheckConstraint(_one_of("state", _STATES), name=op.f("ck_staff_presence_state")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 50", name=op.f("ck_staff_presence_capacity")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_presence_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_presence")),
    )


def downgrade() -> None:
    op.drop_table("staff_presence")
    op.drop_table("staff_sessions")
    op.drop_table("staff")
