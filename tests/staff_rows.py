"""Members of staff as tests need them, without the time that hashing a password takes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from uuid import UUID, uuid4

import argon2
import pyotp
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import Practitioner, Role, StaffMember

PASSWORD = "a-password-of-the-tests"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MADE = datetime(2026, 11, 1, tzinfo=UTC)


@cache
def _hash() -> str:
    """Of the real costs, or logging in would make it anew."""
    return argon2.PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1).hash(PASSWORD)


async def member(
    session: AsyncSession,
    role: Role = Role.AGENT,
    login: str = "",
    *,
    crypto: Crypto | None = None,
    doctor: Practitioner | None = None,
    department_id: UUID | None = None,
    name: str = "沈一鸣",
    language: str = "zh",
) -> StaffMember:
    """`crypto`: the second factor is enrolled, with SECRET."""
    made = StaffMember(
        login=login or f"{role}-{uuid4().hex[:6]}",
        name=name,
        role=role,
        practitioner_id=doctor and doctor.id,
        department_id=doctor.department_id if doctor else department_id,
        password_hash=_hash(),
        password_changed_at=MADE,
        totp_secret=crypto and crypto.encrypt(SECRET, "staff.totp_secret"),
        totp_confirmed_at=MADE if crypto else None,
        active=True,
        failed_logins=0,
        totp_last_step=0,
        language=language,
    )
    session.add(made)
    await session.flush()
    return made


def code(now: datetime, steps: int = 0) -> str:
    """What the phone shows at `now`, or so many half minutes off."""
    totp = pyotp.TOTP(SECRET)
    return totp.generate_otp(totp.timecode(now) + steps)
