"""what a pharmacist was warned of while proposing another medicine; only after the review"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41d7e9a05b8"
down_revision = "7a41c9e05d3b"
branch_labels = None
depends_on = None

# What was asked before the review is the doctor's to put right: it is sent back now.
_CLOSE = sa.text("""
    UPDATE substitutions SET status = 'closed', answered_at = now() FROM prescriptions p
    WHERE p.id = prescription_id AND p.status IN ('issued', 'in_review') AND substitutions.status = 'asked'
""")


def upgrade() -> None:
    op.create_table(
        "substitution_warnings",
        sa.Column("substitution_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("allergy", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["substitution_id"],
            ["substitutions.id"],
            name=op.f("fk_substitution_warnings_substitution_id_substitutions"),
        ),
        sa.PrimaryKeyConstraint("substitution_id", name=op.f("pk_substitution_warnings")),
    )
    op.execute(_CLOSE)


def downgrade() -> None:
    op.drop_table("substitution_warnings")
