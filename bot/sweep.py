"""What time itself brings: forgotten messages, stuck senders, holds that ran out, news of the hospital."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import claims, clocks, conversations, media, news, notice_delivery, outbox
from bot.clocks import Watch
from bot.consulting import news as consulting_news
from bot.handoff import queue, timers
from bot.staff_group import sending as staff_group
from bot.wake import tell_desk, wake
from integrations import courier
from integrations.hospital import (
    audit_reading,
    booking,
    families,
    file_claims,
    patients,
    ratings,
    reminders,
    seed,
    stops,
    visit_reminders,
    visits,
    waitlist_offers,
)
from integrations.hospital.billing import orders
from integrations.hospital.cases.ending import close_answered
from integrations.hospital.cases.escalation import escalate
from integrations.hospital.consultations import accepting
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.pharmacy import amending, checkout
from integrations.hospital.staff import login
from integrations.hospital.waitlist_offers import Terms
from integrations.identity.interface import Outcome
from integrations.quiet_hours import after_quiet_hours
from integrations.runtime import Runtime

log = structlog.get_logger()

ESCALATED = Counter("daozhen_cases_escalated_total", "Cases whose deadline came near or passed", ["stage"])
_MOST = 500  # rows a sweep takes up at once; the next sweep comes in seconds
_VISITS = 50  # that took place: each may plan some dozens of askings
_MOST_PARCELS = 20  # one call each
_PATIENCE = 3  # calls in a row that nobody answers
TOKENS_KEPT = timedelta(days=30)  # longest pause after which an interrupted registration still goes on
UNAGREED_KEPT = timedelta(days=1)  # long enough to agree, register and go on
_CHOICES_KEPT = timedelta(days=30)  # buttons below news; what they ask for is looked at anew
_OPERATIONS_KEPT = timedelta(days=30)  # no message is tried again after so long

_PROBE = text("SELECT 1")
_OLD_TOKENS = text("DELETE FROM personal_tokens WHERE created_at < :before")
# What was told of an illness by somebody who has not agreed that health data are kept.
_UNAGREED = text("""
    DELETE FROM personal_tokens t WHERE t.kind IN ('draft', 'health') AND t.created_at < :before AND NOT EXISTS (
        SELECT FROM contacts c JOIN consents g ON g.account_id = c.account_id
        WHERE c.id = t.conversation_id AND g.kind = 'health_data' AND g.withdrawn_at IS NULL)
""")
_OLD_OPERATIONS = text("DELETE FROM operations WHERE created_at < :before")
_OLD_CODES = text("DELETE FROM one_time_codes WHERE issued_at < :before")
_OLD_CHOICES = text("DELETE FROM news_choices WHERE created_at < :before")
_OLD_LINKS = text("DELETE FROM page_links WHERE expires_at < :before")


@dataclass(frozen=True, slots=True)
class Found:
    """Conversations to take up: those with a message to answer, those with something to send, as a message or as
    the platform's notice. And media that wait to be fetched."""

    turns: list[UUID]
    deliveries: list[UUID]
    notices: list[UUID] = field(default_factory=list)
    media: list[UUID] = field(default_factory=list)


async def find(rt: Runtime, watch: Watch | None = None) -> Found:
    now, passive = rt.now(), timedelta(seconds=rt.settings.wechat_passive_seconds)
    leapt = watch is not None and watch.leapt(now)
    sending = [channel for channel in rt.channels.values() if claims.sends_actively(rt, channel)]
    async with rt.database.transaction() as session:
        await clocks.mend_waits(session, now, passive)
        stuck = [] if leapt else await outbox.release_stuck(session, now)
        turns = await conversations.forgotten(session, rt, _MOST)
        deliveries = await outbox.due(session, sending, now, _MOST)
        shut_out = await notice_delivery.due(session, rt, _MOST)
        waiting = await media.due(session, now, _MOST)
    if stuck:
        log.warning("messages of unknown fate: their sender stopped", conversations=len(stuck))
    deliveries = [conversation for conversation in deliveries if conversation not in turns]
    return Found(turns, deliveries, shut_out, waiting)


async def hospital(rt: Runtime) -> list[UUID]:
    """Ends what ran out, and tells the hospital's news and what was to be told by now. Gives the conversations that
    got a message of our own to answer. Raises SQLAlchemyError while Postgres is away."""
    now, quiet_hours = rt.now(), rt.settings.quiet_hours
    async with rt.database.begin() as session:  # while Postgres is away, one try says so instead of a dozen
        await session.execute(_PROBE)
    await _each(
        rt,
        lambda session: booking.expire_holds(session, now, _MOST),
        lambda session: orders.expire_orders(session, now, _MOST),
        lambda session: accepting.expire(session, now, _MOST),
        lambda session: checkout.expire_prescriptions(session, now, _MOST),
        lambda session: amending.bring_up(session, now, _MOST),
        lambda session: checkout.expire_bills(session, now, _MOST),
        lambda session: stops.settle(session, now, quiet_hours, _MOST),
        lambda session: waitlist_offers.sweep(session, now, _terms(rt)),
        lambda session: visit_reminders.plan_missing(session, now, quiet_hours, _MOST),
        lambda session: reminders.hand_out(session, now, _MOST),
    )
    told = await news.tell(rt, _MOST)
    await _each(
        rt, lambda session: enrolment.take_up_visits(session, rt.settings, plans(rt.settings), now, _VISITS)
    )
    return told


