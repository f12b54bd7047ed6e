"""Whether this process lives, whether the whole works, and the numbers that tell how well."""

from __future__ import annotations

import asyncio

import httpx
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import notices, rasa
from bot.handoff import queue
from bot.handoff.models import Skill
from integrations.hospital import rules
from integrations.hospital.billing import desk
from integrations.hospital.billing.desk import Health
from integrations.hospital.follow_up import alerts
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.pharmacy import reviews
from integrations.hospital.working_days import working_days
from integrations.runtime import Runtime

log = structlog.get_logger()

router = APIRouter()
ALERTS = Gauge("daozhen_follow_up_alerts_open", "Alarming answers that nobody has looked at yet")

OLDEST_REFUND = Gauge("daozhen_refund_oldest_seconds", "Age of the oldest refund that is not done")
STUCK_REFUNDS = Gauge("daozhen_refunds_for_staff", "Refunds that the platform could not do")
DIFFERENCES = Gauge("daozhen_money_differences", "Differences with the platforms that nobody has settled")
_REVIEWS = Gauge(
    "daozhen_prescription_reviews",
    "Prescriptions that wait for a pharmacist or wait too long; decided today, and of these too late",
    ["what"],
)


_TALKS = Gauge("daozhen_talks_waiting", "Patients who wait for a person", ["skill"])
_LONGEST_WAIT = Gauge("daozhen_talks_longest_wait_seconds", "Of the first of them", ["skill"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when Postgres, Redis, Rasa and the action server all answer; otherwise 503 and which do not."""
    rt: Runtime = request.app.state.runtime
    names = ("postgres", "redis", "rasa", "actions")
    answers = await asyncio.gather(_postgres(rt), _redis(rt), rasa.ready(rt), _actions(rt))
    checks: dict[str, object] = dict(zip(names, answers, strict=True))
    waiting = {name: notices.without_template(channel) for name, channel in rt.channels.items()}
    if any(waiting.values()):  # it works all the same: the news waits for the patient's next message
        checks["news_without_template"] = {name: kinds for name, kinds in waiting.items() if kinds}
    if answers[0] and (faults := await _rule_faults(rt)):  # these departments take no bookings; the others do
        checks["booking_rules"] = faults
    if answers[0] and (money := await _money(rt)) and (money.refunds_for_staff or money.differences):
        checks["money_for_staff"] = {"refunds": money.refunds_for_staff, "differences": money.differences}
    if broken := plans(rt.settings).faults:  # these plans ask nobody; the others do
        checks["follow_up_plans"] = [str(fault) for fault in broken]
    if missing := working_days().missing(rt.local_now().date()):  # deadlines fall back to Monday to Friday
        checks["working_days_missing"] = missing
    return JSONResponse(checks, status_code=200 if all(answers) else 503)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """What this process counts, and what stands in the database: money for staff, the pharmacists' reviews."""
    if money := await _money(request.app.state.runtime):
        OLDEST_REFUND.set(money.oldest_refund_seconds)
        STUCK_REFUNDS.set(money.refunds_for_staff)
        DIFFERENCES.set(money.differences)
    await _count_alerts(request.app.state.runtime)
    await _count_reviews(request.app.state.runtime)
    await _count_talks(request.app.state.runtime)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _count_alerts(rt: Runtime) -> None:
    """While the database is away the last number stands."""
    try:
        async with rt.database.begin() as session:
            ALERTS.set(await alerts.count_open(session))
    except (SQLAlchemyError, OSError):
        log.warning("open alerts cannot be counted: the database does not answer")


async def _postgres(rt: Runtime) -> bool:
    try:
        async with rt.database.begin() as session:
            await session.execute(text("SELECT 1 FROM conversations LIMIT 1"))
    except (SQLAlchemyError, OSError):
        return False
    return True


async def _count_reviews(rt: Runtime) -> None:
    """Without the database the last numbers stand."""
    try:
        async with rt.database.begin() as session:
            found = await reviews.numbers(session, rt.now())
    except (SQLAlchemyError, OSError):
        return
    for what in ("waiting", "over_time", "decided", "late"):
        _REVIEWS.labels(what).set(getattr(found, what))


async def _count_talks(rt: Runtime) -> None:
    """Without the database the last numbers stand."""
    try:
        async with rt.database.begin() as session:
            found = {row.skill: row for row in await queue.standing(session, rt.now())}
    except (SQLAlchemyError, OSError):
        return
    for skill in Skill:
        row = found.get(skill)
        _TALKS.labels(skill.value).set(row.talks if row else 0)
        _LONGEST_WAIT.labels(skill.value).set((rt.now() - row.since).total_seconds() if row else 0)


async def _rule_faults(rt: Runtime) -> dict[str, str]:
    try:
        async with rt.database.begin() as session:
            return await rules.faults(session)
    except (SQLAlchemyError, OSError):
        return {}


async def _money(rt: Runtime) -> Health | None:
    try:
        async with rt.database.begin() as session:
            return await desk.health(session, rt.now())
    except (SQLAlchemyError, OSError):
        return None


async def _redis(rt: Runtime) -> bool:
    try:
        return bool(await rt.redis.ping())
    except (RedisError, OSError):
        return False


async def _actions(rt: Runtime) -> bool:
    try:
        response = await rt.http.get(f"http://127.0.0.1:{rt.settings.actions_port}/health", timeout=2)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK
