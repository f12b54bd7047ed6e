"""questions about the hospital that no page answers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8b1d60f7c2ae"
down_revision = "3f8a61d20b97"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unanswered_questions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("words", sa.String(80), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("asked", sa.Integer(), server_default="1", nullable=False),
        sa.Column("first_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("asked > 0", name=op.f("ck_unanswered_questions_asked_at_least_once")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unanswered_questions")),
        sa.UniqueConstraint("words", name=op.f("uq_unanswered_questions_words")),
    )


def downgrade() -> None:
    op.drop_table("unanswered_questions")
