"""a difference about money is a case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3be8d5f2a617"
down_revision = "90c3f1ab27e4"
branch_labels = None
depends_on = None

_KIND = "ck_cases_kind"
_BEFORE = "'complaint', 'adverse_event', 'parcel_problem', 'refund_problem'"


def upgrade() -> None:
    op.drop_constraint(op.f(_KIND), "cases")
    op.create_check_constraint(op.f(_KIND), "cases", f"kind IN ({_BEFORE}, 'money_difference', 'other')")
    for column in ("account_id", "contact_id"):
        op.alter_column("cases", column, nullable=True)
    op.create_check_constraint(
        op.f("ck_cases_account_id"), "cases", "(kind = 'money_difference') = (account_id IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_cases_contact_id"), "cases", "(account_id IS NULL) = (contact_id IS NULL)"
    )
    op.add_column("differences", sa.Column("case_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_differences_case_id_cases"), "differences", "cases", ["case_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(op.f("fk_differences_case_id_cases"), "differences")
    op.drop_column("differences", "case_id")
    op.execute(
        "DELETE FROM case_notes USING cases WHERE cases.id = case_id AND cases.kind = 'money_difference'"
    )
    op.execute("DELETE FROM cases WHERE kind = 'money_difference'")
    op.drop_constraint(op.f("ck_cases_contact_id"), "cases")
    op.drop_constraint(op.f("ck_cases_account_id"), "cases")
    for column in ("account_id", "contact_id"):
        op.alter_column("cases", column, nullable=False)
    op.drop_constraint(op.f(_KIND), "cases")
    op.create_check_constraint(op.f(_KIND), "cases", f"kind IN ({_BEFORE}, 'other')")
