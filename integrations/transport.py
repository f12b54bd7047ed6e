"""What all vendors' HTTP has in common: whether a failed request may have arrived, what stays out of logs."""

from __future__ import annotations

import logging

import httpx

# Seconds. A patient waits behind most of these calls, and no platform needs longer for one message.
TIMEOUT = httpx.Timeout(10, connect=3, pool=3)

# A connection that the other side closes just as we write on it makes a message "unknown": let go of idle ones
# before servers do (uvicorn after 5 s, nginx after 60 s and more).
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=3)

# The request stayed here: sending it again cannot double anything.
NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def keep_secrets_out_of_logs() -> None:
    """Platforms carry tokens in their URLs, and httpx logs each URL at INFO. python-telegram-bot logs
    parameters (message texts) at DEBUG and unreadable answers at ERROR; its errors are raised anyway."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
