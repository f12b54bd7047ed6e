"""what alarms in a follow-up is paged like a red flag; what is open already stays with the desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b83f5d2c6e17"
down_revision = "7c41e0d9ab35"
branch_labels = None
depends_on = None

_TABLE = "follow_up_alerts"
_TIMES = ("page_at", "paged_at", "office_at")


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("number", sa.BigInteger(), nullable=True))
    op.create_unique_constraint(op.f(f"uq_{_TABLE}_number"), _TABLE, ["number"])
    for name in _TIMES:
        op.add_column(_TABLE, sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in (*_TIMES, "number"):
        op.drop_column(_TABLE, name)
