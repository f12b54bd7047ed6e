"""a message left for whoever takes a talk is known to be there: who waits no longer for something else does not lose it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b3f7c2d91e64"
down_revision = "5d0e7a92c1b4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("talks", sa.Column("message_at", sa.DateTime(timezone=True), nullable=True))
    # What waits until somebody is there may hold one: who left it is not to lose it.
    op.execute("UPDATE talks SET message_at = requested_at WHERE status = 'unanswered' AND opens_at IS NOT NULL")


def downgrade() -> None:
    op.drop_column("talks", "message_at")
