"""The payment platforms' door: verify → store → commit → answer. What is not stored is brought again."""

from __future__ import annotations

import psycopg
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route

from bot import door
from integrations import cashier
from integrations.channel import WebhookError
from integrations.hospital.models import FoundBy
from integrations.money import Platform
from integrations.payment.interface import ForeignAccount, RefundNews, TradeNews, Unavailable
from integrations.runtime import Runtime

log = structlog.get_logger()

RECEIVED = Counter(
    "daozhen_payment_news_total", "What came of a payment platform's news", ["platform", "outcome"]
)


def _webhook(platform: Platform) -> Route:
    async def receive(request: Request) -> Response:
        return await _receive(request, platform)

    return Route(f"/webhooks/{platform}", receive, methods=["POST"])


async def _receive(request: Request, platform: Platform) -> Response:
    rt: Runtime = request.app.state.runtime
    vendor = rt.payments.get(platform)
    if vendor is None:
        return Response(status_code=404)
    try:
        try:
            news = await vendor.read(await door.read(request))
            outcome = await _store(rt, platform, news)
        except ForeignAccount as error:
            await cashier.note_foreign(rt, platform, error, FoundBy.CALLBACK)
            raise
    except WebhookError as error:
        return door.refuse(platform, error)
    except Unavailable:
        log.error("payment news cannot be verified now", platform=platform)
        return Response(status_code=503)
    except (SQLAlchemyError, psycopg.Error, OSError) as error:
        log.error("database does not answer", channel=platform, reason=type(error).__name__)
        return Response(status_code=503)
    RECEIVED.labels(platform, outcome).inc()
    return door.respond(vendor.received)


async def _store(rt: Runtime, platform: Platform, news: TradeNews | RefundNews | None) -> str:
    """Gives what came of it."""
    if isinstance(news, RefundNews):
        ours = await cashier.take_refund_note(rt, platform, news, FoundBy.CALLBACK)
        return f"refund_{news.state}" if ours else "refund_unknown"
    received = news and await cashier.take_note(rt, platform, news, FoundBy.CALLBACK)
    return received or "nothing"


router = APIRouter(routes=[_webhook(platform) for platform in Platform])
