"""whom the rules refuse a number they wait for: so the line behind them is reached, however long it is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5f0b3a9d7c18"
down_revision = "c47e91b0d3fa"
branch_labels = None
depends_on = None

_TABLE = "waitlist_refusals"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "schedule_id", name=op.f(f"pk_{_TABLE}")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["waitlist_entries.id"],
            name=op.f(f"fk_{_TABLE}_entry_id_waitlist_entries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f(f"fk_{_TABLE}_schedule_id_schedules")
        ),
    )


def downgrade() -> None:
    op.drop_table(_TABLE)
