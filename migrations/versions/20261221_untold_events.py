"""an event that cannot be told is tried ever more rarely, and then staff's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f0a86c21d9e4"
down_revision = "c41d7e9a05b8"
branch_labels = None
depends_on = None

_TABLE = "hospital_events"
_WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column(_TABLE, sa.Column("not_before", _WHEN, nullable=True))
    op.add_column(_TABLE, sa.Column("error", sa.Text(), nullable=True))
    op.add_column(_TABLE, sa.Column("given_up_at", _WHEN, nullable=True))
    op.create_check_constraint(
        op.f(f"ck_{_TABLE}_given_up_at"), _TABLE, "given_up_at IS NULL OR error IS NOT NULL"
    )
    op.drop_index("ix_hospital_events_open", _TABLE)
    op.create_index(
        "ix_hospital_events_open",
        _TABLE,
        ["id"],
        postgresql_where=sa.text("handled_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_index(
        "ix_hospital_events_given_up",
        _TABLE,
        ["given_up_at"],
        postgresql_where=sa.text("handled_at IS NULL AND given_up_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_hospital_events_given_up", _TABLE)
    op.drop_index("ix_hospital_events_open", _TABLE)
    op.create_index(
        "ix_hospital_events_open", _TABLE, ["id"], postgresql_where=sa.text("handled_at IS NULL")
    )
    op.drop_constraint(op.f(f"ck_{_TABLE}_given_up_at"), _TABLE)
    for name in ("given_up_at", "error", "not_before", "tries"):
        op.drop_column(_TABLE, name)
