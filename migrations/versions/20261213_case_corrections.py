"""patients correct what they said in a case"""

from __future__ import annotations

from alembic import op

revision = "d27b6f18c094"
down_revision = "a91f4c63e07d"
branch_labels = None
depends_on = None

_NAME = "ck_case_notes_kind"


def upgrade() -> None:
    op.drop_constraint(op.f(_NAME), "case_notes")
    op.create_check_constraint(op.f(_NAME), "case_notes", "kind IN ('internal', 'answer', 'patient', 'correction')")


def downgrade() -> None:
    op.execute("UPDATE case_notes SET kind = 'patient' WHERE kind = 'correction'")
    op.drop_constraint(op.f(_NAME), "case_notes")
    op.create_check_constraint(op.f(_NAME), "case_notes", "kind IN ('internal', 'answer', 'patient')")
