"""one person on several channels: links of newcomers, requests for staff, merged accounts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'd4e8b1c09a57'
down_revision = '5d0c7a91be42'
branch_labels = None
depends_on = None


def _standing(columns: list[str]) -> None:
    op.drop_index('uq_consents_standing', table_name='consents')
    op.create_index(
        'uq_consents_standing',
        'consents',
        columns,
        unique=True,
        postgresql_where=sa.text('withdrawn_at IS NULL'),
        postgresql_nulls_not_distinct=True,
    )


def upgrade() -> None:
    op.create_table('account_links',
    sa.Column('id', sa.Uuid(), server_default=sa.text('uuidv7()'), nullable=False),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('former_account_id', sa.Uuid(), nullable=True),
    sa.Column('moved', postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('proof', sa.String(24), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Uuid(), nullable=True),
    sa.CheckConstraint("proof IN ('phone', 'staff')", name=op.f('ck_account_links_proof')),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_account_links_account_id_accounts')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_account_links_contact_id_contacts')),
    sa.ForeignKeyConstraint(['ended_by'], ['contacts.id'], name=op.f('fk_account_links_ended_by_contacts')),
    sa.ForeignKeyConstraint(['former_account_id'], ['accounts.id'], name=op.f('fk_account_links_former_account_id_accounts')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_account_links_patient_id_patients')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_links'))
    )
    op.create_index(op.f('ix_account_links_account_id'), 'account_links', ['account_id'], unique=False)
    op.create_index(op.f('ix_account_links_contact_id'), 'account_links', ['contact_id'], unique=False)
    op.create_index('ix_account_links_standing', 'account_links', ['patient_id', 'id'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('identity_requests',
    sa.Column('id', sa.Uuid(), server_default=sa.text('uuidv7()'), nullable=False),
    sa.Column('kind', sa.String(24), nullable=False),
    sa.Column('status', sa.String(24), nullable=False),
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('contact_id', sa.Uuid(), nullable=False),
    sa.Column('link_id', sa.Uuid(), nullable=True),
    sa.Column('value', sa.LargeBinary(), nullable=True),
    sa.Column('outcome', sa.String(length=20), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.CheckConstraint("(kind = 'dispute') = (link_id IS NOT NULL)", name=op.f('ck_identity_requests_link')),
    sa.CheckConstraint("(status IN ('started', 'open')) = (decided_at IS NULL)", name=op.f('ck_identity_requests_decided')),
    sa.CheckConstraint("kind IN ('link', 'phone', 'name', 'dispute')", name=op.f('ck_identity_requests_kind')),
    sa.CheckConstraint("status IN ('started', 'open', 'proven', 'approved', 'rejected')", name=op.f('ck_identity_requests_status')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_identity_requests_contact_id_contacts')),
    sa.ForeignKeyConstraint(['link_id'], ['account_links.id'], name=op.f('fk_identity_requests_link_id_account_links')),
    sa.ForeignKeyConstraint(['patient_id'], ['patients.id'], name=op.f('fk_identity_requests_patient_id_patients')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_requests'))
    )
    op.create_index('ix_identity_requests_contact_id_created_at', 'identity_requests', ['contact_id', 'created_at'], unique=False)
    op.create_index('ix_identity_requests_open', 'identity_requests', ['id'], unique=False, postgresql_where=sa.text("status = 'open'"))
    op.create_index('ix_identity_requests_patient_id_created_at', 'identity_requests', ['patient_id', 'created_at'], unique=False)
    op.add_column('accounts', sa.Column('merged_into', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_accounts_merged_into_accounts'), 'accounts', 'accounts', ['merged_into'], ['id'])
    _standing(['contact_id', 'kind', 'version', 'patient_id'])


def downgrade() -> None:
    """The older schema knows one standing proof of a consent per account: of a merged account's the first stays.
    Merged accounts stay merged."""
    op.execute("""
        DELETE FROM consents AS later USING consents AS first
        WHERE later.withdrawn_at IS NULL AND first.withdrawn_at IS NULL AND first.id < later.id
          AND first.account_id = later.account_id AND first.kind = later.kind AND first.version = later.version
          AND first.patient_id IS NOT DISTINCT FROM later.patient_id
          AND NOT EXISTS (SELECT FROM account_patients WHERE guardian_consent_id = later.id)
    """)
    _standing(['account_id', 'kind', 'version', 'patient_id'])
    op.drop_constraint(op.f('fk_accounts_merged_into_accounts'), 'accounts', type_='foreignkey')
    op.drop_column('accounts', 'merged_into')
    op.drop_table('identity_requests')
    op.drop_table('account_links')
