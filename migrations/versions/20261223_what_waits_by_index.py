"""indexes for the talks that ended lately, for parcels with a problem and for prescriptions that doctors left"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2f9c6b8e41d0"
down_revision = "f0a86c21d9e4"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_talks_ended_at", "talks", "ended_at", "ended_at IS NOT NULL"),
    ("ix_deliveries_problems", "deliveries", "state_at", "status IN ('problem', 'returned')"),
    (
        "ix_prescription_reviews_left",
        "prescription_reviews",
        "overdue_at",
        "overdue_at IS NOT NULL AND settled_at IS NULL",
    ),
)


def upgrade() -> None:
    for name, table, column, where in _INDEXES:
        op.create_index(name, table, [column], postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
