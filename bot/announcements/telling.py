"""One event, about to be put into words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from integrations.hospital import patients
from integrations.hospital.models import HospitalEvent
from integrations.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Telling:
    """The event, and the language of who hears it. All in the transaction that marks the event handled."""

    session: AsyncSession
    rt: Runtime
    event: HospitalEvent
    language: str

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue; the hospital's phone may always be named."""
        phone = self.rt.settings.hospital_phone
        return texts.say(key, language=self.language, **{"hospital_phone": phone} | values)

    async def patient(self) -> str:
        """The masked name of the patient whom the event is about."""
        return await patients.masked_name(self.session, UUID(self.event.payload["patient_id"]))


# What the patient reads; None for an event that is news to nobody (any more).
Words = Callable[[Telling], Awaitable[str | None]]
