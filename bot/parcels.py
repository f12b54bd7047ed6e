"""The parcel tracker's door: verify → store → answer. What is not stored is brought again."""

from __future__ import annotations

import psycopg
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from bot import door
from integrations import courier
from integrations.channel import WebhookError
from integrations.runtime import Runtime

log = structlog.get_logger()

NAME = "kuaidi100"
RECEIVED = Counter("daozhen_parcel_news_total", "What came of pushed news of parcels", ["outcome"])


async def receive(request: Request) -> Response:
    rt: Runtime = request.app.state.runtime
    if rt.parcels is None:
        return Response(status_code=404)
    try:
        news = rt.parcels.read(await door.read(request))
    except WebhookError as error:
        return door.refuse(NAME, error)
    try:
        noted = await courier.take_note(rt, news)
    except (SQLAlchemyError, psycopg.Error, OSError) as error:
        log.error("database does not answer", channel=NAME, reason=type(error).__name__)
        return Response(status_code=503)
    RECEIVED.labels(noted).inc()
    return door.respond(rt.parcels.received)


router = APIRouter(routes=[Route(f"/webhooks/{NAME}", receive, methods=["POST"])])
