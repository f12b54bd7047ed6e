"""The demo hospital's members of staff. All persons are invented; their passwords are drawn when they are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.models import Department, Practitioner, Role, StaffMember
from integrations.hospital.staff import accounts, passwords, second_factor


@dataclass(frozen=True, slots=True)
class _Person:
    login: str
    name: str
    role: Role
    staff_no: str | None = None
    department: str | None = None


_STAFF = (
    _Person("agent", "何晓婷", Role.AGENT),
    _Person("agent2", "陆明", Role.AGENT),
    _Person("doctor.li", "李静", Role.DOCTOR, staff_no="RH0103"),
    _Person("doctor.zhou", "周文斌", Role.DOCTOR, staff_no="RH0201"),
    _Person("pharmacist", "韩雪", Role.PHARMACIST),
    _Person("nurse", "苏敏", Role.NURSE, department="心血管内科"),
    _Person("supervisor", "顾建平", Role.SUPERVISOR),
    _Person("admin", "方磊", Role.ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True)
class Login:
    """What somebody needs to log in as this person."""

    login: str
    password: str
    totp_secret: str


async def add(session: AsyncSession, crypto: Crypto, now: datetime) -> list[Login]:
    """Makes the accounts that are missing; gives how to log in with them. In a hospital without the demo's doctors
    it makes none."""
    known = set(await session.scalars(select(StaffMember.login)))
    doctors = set(await session.scalars(select(Practitioner.staff_no)))
    if not {one.staff_no for one in _STAFF if one.staff_no} <= doctors:
        return []
    return [await _make(session, crypto, one, now) for one in _STAFF if one.login not in known]


async def _make(session: AsyncSession, crypto: Crypto, person: _Person, now: datetime) -> Login:
    password, secret = passwords.generate(), pyotp.random_base32()
    department = select(Department.id).where(Department.name == person.department)
    member = await accounts.create(
        session,
        login=person.login,
        name=person.name,
        role=person.role,
        password=password,
        by="seed",
        now=now,
        staff_no=person.staff_no,
        department_id=await session.scalar(department) if person.department else None,
        must_change_password=False,
    )
    second_factor.set_up(crypto, member, secret, now)
    await session.flush()
    return Login(person.login, password, secret)
