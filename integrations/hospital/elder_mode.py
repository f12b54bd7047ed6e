"""Elder mode: an account that wants short messages of few choices, and a person sooner."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.merging import hold_account
from integrations.hospital.models import Account
from integrations.hospital.reading import age_on

OFFERED_FROM = 65  # years


async def want(session: AsyncSession, contact_id: UUID, *, wanted: bool) -> None:
    """Whether the contact's account is spoken to in this way. Said twice it changes nothing."""
    account_id = await hold_account(session, contact_id)
    changed = update(Account).where(Account.id == account_id).values(elder_mode=wanted)
    await session.execute(changed.execution_options(synchronize_session=False))


def suits(birth_date: date, today: date) -> bool:
    """Whether somebody born then is asked if they want it."""
    return age_on(birth_date, today) >= OFFERED_FROM
