"""follow-up: plans that patients are on, what is asked and answered, measurements, alerts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from integrations.hospital.models.follow_up import ALERT_STEPS, ENROLMENT_STEPS, TASK_STEPS
from integrations.hospital.models.states import status_trigger

revision = "5d2c8e7fa914"
down_revision = "c41d7be2509f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up_refusals",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "reason IN ('new_visit', 'opted_out', 'died', 'nobody', 'staff')",
            name=op.f("ck_follow_up_refusals_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_follow_up_refusals_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_follow_up_refusals")),
    )
    op.create_table(
        "follow_up_enrolments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("plan", sa.String(length=40), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("started_by", sa.String(24), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(24), server_default="active", nullable=False),
        sa.Column("stop_reason", sa.String(24), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'active') = (ended_at IS NULL)", name=op.f("ck_follow_up_enrolments_ended_at")
        ),
        sa.CheckConstraint(
            "(status = 'stopped') = (stop_reason IS NOT NULL)", name=op.f("ck_follow_up_enrolments_stopped")
        ),
        sa.CheckConstraint(
            "started_by IN ('visit', 'staff')", name=op.f("ck_follow_up_enrolments_started_by")
        ),
        sa.CheckConstraint(
            "status IN ('active', 'finished', 'stopped')", name=op.f("ck_follow_up_enrolments_status")
        ),
        sa.CheckConstraint(
            "stop_reason IN ('new_visit', 'opted_out', 'died', 'nobody', 'staff')",
            name=op.f("ck_follow_up_enrolments_stop_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_follow_up_enrolments_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointments.id"],
            name=op.f("fk_follow_up_enrolments_appointment_id_appointments"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_follow_up_enrolments_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_follow_up_enrolments_department_id_departments"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_follow_up_enrolments_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_enrolments")),
    )
    op.create_index(op.f("ix_follow_up_enrolments_account_id"), "follow_up_enrolments", ["account_id"])
    op.create_index(op.f("ix_follow_up_enrolments_patient_id"), "follow_up_enrolments", ["patient_id"])
    op.create_index(
        "uq_follow_up_enrolments_active",
        "follow_up_enrolments",
        ["patient_id", "plan"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "uq_follow_up_enrolments_visit", "follow_up_enrolments", ["appointment_id", "plan"], unique=True
    )
    op.create_table(
        "follow_up_tasks",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(24), server_default="planned", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_outcome", sa.String(24), nullable=True),
        sa.CheckConstraint(
            "call_outcome IN ('reached', 'no_answer', 'wrong_number')",
            name=op.f("ck_follow_up_tasks_call_outcome"),
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'asked', 'answering', 'done', 'missed', 'stopped')",
            name=op.f("ck_follow_up_tasks_status"),
        ),
        sa.CheckConstraint(
            "(called_at IS NULL) = (call_outcome IS NULL)", name=op.f("ck_follow_up_tasks_called_at")
        ),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["follow_up_enrolments.id"],
            name=op.f("fk_follow_up_tasks_enrolment_id_follow_up_enrolments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_tasks")),
        sa.UniqueConstraint("enrolment_id", "number", name=op.f("uq_follow_up_tasks_enrolment_id")),
    )
    op.create_index(
        "ix_follow_up_tasks_calls",
        "follow_up_tasks",
        ["due_at"],
        postgresql_where=sa.text("status = 'missed' AND called_at IS NULL"),
    )
    op.create_index("ix_follow_up_tasks_due_at", "follow_up_tasks", ["due_at"])
    op.create_index(
        "ix_follow_up_tasks_open",
        "follow_up_tasks",
        ["enrolment_id", "due_at"],
        postgresql_where=sa.text("status IN ('asked', 'answering', 'missed')"),
    )
    op.create_table(
        "follow_up_answers",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.String(24), nullable=False),
        sa.Column("method", sa.String(24), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("level IN ('usual', 'watch', 'alarm')", name=op.f("ck_follow_up_answers_level")),
        sa.CheckConstraint("method IN ('chat', 'page', 'phone')", name=op.f("ck_follow_up_answers_method")),
        sa.ForeignKeyConstraint(
            ["task_id"], ["follow_up_tasks.id"], name=op.f("fk_follow_up_answers_task_id_follow_up_tasks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_answers")),
    )
    op.create_index(op.f("ix_follow_up_answers_task_id"), "follow_up_answers", ["task_id"])
    op.create_index(
        "uq_follow_up_answers_standing",
        "follow_up_answers",
        ["task_id", "question"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "measurements",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method", sa.String(24), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("method IN ('chat', 'page', 'phone')", name=op.f("ck_measurements_method")),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["follow_up_answers.id"], name=op.f("fk_measurements_answer_id_follow_up_answers")
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_measurements_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index(op.f("ix_measurements_answer_id"), "measurements", ["answer_id"])
    op.create_index(
        "ix_measurements_series",
        "measurements",
        ["patient_id", "kind", "taken_at"],
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "follow_up_alerts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column("measurement_id", sa.Uuid(), nullable=True),
        sa.Column("duty", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(24), server_default="open", nullable=False),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_follow_up_alerts_closed_at")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'closed')", name=op.f("ck_follow_up_alerts_status")
        ),
        sa.CheckConstraint(
            "(answer_id IS NULL) <> (measurement_id IS NULL)", name=op.f("ck_follow_up_alerts_about")
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["follow_up_answers.id"],
            name=op.f("fk_follow_up_alerts_answer_id_follow_up_answers"),
        ),
        sa.ForeignKeyConstraint(
            ["measurement_id"],
            ["measurements.id"],
            name=op.f("fk_follow_up_alerts_measurement_id_measurements"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_follow_up_alerts_patient_id_patients")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_alerts")),
        sa.UniqueConstraint("answer_id", name=op.f("uq_follow_up_alerts_answer_id")),
        sa.UniqueConstraint("measurement_id", name=op.f("uq_follow_up_alerts_measurement_id")),
    )
    op.create_index(
        "ix_follow_up_alerts_open", "follow_up_alerts", ["id"], postgresql_where=sa.text("status <> 'closed'")
    )
    op.create_index(op.f("ix_follow_up_alerts_patient_id"), "follow_up_alerts", ["patient_id"])
    op.add_column(
        "appointments",
        sa.Column("followed_up", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_appointments_to_follow_up",
        "appointments",
        ["id"],
        postgresql_where=sa.text("status = 'fulfilled' AND NOT followed_up"),
    )
    op.execute(status_trigger("follow_up_enrolments", ENROLMENT_STEPS))
    op.execute(status_trigger("follow_up_tasks", TASK_STEPS))
    op.execute(status_trigger("follow_up_alerts", ALERT_STEPS))


def downgrade() -> None:
    op.execute("DELETE FROM reminders WHERE kind LIKE 'follow_up_%'")
    op.drop_index("ix_appointments_to_follow_up", "appointments")
    op.drop_column("appointments", "followed_up")
    for table in ("alerts", "refusals"):
        op.drop_table(f"follow_up_{table}")
    op.drop_table("measurements")
    for table in ("answers", "tasks", "enrolments"):
        op.drop_table(f"follow_up_{table}")
