"""what patients tell before a visit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3f8a61d20b97"
down_revision = "8b1f64e2a9c7"
branch_labels = None
depends_on = None


def _refers(column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_intakes_{column}_{other}"))


def upgrade() -> None:
    op.create_table(
        "intakes",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column(
            "confirmed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        _refers("account_id", "accounts"),
        _refers("contact_id", "contacts"),
        _refers("patient_id", "patients"),
        _refers("appointment_id", "appointments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intakes")),
    )
    op.create_index("ix_intakes_patient_id_id", "intakes", ["patient_id", "id"])
    op.create_index("ix_intakes_appointment_id", "intakes", ["appointment_id"])
    op.create_index("ix_intakes_confirmed_at", "intakes", ["confirmed_at"])
    op.create_table(
        "intake_media",
        sa.Column("intake_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intake_id"], ["intakes.id"], name=op.f("fk_intake_media_intake_id_intakes")
        ),
        sa.PrimaryKeyConstraint("intake_id", "message_id", name=op.f("pk_intake_media")),
    )


def downgrade() -> None:
    op.drop_table("intake_media")
    op.drop_table("intakes")
