"""Where parcels are followed: asks the tracker at the pace it allows, and takes note of what it says. It is asked
outside of transactions."""

from __future__ import annotations

from uuid import UUID

import structlog

from integrations.hospital.delivery import following, silence
from integrations.hospital.delivery.following import Asking, Noted
from integrations.hospital.delivery.silence import Patience
from integrations.parcel.interface import NothingKnown, ParcelError, Refused
from integrations.runtime import Runtime
from integrations.tracking import ParcelNews

log = structlog.get_logger()


async def ask(rt: Runtime, delivery_id: UUID) -> bool:
    """Asks the tracker about a parcel, unless it was asked within half an hour. False when it does not answer: what
    we know stands."""
    if rt.parcels is None:
        return False
    async with rt.database.begin() as session:
        asking = await following.may_ask(session, rt.crypto, delivery_id, rt.now())
    return asking is None or await _query(rt, asking)


async def _query(rt: Runtime, asking: Asking) -> bool:
    """False when the tracker does not answer."""
    assert rt.parcels is not None
    try:
        await take_note(rt, await rt.parcels.query(asking.carrier, asking.waybill, phone=asking.phone))
    except NothingKnown:
        return True
    except ParcelError as error:
        _log("a parcel cannot be asked about", error)
        return False
    return True


async def take_note(rt: Runtime, news: ParcelNews) -> Noted:
    """Stores what was pushed or asked for."""
    async with rt.database.begin() as session:
        return await following.take_note(session, rt.crypto, news, rt.now())


async def subscribe_due(rt: Runtime, most: int) -> int:
    """Subscribes to the parcels that left; those that cannot be come again later. Gives how many were subscribed."""
    if rt.parcels is None:
        return 0
    async with rt.database.begin() as session:
        waiting = await following.claim_unsubscribed(session, rt.crypto, rt.now(), most)
    return sum([await _subscribe(rt, one) for one in waiting])


async def _subscribe(rt: Runtime, one: Asking) -> bool:
    assert rt.parcels is not None
    refused = False
    try:
        await rt.parcels.subscribe(one.carrier, one.waybill, phone=one.phone)
    except Refused as error:
        _log("a parcel's news is refused to us: it is asked about instead, now and then", error)
        refused = True
    except ParcelError as error:
        _log("a parcel is not subscribed yet", error)
        return False
    async with rt.database.begin() as session:
        await following.subscribed(session, one.delivery_id, rt.now(), refused=refused)
    return not refused


async def look_after_silent(rt: Runtime, most: int) -> None:
    """Asks about parcels on their way of which nobody tells us, so many at once, and gives those to staff that stay
    silent for too long all the same."""
    if rt.parcels is None:
        return
    patience = Patience.read(rt.settings)
    async with rt.database.begin() as session:
        silent = await silence.claim(session, rt.crypto, patience, rt.now(), most)
    for one in silent:
        await _query(rt, one)
    async with rt.database.begin() as session:
        lost = await silence.lost(session, patience, rt.now(), most)
    for delivery_id in lost:
        async with rt.database.begin() as session:
            await silence.give_up(session, rt.crypto, delivery_id, patience, rt.now())


def _log(what: str, error: ParcelError) -> None:
    log.warning(what, reason=f"{type(error).__name__} {error.code}".rstrip())
