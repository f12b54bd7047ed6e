"""Prescriptions and parcels. Nothing of what is on them is said here: that stands on their pages, and in the chat when
the patient asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from bot.announcements.telling import News, Telling, Words
from integrations.hospital import page_subjects
from integrations.hospital.delivery import views as parcels
from integrations.hospital.events import EventKind
from integrations.hospital.models import WITH_PHARMACY, DeliveryStatus, PrescriptionStatus
from integrations.hospital.pharmacy import views
from integrations.hospital.pharmacy.views import PrescriptionView
from integrations.tracking import ParcelState

# What the patient need not hear of: the parcel was said to be on its way just before.
_UNTOLD = frozenset({ParcelState.COLLECTED, ParcelState.CUSTOMS})
SHIPPED = "shipped"


async def _one(telling: Telling) -> PrescriptionView:
    return await views.prescription(telling.session, UUID(telling.event.payload["prescription_id"]))


async def _about(telling: Telling, one: PrescriptionView, key: str, **values: object) -> News:
    """With the prescription's page, whose address does not say what it is."""
    path = await page_subjects.prescription_link(
        telling.session, telling.hearer, one.id, telling.rt.now(), told=True
    )
    return _news(telling, telling.say(key, **values), path)


def _news(telling: Telling, said: str, path: str) -> News:
    link = telling.say("bot_news_link", link=telling.address(path))
    return News(f"{said}\n{link}", page=path)


async def _approved(telling: Telling) -> News | None:
    one = await _one(telling)
    if not one.payable(telling.rt.now()):
        return None
    last = (one.valid_until - timedelta(seconds=1)).astimezone(telling.rt.zone)
    return await _about(telling, one, "bot_prescription_approved", month=last.month, day=last.day)


async def _ended(telling: Telling) -> News:
    return await _about(telling, await _one(telling), f"bot_{telling.event.kind}")


async def _rejected(telling: Telling) -> News | None:
    """Whoever just saw a doctor is awake; what its doctor has put right by now is told with the new one."""
    one = await _one(telling)
    if one.amended_by:
        return None
    if one.awaits_doctor(telling.rt.now()):
        return replace(await _about(telling, one, "bot_prescription_sent_back"), urgent=True)
    return await _ended(telling)


async def _amended(telling: Telling) -> News | None:
    """Nothing is said once the pharmacist has looked: that is the news then."""
    one = await _one(telling)
    if one.status not in (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW):
        return None
    return replace(await _about(telling, one, "bot_prescription_amended"), urgent=True)


async def _not_amended(telling: Telling) -> News | None:
    one = await _one(telling)
    if not one.awaits_doctor(telling.rt.now()):
        return None
    return await _about(telling, one, "bot_prescription_not_amended")


async def _substitution(telling: Telling) -> News | None:
    one = await _one(telling)
    return await _about(telling, one, "bot_substitution_asked") if one.asked else None


async def _paid(telling: Telling) -> News | None:
    one = await _one(telling)
    if one.status not in WITH_PHARMACY:
        return None
    return await _about(telling, one, f"bot_{telling.event.kind}", order_no=one.order_no)


async def _moved(telling: Telling) -> News | None:
    """Only the parcel's newest state that is told: what is older by now is no news."""
    one = await parcels.parcel(telling.session, UUID(telling.event.payload["delivery_id"]))
    state = telling.event.payload["state"]
    newest = SHIPPED if one.said is None or one.said in _UNTOLD else one.said
    if state != newest or one.status is DeliveryStatus.CANCELLED:
        return None
    if one.status is DeliveryStatus.DELIVERED and state != ParcelState.SIGNED:  # the patient has said so
        return None
    path = await page_subjects.parcel_link(telling.session, telling.hearer, one.id, telling.rt.now())
    return _news(telling, telling.say(f"bot_parcel_{state}", tail=one.tail), path)


WORDS: dict[str, Words] = {
    EventKind.PRESCRIPTION_APPROVED: _approved,
    EventKind.PRESCRIPTION_REJECTED: _rejected,
    EventKind.PRESCRIPTION_AMENDED: _amended,
    EventKind.PRESCRIPTION_NOT_AMENDED: _not_amended,
    EventKind.PRESCRIPTION_EXPIRED: _ended,
    EventKind.SUBSTITUTION_ASKED: _substitution,
    EventKind.PICKUP_READY: _paid,
    EventKind.PARCEL_PLANNED: _paid,
    EventKind.PARCEL_MOVED: _moved,
}
