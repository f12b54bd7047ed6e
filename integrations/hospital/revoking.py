"""What ends when an account no longer acts for a patient, whoever ends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import AccountLink, AccountPatient, Consent, Relation


@dataclass(frozen=True, slots=True)
class Held:
    """How an account acted for a patient until it ended: what the patient was to its owner, who that was, and the
    consents that stood, a guardian's apart."""

    relation: Relation
    owner: UUID | None
    guardian_consent: UUID | None
    consents: tuple[UUID, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "relation": self.relation,
            "owner": self.owner and str(self.owner),
            "guardian_consent": self.guardian_consent and str(self.guardian_consent),
            "consents": [str(one) for one in self.consents],
        }

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Held:
        owner, guardian = stored["owner"], stored["guardian_consent"]
        return cls(
            Relation(stored["relation"]),
            UUID(owner) if owner else None,
            UUID(guardian) if guardian else None,
            tuple(map(UUID, stored["consents"])),
        )


async def revoke_all_access(session: AsyncSession, patient_id: UUID, now: datetime) -> None:
    """Nobody acts for the patient any longer: it is not who it said. Links that were cut before cannot stand again
    either. The caller holds the patient's lock."""
    held = select(AccountPatient.account_id).where(AccountPatient.patient_id == patient_id)
    for account_id in list(await session.scalars(held.order_by(AccountPatient.account_id))):
        await revoke_access(session, account_id, patient_id, now)
    cut = AccountLink.patient_id == patient_id, AccountLink.former_account_id.is_(None)
    await session.execute(
        update(AccountLink).where(*cut).values(moved={}).execution_options(synchronize_session=False)
    )


async def revoke_access(
    session: AsyncSession, account_id: UUID, patient_id: UUID, now: datetime, *, by: UUID | None = None
) -> Held | None:
    """Ends that the account acts for the patient, its consents for it, and how it came to that. Gives what ended,
    None when there was nothing to end. `by`: the contact that ended it. The caller holds the patient's lock."""
    owner = await session.scalar(
        select(AccountPatient.patient_id).where(
            AccountPatient.account_id == account_id, AccountPatient.relation == Relation.SELF
        )
    )
    held = AccountPatient.account_id == account_id, AccountPatient.patient_id == patient_id
    ended = (
        await session.execute(
            delete(AccountPatient)
            .where(*held)
            .returning(AccountPatient.relation, AccountPatient.guardian_consent_id)
        )
    ).one_or_none()
    if ended is None:
        return None
    standing = (
        Consent.account_id == account_id,
        Consent.patient_id == patient_id,
        Consent.withdrawn_at.is_(None),
    )
    withdrawn = await session.scalars(
        update(Consent)
        .where(*standing)
        .values(withdrawn_at=now)
        .returning(Consent.id)
        .execution_options(synchronize_session=False)
    )
    consents = tuple(sorted(withdrawn))
    links = (
        AccountLink.account_id == account_id,
        AccountLink.patient_id == patient_id,
        AccountLink.ended_at.is_(None),
    )
    await session.execute(update(AccountLink).where(*links).values(ended_at=now, ended_by=by))
    return Held(ended.relation, owner, ended.guardian_consent_id, consents)
