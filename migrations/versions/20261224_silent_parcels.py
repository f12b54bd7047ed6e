"""parcels on their way by when they left: the silent ones are looked for among them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c41e0d9ab35"
down_revision = "2f9c6b8e41d0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_the_way = sa.text("status IN ('shipped', 'problem')")
    op.create_index("ix_deliveries_on_the_way", "deliveries", ["shipped_at"], postgresql_where=on_the_way)


def downgrade() -> None:
    op.drop_index("ix_deliveries_on_the_way", table_name="deliveries")
