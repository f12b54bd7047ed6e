"""where a person answers: at the desk, in the staff's Telegram group, or as one of WeChat's own agents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5e8b20d7c4a3"
down_revision = "e5d1a7c03b92"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_WHEN = sa.DateTime(timezone=True)
_SPEAKS = "ck_talks_somebody_speaks"


def upgrade() -> None:
    op.add_column("talks", sa.Column("answered_in", sa.Text(), server_default="desk", nullable=False))
    op.add_column("talks", sa.Column("native_agent", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_talks_answered_in"), "talks", "answered_in IN ('desk', 'telegram', 'wechat')"
    )
    op.drop_constraint(op.f(_SPEAKS), "talks", type_="check")
    op.create_check_constraint(
        op.f(_SPEAKS), "talks", "status <> 'active' OR staff_id IS NOT NULL OR answered_in = 'wechat'"
    )
    op.add_column("staff", sa.Column("telegram_id", sa.BigInteger(), nullable=True))
    op.create_index("uq_staff_telegram_id", "staff", ["telegram_id"], unique=True)
    op.create_unique_constraint(op.f("uq_contacts_id"), "contacts", ["id", "channel"])
    _topics()
    _relays()
    _updates()


def _topics() -> None:
    op.create_table(
        "staff_topics",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="telegram", nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("made", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("channel = 'telegram'", name=op.f("ck_staff_topics_telegram_only")),
        sa.ForeignKeyConstraint(
            ["conversation_id", "channel"],
            ["contacts.id", "contacts.channel"],
            name="fk_staff_topics_conversation_id_contacts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_staff_topics")),
    )
    op.create_index("uq_staff_topics_thread_id", "staff_topics", ["group_id", "thread_id"], unique=True)


def _relays() -> None:
    op.create_table(
        "staff_relays",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("talk_id", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), server_default="say", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", _WHEN, nullable=True),
        sa.Column("claimed_at", _WHEN, nullable=True),
        sa.Column("sent_at", _WHEN, nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.CheckConstraint(
            "status IN ('queued', 'sending', 'sent', 'failed', 'unknown')",
            name=op.f("ck_staff_relays_status"),
        ),
        sa.CheckConstraint("act IN ('say', 'open', 'close')", name=op.f("ck_staff_relays_act")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["staff_topics.conversation_id"],
            name=op.f("fk_staff_relays_conversation_id_staff_topics"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["talk_id"], ["talks.id"], name=op.f("fk_staff_relays_talk_id_talks"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_relays")),
    )
    op.create_index("uq_staff_relays_cause", "staff_relays", ["cause"], unique=True)
    op.create_index(
        "ix_staff_relays_open",
        "staff_relays",
        ["conversation_id", "seq"],
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_index("ix_staff_relays_talk_id", "staff_relays", ["talk_id"])
    op.create_index("ix_staff_relays_created_at", "staff_relays", ["created_at"])


def _updates() -> None:
    op.create_table(
        "staff_updates",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", _WHEN, nullable=False),
        sa.Column("received_at", _WHEN, nullable=False),
        sa.CheckConstraint("status IN ('pending', 'done', 'failed')", name=op.f("ck_staff_updates_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_updates")),
    )
    op.create_index("uq_staff_updates_update_id", "staff_updates", ["update_id"], unique=True)
    op.create_index(
        "ix_staff_updates_pending", "staff_updates", ["seq"], postgresql_where=sa.text("status = 'pending'")
    )


def downgrade() -> None:
    op.drop_table("staff_updates")
    op.drop_table("staff_relays")
    op.drop_table("staff_topics")
    op.drop_constraint(op.f("uq_contacts_id"), "contacts", type_="unique")
    op.drop_index("uq_staff_telegram_id", table_name="staff")
    op.drop_column("staff", "telegram_id")
    op.execute(
        "UPDATE controls SET state = 'bot', epoch = epoch + 1 WHERE conversation_id IN "
        "(SELECT conversation_id FROM talks WHERE status = 'active' AND staff_id IS NULL)"
    )
    op.execute(
        "UPDATE talks SET status = 'closed', ended_at = now(), ended_by = 'time' "
        "WHERE status = 'active' AND staff_id IS NULL"
    )
    op.drop_constraint(op.f(_SPEAKS), "talks", type_="check")
    op.create_check_constraint(op.f(_SPEAKS), "talks", "status <> 'active' OR staff_id IS NOT NULL")
    op.drop_constraint(op.f("ck_talks_answered_in"), "talks", type_="check")
    op.drop_column("talks", "native_agent")
    op.drop_column("talks", "answered_in")
