"""reconciliation: when a payment is asked about, what the daily bills named, differences of foreign accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41d9be8a07f"
down_revision = "5c0d7be41f82"
branch_labels = None
depends_on = None

_BEFORE = (
    "unknown_order", "wrong_amount", "not_on_bill", "refund_not_on_bill", "unknown_refund", "wrong_refund_amount",
)
_NEW = ("foreign_account", "other_transaction")


def upgrade() -> None:
    op.alter_column("payments", "asked_at", new_column_name="ask_at")
    for table in ("payments", "refunds"):
        op.add_column(table, sa.Column("billed_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_payments_unbilled",
        "payments",
        ["paid_at"],
        postgresql_where=sa.text("status = 'paid' AND billed_on IS NULL"),
    )
    op.create_index(
        "ix_refunds_unbilled",
        "refunds",
        ["settled_at"],
        postgresql_where=sa.text("status = 'succeeded' AND billed_on IS NULL"),
    )
    _kinds((*_BEFORE, *_NEW))
    zero = {"server_default": sa.text("0"), "nullable": False}
    op.create_table(
        "reconciliations",
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("payments", sa.Integer(), **zero),
        sa.Column("payments_fen", sa.BigInteger(), **zero),
        sa.Column("refunds", sa.Integer(), **zero),
        sa.Column("refunds_fen", sa.BigInteger(), **zero),
        sa.Column("learned", sa.Integer(), **zero),
        sa.Column("differences", sa.Integer(), **zero),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("platform IN ('wechatpay', 'alipay')", name=op.f("ck_reconciliations_platform")),
        sa.PrimaryKeyConstraint("platform", "day", name=op.f("pk_reconciliations")),
    )


def downgrade() -> None:
    op.drop_table("reconciliations")
    op.execute("DELETE FROM differences WHERE kind IN ('foreign_account', 'other_transaction')")
    _kinds(_BEFORE)
    op.drop_index("ix_refunds_unbilled", "refunds")
    op.drop_index("ix_payments_unbilled", "payments")
    for table in ("refunds", "payments"):
        op.drop_column(table, "billed_on")
    op.alter_column("payments", "ask_at", new_column_name="asked_at")


def _kinds(kinds: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{one}'" for one in kinds)
    op.drop_constraint(op.f("ck_differences_kind"), "differences", type_="check")
    op.create_check_constraint(op.f("ck_differences_kind"), "differences", f"kind IN ({allowed})")
