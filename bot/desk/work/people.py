"""Members of staff to choose from. Only reads."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import RIGHTS, Right


async def who_may(session: AsyncSession, right: Right) -> dict[str, str]:
    """Actor ("staff:zhou") to name, of those who work here and have the right."""
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    found = (
        select(StaffMember).where(StaffMember.active, StaffMember.role.in_(roles)).order_by(StaffMember.name)
    )
    return {one.actor: f"{one.name} ({one.login})" for one in await session.scalars(found)}
