"""From a message to whom it concerns: the values behind tokens, tokens for values, and the account that chats."""

from __future__ import annotations

from typing import Any

from actions.turn import Turn
from integrations.hospital import accounts, tokens
from integrations.hospital.models import Contact


async def reveal(turn: Turn, token: str, purpose: str) -> str:
    """The plain value behind a token; who asked and why is kept."""
    async with turn.runtime.database.begin() as session:
        return await tokens.reveal(
            session,
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            token=token,
            purpose=purpose,
            now=turn.now,
        )


async def minted(turn: Turn, kind: str, value: str) -> str:
    """A token for a value, kept for this conversation."""
    async with turn.runtime.database.begin() as session:
        return await tokens.mint(
            session,
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            kind=kind,
            value=value,
            now=turn.now,
        )


async def shown_back(turn: Turn, words: str) -> str:
    """A token in whose place the patient reads the words, and nobody before."""
    return await minted(turn, tokens.SHOWN_BACK, words)


async def contact_of(session: Any, turn: Turn) -> Contact:
    contact = await accounts.contact(session, turn.contact_id)
    if contact is None:
        raise LookupError(f"no contact {turn.contact_id}")
    return contact


async def account_of(session: Any, turn: Turn) -> Any:
    return (await contact_of(session, turn)).account_id
