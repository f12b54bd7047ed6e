"""who died is the hospital's to know, not follow-up's: no reminder and no news reaches their chat, and an opt-out of
before is not lost when it was a mistake"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e1d6a4c08b57"
down_revision = "5f0b3a9d7c18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patients", sa.Column("deceased_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("""
        UPDATE patients SET deceased_at = r.since FROM follow_up_refusals r
        WHERE r.patient_id = patients.id AND r.reason = 'died'
    """)
    op.execute("DELETE FROM follow_up_refusals WHERE reason = 'died'")


def downgrade() -> None:
    op.execute("""
        INSERT INTO follow_up_refusals (patient_id, reason, since, by)
        SELECT id, 'died', deceased_at, 'migration' FROM patients WHERE deceased_at IS NOT NULL
        ON CONFLICT (patient_id) DO UPDATE SET reason = 'died'
    """)
    op.drop_column("patients", "deceased_at")
