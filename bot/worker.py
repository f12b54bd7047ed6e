"""The worker: Celery tasks of one line over async code, on one event loop per process. bot.beat is its clock."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

from anyio.from_thread import BlockingPortal, start_blocking_portal
from celery.signals import setup_logging, worker_init, worker_shutdown

from bot import conversations, outbox, sweep
from bot.logs import configure_logs
from bot.understanding import Understanding
from bot.wake import TURN_TASK, make_celery
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings

CONCURRENCY = 16  # turns at once; each waits for Rasa or a platform most of its time

settings = Settings()
celery = make_celery(settings)


@dataclass(frozen=True, slots=True)
class _Process:
    portal: BlockingPortal
    runtime: Runtime
    understanding: Understanding
    stack: ExitStack


_process: _Process


@setup_logging.connect
def _logs(**_: object) -> None:
    configure_logs()


@worker_init.connect
def _open(**_: object) -> None:
    global _process
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal())
    runtime = stack.enter_context(
        portal.wrap_async_context_manager(open_runtime(settings, pool_size=2 * CONCURRENCY))
    )
    _process = _Process(portal, runtime, Understanding(), stack)


@worker_shutdown.connect
def _close(**_: object) -> None:
    _process.stack.close()


@celery.task(name=TURN_TASK)
def turn(conversation: str) -> None:
    """Answers what a patient wrote."""
    _process.portal.call(conversations.drain, _process.runtime, _process.understanding, UUID(conversation))


@celery.task(name="deliver")
def deliver(conversation: str) -> None:
    """Sends what is due in a conversation."""
    _process.portal.call(outbox.deliver, _process.runtime, UUID(conversation))


@celery.task(name="sweep")
def sweep_forgotten() -> None:
    """Takes up whatever a lost wake-up, a pause or a dead process left behind."""
    found = _process.portal.call(sweep.find, _process.runtime)
    for conversation in found.turns:
        turn.delay(conversation.hex)
    for conversation in found.deliveries:
        deliver.delay(conversation.hex)


@celery.task(name="hospital")
def hospital() -> None:
    """Frees holds that ran out and tells patients what happened in the hospital."""
    for conversation in _process.portal.call(sweep.hospital, _process.runtime):
        turn.delay(conversation.hex)


@celery.task(name="identities")
def identities() -> None:
    """Checks the identities that could not be checked when they were given."""
    _process.portal.call(sweep.identities, _process.runtime)


@celery.task(name="expired")
def expired() -> None:
    """Deletes what has served its time: one-time codes, links, tokens."""
    _process.portal.call(sweep.expired, _process.runtime)
