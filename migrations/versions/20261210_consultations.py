"""online consultations, and prescriptions that a doctor signs in them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from integrations.hospital.models.consultation import CONSULTATION_STEPS
from integrations.hospital.models.states import status_trigger

revision = "4e9b70c1d3a6"
down_revision = "4d7e02b9c516"
branch_labels = None
depends_on = None

KINDS = "'health_data', 'data_abroad', 'family_access', 'guardian'"
SIGNED = (
    "num_nulls(signed_by, signed_at, signed_hash) IN (0, 3)"
    " AND (consultation_id IS NULL OR signed_hash IS NOT NULL)"
)


def _consents(kinds: str, of_a_patient: str) -> None:
    for name, rule in (
        ("kind", f"kind IN ({kinds})"),
        ("patient", f"(kind IN ({of_a_patient})) = (patient_id IS NOT NULL)"),
    ):
        op.drop_constraint(op.f(f"ck_consents_{name}"), "consents", type_="check")
        op.create_check_constraint(op.f(f"ck_consents_{name}"), "consents", rule)


def upgrade() -> None:
    _consents(f"{KINDS}, 'consultation'", "'family_access', 'guardian', 'consultation'")
    _consultations()
    op.add_column("prescriptions", sa.Column("consultation_id", sa.Uuid(), nullable=True))
    op.add_column("prescriptions", sa.Column("amends_id", sa.Uuid(), nullable=True))
    op.add_column("prescriptions", sa.Column("signed_by", sa.String(80), nullable=True))
    op.add_column("prescriptions", sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("prescriptions", sa.Column("signed_hash", sa.String(64), nullable=True))
    op.create_index(op.f("ix_prescriptions_consultation_id"), "prescriptions", ["consultation_id"])
    for column, other in (("consultation_id", "consultations"), ("amends_id", "prescriptions")):
        name = op.f(f"fk_prescriptions_{column}_{other}")
        op.create_foreign_key(name, "prescriptions", other, [column], ["id"])
    op.create_check_constraint(op.f("ck_prescriptions_signed"), "prescriptions", SIGNED)
    _warnings()


def _consultations() -> None:
    op.create_table(
        "consultation_offers",
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("children", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("closes > opens", name=op.f("ck_consultation_offers_closes")),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_consultation_offers_fee_fen")),
        sa.CheckConstraint("places > 0", name=op.f("ck_consultation_offers_places")),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_consultation_offers_practitioner_id_practitioners"),
        ),
        sa.PrimaryKeyConstraint("practitioner_id", name=op.f("pk_consultation_offers")),
    )
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("intake_id", sa.Uuid(), nullable=True),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("condition", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.String(24), nullable=False),
        sa.Column("evidence_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accept_minutes", sa.Integer(), nullable=False),
        sa.Column("accept_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turns_used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("turns_allowed", sa.Integer(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.Column("summed_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(24), nullable=True),
        sa.Column("return_reason", sa.String(24), nullable=True),
        sa.Column("return_words", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(evidence = 'on_file') = (appointment_id IS NOT NULL)",
            name=op.f("ck_consultations_appointment_id"),
        ),
        sa.CheckConstraint(
            "(status = 'returned') = (return_reason IS NOT NULL)", name=op.f("ck_consultations_returned")
        ),
        sa.CheckConstraint(
            "(status IN ('unpaid', 'waiting', 'active')) = (ended_at IS NULL)",
            name=op.f("ck_consultations_ended_at"),
        ),
        sa.CheckConstraint(
            "ended_by IN ('patient', 'doctor', 'time')", name=op.f("ck_consultations_ended_by")
        ),
        sa.CheckConstraint(
            "evidence IN ('on_file', 'picture', 'stated')", name=op.f("ck_consultations_evidence")
        ),
        sa.CheckConstraint(
            "return_reason IN ('must_be_seen', 'no_diagnosis', 'changed', 'not_my_field', 'not_answered')",
            name=op.f("ck_consultations_return_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'waiting' OR accept_by IS NOT NULL", name=op.f("ck_consultations_accept_by")
        ),
        sa.CheckConstraint(
            "status IN ('unpaid', 'waiting', 'active', 'finished', 'returned', 'expired', 'cancelled')",
            name=op.f("ck_consultations_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('active', 'finished') OR (accepted_at IS NOT NULL AND ends_at IS NOT NULL)",
            name=op.f("ck_consultations_accepted_at"),
        ),
        sa.CheckConstraint("(fee_fen > 0) = (order_id IS NOT NULL)", name=op.f("ck_consultations_order_id")),
        sa.CheckConstraint("fee_fen >= 0", name=op.f("ck_consultations_fee_fen")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_consultations_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_consultations_appointment_id_appointments")
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consents.id"], name=op.f("fk_consultations_consent_id_consents")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_consultations_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_consultations_department_id_departments")
        ),
        sa.ForeignKeyConstraint(
            ["intake_id"], ["intakes.id"], name=op.f("fk_consultations_intake_id_intakes")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_consultations_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_consultations_patient_id_patients")
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_consultations_practitioner_id_practitioners"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultations")),
    )
    op.create_index(
        "ix_consultations_accept_by",
        "consultations",
        ["accept_by"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_consultations_account_id_id", "consultations", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_consultations_contact",
        "consultations",
        ["contact_id"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "ix_consultations_ends_at",
        "consultations",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index("ix_consultations_patient_id_id", "consultations", ["patient_id", "id"], unique=False)
    op.create_index(
        "ix_consultations_practitioner_id_status",
        "consultations",
        ["practitioner_id", "status"],
        unique=False,
    )
    op.create_index("uq_consultations_order_id", "consultations", ["order_id"], unique=True)
    op.create_index(
        "uq_consultations_standing",
        "consultations",
        ["patient_id", "practitioner_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('unpaid', 'waiting', 'active')"),
    )
    op.create_table(
        "consultation_media",
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_consultation_media_consultation_id_consultations"),
        ),
        sa.PrimaryKeyConstraint("consultation_id", "message_id", name=op.f("pk_consultation_media")),
    )
    op.execute(status_trigger("consultations", CONSULTATION_STEPS))


def _warnings() -> None:
    op.create_table(
        "prescription_warnings",
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("allergy", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["prescription_id"],
            ["prescriptions.id"],
            name=op.f("fk_prescription_warnings_prescription_id_prescriptions"),
        ),
        sa.PrimaryKeyConstraint("prescription_id", "position", name=op.f("pk_prescription_warnings")),
    )


def downgrade() -> None:
    op.drop_table("prescription_warnings")
    for column in ("signed_hash", "signed_at", "signed_by", "amends_id", "consultation_id"):
        op.drop_column("prescriptions", column)
    for table in ("consultation_media", "consultations", "consultation_offers"):
        op.drop_table(table)
    op.execute("DELETE FROM consents WHERE kind = 'consultation'")
    _consents(KINDS, "'family_access', 'guardian'")
