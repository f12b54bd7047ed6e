from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.catalogue import Texts
from integrations.hospital import accounts
from integrations.hospital.accounts import (
    OWN_CONSENTS,
    ensure_contact,
    give_consents,
    may_go_on,
    missing_consents,
    required_consents,
    standing_consents,
    withdraw_consents,
)
from integrations.hospital.models import Account, Consent, ConsentKind
from integrations.hospital.operations import OperationKey

HEALTH, ABROAD = ConsentKind.HEALTH_DATA, ConsentKind.DATA_ABROAD


async def test_a_contact_is_made_once_with_its_account(clinic: Any) -> None:
    async def arrive(session: AsyncSession) -> tuple[UUID, UUID]:
        contact = await ensure_contact(session, "wechat", "openid-1")
        return contact.id, contact.account_id

    assert len(set(await clinic.together(*[arrive] * 15))) == 1
    async with clinic.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 1
        other = await ensure_contact(session, "telegram", "openid-1")
        assert await accounts.contact(session, other.id) is other
        assert await session.scalar(select(func.count()).select_from(Account)) == 2


@pytest.mark.parametrize(("channel", "kinds"), [("wechat", {HEALTH}), ("telegram", {HEALTH, ABROAD})])
async def test_what_a_channel_asks_for(clinic: Any, channel: str, kinds: set[ConsentKind]) -> None:
    contact = await clinic.contact(channel)
    async with clinic.database.begin() as session:
        assert required_consents(channel) == kinds == await missing_consents(session, contact)
        await give_consents(session, contact, kinds, clinic.now, None)
        assert await missing_consents(session, contact) == set()


async def test_consents_are_kept_when_repeated_and_when_withdrawn(clinic: Any) -> None:
    contact = await clinic.contact("telegram")
    later = clinic.now.replace(hour=2)
    async with clinic.database.begin() as session:
        await give_consents(
            session, contact, [HEALTH, ABROAD], clinic.now, OperationKey("1", "consent", "give")
        )
        await give_consents(session, contact, [HEALTH, ABROAD], later, OperationKey("2", "consent", "give"))
        rows = (await session.execute(select(Consent.kind, Consent.given_at, Consent.version))).all()
        assert {(row.kind, row.given_at, row.version) for row in rows} == {
            (kind, clinic.now, accounts.CONSENT_VERSION) for kind in (HEALTH, ABROAD)
        }
        await withdraw_consents(session, contact, [ABROAD], later, OperationKey("3", "consent", "withdraw"))
        assert await missing_consents(session, contact) == {ABROAD}
        assert not await may_go_on(session, contact)
        await give_consents(session, contact, [ABROAD], later, OperationKey("4", "consent", "give"))
        assert await missing_consents(session, contact) == set()
        assert await session.scalar(select(func.count()).select_from(Consent)) == 3


async def test_a_new_version_asks_again(clinic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = await clinic.contact()
    async with clinic.database.begin() as session:
        await give_consents(session, contact, [HEALTH], clinic.now, None)
        monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
        assert await missing_consents(session, contact) == {HEALTH}
        assert await standing_consents(session, contact) == {HEALTH}
        assert await may_go_on(session, contact)
        await give_consents(session, contact, [HEALTH], clinic.now, None)
        given = await session.scalars(select(Consent.version).order_by(Consent.version))
        assert list(given) == ["2026-12", "2027-01"]  # which text was agreed to stays known


def test_the_words_that_are_agreed_to_are_those_of_their_version() -> None:
    """Changed words are a version of their own, unless they mean the same; then only this digest is new."""
    texts = Texts.load()
    words = [one.text for kind in OWN_CONSENTS for one in texts.variations(f"ask_consent_{kind}") if one.text]
    assert (accounts.CONSENT_VERSION, sha256("\n".join(words).encode()).hexdigest()[:12]) == (
        "2026-12",
        "63a0ee88932c",
    )
