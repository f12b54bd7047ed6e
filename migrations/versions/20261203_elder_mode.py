"""accounts that want short messages of few choices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8e41c7d90b26"
down_revision = "5c2e9a70b4d1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("elder_mode", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("accounts", "elder_mode")
