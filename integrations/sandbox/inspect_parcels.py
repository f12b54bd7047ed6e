"""Parcels by JSON: where they are, and the courier's next scan."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import Field

from integrations.sandbox.kuaidi100.parcels import COMPANIES, STATES, Parcel
from integrations.sandbox.orders import Order
from integrations.sandbox.world import World


class ParcelOrder(Order):
    """A scan: the `state` that is named, or the next of the usual way. An unknown waybill with a company is made.

    `push` false: subscribers are not told. `every_s`: from now on it goes its way by itself. `again`: no scan, the
    last news once more (`forged`: with a wrong signature); the answer is then the program's.
    """

    number: str
    company: str = ""
    phone: str = ""
    state: str = ""
    context: str = ""
    area: str = ""
    push: bool = True
    every_s: float = Field(default=0, ge=0)
    again: bool = False
    forged: bool = False


def router(world: World) -> APIRouter:
    routes = APIRouter(prefix="/inspect/parcels")

    @routes.get("")
    async def listed(number: str = "") -> list[dict[str, Any]]:
        """Newest first."""
        found = [one for one in world.kuaidi100.parcels.all() if number in ("", one.number)]
        return [about(world, parcel) for parcel in found[::-1][:200]]

    @routes.post("")
    async def scan(order: ParcelOrder) -> dict[str, Any]:
        if order.state and order.state not in STATES:
            raise HTTPException(422, f"no such state; there are {', '.join(STATES)}")
        parcel = _parcel(world, order)
        if order.again or order.forged:
            delivery = await world.kuaidi100.pushing.once(parcel, forged=order.forged)
            if delivery is None:
                raise HTTPException(409, "nobody subscribed to it, or nothing is known of it")
            return about(world, parcel) | {"answer": delivery.as_json()}
        try:
            world.kuaidi100.step(parcel, order.state, order.context, order.area, push=order.push)
        except LookupError as error:
            raise HTTPException(409, "its way is over") from error
        if order.every_s:
            world.kuaidi100.travel(parcel, order.every_s)
        return about(world, parcel)

    return routes


def _parcel(world: World, order: ParcelOrder) -> Parcel:
    parcels = world.kuaidi100.parcels
    known = parcels.find(order.company, order.number) if order.company else parcels.by_number(order.number)
    if known:
        return known
    if order.company not in COMPANIES:
        raise HTTPException(404, f"no such parcel; to make one name its company: {', '.join(COMPANIES)}")
    return parcels.add(Parcel(order.company, order.number, order.phone))


def about(world: World, parcel: Parcel) -> dict[str, Any]:
    said = {"number": parcel.number, "company": parcel.company, "state": parcel.state, "phone": parcel.phone}
    subscription = parcel.subscription
    said["callback"] = subscription.url if subscription else ""
    tracks = [
        {"at": track.at.isoformat(), "state": track.state, "context": track.context}
        for track in parcel.tracks[::-1]
    ]
    return said | {"tracks": tracks, "pushes": [push.as_json() for push in parcel.pushes]}
