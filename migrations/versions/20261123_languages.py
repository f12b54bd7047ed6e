"""languages: what a conversation speaks, and English names of the hospital's things"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "5d0c7a91be42"
down_revision = "c1f2a7d3e840"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversations", sa.Column("language", sa.Text(), server_default="zh-Hans", nullable=False)
    )
    op.add_column(
        "conversations",
        sa.Column("language_chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_conversations_language"), "conversations", "language IN ('zh-Hans', 'zh-Hant', 'en')"
    )
    op.add_column("departments", sa.Column("name_en", sa.String(80), server_default="", nullable=False))
    op.add_column(
        "departments",
        sa.Column(
            "aliases_en", postgresql.ARRAY(sa.String(40)), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("practitioners", sa.Column("name_en", sa.String(80), server_default="", nullable=False))
    op.create_table(
        "hospital_terms",
        sa.Column("term", sa.String(40), nullable=False),
        sa.Column("english", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_hospital_terms")),
    )


def downgrade() -> None:
    op.drop_table("hospital_terms")
    op.drop_column("practitioners", "name_en")
    op.drop_column("departments", "aliases_en")
    op.drop_column("departments", "name_en")
    op.drop_constraint(op.f("ck_conversations_language"), "conversations", type_="check")
    op.drop_column("conversations", "language_chosen")
    op.drop_column("conversations", "language")
