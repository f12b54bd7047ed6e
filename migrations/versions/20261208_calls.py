"""every attempt of a follow-up call, and what else may come of one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4b7d02c9e6a1"
down_revision = "e41c90ab73d5"
branch_labels = None
depends_on = None

_BEFORE = "call_outcome IN ('reached', 'no_answer', 'wrong_number')"
_OUTCOMES = "('reached', 'no_answer', 'refused', 'wrong_number', 'died')"
_CHECK = "ck_follow_up_tasks_call_outcome"


def upgrade() -> None:
    op.add_column("follow_up_tasks", sa.Column("next_call_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f(_CHECK), "follow_up_tasks", type_="check")
    op.create_check_constraint(op.f(_CHECK), "follow_up_tasks", f"call_outcome IN {_OUTCOMES}")
    op.create_table(
        "follow_up_calls",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("called_by", sa.String(80), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"outcome IN {_OUTCOMES}", name=op.f("ck_follow_up_calls_outcome")),
        sa.ForeignKeyConstraint(
            ["task_id"], ["follow_up_tasks.id"], name=op.f("fk_follow_up_calls_task_id_follow_up_tasks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_calls")),
    )
    op.create_index(op.f("ix_follow_up_calls_task_id"), "follow_up_calls", ["task_id"])


def downgrade() -> None:
    op.drop_table("follow_up_calls")
    op.execute(
        "UPDATE follow_up_tasks SET call_outcome = 'no_answer' WHERE call_outcome IN ('refused', 'died')"
    )
    op.drop_constraint(op.f(_CHECK), "follow_up_tasks", type_="check")
    op.create_check_constraint(op.f(_CHECK), "follow_up_tasks", _BEFORE)
    op.drop_column("follow_up_tasks", "next_call_at")
