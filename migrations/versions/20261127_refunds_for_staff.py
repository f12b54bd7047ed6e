"""refunds that need staff are found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7e20b9d4c6f1"
down_revision = "c41d9be8a07f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_refunds_stuck", "refunds", ["id"], postgresql_where=sa.text("status IN ('abnormal', 'closed')")
    )


def downgrade() -> None:
    op.drop_index("ix_refunds_stuck", "refunds")
