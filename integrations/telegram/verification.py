"""Telegram's proof that a request is its own: the secret we gave to setWebhook comes back in a header."""

from __future__ import annotations

import hmac

from integrations.channel import Forbidden

HEADER = "x-telegram-bot-api-secret-token"


def verify(*, secret: str, given: str) -> None:
    """Raises Forbidden. Replays are known by update_id, there is no timestamp."""
    if not hmac.compare_digest(secret.encode(), given.encode("utf-8", "backslashreplace")):
        raise Forbidden("wrong secret")
