"""One event, about to be put into words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from integrations.hospital import page_subjects, patients
from integrations.hospital.models import HospitalEvent
from integrations.hospital.views import AppointmentView
from integrations.runtime import Runtime
from integrations.wording import Wording


@dataclass(frozen=True, slots=True)
class Telling:
    """The event, who hears it and in which language. All in the transaction that marks the event handled."""

    session: AsyncSession
    rt: Runtime
    event: HospitalEvent
    hearer: UUID  # the contact
    language: str

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue; the hospital's phone may always be named."""
        phone = self.rt.settings.hospital_phone
        return texts.say(key, language=self.language, **{"hospital_phone": phone} | values)

    @property
    def words(self) -> Wording:
        """Days, times and money in the hearer's language."""
        return Wording(texts.catalogue(self.language), self.rt.zone)

    def address(self, path: str) -> str:
        """Of a page of ours."""
        return self.rt.settings.public_url.rstrip("/") + path

    async def receipt(self, order_no: str) -> str:
        """The path of an order's receipt, for who hears this."""
        return await page_subjects.receipt_link(self.session, self.hearer, order_no, self.rt.now())

    async def card(self, visit: AppointmentView) -> str:
        """The path of the appointment's card."""
        return await page_subjects.card_link(
            self.session, self.hearer, visit.id, visit.starts_at, self.rt.now()
        )

    async def patient(self) -> str:
        """The masked name of the patient whom the event is about."""
        return await patients.masked_name(self.session, UUID(self.event.payload["patient_id"]))


@dataclass(frozen=True, slots=True)
class News:
    """Words with more to them. `buttons` are (title, payload) for platforms that have some; the words say without
    them what to answer. `urgent`: it keeps no quiet hours, whatever its kind. `page`: the path of the page
    where all of it stands, behind the platform's notice too."""

    words: str
    buttons: tuple[tuple[str, str], ...] = ()
    urgent: bool = False
    page: str = ""


# What the patient reads; None for an event that is news to nobody (any more).
Words = Callable[[Telling], Awaitable[str | News | None]]
