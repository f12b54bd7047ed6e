"""a number that staff added for a patient is known as such: whom the news of it did not reach is called"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c15f3a9e08d"
down_revision = "4b90d7e2c5f8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointments", sa.Column("added_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_appointments_added", "appointments", ["id"], postgresql_where=sa.text("added_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_appointments_added", table_name="appointments")
    op.drop_column("appointments", "added_at")
