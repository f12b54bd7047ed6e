"""medicines, prescriptions with review and substitution, addresses, parcels; what an order of medicine is for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.hospital.models.delivery import DELIVERY_STEPS
from integrations.hospital.models.medicine import PRESCRIPTION_STEPS, SUBSTITUTION_STEPS
from integrations.hospital.models.states import status_trigger

revision = "5c2e9a70b4d1"
down_revision = "5d2c8e7fa914"
branch_labels = None
depends_on = None

_UUID7 = sa.text("uuidv7()")
_NOW = sa.text("now()")
_TABLES = (
    "parcel_events",
    "deliveries",
    "addresses",
    "substitutions",
    "prescription_reviews",
    "prescription_lines",
    "prescriptions",
    "medicines",
)


def upgrade() -> None:
    _pharmacy()
    _prescriptions()
    _parcels()
    _orders()


def _pharmacy() -> None:
    op.create_table(
        "medicines",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), server_default="", nullable=False),
        sa.Column("form", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(24), server_default="common", nullable=False),
        sa.Column("strength", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("cold_chain", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("prescription_only", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint(
            "form IN ('tablet', 'capsule', 'granules', 'liquid', 'drops', 'inhaler', 'ointment', 'injection')",
            name=op.f("ck_medicines_form"),
        ),
        sa.CheckConstraint(
            "kind IN ('common', 'glucose_lowering', 'narcotic', 'psychotropic', 'toxic', 'radioactive', 'precursor', 'vaccine', 'blood_product', 'in_house')",
            name=op.f("ck_medicines_kind"),
        ),
        sa.CheckConstraint("price_fen > 0", name=op.f("ck_medicines_price_fen")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_medicines_stock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medicines")),
        sa.UniqueConstraint("code", name=op.f("uq_medicines_code")),
    )


def _prescriptions() -> None:
    op.create_table(
        "prescriptions",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handing", sa.String(24), nullable=True),
        sa.Column("stock_held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("pickup_code", sa.String(length=6), nullable=True),
        sa.CheckConstraint("handing IN ('pickup', 'delivery')", name=op.f("ck_prescriptions_handing")),
        sa.CheckConstraint(
            "status IN ('issued', 'in_review', 'approved', 'rejected', 'paid', 'dispensing', 'dispensed', 'shipped', 'delivered', 'expired', 'cancelled')",
            name=op.f("ck_prescriptions_status"),
        ),
        sa.CheckConstraint("valid_until > issued_at", name=op.f("ck_prescriptions_valid_until")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_prescriptions_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_prescriptions_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_prescriptions_department_id_departments")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_prescriptions_patient_id_patients")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_prescriptions_practitioner_id_practitioners")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescriptions")),
    )
    op.create_index(op.f("ix_prescriptions_account_id"), "prescriptions", ["account_id"])
    op.create_index(
        "ix_prescriptions_expiry",
        "prescriptions",
        ["valid_until"],
        postgresql_where=sa.text("status IN ('issued', 'in_review', 'approved')"),
    )
    op.create_index(op.f("ix_prescriptions_patient_id"), "prescriptions", ["patient_id"])
    op.create_index("ix_prescriptions_practitioner", "prescriptions", ["practitioner_id", "id"])
    op.create_index(
        "uq_prescriptions_pickup_code",
        "prescriptions",
        ["pickup_code"],
        unique=True,
        postgresql_where=sa.text("status IN ('paid', 'dispensing')"),
    )
    op.create_table(
        "prescription_lines",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("medicine_id", sa.Uuid(), nullable=False),
        sa.Column("dose", sa.String(length=60), nullable=False),
        sa.Column("frequency", sa.String(length=60), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.CheckConstraint("days > 0", name=op.f("ck_prescription_lines_days")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_prescription_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["medicine_id"], ["medicines.id"], name=op.f("fk_prescription_lines_medicine_id_medicines")
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescriptions.id"],
            name=op.f("fk_prescription_lines_prescription_id_prescriptions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_lines")),
        sa.UniqueConstraint("prescription_id", "position", name=op.f("uq_prescription_lines_prescription_id")),
    )
    op.create_table(
        "prescription_reviews",
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pharmacist", sa.String(length=80), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (approved IS NULL)", name=op.f("ck_prescription_reviews_decided")
        ),
        sa.CheckConstraint(
            "approved IS NOT FALSE OR reason IS NOT NULL", name=op.f("ck_prescription_reviews_reason")
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescriptions.id"],
            name=op.f("fk_prescription_reviews_prescription_id_prescriptions"),
        ),
        sa.PrimaryKeyConstraint("prescription_id", name=op.f("pk_prescription_reviews")),
    )
    op.create_index(
        "ix_prescription_reviews_open",
        "prescription_reviews",
        ["due_at"],
        postgresql_where=sa.text("decided_at IS NULL"),
    )
    op.create_table(
        "substitutions",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("old_medicine_id", sa.Uuid(), nullable=False),
        sa.Column("old_quantity", sa.Integer(), nullable=False),
        sa.Column("medicine_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("dose", sa.String(length=60), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("pharmacist", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('asked', 'accepted', 'declined', 'closed')", name=op.f("ck_substitutions_status")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_substitutions_quantity")),
        sa.ForeignKeyConstraint(
            ["line_id"], ["prescription_lines.id"], name=op.f("fk_substitutions_line_id_prescription_lines")
        ),
        sa.ForeignKeyConstraint(
            ["medicine_id"], ["medicines.id"], name=op.f("fk_substitutions_medicine_id_medicines")
        ),
        sa.ForeignKeyConstraint(
            ["old_medicine_id"], ["medicines.id"], name=op.f("fk_substitutions_old_medicine_id_medicines")
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"], ["prescriptions.id"], name=op.f("fk_substitutions_prescription_id_prescriptions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitutions")),
    )
    op.create_index(op.f("ix_substitutions_prescription_id"), "substitutions", ["prescription_id"])
    op.create_index(
        "uq_substitutions_asked",
        "substitutions",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("status = 'asked'"),
    )
    op.execute(status_trigger("prescriptions", PRESCRIPTION_STEPS))
    op.execute(status_trigger("substitutions", SUBSTITUTION_STEPS))


def _parcels() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("default_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_addresses_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_addresses_contact_id_contacts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_account_id"), "addresses", ["account_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("destination", sa.LargeBinary(), nullable=False),
        sa.Column("cold_chain", sa.Boolean(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("carrier", sa.String(length=30), nullable=True),
        sa.Column("waybill", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(24), nullable=True),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.String(24), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "(status = 'delivered') = (delivered_at IS NOT NULL)", name=op.f("ck_deliveries_delivered_at")
        ),
        sa.CheckConstraint("confirmed_by IN ('patient', 'carrier')", name=op.f("ck_deliveries_confirmed_by")),
        sa.CheckConstraint(
            "state IN ('collected', 'in_transit', 'out_for_delivery', 'signed', 'forwarded', 'customs', 'problem', 'returning', 'refused', 'returned')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.CheckConstraint(
            "status IN ('waiting', 'preparing', 'shipped', 'problem', 'delivered', 'returned', 'cancelled')",
            name=op.f("ck_deliveries_status"),
        ),
        sa.CheckConstraint("(carrier IS NULL) = (waybill IS NULL)", name=op.f("ck_deliveries_waybill")),
        sa.CheckConstraint("(state IS NULL) = (state_at IS NULL)", name=op.f("ck_deliveries_state_at")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deliveries_account_id_accounts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_deliveries_contact_id_contacts")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_deliveries_patient_id_patients")),
        sa.ForeignKeyConstraint(
            ["prescription_id"], ["prescriptions.id"], name=op.f("fk_deliveries_prescription_id_prescriptions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("carrier", "waybill", name="uq_deliveries_waybill"),
    )
    op.create_index(op.f("ix_deliveries_account_id"), "deliveries", ["account_id"])
    op.create_index(
        "ix_deliveries_unsubscribed",
        "deliveries",
        ["next_try_at"],
        postgresql_where=sa.text("subscribed_at IS NULL AND next_try_at IS NOT NULL"),
    )
    op.create_index(
        "uq_deliveries_standing",
        "deliveries",
        ["prescription_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_table(
        "parcel_events",
        sa.Column("id", sa.Uuid(), server_default=_UUID7, nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_parcel_events_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_events")),
    )
    op.create_index(op.f("ix_parcel_events_delivery_id"), "parcel_events", ["delivery_id"])
    op.execute(status_trigger("deliveries", DELIVERY_STEPS))


def _orders() -> None:
    op.add_column("orders", sa.Column("prescription_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_orders_prescription_id"), "orders", ["prescription_id"])
    op.create_index(
        "uq_orders_prescription",
        "orders",
        ["prescription_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('unpaid', 'paid')"),
    )
    op.create_foreign_key(
        op.f("fk_orders_prescription_id_prescriptions"), "orders", "prescriptions", ["prescription_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_orders_prescription_id"), "orders", "prescription_id IS NULL OR kind = 'medicine'"
    )


def downgrade() -> None:
    op.drop_column("orders", "prescription_id")
    for table in _TABLES:
        op.drop_table(table)
