"""Logging in: the password, then a code, then a session. Who is refused is not told why.

What is refused is returned, not raised: the transaction must be committed for the try to count.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.models import Role, StaffMember, StaffSession
from integrations.hospital.staff import passwords, second_factor

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
IDLE_FOR = timedelta(minutes=30)
_SEEN_EVERY = timedelta(minutes=1)  # a session's last use is written no more often
_LONGEST_LOGIN = 40


async def check_password(
    session: AsyncSession, login: str, password: str, address: str, now: datetime, *, only: Role | None = None
) -> StaffMember | None:
    """The member whose password this is; None for a wrong one, an unknown or disabled login, and one that is locked
    after five failures. All of them take as long. `only`: logins of other roles are unknown here, so that nobody can
    lock them from where they could not log in."""
    name = login.strip().lower().replace("\0", "\ufffd")  # which Postgres takes in no text
    which = and_(StaffMember.login == name, true() if only is None else StaffMember.role == only)
    member = await _locked(session, which) if len(name) <= _LONGEST_LOGIN else None
    open_to = member if member and member.active and not _is_locked(member, now) else None
    right = await passwords.matches(open_to.password_hash if open_to else None, password)
    if open_to and right:
        if passwords.is_outdated(open_to.password_hash):
            open_to.password_hash = await passwords.hashed(password)
        await session.flush()
        return open_to
    await _refused(session, open_to, member, "password", address, now)
    return None


async def check_code(
    session: AsyncSession, crypto: Crypto, staff_id: UUID, code: str, address: str, now: datetime
) -> StaffMember | None:
    """The member, whose password was right before, when the code is right too. Failures count like the password's.
    A first right code confirms the second factor."""
    member = await _locked(session, StaffMember.id == staff_id)
    if member is None or not member.active or _is_locked(member, now):
        await _refused(session, None, member, "code", address, now)
        return None
    first = member.totp_confirmed_at is None
    if not second_factor.take(crypto, member, code, now):
        await _refused(session, member, member, "code", address, now)
        return None
    member.failed_logins, member.locked_until = 0, None
    await session.flush()
    if first:
        await _record(session, member, "second_factor_confirmed", address)
    return member


async def open_session(session: AsyncSession, member: StaffMember, address: str, now: datetime) -> str:
    """The token for the browser, new with every login."""
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            id=_id(token),
            staff_id=member.id,
            created_at=now,
            seen_at=now,
            ends_at=now + SESSION_LASTS,
            address=address,
        )
    )
    await session.flush()
    await _record(session, member, "logged_in", address)
    return token


async def member_of(
    session: AsyncSession, token: str, now: datetime, *, acts: bool = True
) -> StaffMember | None:
    """Whose session this is; None once it is over, idle for too long, or its member disabled. `acts=False` looks
    without counting as something that the person did."""
    found = await session_of(session, token, now, acts=acts)
    return found[0] if found else None


async def session_of(
    session: AsyncSession, token: str, now: datetime, *, acts: bool = True
) -> tuple[StaffMember, datetime] | None:
    """The same, and until when it lasts if its member does nothing more."""
    row = (
        await session.execute(
            select(StaffSession, StaffMember)
            .join(StaffMember, StaffMember.id == StaffSession.staff_id)
            .where(StaffSession.id == _id(token), StaffMember.active)
            .execution_options(populate_existing=True)
        )
    ).first()
    if row is None:
        return None
    open_one, member = row
    if now >= open_one.ends_at or now >= open_one.seen_at + IDLE_FOR:
        return None
    if acts and now >= open_one.seen_at + _SEEN_EVERY:
        open_one.seen_at = now
        await session.flush()
    return member, min(open_one.ends_at, open_one.seen_at + IDLE_FOR)


async def end_session(session: AsyncSession, token: str) -> None:
    member = await session.scalar(
        select(StaffMember)
        .join(StaffSession, StaffSession.staff_id == StaffMember.id)
        .where(StaffSession.id == _id(token))
    )
    if member:
        await session.execute(delete(StaffSession).where(StaffSession.id == _id(token)))
        await _record(session, member, "logged_out", None)


async def end_all_sessions(session: AsyncSession, staff_id: UUID, *, but: str | None = None) -> None:
    """`but`: the token of one that goes on."""
    ended = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    if but is not None:
        ended = ended.where(StaffSession.id != _id(but))
    await session.execute(ended)


async def forget_old_sessions(session: AsyncSession, now: datetime) -> None:
    await session.execute(
        delete(StaffSession).where((StaffSession.ends_at < now) | (StaffSession.seen_at < now - IDLE_FOR))
    )


async def count_wrong_password(session: AsyncSession, member: StaffMember, now: datetime) -> None:
    """Typed by whoever sits at an open session: the one that locks the login ends the member's sessions as well."""
    counted = await _locked(session, StaffMember.id == member.id)
    was_locked = counted is not None and _is_locked(counted, now)
    await _refused(session, counted, member, "change_password", "", now)
    if counted and not was_locked and _is_locked(counted, now):
        await end_all_sessions(session, member.id)


def _id(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_locked(member: StaffMember, now: datetime) -> bool:
    """A lock that lasts longer than locks do was set by a clock that ran ahead: it is over."""
    return member.locked_until is not None and now < member.locked_until <= now + LOCKED_FOR


async def _locked(session: AsyncSession, which: object) -> StaffMember | None:
    """With its row locked, so that tries at the same time are counted one after another."""
    return await session.scalar(
        select(StaffMember).where(which).with_for_update().execution_options(populate_existing=True)  # type: ignore[arg-type]
    )


async def _refused(
    session: AsyncSession,
    counted: StaffMember | None,
    member: StaffMember | None,
    step: str,
    address: str,
    now: datetime,
) -> None:
    if counted:
        counted.failed_logins += 1
        if counted.failed_logins >= MOST_FAILURES:
            counted.failed_logins, counted.locked_until = 0, now + LOCKED_FOR
            await _record(session, counted, "login_locked", address)
        await session.flush()
    # What was typed as a login may be a password: an unknown one is not kept.
    subject = f"staff:{member.login}" if member else "staff"
    detail = {"step": step} | ({"address": address} if address else {})
    await audit.record(session, actor="nobody", action="login_refused", subject=subject, detail=detail)


async def _record(session: AsyncSession, member: StaffMember, action: str, address: str | None) -> None:
    detail = {"address": address} if address else {}
    await audit.record(session, actor=member.actor, action=action, subject=member.actor, detail=detail)
