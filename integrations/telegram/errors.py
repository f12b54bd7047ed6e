"""python-telegram-bot's errors into the tree of integrations.channel."""

from __future__ import annotations

from datetime import timedelta

import httpx
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from integrations.channel import Rejected, SendError, Throttled, Unavailable, Unknown, Unreachable
from integrations.transport import NEVER_LEFT


def error_for(error: TelegramError) -> SendError:
    """BadRequest and TimedOut are NetworkErrors there; what really happened is in the cause."""
    said = error.message
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return Throttled(
            said, retry_after=wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        )
    if isinstance(error, Forbidden):
        return Unreachable(said)
    if isinstance(error, BadRequest):
        return Unreachable(said) if "chat not found" in said.lower() else Rejected(said)
    if isinstance(error.__cause__, httpx.HTTPError):
        name = type(error.__cause__).__name__
        if isinstance(error.__cause__, NEVER_LEFT):
            return Unavailable(f"Telegram was not reached: {name}")
        return Unknown(f"Telegram did not answer: {name}")
    if isinstance(error, NetworkError):
        return _answered(said)
    if said == "Invalid server response":  # 200, but no JSON of Telegram's
        return Unknown(said)
    return Rejected(said)  # a wrong token, a migrated group


def _answered(said: str) -> SendError:
    """An HTTP status without a class of its own; its code is lost, its words are not."""
    words = said.lower()
    if words.startswith("too many requests"):
        return Throttled(said)
    if words.startswith("gateway timeout"):  # a proxy on the way gave up waiting
        return Unknown(said)
    if words.startswith("request entity too large"):
        return Rejected(said)
    return Unavailable(said)
