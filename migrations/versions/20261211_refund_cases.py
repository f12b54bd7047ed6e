"""a refund that is stuck is a case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c0e7a91d3b8"
down_revision = "4e9b70c1d3a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refunds", sa.Column("case_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_refunds_case_id_cases"), "refunds", "cases", ["case_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_refunds_case_id_cases"), "refunds")
    op.drop_column("refunds", "case_id")
