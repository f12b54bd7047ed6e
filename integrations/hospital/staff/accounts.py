"""Accounts of staff: made, changed, disabled. What takes a right away ends all that the person has open."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import audit
from integrations.hospital.locks import lock
from integrations.hospital.models import Practitioner, Role, StaffMember
from integrations.hospital.staff import login as logins
from integrations.hospital.staff import passwords

LANGUAGES = ("zh", "en")
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")


class UnknownStaff(LookupError):
    """There is no such member of staff."""


class BadAccount(ValueError):
    """The account cannot be so. Says why."""


class BadLogin(BadAccount):
    """Not of the letters that a login has."""


class BadName(BadAccount):
    """No name, or too long a one."""


class LoginTaken(BadAccount):
    """Somebody has this login."""


class NotADoctor(BadAccount):
    """Only a doctor's account belongs to a practitioner."""


class NoPractitioner(BadAccount):
    """A doctor's account names a practitioner who works here."""


class PractitionerTaken(BadAccount):
    """This practitioner has an account."""


class LastAdministrator(BadAccount):
    """Nobody else could keep accounts."""


async def create(
    session: AsyncSession,
    *,
    login: str,
    name: str,
    role: Role,
    password: str,
    by: str,
    now: datetime,
    staff_no: str | None = None,
    department_id: UUID | None = None,
    must_change_password: bool = True,
) -> StaffMember:
    """A new account; `staff_no` is the practitioner's whose account a doctor's is, and whose department it has.
    The person enrols the second factor at the first login. Raises BadAccount, BadPassword."""
    wanted = login.strip().lower()
    if not _LOGIN.fullmatch(wanted):
        raise BadLogin("a login is 2 to 40 of a-z 0-9 . _ - and begins with a letter")
    if not 1 <= len(name.strip()) <= 40:
        raise BadName("a name has 1 to 40 characters")
    if await session.scalar(select(StaffMember.id).where(StaffMember.login == wanted)):
        raise LoginTaken("this login exists already")
    passwords.judge(password, wanted)
    doctor = await _practitioner(session, role, staff_no)
    member = StaffMember(
        login=wanted,
        name=name.strip(),
        role=role,
        practitioner_id=doctor.id if doctor else None,
        department_id=doctor.department_id if doctor else department_id,
        password_hash=await passwords.hashed(password),
        password_changed_at=now,
        must_change_password=must_change_password,
    )
    session.add(member)
    await session.flush()
    await _record(session, by, "staff_added", member, role=role.value)
    return member


async def set_telegram(session: AsyncSession, login: str, telegram_id: int | None, *, by: str) -> StaffMember:
    """Who this is in the staff's Telegram group; None: nobody. Raises UnknownStaff, BadAccount."""
    member = await find(session, login)
    if telegram_id is not None:
        if telegram_id <= 0:
            raise BadAccount("a user's id in Telegram is a positive number")
        taken = select(StaffMember.id).where(
            StaffMember.telegram_id == telegram_id, StaffMember.id != member.id
        )
        if await session.scalar(taken):
            raise BadAccount("somebody else has this id")
    member.telegram_id = telegram_id
    await session.flush()
    await _record(session, by, "staff_telegram", member, known=telegram_id is not None)
    return member


async def change_role(
    session: AsyncSession,
    login: str,
    role: Role,
    *,
    by: str,
    staff_no: str | None = None,
    department_id: UUID | None = None,
) -> StaffMember:
    """Raises UnknownStaff, BadAccount: the last administrator stays one."""
    member = await find(session, login)
    before = member.role
    if before is Role.ADMINISTRATOR and role is not before:
        await _keep_one_administrator(session, member)
    doctor = await _practitioner(session, role, staff_no, but=member.id)
    member.role = role
    member.practitioner_id = doctor.id if doctor else None
    member.department_id = doctor.department_id if doctor else department_id
    await session.flush()
    await logins.end_all_sessions(session, member.id)
    await _record(session, by, "staff_role_changed", member, before=before.value, after=role.value)
    return member


