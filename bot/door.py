"""An HTTP request of a platform as its adapter reads it, and what the platform hears."""

from __future__ import annotations

import structlog
from fastapi import Request, Response
from prometheus_client import Counter

from integrations.channel import NotConfigured, WebhookError
from integrations.messages import Answer, Webhook

log = structlog.get_logger()

MAX_BODY = 256 * 1024  # bytes; the largest real message is a few kilobytes

REFUSED = Counter("daozhen_webhook_refused_total", "Requests not taken", ["channel", "status"])


class TooLarge(WebhookError):
    status = 413


async def read(request: Request) -> Webhook:
    """Raises TooLarge before the whole body is in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge
    return Webhook(request.method, dict(request.query_params), dict(request.headers), bytes(body))


def refuse(name: str, error: WebhookError) -> Response:
    REFUSED.labels(name, error.status).inc()
    if not isinstance(error, NotConfigured):
        log.warning("webhook refused", channel=name, status=error.status, reason=str(error))
    return Response(status_code=error.status)


def respond(answer: Answer) -> Response:
    return Response(answer.body, media_type=answer.media_type)
