"""money: orders of every kind, payments, refunds, differences; reminders; the history of what has a status"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from integrations.hospital.models.billing import ORDER_STEPS, PAYMENT_STEPS, REFUND_STEPS
from integrations.hospital.models.states import HISTORY_APPEND_ONLY_SQL, KEEP_STATUS_SQL, status_trigger

revision = "e7b1c04d9a36"
down_revision = "8a3f1c6e20d7"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_NOW = sa.text("now()")


def upgrade() -> None:
    _history()
    _orders()
    _payments()
    _refunds()
    _differences()
    _reminders()


def _history() -> None:
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("entity", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.String(24), nullable=False),
        sa.Column("after", sa.String(24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_changes")),
    )
    op.create_index("ix_status_changes_subject", "status_changes", ["subject_id", "id"])
    op.execute(KEEP_STATUS_SQL)
    op.execute(HISTORY_APPEND_ONLY_SQL)


def _orders() -> None:
    op.add_column(
        "orders", sa.Column("kind", sa.String(24), server_default="registration", nullable=False)
    )
    for name in ("patient_id", "contact_id"):
        op.add_column("orders", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("orders", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("""
        UPDATE orders SET patient_id = a.patient_id, contact_id = a.contact_id, expires_at = a.hold_expires_at
        FROM appointments a WHERE a.id = appointment_id
    """)
    for name in ("patient_id", "contact_id"):
        op.alter_column("orders", name, nullable=False)
    op.alter_column("orders", "appointment_id", nullable=True)
    op.create_foreign_key(op.f("fk_orders_patient_id_patients"), "orders", "patients", ["patient_id"], ["id"])
    op.create_foreign_key(op.f("fk_orders_contact_id_contacts"), "orders", "contacts", ["contact_id"], ["id"])
    op.create_index(op.f("ix_orders_patient_id"), "orders", ["patient_id"])
    op.create_index(
        "ix_orders_expiry", "orders", ["expires_at"], postgresql_where=sa.text("status = 'unpaid'")
    )
    op.create_check_constraint(
        op.f("ck_orders_kind"), "orders", "kind IN ('registration', 'consultation', 'test', 'medicine')"
    )
    op.create_check_constraint(
        op.f("ck_orders_appointment_id"), "orders", "(kind = 'registration') = (appointment_id IS NOT NULL)"
    )
    _check_orders(
        ("unpaid", "paid", "closed", "refund_due", "refunded"), "status IN ('paid', 'refund_due', 'refunded')"
    )
    op.execute(status_trigger("orders", ORDER_STEPS))
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_items_quantity")),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_order_items_amount_fen")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_items_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_order_items")),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("out_trade_no", sa.String(32), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("opened_for", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.String(64), nullable=True),
        sa.Column("payer", sa.Text(), nullable=True),
        sa.Column("found_by", sa.String(24), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("platform IN ('wechatpay', 'alipay')", name=op.f("ck_payments_platform")),
        sa.CheckConstraint("status IN ('opened', 'paid', 'closed')", name=op.f("ck_payments_status")),
        sa.CheckConstraint("found_by IN ('callback', 'query', 'bill')", name=op.f("ck_payments_found_by")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payments_amount_fen")),
        sa.CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_payments_paid_at")),
        sa.CheckConstraint(
            "(status = 'paid') = (transaction_id IS NOT NULL)", name=op.f("ck_payments_transaction_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_payments_out_trade_no")),
        sa.UniqueConstraint("platform", "transaction_id", name="uq_payments_transaction"),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"])
    op.create_index(
        "ix_payments_opened", "payments", ["asked_at"], postgresql_where=sa.text("status = 'opened'")
    )
    op.execute(status_trigger("payments", PAYMENT_STEPS))


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("out_refund_no", sa.String(64), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("platform_refund_id", sa.String(64), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "reason IN ('cancelled', 'too_late', 'twice', 'stopped', 'staff')", name=op.f("ck_refunds_reason")
        ),
        sa.CheckConstraint(
            "status IN ('due', 'processing', 'succeeded', 'abnormal', 'closed')",
            name=op.f("ck_refunds_status"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refunds_amount_fen")),
        sa.CheckConstraint(
            "(status = 'succeeded') = (settled_at IS NOT NULL)", name=op.f("ck_refunds_settled_at")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("out_refund_no", name=op.f("uq_refunds_out_refund_no")),
    )
    op.create_index("uq_refunds_payment", "refunds", ["payment_id"], unique=True)
    op.create_index(
        "ix_refunds_open",
        "refunds",
        ["next_try_at"],
        postgresql_where=sa.text("status IN ('due', 'processing')"),
    )
    op.execute(status_trigger("refunds", REFUND_STEPS))


def _differences() -> None:
    op.create_table(
        "differences",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=True),
        sa.Column("ours_fen", sa.Integer(), nullable=True),
        sa.Column("theirs_fen", sa.Integer(), nullable=True),
        sa.Column("found_by", sa.String(24), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("platform IN ('wechatpay', 'alipay')", name=op.f("ck_differences_platform")),
        sa.CheckConstraint(
            "kind IN ('unknown_order', 'wrong_amount', 'not_on_bill', 'refund_not_on_bill', 'unknown_refund', "
            "'wrong_refund_amount')",
            name=op.f("ck_differences_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
        sa.UniqueConstraint("platform", "kind", "number", name="uq_differences_found"),
    )
    op.create_index(
        "ix_differences_open", "differences", ["id"], postgresql_where=sa.text("settled_at IS NULL")
    )


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("useless_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reminders_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_reminders_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint("subject_id", "kind", name="uq_reminders_subject"),
    )
    op.create_index("ix_reminders_due", "reminders", ["due_at", "id"])


def downgrade() -> None:
    for table in ("reminders", "differences", "refunds", "payments", "order_items"):
        op.drop_table(table)
    op.execute("DROP TRIGGER orders_status ON orders")
    op.drop_table("status_changes")
    op.execute("DROP FUNCTION keep_status()")
    # What no earlier version knows: bills without an appointment, and money that is back already.
    op.execute("DELETE FROM orders WHERE kind <> 'registration'")
    op.execute("UPDATE orders SET status = 'refund_due' WHERE status = 'refunded'")
    _check_orders(("unpaid", "paid", "closed", "refund_due"), "status IN ('paid', 'refund_due')")
    for name in ("appointment_id", "kind"):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders", type_="check")
    op.drop_index("ix_orders_expiry", "orders")
    op.drop_index(op.f("ix_orders_patient_id"), "orders")
    op.alter_column("orders", "appointment_id", nullable=False)
    for name in ("expires_at", "contact_id", "patient_id", "kind"):
        op.drop_column("orders", name)


def _check_orders(statuses: tuple[str, ...], paid: str) -> None:
    allowed = ", ".join(f"'{one}'" for one in statuses)
    for name, said in (("status", f"status IN ({allowed})"), ("paid_at", f"({paid}) = (paid_at IS NOT NULL)")):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders", type_="check")
        op.create_check_constraint(op.f(f"ck_orders_{name}"), "orders", said)
