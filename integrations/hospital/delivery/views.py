"""Parcels as patients and staff see them, and the ways in which something with a parcel is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import ConfirmedBy, DeliveryStatus, ParcelState
from integrations.part import Part, counted
from integrations.tracking import PROBLEMS


class ParcelFault(Exception):
    """It cannot be done with this parcel."""


class UnknownParcel(ParcelFault, LookupError):
    """There is none, or not for this account."""


class NotOnTheWay(ParcelFault):
    """It has not left, or is over. `status` says which."""

    def __init__(self, status: DeliveryStatus) -> None:
        super().__init__(f"it is {status}")
        self.status = status


class WaybillTaken(ParcelFault):
    """Another parcel goes by this number."""


@dataclass(frozen=True, slots=True)
class ParcelView:
    """`patient` is masked."""

    id: UUID
    prescription_id: UUID
    patient_id: UUID
    patient: str
    account_id: UUID
    contact_id: UUID
    status: DeliveryStatus
    cold_chain: bool
    carrier: str | None
    waybill: str | None
    state: ParcelState | None
    state_at: datetime | None
    expected_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    confirmed_by: ConfirmedBy | None

    def expected(self, now: datetime) -> datetime | None:
        """The estimate, while it is of use: on the way, nothing wrong, and not passed."""
        on_the_way = self.status is DeliveryStatus.SHIPPED
        return self.expected_at if on_the_way and self.expected_at and self.expected_at > now else None

    @property
    def lost(self) -> bool:
        """Whether it is a problem because nothing more is told of it, not because of its carrier's last word."""
        return self.status is DeliveryStatus.PROBLEM and self.state not in PROBLEMS

    @property
    def said(self) -> ParcelState | None:
        """How a patient hears that it stands; None: it has left."""
        return ParcelState.PROBLEM if self.lost else self.state

    @property
    def tail(self) -> str:
        """Of the waybill, by which a patient knows it."""
        return (self.waybill or "")[-_TAIL:]


_TAIL = 4
_VIEWS = """
    SELECT count(*) OVER () AS total,
           d.id, d.prescription_id, d.patient_id, pt.masked_name AS patient, d.account_id, d.contact_id, d.status,
           d.cold_chain, d.carrier, d.waybill, d.state, d.state_at, d.expected_at, d.shipped_at,
           d.delivered_at, d.confirmed_by
    FROM deliveries d JOIN patients pt ON pt.id = d.patient_id
"""
_ONE = text(_VIEWS + "WHERE d.id = :id")
# Whom the account acts for no longer is nobody of theirs.
_THEIRS = """
    WHERE d.account_id = :account_id
      AND EXISTS (SELECT FROM account_patients ap
                  WHERE ap.account_id = d.account_id AND ap.patient_id = d.patient_id)
"""
_OWN = text(_VIEWS + _THEIRS + "AND d.id = :id")
_OF_ACCOUNT = text(
    _VIEWS
    + _THEIRS
    + """
      AND (d.status IN ('preparing', 'shipped', 'problem', 'returned') OR d.delivered_at > :since)
    ORDER BY (d.status = 'delivered'), d.id DESC LIMIT 5
    """
)
_PROBLEMS = text(
    _VIEWS + "WHERE d.status IN ('problem', 'returned') ORDER BY d.state_at, d.id LIMIT CAST(:limit AS int)"
)


async def parcel(session: AsyncSession, delivery_id: UUID) -> ParcelView:
    """Raises UnknownParcel."""
    return await _one(session, _ONE, {"id": delivery_id})


async def parcel_of(session: AsyncSession, delivery_id: UUID, account_id: UUID) -> ParcelView:
    """Raises UnknownParcel, also where the account acts for the patient no longer."""
    return await _one(session, _OWN, {"id": delivery_id, "account_id": account_id})


async def parcels_of(session: AsyncSession, account_id: UUID, since: datetime) -> list[ParcelView]:
    """What is packed and on its way, the newest first, and what arrived after `since`."""
    found = await session.execute(_OF_ACCOUNT, {"account_id": account_id, "since": since})
    return [_view(row) for row in found]


async def problems(session: AsyncSession, limit: int | None = None) -> Part[ParcelView]:
    """What staff have to look into, the oldest first."""
    return counted((await session.execute(_PROBLEMS, {"limit": limit})).all(), _view)


async def _one(session: AsyncSession, statement: TextClause, values: dict[str, UUID]) -> ParcelView:
    row = (await session.execute(statement, values)).one_or_none()
    if row is None:
        raise UnknownParcel
    return _view(row)


def _view(row: Row[*tuple[Any, ...]]) -> ParcelView:
    words = {
        "status": DeliveryStatus(row.status),
        "state": row.state and ParcelState(row.state),
        "confirmed_by": row.confirmed_by and ConfirmedBy(row.confirmed_by),
    }
    found = {**row._mapping}  # noqa: SLF001 (documented in spite of its name)
    del found["total"]
    return ParcelView(**found | words)
