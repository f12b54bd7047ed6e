"""Accounts, their contacts on the channels, and what they agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.locks import lock
from integrations.hospital.merging import hold_account
from integrations.hospital.models import Account, Consent, ConsentKind, Contact
from integrations.hospital.operations import OperationKey, Result, once

# Raised when the notice's text (domain.yml, ask_consent_…) changes in substance: everyone is asked again, and told what
# is new (say_consent_renewed), before more is collected of them (个人信息保护法 14). 2026-11 knew no triage.
CONSENT_VERSION = "2026-12"

# Channels whose servers stand outside mainland China need a consent of their own (个人信息保护法 38-39).
CHANNELS_ABROAD = frozenset({"telegram"})


# What an account's owner agrees to for themselves; the other kinds are about family members.
OWN_CONSENTS = (ConsentKind.HEALTH_DATA, ConsentKind.DATA_ABROAD)


async def contact(session: AsyncSession, contact_id: UUID) -> Contact | None:
    return await session.get(Contact, contact_id)


async def ensure_contact(session: AsyncSession, channel: str, platform_id: str) -> Contact:
    """The contact behind a platform's id, made together with a new account on the first message."""
    return await _find(session, channel, platform_id) or await _make(session, channel, platform_id)


def required_consents(channel: str) -> frozenset[ConsentKind]:
    """What must be agreed to on this channel before anything sensitive is asked."""
    abroad = {ConsentKind.DATA_ABROAD} if channel in CHANNELS_ABROAD else set()
    return frozenset({ConsentKind.HEALTH_DATA} | abroad)


async def missing_consents(session: AsyncSession, contact: Contact) -> set[ConsentKind]:
    """The required consents that the account has not given to the present version, or has withdrawn."""
    standing = select(Consent.kind).where(
        Consent.account_id == contact.account_id,
        Consent.patient_id.is_(None),
        Consent.version == CONSENT_VERSION,
        Consent.withdrawn_at.is_(None),
    )
    return set(required_consents(contact.channel)) - set(await session.scalars(standing))


async def standing_consents(session: AsyncSession, contact: Contact) -> set[ConsentKind]:
    """What the account's owner agreed to and never took back, in whatever version: by it goes on what they began."""
    standing = select(Consent.kind).where(
        Consent.account_id == contact.account_id,
        Consent.patient_id.is_(None),
        Consent.withdrawn_at.is_(None),
    )
    return set(await session.scalars(standing))


async def may_go_on(session: AsyncSession, contact: Contact) -> bool:
    """Whether what began under the required consents goes on: none of them was withdrawn, in whatever version."""
    return required_consents(contact.channel) <= await standing_consents(session, contact)


async def agreed_to_an_older_version(session: AsyncSession, contact: Contact) -> bool:
    """Whether the account's owner agreed to a notice that has changed since, and never took it back."""
    older = select(
        exists().where(
            Consent.account_id == contact.account_id,
            Consent.patient_id.is_(None),
            Consent.version != CONSENT_VERSION,
            Consent.withdrawn_at.is_(None),
        )
    )
    return bool(await session.scalar(older))


async def give_consents(
    session: AsyncSession,
    contact: Contact,
    kinds: Iterable[ConsentKind],
    now: datetime,
    key: OperationKey | None,
) -> None:
    """Keeps version, time and place of each consent. What stands already keeps its first time."""
    given = sorted(set(kinds))

    async def effect() -> Result:
        account_id = await hold_account(session, contact.id)
        rows = [
            {
                "account_id": account_id,
                "contact_id": contact.id,
                "kind": kind,
                "version": CONSENT_VERSION,
                "given_at": now,
            }
            for kind in given
        ]
        if rows:
            await session.execute(insert(Consent).values(rows).on_conflict_do_nothing().inline())
        await _log(session, "consent_given", account_id, contact, given)
        return {}

    await once(session, key, effect)


async def withdraw_consents(
    session: AsyncSession,
    contact: Contact,
    kinds: Iterable[ConsentKind],
    now: datetime,
    key: OperationKey | None,
) -> None:
    """Ends the consents of these kinds, all versions, on all the account's channels."""
    withdrawn = sorted(set(kinds))

    async def effect() -> Result:
        account_id = await hold_account(session, contact.id)
        standing = update(Consent).where(
            Consent.account_id == account_id,
            Consent.kind.in_(withdrawn),
            Consent.withdrawn_at.is_(None),
        )
        await session.execute(standing.values(withdrawn_at=now).execution_options(synchronize_session=False))
        await _log(session, "consent_withdrawn", account_id, contact, withdrawn)
        return {}

    await once(session, key, effect)


async def _find(session: AsyncSession, channel: str, platform_id: str) -> Contact | None:
    return await session.scalar(
        select(Contact).where(Contact.channel == channel, Contact.platform_id == platform_id)
    )


async def _make(session: AsyncSession, channel: str, platform_id: str) -> Contact:
    await lock(session, f"contact:{channel}:{platform_id}")  # or a lost race would leave an account behind
    if found := await _find(session, channel, platform_id):
        return found
    account = Account()
    session.add(account)
    await session.flush()
    made = Contact(account_id=account.id, channel=channel, platform_id=platform_id)
    session.add(made)
    await session.flush()
    return made


async def _log(
    session: AsyncSession, action: str, account_id: UUID, contact: Contact, kinds: list[ConsentKind]
) -> None:
    detail = {"kinds": [str(kind) for kind in kinds], "version": CONSENT_VERSION, "contact": str(contact.id)}
    await audit.record(
        session, actor="patient", action=action, subject=f"account:{account_id}", detail=detail
    )
