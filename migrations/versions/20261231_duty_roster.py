"""who of the staff is on duty is kept by whoever draws up the roster, and no setting any more"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4b90d7e2c5f8"
down_revision = "c8a41e6f0d27"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_shifts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("level IN ('oncall', 'office')", name=op.f("ck_duty_shifts_level")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_duty_shifts_ends_at")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_duty_shifts_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
        sa.UniqueConstraint("staff_id", "level", "starts_at", name=op.f("uq_duty_shifts_staff_id")),
    )
    op.create_index("ix_duty_shifts_ends_at", "duty_shifts", ["ends_at"])


def downgrade() -> None:
    op.drop_table("duty_shifts")
