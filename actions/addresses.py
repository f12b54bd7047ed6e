"""Addresses that medicine is sent to, kept on a page."""

from __future__ import annotations

from uuid import UUID

from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import UnknownAddress


async def answer_saved(turn: Turn, reply: Reply) -> None:
    """The page has kept an address just now. Nothing when it is gone again."""
    try:
        async with turn.runtime.database.begin() as session:
            account = await account_of(session, turn)
            kept = await addresses.address(
                session, turn.runtime.crypto, UUID(turn.facts.destination), account
            )
    except UnknownAddress:
        return
    reply.say("say_address_saved", address=kept.destination.masked)
