"""Members of staff to choose from, and patients to be called."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Shown
from integrations.hospital import revealing
from integrations.hospital.models import StaffMember
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
    """To call the patient, for what (`why`) and the reason in their own words. Raises NoReason."""
    found = await revealing.callee(
        session, desk.rt.crypto, patient_id, actor=desk.actor, reason=reason, about={"for": why}
    )
    phone = found.phone.removeprefix("+86")
    return Shown([(desk.words("queue.name"), found.name), (desk.words("queue.phone"), phone)])
