"""Prescriptions and parcels. Nothing of what is on them is said here: that the patient asks for."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from bot.announcements.telling import Telling, Words
from integrations.hospital.delivery import views as parcels
from integrations.hospital.events import EventKind
from integrations.hospital.models import WITH_PHARMACY, DeliveryStatus
from integrations.hospital.pharmacy import views
from integrations.hospital.pharmacy.views import PrescriptionView
from integrations.tracking import ParcelState

# What the patient need not hear of: the parcel was said to be on its way just before.
_UNTOLD = frozenset({ParcelState.COLLECTED, ParcelState.CUSTOMS})
SHIPPED = "shipped"


async def _one(telling: Telling) -> PrescriptionView:
    return await views.prescription(telling.session, UUID(telling.event.payload["prescription_id"]))


async def _approved(telling: Telling) -> str | None:
    one = await _one(telling)
    if not one.payable(telling.rt.now()):
        return None
    last = (one.valid_until - timedelta(seconds=1)).astimezone(telling.rt.zone)
    return telling.say("bot_prescription_approved", month=last.month, day=last.day)


async def _rejected(telling: Telling) -> str:
    return telling.say("bot_prescription_rejected")


async def _expired(telling: Telling) -> str:
    return telling.say("bot_prescription_expired")


async def _substitution(telling: Telling) -> str | None:
    return telling.say("bot_substitution_asked") if (await _one(telling)).asked else None


async def _paid(telling: Telling) -> str | None:
    one = await _one(telling)
    if one.status not in WITH_PHARMACY:
        return None
    return telling.say(f"bot_{telling.event.kind}", order_no=one.order_no)


async def _moved(telling: Telling) -> str | None:
    """Only the parcel's newest state: what is older by now is no news."""
    one = await parcels.parcel(telling.session, UUID(telling.event.payload["delivery_id"]))
    state = telling.event.payload["state"]
    if state in _UNTOLD or state != (one.state or SHIPPED) or one.status is DeliveryStatus.CANCELLED:
        return None
    if one.status is DeliveryStatus.DELIVERED and state != ParcelState.SIGNED:  # the patient has said so
        return None
    return telling.say(f"bot_parcel_{state}", tail=one.tail)


WORDS: dict[str, Words] = {
    EventKind.PRESCRIPTION_APPROVED: _approved,
    EventKind.PRESCRIPTION_REJECTED: _rejected,
    EventKind.PRESCRIPTION_EXPIRED: _expired,
    EventKind.SUBSTITUTION_ASKED: _substitution,
    EventKind.PICKUP_READY: _paid,
    EventKind.PARCEL_PLANNED: _paid,
    EventKind.PARCEL_MOVED: _moved,
}
