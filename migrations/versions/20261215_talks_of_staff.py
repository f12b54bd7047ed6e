"""who speaks in a talk is a member of staff"""

from __future__ import annotations

from alembic import op

revision = "90c3f1ab27e4"
down_revision = "7a1f4c52d908"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("talks", "staff_id"),
    ("talks", "wanted_staff_id"),
    ("talk_notes", "staff_id"),
    ("outbound", "staff_id"),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.create_foreign_key(op.f(f"fk_{table}_{column}_staff"), table, "staff", [column], ["id"])


def downgrade() -> None:
    for table, column in _COLUMNS:
        op.drop_constraint(op.f(f"fk_{table}_{column}_staff"), table, type_="foreignkey")
