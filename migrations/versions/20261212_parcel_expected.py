"""when a parcel is expected"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a91f4c63e07d"
down_revision = "5c0e7a91d3b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "expected_at")