async def set_active(session: AsyncSession, login: str, active: bool, *, by: str) -> StaffMember:
    """Raises UnknownStaff, BadAccount: the last administrator stays."""
    member = await find(session, login)
    if not active and member.role is Role.ADMINISTRATOR:
        await _keep_one_administrator(session, member)
    member.active = active
    member.failed_logins, member.locked_until = 0, None
    await session.flush()
    await logins.end_all_sessions(session, member.id)
    await _record(session, by, "staff_enabled" if active else "staff_disabled", member)
    return member


async def reset_factor(session: AsyncSession, login: str, *, by: str) -> StaffMember:
    """The phone is lost: another is enrolled at the next login. Raises UnknownStaff."""
    member = await find(session, login)
    member.totp_secret = member.totp_confirmed_at = None
    await session.flush()
    await logins.end_all_sessions(session, member.id)
    await _record(session, by, "second_factor_reset", member)
    return member


async def reset_password(session: AsyncSession, login: str, *, by: str, now: datetime) -> str:
    """A new password, to be changed at the next login; an account that is locked is open again.
    Raises UnknownStaff."""
    member = await find(session, login)
    password = passwords.generate()
    await _set_password(session, member, password, now, must_change=True)
    member.failed_logins, member.locked_until = 0, None
    await session.flush()
    await logins.end_all_sessions(session, member.id)
    await _record(session, by, "password_reset", member)
    return password


async def change_own_password(
    session: AsyncSession, member: StaffMember, old: str, new: str, now: datetime, *, token: str | None = None
) -> bool:
    """False when the old one is wrong, which counts as a failed login does. All other sessions end; `token` is the one
    that goes on. Raises BadPassword."""
    member = await find(session, member.login)  # whose password may just have been reset
    if not await passwords.matches(member.password_hash, old):
        await logins.count_wrong_password(session, member, now)
        return False
    if new == old:
        raise passwords.BadPassword("same")
    await _set_password(session, member, new, now, must_change=False)
    await logins.end_all_sessions(session, member.id, but=token)
    await _record(session, member.actor, "password_changed", member)
    return True


async def change_language(session: AsyncSession, member: StaffMember, language: str) -> None:
    """Raises BadAccount."""
    if language not in LANGUAGES:
        raise BadAccount("no such language")
    member.language = language
    await session.flush()


async def find(session: AsyncSession, login: str) -> StaffMember:
    """With its row locked. Raises UnknownStaff."""
    wanted = select(StaffMember).where(StaffMember.login == login.strip().lower()).with_for_update()
    member = await session.scalar(wanted.execution_options(populate_existing=True))
    if member is None:
        raise UnknownStaff(login)
    return member


async def listed(session: AsyncSession) -> list[StaffMember]:
    """All, by login; those that are disabled last."""
    every = select(StaffMember).order_by(StaffMember.active.desc(), StaffMember.login)
    return list(await session.scalars(every))


async def _set_password(
    session: AsyncSession, member: StaffMember, password: str, now: datetime, *, must_change: bool
) -> None:
    passwords.judge(password, member.login)
    member.password_hash = await passwords.hashed(password)
    member.password_changed_at = now
    member.must_change_password = must_change
    await session.flush()


async def _practitioner(
    session: AsyncSession, role: Role, staff_no: str | None, *, but: UUID | None = None
) -> Practitioner | None:
    if role is not Role.DOCTOR:
        if staff_no:
            raise NotADoctor("only a doctor's account belongs to a practitioner")
        return None
    found = await session.scalar(
        select(Practitioner).where(Practitioner.staff_no == staff_no, Practitioner.active)
    )
    if found is None:
        raise NoPractitioner("a doctor's account names the practitioner by staff number")
    others = StaffMember.id.is_distinct_from(but)
    if await session.scalar(select(StaffMember.id).where(StaffMember.practitioner_id == found.id, others)):
        raise PractitionerTaken("this practitioner has an account already")
    return found


async def _keep_one_administrator(session: AsyncSession, member: StaffMember) -> None:
    await lock(session, "administrators")  # or the last two could send each other away
    others = select(func.count()).where(
        StaffMember.role == Role.ADMINISTRATOR, StaffMember.active, StaffMember.id != member.id
    )
    if not await session.scalar(others):
        raise LastAdministrator("somebody must be administrator")


async def _record(session: AsyncSession, by: str, action: str, member: StaffMember, **detail: object) -> None:
    await audit.record(session, actor=by, action=action, subject=member.actor, detail=detail)
