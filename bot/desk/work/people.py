"""Members of staff to choose from, and patients to be called."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Shown
from integrations.hospital import audit
from integrations.hospital.models import Patient, StaffMember
from integrations.hospital.staff.permissions import RIGHTS, Right


async def who_may(session: AsyncSession, right: Right) -> dict[str, str]:
    """Actor ("staff:zhou") to name, of those who work here and have the right."""
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    found = (
        select(StaffMember).where(StaffMember.active, StaffMember.role.in_(roles)).order_by(StaffMember.name)
    )
    return {one.actor: f"{one.name} ({one.login})" for one in await session.scalars(found)}


async def name_and_phone(
    desk: Desk, session: AsyncSession, patient_id: UUID, *, why: str, reason: str
) -> Shown:
    """To call the patient. The audit log keeps who looked, for what (`why`) and the reason."""
    patient, crypto = await session.get_one(Patient, patient_id), desk.rt.crypto
    await audit.record(
        session,
        actor=desk.actor,
        action="phone_revealed",
        subject=f"patient:{patient.id}",
        detail={"for": why, "reason": reason},
    )
    name = crypto.decrypt(patient.name, "patients.name")
    phone = crypto.decrypt(patient.phone, "patients.phone").removeprefix("+86")
    return Shown([(desk.words("queue.name"), name), (desk.words("queue.phone"), phone)])