async def _each(rt: Runtime, *steps: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Each in a transaction of its own: what fails stands in no other's way."""
    for step in steps:
        try:
            async with rt.database.begin() as session:
                await step(session)
        except Exception:  # the next sweep comes in seconds
            log.exception("a part of the hospital's sweep was not done")


def _terms(rt: Runtime) -> Terms:
    minutes = timedelta(minutes=rt.settings.waitlist_minutes)
    return Terms(minutes, after_quiet_hours(rt.settings.quiet_hours, rt.now(), rt.zone))


async def talks(rt: Runtime) -> None:
    """Asks somebody to take those who wait for a person, and sees to what takes too long."""
    async with rt.database.begin() as session:
        changed = await consulting_news.open_again(session, rt)
        changed += await queue.messages_again(session, rt)
    changed += await timers.keep(rt)
    await wake(rt.redis, changed)
    await tell_desk(rt.redis, changed)


async def past_visits(rt: Runtime) -> None:
    """Settles who came and who did not, of the days that are over."""
    async with rt.database.begin() as session:
        await visits.settle_past(session, rt.now(), count_noshows=rt.settings.count_noshows)


async def parcels(rt: Runtime) -> None:
    """Has the news of parcels pushed to us that left since, and asks about those that are silent."""
    await courier.subscribe_due(rt, _MOST_PARCELS)
    await courier.look_after_silent(rt, _MOST_PARCELS)


async def identities(rt: Runtime) -> None:
    """Asks again for patients whose identity could not be checked when they registered."""
    async with rt.database.begin() as session:
        waiting = await patients.pending_identity(session, rt.crypto)
    unanswered = 0
    for person in waiting:
        outcome = await rt.identity.check(person.name, person.id_number)
        unanswered = unanswered + 1 if outcome is Outcome.UNAVAILABLE else 0
        if unanswered == _PATIENCE:
            return  # nobody answers there now, and each call may take its whole time
        async with rt.database.begin() as session:
            await patients.settle_identity(session, person.patient_id, outcome, rt.now())


async def of_age(rt: Runtime) -> None:
    """Ends what guardians did for those who are of age now."""
    async with rt.database.begin() as session:
        await families.end_guardianships(session, rt.now())


async def cases(rt: Runtime) -> None:
    """Brings up the complaints whose deadline is near or over, and closes those whose answer was left standing."""
    async with rt.database.begin() as session:
        found = await escalate(session, rt.now(), _MOST)
        silent = await close_answered(session, rt.now(), rt.settings.case_close_days, _MOST)
    if silent:
        log.info("answered cases closed, for nobody objected", numbers=silent)
    for one in found:
        ESCALATED.labels("late" if one.late else "near").inc()
        log.warning("a case needs its answer", number=one.number, owner=one.owner or "-", late=one.late)


async def opinions(rt: Runtime) -> None:
    """Asks what patients think of their visits, and now and then of all of us."""
    async with rt.database.begin() as session:
        await ratings.ask_about_visits(session, rt.now(), _MOST)
        if rt.settings.surveys:
            await ratings.start_surveys(session, rt.now(), _MOST)


async def schedules(rt: Runtime) -> None:
    """Extends the schedules of the hospital that `daozhen seed` made; in any other it finds nothing to do."""
    async with rt.database.begin() as session:
        await seed.extend(session, rt.local_now().date())


async def seal_audit(rt: Runtime) -> None:
    """Puts what waits into the chain of the audit log, a transaction for each of its pieces."""
    sealed = audit_reading.SEAL_AT_ONCE
    while sealed == audit_reading.SEAL_AT_ONCE:
        async with rt.database.transaction() as session:
            sealed = await audit_reading.seal(session)


async def expired(rt: Runtime) -> None:
    """Deletes what has served its time."""
    now = rt.now()
    async with rt.database.begin() as session:
        await session.execute(_OLD_TOKENS, {"before": now - TOKENS_KEPT})
        await session.execute(_UNAGREED, {"before": now - UNAGREED_KEPT})
        await session.execute(_OLD_OPERATIONS, {"before": now - _OPERATIONS_KEPT})
        await session.execute(_OLD_CODES, {"before": now - timedelta(days=2)})
        await session.execute(_OLD_LINKS, {"before": now - timedelta(days=2)})
        await session.execute(_OLD_CHOICES, {"before": now - _CHOICES_KEPT})
        await media.delete_old(session, now - timedelta(days=rt.settings.media_days))
        await file_claims.end_old(session, now)
        await login.forget_old_sessions(session, now)
        await staff_group.forget(session, now)
