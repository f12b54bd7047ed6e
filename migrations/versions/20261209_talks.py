"""talks with a person, notes about them, canned replies; what a person says among what goes out"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "4d7e02b9c516"
down_revision = "4b7d02c9e6a1"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_WHEN = sa.DateTime(timezone=True)
_OPEN = sa.text("status IN ('waiting', 'active', 'unanswered')")


def upgrade() -> None:
    op.create_table(
        "talks",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("wanted_staff_id", sa.Uuid(), nullable=True),
        sa.Column("consultation_id", sa.Uuid(), nullable=True),
        sa.Column("declined", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_at", _WHEN, nullable=False),
        sa.Column("opens_at", _WHEN, nullable=True),
        sa.Column("assigned_at", _WHEN, nullable=True),
        sa.Column("accepted_at", _WHEN, nullable=True),
        sa.Column("first_answered_at", _WHEN, nullable=True),
        sa.Column("last_said_at", _WHEN, nullable=True),
        sa.Column("escalated_at", _WHEN, nullable=True),
        sa.Column("silent_since", _WHEN, nullable=True),
        sa.Column("asked_position", sa.Integer(), nullable=True),
        sa.Column("told_position", sa.Integer(), nullable=True),
        sa.Column("told_at", _WHEN, nullable=True),
        sa.Column("ended_at", _WHEN, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("skill IN ('service', 'doctor', 'pharmacy')", name=op.f("ck_talks_skill")),
        sa.CheckConstraint(
            "reason IN ('asked', 'failed', 'anger', 'alarm', 'complaint', 'consultation', 'staff')",
            name=op.f("ck_talks_reason"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'active', 'unanswered', 'closed', 'left')", name=op.f("ck_talks_status")
        ),
        sa.CheckConstraint(
            "status <> 'active' OR staff_id IS NOT NULL", name=op.f("ck_talks_somebody_speaks")
        ),
        sa.CheckConstraint(
            "(status IN ('closed', 'left')) = (ended_at IS NOT NULL)", name=op.f("ck_talks_ended")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_talks_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_talks_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talks")),
    )
    op.create_index("uq_talks_open", "talks", ["conversation_id"], unique=True, postgresql_where=_OPEN)
    op.create_index(
        "ix_talks_queue",
        "talks",
        ["skill", "requested_at"],
        postgresql_where=sa.text("status IN ('waiting', 'unanswered')"),
    )
    op.create_index("ix_talks_staff_id", "talks", ["staff_id"], postgresql_where=_OPEN)
    op.create_index(
        "ix_talks_accepted_at",
        "talks",
        ["accepted_at"],
        postgresql_where=sa.text("accepted_at IS NOT NULL"),
    )
    op.create_index("ix_talks_conversation_id", "talks", ["conversation_id", "requested_at"])
    op.create_table(
        "talk_notes",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("talk_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_talk_notes_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["talk_id"], ["talks.id"], name=op.f("fk_talk_notes_talk_id_talks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talk_notes")),
    )
    op.create_index("ix_talk_notes_conversation_id", "talk_notes", ["conversation_id"])
    op.create_index(op.f("ix_talk_notes_talk_id"), "talk_notes", ["talk_id"])
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("shortcut", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("words_en", sa.Text(), server_default="", nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", _WHEN, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
    )
    op.create_index("uq_canned_replies_shortcut", "canned_replies", ["shortcut"], unique=True)
    op.add_column("outbound", sa.Column("talk_id", sa.Uuid(), nullable=True))
    op.add_column("outbound", sa.Column("staff_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_outbound_talk_id_talks"), "outbound", "talks", ["talk_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "ix_outbound_talk_id", "outbound", ["talk_id"], postgresql_where=sa.text("talk_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_outbound_talk_id", table_name="outbound")
    op.drop_column("outbound", "staff_id")
    op.drop_column("outbound", "talk_id")
    op.drop_table("canned_replies")
    op.drop_table("talk_notes")
    op.drop_table("talks")
