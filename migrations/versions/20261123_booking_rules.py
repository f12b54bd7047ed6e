"""booking rules as data, and appointments that are moved"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5c1f0a7d2e64"
down_revision = "5d0c7c1f9e21"
branch_labels = None
depends_on = None

_LIMITS = (
    "per_day",
    "per_department_day",
    "open_at_once",
    "noshow_limit",
    "noshow_days",
    "noshow_block_days",
    "holds_at_once",
    "holds_per_day",
)
_CHECKS = {
    "sex": "sex IN ('male', 'female')",
    "late_cancel": "late_cancel IN ('unrefunded', 'refused')",
    "horizon_days": "horizon_days BETWEEN 0 AND 366",
    "ages": "least(age_from, age_to) >= 0 AND age_from <= age_to",
    "counts": "least(cancel_days, reschedules) >= 0",
    "limits": f"least({', '.join(_LIMITS)}) > 0",
}


def upgrade() -> None:
    op.create_table(
        "booking_rules",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=True),
        sa.Column("horizon_days", sa.Integer(), nullable=True),
        sa.Column("release_at", sa.Time(), nullable=True),
        sa.Column("age_from", sa.Integer(), nullable=True),
        sa.Column("age_to", sa.Integer(), nullable=True),
        sa.Column("sex", sa.String(length=24), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("per_department_day", sa.Integer(), nullable=True),
        sa.Column("open_at_once", sa.Integer(), nullable=True),
        sa.Column("holds_at_once", sa.Integer(), nullable=True),
        sa.Column("holds_per_day", sa.Integer(), nullable=True),
        sa.Column("cancel_days", sa.Integer(), nullable=True),
        sa.Column("cancel_at", sa.Time(), nullable=True),
        sa.Column("late_cancel", sa.String(length=24), nullable=True),
        sa.Column("reschedules", sa.Integer(), nullable=True),
        sa.Column("noshow_limit", sa.Integer(), nullable=True),
        sa.Column("noshow_days", sa.Integer(), nullable=True),
        sa.Column("noshow_block_days", sa.Integer(), nullable=True),
        *(sa.CheckConstraint(said, name=op.f(f"ck_booking_rules_{name}")) for name, said in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_booking_rules_department_id_departments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_rules")),
        sa.UniqueConstraint(
            "department_id", name=op.f("uq_booking_rules_department_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.execute("""
        INSERT INTO booking_rules (department_id, online, horizon_days)
        SELECT id, nullif(bookable, true), nullif(horizon_days, 14) FROM departments
        WHERE NOT bookable OR horizon_days <> 14
    """)
    op.drop_constraint(op.f("ck_departments_horizon_days"), "departments", type_="check")
    op.drop_column("departments", "bookable")
    op.drop_column("departments", "horizon_days")
    op.add_column("appointments", sa.Column("rescheduled_from", sa.Uuid(), nullable=True))
    op.add_column(
        "appointments", sa.Column("reschedules", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_unique_constraint(
        op.f("uq_appointments_rescheduled_from"), "appointments", ["rescheduled_from"]
    )
    op.create_foreign_key(
        op.f("fk_appointments_rescheduled_from_appointments"),
        "appointments",
        "appointments",
        ["rescheduled_from"],
        ["id"],
    )
    op.create_check_constraint(op.f("ck_appointments_reschedules"), "appointments", "reschedules >= 0")
    _check_orders(("unpaid", "paid", "closed", "refund_due"), "status IN ('paid', 'refund_due')")


def downgrade() -> None:
    op.execute("UPDATE orders SET status = 'paid' WHERE status = 'refund_due'")
    _check_orders(("unpaid", "paid", "closed"), "status = 'paid'")
    op.drop_constraint(op.f("ck_appointments_reschedules"), "appointments", type_="check")
    op.drop_column("appointments", "reschedules")
    op.drop_column("appointments", "rescheduled_from")
    op.add_column(
        "departments", sa.Column("bookable", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column(
        "departments", sa.Column("horizon_days", sa.Integer(), server_default=sa.text("14"), nullable=False)
    )
    op.create_check_constraint(op.f("ck_departments_horizon_days"), "departments", "horizon_days >= 0")
    op.execute("""
        UPDATE departments d SET bookable = coalesce(own.online, true), horizon_days = coalesce(own.horizon_days, 14)
        FROM booking_rules own WHERE own.department_id = d.id
    """)
    op.drop_table("booking_rules")


def _check_orders(statuses: tuple[str, ...], paid: str) -> None:
    words = ", ".join(f"'{status}'" for status in statuses)
    for name, said in (("status", f"status IN ({words})"), ("paid_at", f"({paid}) = (paid_at IS NOT NULL)")):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders", type_="check")
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", said)
