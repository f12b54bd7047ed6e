"""The address book of an account. An address is sealed; in the chat it is shown masked."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.locks import lock
from integrations.hospital.models import Address
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.reading import mask_name, mask_phone

MOST = 10
_CONTEXT = "addresses.content"
_SHOWN_OF_STREET = 2


class AddressError(Exception):
    """It cannot be kept or used."""


class UnknownAddress(AddressError, LookupError):
    """There is none, or not for this account."""


class TooManyAddresses(AddressError):
    """The account has as many as it may have."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom and where to; `phone` in E.164."""

    recipient: str = field(repr=False)
    phone: str = field(repr=False)
    province: str
    city: str
    district: str
    street: str = field(repr=False)

    @property
    def area(self) -> str:
        return f"{self.province}{self.city}{self.district}"

    @property
    def masked(self) -> str:
        """*明 138****5678 北京市朝阳区建国…: enough for its owner to know it, too little for others."""
        street = re.sub(r"\d.*$", "", self.street)[:_SHOWN_OF_STREET]
        return f"{mask_name(self.recipient)} {mask_phone(self.phone)} {self.area}{street}…"

    def write(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, written: str) -> Destination:
        return cls(**json.loads(written))


@dataclass(frozen=True, slots=True)
class AddressView:
    id: UUID
    default: bool
    destination: Destination


async def book(session: AsyncSession, crypto: Crypto, account_id: UUID) -> list[AddressView]:
    """The account's addresses, the usual one first. The first one is the usual one until another is chosen."""
    found = list(
        await session.scalars(
            select(Address)
            .where(Address.account_id == account_id)
            .order_by(Address.default_since.desc().nulls_last(), Address.id)
        )
    )
    return [
        AddressView(one.id, at == 0, Destination.read(crypto.decrypt(one.content, _CONTEXT)))
        for at, one in enumerate(found)
    ]


async def address(session: AsyncSession, crypto: Crypto, address_id: UUID, account_id: UUID) -> AddressView:
    """Raises UnknownAddress."""
    found = [one for one in await book(session, crypto, account_id) if one.id == address_id]
    if not found:
        raise UnknownAddress
    return found[0]


async def add(
    session: AsyncSession,
    crypto: Crypto,
    destination: Destination,
    *,
    account_id: UUID,
    contact_id: UUID,
    key: OperationKey | None,
    now: datetime,
) -> AddressView:
    """The same one is kept once. Raises TooManyAddresses."""

    async def effect() -> Result:
        await lock(session, f"addresses:{account_id}")
        known = await book(session, crypto, account_id)
        if same := [one for one in known if one.destination == destination]:
            return {"id": str(same[0].id)}
        if len(known) >= MOST:
            raise TooManyAddresses
        made = Address(
            account_id=account_id,
            contact_id=contact_id,
            content=crypto.encrypt(destination.write(), _CONTEXT),
            created_at=now,
        )
        session.add(made)
        await session.flush()
        return {"id": str(made.id)}

    done = await once(session, key, effect)
    return await address(session, crypto, UUID(done["id"]), account_id)


async def change(
    session: AsyncSession, crypto: Crypto, address_id: UUID, account_id: UUID, destination: Destination
) -> None:
    """Parcels on their way keep the address that they have. Raises UnknownAddress."""
    one = await _own(session, address_id, account_id)
    one.content = crypto.encrypt(destination.write(), _CONTEXT)
    await session.flush()


async def remove(session: AsyncSession, address_id: UUID, account_id: UUID) -> None:
    """Raises UnknownAddress."""
    await _own(session, address_id, account_id)
    await session.execute(delete(Address).where(Address.id == address_id))


async def make_default(session: AsyncSession, address_id: UUID, account_id: UUID, now: datetime) -> None:
    """Raises UnknownAddress."""
    (await _own(session, address_id, account_id)).default_since = now
    await session.flush()


async def _own(session: AsyncSession, address_id: UUID, account_id: UUID) -> Address:
    one = await session.scalar(
        select(Address)
        .where(Address.id == address_id, Address.account_id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if one is None:
        raise UnknownAddress
    return one
