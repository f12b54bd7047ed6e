"""Identity numbers that a patient typed are taken out of the chat where the platform lets us (Telegram)."""

from __future__ import annotations

import structlog

from integrations.channel import Channel, DeleteMessage, SendError
from integrations.language.personal import find_personal
from integrations.messages import MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()

_SHORTEST = 8  # characters: less is no number of a document


async def take_out(rt: Runtime, channel: Channel, message: MessageIn, expects: str | None = None) -> None:
    """Whatever became of the message; `expects` is what the last question asked for."""
    if not (isinstance(channel, DeleteMessage) and message.message_ref and len(message.text) >= _SHORTEST):
        return
    found = find_personal(message.text, expects, rt.local_now().date())
    if not any(span.entity == "id_number" for span in found):
        return
    try:
        await channel.delete(message.sender, message.message_ref)
    except SendError as error:
        log.warning("typed number not removed from the chat", reason=type(error).__name__)
