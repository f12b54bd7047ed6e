"""Kuaidi100, all its parts together, and what moves its parcels."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import httpx

from integrations.sandbox.faults import Faults
from integrations.sandbox.kuaidi100.api import Customer, Door, Interfaces
from integrations.sandbox.kuaidi100.parcels import Parcel, Parcels
from integrations.sandbox.kuaidi100.pushing import PAUSES, Pushing
from integrations.sandbox.options import Options
from integrations.sandbox.posting import Delivery, Post
from integrations.sandbox.state import Background, Clock, ProtocolLog
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class Kuaidi100:
    parcels: Parcels
    pushing: Pushing
    interfaces: Interfaces
    door: Door
    background: Background
    clock: Clock

    def step(
        self, parcel: Parcel, state: str = "", context: str = "", area: str = "", *, push: bool = True
    ) -> Delivery | None:
        """One scan of a courier, and news of it. Raises LookupError when the parcel's way is over."""
        parcel.step(self.clock(), state, context, area)
        self.parcels.version += 1
        return self.pushing.start(parcel) if push else None

    def travel(self, parcel: Parcel, every_s: float) -> None:
        """Goes the usual way by itself, a step at a time."""
        self.background.start(self._travel(parcel, every_s))

    async def _travel(self, parcel: Parcel, every_s: float) -> None:
        try:
            while True:
                await asyncio.sleep(every_s)
                self.step(parcel)
        except LookupError:
            return  # it arrived


def build(
    settings: Settings, options: Options, clock: Clock, http: httpx.AsyncClient, background: Background,
    faults: Faults, log: ProtocolLog,
) -> Kuaidi100:  # fmt: skip
    customer = Customer(settings.kuaidi100_customer, settings.kuaidi100_key.get_secret_value())
    parcels = Parcels(settings.zone)
    post = Post(
        "kuaidi100", "push", http, background, faults, log, clock, PAUSES, options.kuaidi100_push_scale,
        options.kuaidi100_answer_seconds, options.wechat_send_seconds,
    )  # fmt: skip
    pushing = Pushing(parcels, post)
    return Kuaidi100(
        parcels, pushing, Interfaces(customer, parcels, pushing, options, clock),
        Door(customer, faults, log, clock), background, clock,
    )  # fmt: skip
