"""A doctor as staff name one on the command line."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Department, Practitioner

HELP = "The doctor's staff number, or the name where only one has it."


class UnknownDoctor(LookupError):
    """Nobody is called so, or several are: the message says who."""


async def staff_no(session: AsyncSession, who: str) -> str:
    """The staff number of an active doctor, named by it or by name. Raises UnknownDoctor."""
    named = (
        select(Practitioner.staff_no, Department.name)
        .join(Department)
        .where(or_(Practitioner.staff_no == who, Practitioner.name == who), Practitioner.active)
        .order_by(Practitioner.staff_no)
    )
    found = (await session.execute(named)).all()
    if not found:
        raise UnknownDoctor(f"no doctor {who}")
    if len(found) > 1:
        several = ", ".join(f"{row.staff_no} ({row.name})" for row in found)
        raise UnknownDoctor(f"several doctors are called {who}: {several}")
    return str(found[0].staff_no)
