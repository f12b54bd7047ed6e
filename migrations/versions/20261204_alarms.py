"""alarms of red flags, and the pages that staff get"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8b1f64e2a9c7"
down_revision = "8e41c7d90b26"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True, start=101), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("inbound_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("raised_at", _WHEN, nullable=False),
        sa.Column("last_at", _WHEN, nullable=False),
        sa.Column("page_at", _WHEN, nullable=True),
        sa.Column("paged_at", _WHEN, nullable=True),
        sa.Column("office_at", _WHEN, nullable=True),
        sa.Column("acknowledged_at", _WHEN, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('emergency', 'crisis', 'urgent', 'check')", name=op.f("ck_alarms_outcome")
        ),
        sa.CheckConstraint("answer IN ('yes', 'no', 'other')", name=op.f("ck_alarms_answer")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_alarms_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_alarms_inbound_id_inbound"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        sa.UniqueConstraint("number", name=op.f("uq_alarms_number")),
    )
    op.create_index("ix_alarms_conversation_id_raised_at", "alarms", ["conversation_id", "raised_at"])
    op.create_index(
        "ix_alarms_waiting",
        "alarms",
        ["page_at"],
        postgresql_where=sa.text("page_at IS NOT NULL AND acknowledged_at IS NULL"),
    )
    op.create_table(
        "page_slips",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("phone", sa.Integer(), nullable=False),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.Column("sent_at", _WHEN, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_slips")),
    )
    op.create_index("ix_page_slips_sent_at", "page_slips", ["sent_at"])


def downgrade() -> None:
    op.drop_table("page_slips")
    op.drop_table("alarms")
