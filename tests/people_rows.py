"""People whom staff have to do with: who registered, whom they act for, what they claim."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, families, file_claims, patients
from integrations.hospital.documents import read_identity
from integrations.hospital.families import Agreement, Coming
from integrations.hospital.models import Contact, DocumentKind, Relation
from integrations.hospital.patients import Newcomer

ID_NUMBER, PHONE = "11010519900307013X", "13812345678"
MOTHER = "110105196003071024"


async def registered(
    session: AsyncSession,
    crypto: Crypto,
    now: datetime,
    *,
    channel: str = "wechat",
    phone: str = PHONE,
    agreed: bool = False,
) -> Contact:
    """张明, with ID_NUMBER and this phone; `agreed`: to all that a patient is asked."""
    contact = await accounts.ensure_contact(session, channel, "platform-id")
    if agreed:
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, now, None)
    await patients.register(
        session, crypto, account_id=contact.account_id, contact_id=contact.id, name="张明", id_number=ID_NUMBER,
        phone=phone, outcome="match", key=None, now=now,
    )  # fmt: skip
    return contact


async def with_mother(session: AsyncSession, crypto: Crypto, now: datetime) -> str:
    """张明 has registered his mother 王秀英, who agreed by SMS from 137 1234 5678. Gives the two ids by which staff
    end that."""
    contact = await registered(session, crypto, now)
    mother = read_identity(DocumentKind.RESIDENT_ID, MOTHER, now.date())
    newcomer = Newcomer("王秀英", mother, "+8613712345678", True)
    coming = Coming(Relation.PARENT, newcomer, "match", Agreement(own=True))
    added = await families.add(session, crypto, contact=contact, coming=coming, most=6, key=None, now=now)
    return f"{added.patient_id}:{contact.account_id}"


async def claimed(session: AsyncSession, crypto: Crypto, now: datetime) -> UUID:
    """张明 came once more, on Telegram and with another phone: staff are asked whether the file is his. Gives the
    request."""
    await registered(session, crypto, now)
    contact = await registered(session, crypto, now, channel="telegram", phone="13987654321")
    claim = await file_claims.started(session, crypto, contact.id, now)
    assert claim
    await file_claims.ask_staff(session, claim.request_id)
    return claim.request_id
