"""what a page's link is about; electronic invoices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.hospital.models.invoices import INVOICE_STEPS
from integrations.hospital.models.states import status_trigger

revision = "a4d90c17e5b2"
down_revision = "7e20b9d4c6f1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("page_links", sa.Column("subject", sa.String(64), nullable=True))
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("number", sa.String(40), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('asked', 'issued', 'void')", name=op.f("ck_invoices_status")),
        sa.CheckConstraint("(number IS NULL) = (issued_at IS NULL)", name=op.f("ck_invoices_number")),
        sa.CheckConstraint("status <> 'issued' OR number IS NOT NULL", name=op.f("ck_invoices_issued")),
        sa.CheckConstraint("status <> 'asked' OR number IS NULL", name=op.f("ck_invoices_asked")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("order_id", name=op.f("uq_invoices_order_id")),
    )
    op.create_index("uq_invoices_number", "invoices", ["number"], unique=True)
    op.create_index(
        "ix_invoices_asked", "invoices", ["id"], postgresql_where=sa.text("status = 'asked'")
    )
    op.execute(status_trigger("invoices", INVOICE_STEPS))


def downgrade() -> None:
    op.drop_table("invoices")
    op.drop_column("page_links", "subject")
