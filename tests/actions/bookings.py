"""What the tests of bookings do beside the chat, and the way to a confirmation."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select

from integrations.hospital.models import Appointment, AppointmentStatus, Slot, SlotStatus
from integrations.runtime import Runtime

from .conftest import WEDNESDAY, Chat, Clinic

HEART = "心血管内科"


def day(which: date) -> tuple[str, str]:
    return "date", which.isoformat()


async def appointments(runtime: Runtime) -> list[tuple[AppointmentStatus, str]]:
    async with runtime.database.begin() as session:
        rows = await session.execute(
            select(Appointment.status, Slot.time)
            .join(Slot, Slot.id == Appointment.slot_id)
            .order_by(Appointment.id)
        )
        return [(status, f"{at:%H:%M}") for status, at in rows]


async def occupy(runtime: Runtime, schedule: str, times: set[str]) -> None:
    """Somebody else has these times."""
    async with runtime.database.begin() as session:
        for slot in await session.scalars(select(Slot).where(Slot.schedule_id == UUID(schedule))):
            if f"{slot.time:%H:%M}" in times:
                slot.status = SlotStatus.BUSY


async def to_confirmation(clinic: Clinic, chat: Chat) -> None:
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert said.text.startswith("请确认")
