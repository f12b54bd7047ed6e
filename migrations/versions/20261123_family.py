"""family members, guardians, and documents other than the mainland identity card"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'c1f2a7d3e840'
down_revision = 'b3a2af0e1a9b'
branch_labels = None
depends_on = None

DOCUMENTS = "document IN ('resident_id', 'residence_permit', 'hk_macau_permit', 'taiwan_permit', 'passport')"
RELATIONS = (
    "relation IN ('self', 'spouse', 'parent', 'child', 'grandparent', 'grandchild', 'sibling', 'other')"
)
STANDING = sa.text('withdrawn_at IS NULL')


def _words(table: str, column: str, allowed: str) -> None:
    op.drop_constraint(op.f(f'ck_{table}_{column}'), table, type_='check')
    op.create_check_constraint(op.f(f'ck_{table}_{column}'), table, allowed)


def upgrade() -> None:
    op.add_column('patients', sa.Column('document', sa.String(24), server_default='resident_id', nullable=False))
    op.create_check_constraint(op.f('ck_patients_document'), 'patients', DOCUMENTS)
    op.drop_constraint(op.f('uq_patients_id_number_index'), 'patients', type_='unique')
    op.create_unique_constraint(op.f('uq_patients_id_number_index'), 'patients', ['id_number_index', 'document'])
    _words('patients', 'status', "status IN ('verified', 'pending', 'review', 'rejected')")

    op.add_column('consents', sa.Column('patient_id', sa.Uuid(), nullable=True))
    op.add_column('consents', sa.Column('method', sa.String(24), server_default='chat', nullable=False))
    op.create_check_constraint(op.f('ck_consents_method'), 'consents', "method IN ('chat', 'page', 'sms_code')")
    op.create_foreign_key(
        op.f('fk_consents_patient_id_patients'), 'consents', 'patients', ['patient_id'], ['id']
    )
    op.create_index(op.f('ix_consents_patient_id'), 'consents', ['patient_id'])
    _words('consents', 'kind', "kind IN ('health_data', 'data_abroad', 'family_access', 'guardian')")
    op.create_check_constraint(
        op.f('ck_consents_patient'),
        'consents',
        "(kind IN ('family_access', 'guardian')) = (patient_id IS NOT NULL)",
    )
    op.drop_index('uq_consents_standing', table_name='consents')
    op.create_index(
        'uq_consents_standing',
        'consents',
        ['account_id', 'kind', 'version', 'patient_id'],
        unique=True,
        postgresql_where=STANDING,
        postgresql_nulls_not_distinct=True,
    )

    op.drop_constraint(op.f('ck_account_patients_relation'), 'account_patients', type_='check')
    op.execute("UPDATE account_patients SET relation = 'other' WHERE relation = 'family'")
    op.create_check_constraint(op.f('ck_account_patients_relation'), 'account_patients', RELATIONS)
    op.add_column('account_patients', sa.Column('guardian_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('account_patients', sa.Column('guardian_consent_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f('fk_account_patients_guardian_consent_id_consents'),
        'account_patients',
        'consents',
        ['guardian_consent_id'],
        ['id'],
    )
    op.create_check_constraint(
        op.f('ck_account_patients_guardian'),
        'account_patients',
        "(guardian_since IS NULL) = (guardian_consent_id IS NULL)"
        " AND (guardian_since IS NULL OR relation <> 'self')",
    )


def downgrade() -> None:
    """What the older schema cannot say is put in its words or removed: a family consent, a rejected patient's
    state. Patients with other documents stay; where two share a number the constraint refuses."""
    op.drop_constraint(op.f('ck_account_patients_guardian'), 'account_patients', type_='check')
    op.drop_column('account_patients', 'guardian_consent_id')
    op.drop_column('account_patients', 'guardian_since')
    op.drop_constraint(op.f('ck_account_patients_relation'), 'account_patients', type_='check')
    op.execute("UPDATE account_patients SET relation = 'family' WHERE relation <> 'self'")
    op.create_check_constraint(
        op.f('ck_account_patients_relation'), 'account_patients', "relation IN ('self', 'family')"
    )

    op.drop_index('uq_consents_standing', table_name='consents')
    op.drop_constraint(op.f('ck_consents_patient'), 'consents', type_='check')
    op.execute("DELETE FROM consents WHERE patient_id IS NOT NULL")
    _words('consents', 'kind', "kind IN ('health_data', 'data_abroad')")
    op.drop_column('consents', 'method')
    op.drop_column('consents', 'patient_id')
    op.create_index(
        'uq_consents_standing',
        'consents',
        ['account_id', 'kind', 'version'],
        unique=True,
        postgresql_where=STANDING,
    )

    op.execute("UPDATE patients SET status = 'review' WHERE status = 'rejected'")
    _words('patients', 'status', "status IN ('verified', 'pending', 'review')")
    op.drop_constraint(op.f('uq_patients_id_number_index'), 'patients', type_='unique')
    op.create_unique_constraint(op.f('uq_patients_id_number_index'), 'patients', ['id_number_index'])
    op.drop_column('patients', 'document')
