"""Who a patient is, and who acts for whom."""

from __future__ import annotations

from uuid import UUID

from bot.announcements.telling import Telling, Words
from integrations.hospital import linking
from integrations.hospital.events import EventKind


async def _identity_rejected(telling: Telling) -> str:
    return telling.say(f"bot_identity_rejected_{telling.event.payload['reason']}")


async def _identity_settled(telling: Telling) -> str:
    return telling.say(f"bot_identity_{telling.event.payload['status']}")


async def _guardian_ended(telling: Telling) -> str:
    key = "bot_guardian_ended" if telling.event.payload["guardian"] else "bot_guardian_ended_self"
    return telling.say(key, name=await telling.patient())


async def _link_added(telling: Telling) -> str | None:
    link = await linking.view_link(
        telling.session, UUID(telling.event.payload["link"]), telling.event.contact_id
    )
    if link is None or not link.standing:
        return None
    key = "bot_link_added" if link.may_cut else "bot_link_added_relative"
    phone = telling.rt.settings.hospital_phone
    return telling.say(
        key, channel=telling.say(f"word_channel_{link.channel}"), name=link.patient, phone=phone
    )


async def _about_patient(telling: Telling) -> str:
    return telling.say(f"bot_{telling.event.kind}", name=await telling.patient())


async def _request_decided(telling: Telling) -> str:
    payload = telling.event.payload
    decided = "approved" if payload["approved"] else "rejected"
    key = f"bot_request_{payload['kind']}_{decided}"
    if "patient_id" in payload:  # a dispute about a relative
        return telling.say(f"{key}_relative", name=await telling.patient())
    return telling.say(key)


WORDS: dict[str, Words] = {
    EventKind.IDENTITY_REJECTED: _identity_rejected,
    EventKind.IDENTITY_SETTLED: _identity_settled,
    EventKind.GUARDIAN_ENDED: _guardian_ended,
    EventKind.LINK_ADDED: _link_added,
    EventKind.LINK_CUT: _about_patient,
    EventKind.PHONE_CHANGED: _about_patient,
    EventKind.AGREEMENT_ENDED: _about_patient,
    EventKind.REQUEST_DECIDED: _request_decided,
}
