"""indexes for the consents of an account, and for the patients who wait for a check"""

import sqlalchemy as sa
from alembic import op

revision = "8a3f1c6e20d7"
down_revision = "5c1f0a7d2e64"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_consents_account_id"), "consents", ["account_id"])
    op.create_index(
        "ix_patients_waiting",
        "patients",
        ["status", "id"],
        postgresql_where=sa.text("status IN ('pending', 'review')"),
    )


def downgrade() -> None:
    op.drop_index("ix_patients_waiting", table_name="patients")
    op.drop_index(op.f("ix_consents_account_id"), table_name="consents")
