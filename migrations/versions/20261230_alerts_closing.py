"""what was done about an alarming answer is kept with it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c8a41e6f0d27"
down_revision = "b3f7c2d91e64"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("follow_up_alerts", sa.Column("closing", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_follow_up_alerts_closed",
        "follow_up_alerts",
        ["closed_at"],
        postgresql_where=sa.text("status = 'closed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_follow_up_alerts_closed", table_name="follow_up_alerts")
    op.drop_column("follow_up_alerts", "closing")
