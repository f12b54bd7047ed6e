"""The one way to Rasa: a turn goes in, replies come out. Rasa never sees a personal value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from integrations.runtime import Runtime

_TIMEOUT = httpx.Timeout(30, connect=2)


class RasaDown(Exception):
    """No Rasa takes requests, or Rasa waits for its action server: the turn waits, nothing has failed."""


class RasaFailed(Exception):
    """Rasa took the turn and could not finish it."""


@dataclass(frozen=True, slots=True)
class RasaReply:
    text: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    expects: str | None = None
    language: str | None = None  # chosen for all that follows
    handoff: dict[str, str] | None = None  # a person is to help: skill, reason, instead_of


async def turn(
    rt: Runtime,
    conversation_id: UUID,
    message_id: UUID,
    text: str,
    metadata: dict[str, Any],
    attempt: int = 0,
) -> list[RasaReply]:
    """Gives one message to Rasa. A message it has answered before gets the same replies again. After a failed
    attempt another Rasa is asked first: should both finish, only one can store its turn.

    Raises RasaDown, RasaFailed.
    """
    request = {
        "conversation": conversation_id.hex,
        "message_id": message_id.hex,
        "text": text,
        "metadata": metadata,
    }
    addresses = rt.settings.rasa_addresses
    # A conversation stays with one Rasa while that one lives.
    first = (conversation_id.int + attempt) % len(addresses)
    for address in addresses[first:] + addresses[:first]:
        try:
            response = await rt.http.post(
                f"{address}/webhooks/daozhen/turns",
                json=request,
                headers={"Authorization": f"Bearer {rt.settings.rasa_token.get_secret_value()}"},
                timeout=_TIMEOUT,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.HTTPError as error:
            raise RasaFailed(type(error).__name__) from error
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            continue
        if response.status_code != httpx.codes.OK:
            raise RasaFailed(f"HTTP {response.status_code}")
        return [_reply(message) for message in response.json()["messages"]]
    raise RasaDown


def _reply(message: dict[str, Any]) -> RasaReply:
    return RasaReply(
        message.get("text") or "",
        message.get("buttons") or [],
        message.get("expects"),
        message.get("language"),
        (message.get("custom") or {}).get("handoff"),
    )


async def ready(rt: Runtime) -> bool:
    """Whether at least one Rasa has its model loaded."""
    for address in rt.settings.rasa_addresses:
        try:
            response = await rt.http.get(f"{address}/webhooks/daozhen/ready", timeout=2)
        except httpx.HTTPError:
            continue
        if response.status_code == httpx.codes.OK:
            return True
    return False
