"""Tokens that stand for personal values in texts and in the dialog engine."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit
from integrations.hospital.models import PersonalToken

TOKEN_PATTERN = re.compile(r"\[\[(?P<kind>[a-z_]{1,20}):(?P<token>[0-9a-f]{32})\]\]")

# The kind that may stand in an answer: the patient reads its value, nobody before them does.
SHOWN_BACK = "shown"
# The kind that stands for a draft of what is told of an illness. Without a consent it lasts a day.
DRAFT = "draft"

# Wider than the pattern: also what a careless reader might take for a token.
_LOOKS_LIKE_TOKEN = re.compile(r"\[\[(\s*[A-Za-z_]+\s*[:：]\s*[0-9A-Fa-f-]+\s*)\]\]")


class UnknownToken(Exception):
    """No such token in this conversation."""


async def mint(
    session: AsyncSession, crypto: Crypto, *, conversation_id: UUID, kind: str, value: str, now: datetime
) -> str:
    """Keeps `value` sealed and gives the token's text. Commit before anyone is handed the text."""
    token = UUID(bytes=secrets.token_bytes(16))
    text = f"[[{kind}:{token.hex}]]"
    if not TOKEN_PATTERN.fullmatch(text):
        raise ValueError(f"not a kind of token: {kind!r}")
    sealed = crypto.encrypt(value, _context(conversation_id, kind))
    session.add(
        PersonalToken(token=token, conversation_id=conversation_id, kind=kind, value=sealed, created_at=now)
    )
    await session.flush()
    return text


async def reveal(
    session: AsyncSession,
    crypto: Crypto,
    *,
    conversation_id: UUID,
    token: str,
    purpose: str,
    now: datetime,
    actor: str = "actions",
) -> str:
    """The value behind a token of this conversation; the audit log keeps who asked for it and why, at `now`.
    Raises UnknownToken, also for a token of another conversation or one whose kind was changed."""
    found = TOKEN_PATTERN.fullmatch(token)
    if found is None:
        raise UnknownToken
    sealed = await session.scalar(
        select(PersonalToken.value).where(
            PersonalToken.token == UUID(found["token"]),
            PersonalToken.conversation_id == conversation_id,
            PersonalToken.kind == found["kind"],
        )
    )
    if sealed is None:
        raise UnknownToken
    detail = {"kind": found["kind"], "purpose": purpose, "asked_at": now.isoformat()}
    await audit.record(
        session,
        actor=actor,
        action="token_revealed",
        subject=f"conversation:{conversation_id}",
        detail=detail,
    )
    return crypto.decrypt(sealed, _context(conversation_id, found["kind"]))


async def forget(session: AsyncSession, conversation_id: UUID) -> None:
    """Deletes all values of a conversation: nothing may be kept of them."""
    await session.execute(delete(PersonalToken).where(PersonalToken.conversation_id == conversation_id))


def escape(text: str) -> str:
    """A patient's own text in which nothing can be taken for a token: such brackets become full width."""
    return _LOOKS_LIKE_TOKEN.sub(r"［［\1］］", text)


def _context(conversation_id: UUID, kind: str) -> str:
    return f"personal_tokens.value:{conversation_id.hex}:{kind}"
