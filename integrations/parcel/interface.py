"""What a service that follows parcels does for us, and the ways it can fail."""

from __future__ import annotations

from typing import Protocol

from integrations.messages import Answer, Webhook
from integrations.tracking import ParcelNews


class ParcelError(Exception):
    """It did not do it. Its own message is not repeated here, for it may hold what we sent."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code  # the service's


class Unavailable(ParcelError):
    """Not reached, busy, or no answer that can be read: to be asked again later."""


class Refused(ParcelError):
    """It said no, and will say no again: our account, or what we sent."""


class NothingKnown(ParcelError):
    """The carrier has not seen this parcel (yet)."""


class ParcelTracker(Protocol):
    async def subscribe(self, carrier: str, waybill: str, *, phone: str) -> None:
        """From now on its news is pushed to our webhook; repeated it changes nothing. `phone`: the recipient's, which
        some carriers want. Raises Unavailable, Refused."""
        ...

    async def query(self, carrier: str, waybill: str, *, phone: str) -> ParcelNews:
        """Raises Unavailable, Refused, NothingKnown. The caller keeps the pace that the service allows."""
        ...

    def read(self, webhook: Webhook) -> ParcelNews:
        """News that was pushed. Raises NotConfigured, Forbidden, Malformed (integrations.channel)."""
        ...

    @property
    def received(self) -> Answer:
        """What it wants to hear once its news is stored."""
        ...
