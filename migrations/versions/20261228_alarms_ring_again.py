"""a red flag that is written again is heard again at the desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5d0e7a92c1b4"
down_revision = "e1d6a4c08b57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alarms", sa.Column("rings_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE alarms SET rings_at = page_at")


def downgrade() -> None:
    op.drop_column("alarms", "rings_at")
