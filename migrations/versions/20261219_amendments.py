"""a prescription that was sent back waits for its doctor"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.hospital.models.medicine import PRESCRIPTION_STEPS, PrescriptionStatus
from integrations.hospital.models.states import status_trigger

revision = "7a41c9e05d3b"
down_revision = "5e8b20d7c4a3"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)
_REVIEWS = "prescription_reviews"
# What was sent back to doctors before, and may still be amended.
_WAITING = sa.text("""
    UPDATE prescription_reviews r SET amend_by = p.valid_until FROM prescriptions p
    WHERE p.id = r.prescription_id AND p.status = 'rejected' AND p.consultation_id IS NOT NULL
      AND p.valid_until > now() AND NOT EXISTS (SELECT FROM prescriptions later WHERE later.amends_id = p.id)
""")


def upgrade() -> None:
    for name in ("amend_by", "overdue_at", "settled_at"):
        op.add_column(_REVIEWS, sa.Column(name, _WHEN, nullable=True))
    op.add_column(_REVIEWS, sa.Column("settled_by", sa.String(length=80), nullable=True))
    for name, rule in (
        ("amend_by", "amend_by IS NULL OR approved IS FALSE"),
        ("overdue_at", "overdue_at IS NULL OR amend_by IS NOT NULL"),
        ("settled_at", "(settled_at IS NULL) = (settled_by IS NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_{_REVIEWS}_{name}"), _REVIEWS, rule)
    op.create_index(
        "ix_prescription_reviews_amend_by",
        _REVIEWS,
        ["amend_by"],
        postgresql_where=sa.text("amend_by IS NOT NULL"),
    )
    op.create_unique_constraint(op.f("uq_prescriptions_amends_id"), "prescriptions", ["amends_id"])
    op.execute(status_trigger("prescriptions", PRESCRIPTION_STEPS))
    op.execute(_WAITING)


def downgrade() -> None:
    op.drop_constraint(op.f("uq_prescriptions_amends_id"), "prescriptions")
    op.drop_index("ix_prescription_reviews_amend_by", _REVIEWS)
    for name in ("settled_by", "settled_at", "overdue_at", "amend_by"):
        op.drop_column(_REVIEWS, name)
    before = {
        step: allowed
        for step, allowed in PRESCRIPTION_STEPS.items()
        if step is not PrescriptionStatus.REJECTED
    }
    op.execute(status_trigger("prescriptions", before))
