"""What the patient typed and is asked to look at once more: the actions say it as a token, so that Rasa never holds it,
and its words are put in here, on the way to the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bot.rasa import RasaReply
from integrations.hospital import tokens
from integrations.hospital.tokens import SHOWN_BACK, TOKEN_PATTERN, UnknownToken
from integrations.runtime import Runtime

_GONE = "＊＊＊"


async def reveal(rt: Runtime, conversation_id: UUID, said: Sequence[RasaReply]) -> list[RasaReply]:
    """The replies with the values in the place of tokens that are to be shown; of every other kind none is."""
    return [replace(reply, text=await _reveal(rt, conversation_id, reply.text)) for reply in said]


async def _reveal(rt: Runtime, conversation_id: UUID, text: str) -> str:
    for found in list(TOKEN_PATTERN.finditer(text)):
        text = text.replace(found[0], await _value(rt, conversation_id, found[0], found["kind"]))
    return text


async def _value(rt: Runtime, conversation_id: UUID, token: str, kind: str) -> str:
    if kind != SHOWN_BACK:
        return _GONE
    async with rt.database.begin() as session:
        try:
            return await tokens.reveal(
                session,
                rt.crypto,
                conversation_id=conversation_id,
                token=token,
                purpose="shown back",
                now=rt.now(),
                actor="worker",
            )
        except UnknownToken:  # forgotten since
            return _GONE
