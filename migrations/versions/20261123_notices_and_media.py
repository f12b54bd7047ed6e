"""notices and media"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c41d2f09e55"
down_revision = "d4e8b1c09a57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbound", sa.Column("notice", sa.Text(), nullable=True))
    op.add_column("outbound", sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbound", sa.Column("notice_error", sa.Text(), nullable=True))
    op.create_index(
        "ix_outbound_notices",
        "outbound",
        ["conversation_id"],
        postgresql_where=sa.text(
            "notice IS NOT NULL AND notice_error IS NULL AND status IN ('queued', 'unknown')"
        ),
    )
    op.create_index(
        "ix_outbound_notified",
        "outbound",
        ["platform_id"],
        postgresql_where=sa.text("notified_at IS NOT NULL"),
    )
    op.create_table(
        "notice_permissions",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("granted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("granted >= 0", name=op.f("ck_notice_permissions_granted")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_notice_permissions_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "template", name=op.f("pk_notice_permissions")),
    )
    op.create_table(
        "media",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("inbound_id", sa.Uuid(), nullable=True),
        sa.Column("album", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'stored', 'failed')", name=op.f("ck_media_status")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_media_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_media_inbound_id_inbound"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_media_inbound_id")),
    )
    # Already encrypted, so there is nothing to compress; EXTERNAL spares the attempt.
    op.execute("ALTER TABLE media ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_index(
        "ix_media_waiting", "media", ["retry_at"], postgresql_where=sa.text("status = 'waiting'")
    )
    op.create_index("ix_media_conversation_id_album", "media", ["conversation_id", "album"])
    op.create_index("ix_media_created_at", "media", ["created_at"])


def downgrade() -> None:
    op.drop_table("media")
    op.drop_table("notice_permissions")
    op.drop_index("ix_outbound_notified", table_name="outbound")
    op.drop_index("ix_outbound_notices", table_name="outbound")
    op.drop_column("outbound", "notice_error")
    op.drop_column("outbound", "notified_at")
    op.drop_column("outbound", "notice")
