"""Links to pages. A link may be looked at until it is finished or expires: messengers fetch previews.

Some let something be done once (`finish_link`); those about money and appointments (page_subjects.py) only expire."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import PageLink


class LinkError(Exception):
    """The link opens nothing. `contact_id`: whose it was, where that is known."""

    def __init__(self, contact_id: UUID | None = None) -> None:
        super().__init__()
        self.contact_id = contact_id


class UnknownLink(LinkError):
    """Never issued, or for another purpose."""


class LinkExpired(LinkError):
    """Issued, but too long ago."""


class LinkUsed(LinkError):
    """What it was for is done."""


async def issue_link(
    session: AsyncSession,
    *,
    contact_id: UUID,
    purpose: str,
    now: datetime,
    minutes: float,
    subject: str | None = None,
) -> str:
    """The secret part of the address. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(minutes=minutes)
    session.add(
        PageLink(
            token_hash=_hash(token),
            contact_id=contact_id,
            purpose=purpose,
            subject=subject,
            created_at=now,
            expires_at=expires_at,
        )
    )
    await session.flush()
    return token


async def read_link(session: AsyncSession, token: str, purposes: Collection[str], now: datetime) -> PageLink:
    """The link, for a page that may be opened again and again: nothing is written. Raises UnknownLink, LinkExpired."""
    link = await session.scalar(
        select(PageLink).where(PageLink.token_hash == _hash(token), PageLink.purpose.in_(purposes))
    )
    if link is None:
        raise UnknownLink
    if now >= link.expires_at:
        raise LinkExpired(link.contact_id)
    return link


async def open_link(session: AsyncSession, token: str, purpose: str, now: datetime) -> PageLink:
    """Whom the page is for. Raises UnknownLink, LinkUsed, LinkExpired."""
    link = await _usable(session, token, purpose, now)
    link.opened_at = link.opened_at or now
    await session.flush()
    return link


async def finish_link(session: AsyncSession, token: str, purpose: str, now: datetime) -> PageLink:
    """Uses the link up, in the transaction that does what it was for; of two at once the second gets LinkUsed.
    Raises as `open_link`."""
    link = await _usable(session, token, purpose, now)
    link.finished_at = now
    await session.flush()
    return link


async def finish(session: AsyncSession, link: PageLink, now: datetime) -> None:
    """As `finish_link`, for a link that was read, where something else keeps two from doing it at once."""
    used = update(PageLink).where(PageLink.id == link.id).values(finished_at=now)
    await session.execute(used.execution_options(synchronize_session=False))


async def _usable(session: AsyncSession, token: str, purpose: str, now: datetime) -> PageLink:
    link = await session.scalar(
        select(PageLink)
        .where(PageLink.token_hash == _hash(token), PageLink.purpose == purpose)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if link is None:
        raise UnknownLink
    if link.finished_at is not None:
        raise LinkUsed(link.contact_id)
    if now >= link.expires_at:
        raise LinkExpired(link.contact_id)
    return link


def _hash(token: str) -> bytes:
    """Plain SHA-256: the token has 256 random bits, there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()
