"""Up to when staff have looked at conversations; outgoing messages in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7a1f4c52d908"
down_revision = "d27b6f18c094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations_seen",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversations_seen_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_conversations_seen_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name=op.f("pk_conversations_seen")),
    )
    op.create_index("ix_outbound_latest", "outbound", ["conversation_id", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_outbound_latest", table_name="outbound")
    op.drop_table("conversations_seen")
