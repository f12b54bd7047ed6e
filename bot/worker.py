"""The worker: takes up woken conversations, and Celery tasks of one line for what time brings, all over async code
on one event loop per process. bot.beat is its clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from uuid import UUID

from anyio.from_thread import BlockingPortal, start_blocking_portal
from celery import Task
from celery.signals import setup_logging, worker_init, worker_ready, worker_shutdown

from bot import (
    conversations,
    delivery,
    media_fetching,
    menus,
    notice_delivery,
    notices,
    paging,
    payments,
    sweep,
)
from bot.clocks import Watch
from bot.commands import rules
from bot.errands import Errands
from bot.handoff import native
from bot.staff_group import standing
from bot.staff_group import work as staff_group
from bot.understanding import Understanding
from bot.wake import Takers, make_celery, wake
from integrations import connections
from integrations.logs import configure_logs
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings

_LATELY = 1.0  # seconds
CONCURRENCY = 16  # turns at once; each waits for Rasa or a platform most of its time
ERRANDS = 16  # calls at once that fetch media or send notices

settings = Settings()
celery = make_celery(settings)


@dataclass(frozen=True, slots=True)
class _Process:
    portal: BlockingPortal
    runtime: Runtime
    errands: Errands
    stack: ExitStack
    watch: Watch = field(default_factory=Watch)
    swept_at: dict[str, float] = field(default_factory=dict)

    def lately(self, sweep: str) -> bool:
        """Whether this sweep ran within a second: those that piled up while no worker ran are done with one."""
        before, self.swept_at[sweep] = self.swept_at.get(sweep, -_LATELY), monotonic()
        return self.swept_at[sweep] - before < _LATELY


_process: _Process


@setup_logging.connect
def _logs(**_: object) -> None:
    configure_logs()


@worker_init.connect
def _open(**_: object) -> None:
    global _process
    stack = ExitStack()
    portal = stack.enter_context(start_blocking_portal(backend_options={"use_uvloop": True}))
    runtime = stack.enter_context(
        portal.wrap_async_context_manager(open_runtime(settings, pools=connections.WORKER, process="worker"))
    )
    errands = portal.call(Errands, ERRANDS)
    stack.enter_context(portal.wrap_async_context_manager(errands.at_work()))
    _process = _Process(portal, runtime, errands, stack)
    stack.enter_context(portal.wrap_async_context_manager(staff_group.listening(runtime, errands)))
    stack.enter_context(portal.wrap_async_context_manager(_turns(runtime)))


@asynccontextmanager
async def _turns(rt: Runtime) -> AsyncIterator[None]:
    """Answers what patients write, and sends what is due."""
    understanding = Understanding()
    takers = Takers(
        rt.redis,
        CONCURRENCY,
        answer=lambda one: conversations.answer_pending(rt, understanding, one),
        send=lambda one: delivery.deliver(rt, one),
        find=partial(waiting, rt, Watch()),
    )
    async with takers.at_work():
        yield


async def waiting(rt: Runtime, watch: Watch) -> list[UUID]:
    """Conversations with something to answer or to send."""
    found = await sweep.find(rt, watch)
    return found.turns + found.deliveries


@worker_ready.connect
def _greet_platforms(**_: object) -> None:
    publish_menus.delay()
    notices.tell_operator(_process.runtime)
    _process.portal.call(rules.tell_operator, _process.runtime)


@worker_shutdown.connect
def _close(**_: object) -> None:
    _process.stack.close()


@celery.task(name="sweep")
def sweep_forgotten() -> None:
    """Takes up whatever a lost wake-up, a pause or a dead process left behind."""
    if not _process.lately("sweep"):
        _process.portal.call(_take_up, _process)


async def _take_up(process: _Process) -> None:
    rt = process.runtime
    found = await sweep.find(rt, process.watch)
    await wake(rt.redis, found.turns + found.deliveries)
    for one in found.notices:
        process.errands.start(("notice", one), partial(notice_delivery.deliver, rt, one))
    for one in found.media:
        process.errands.start(("medium", one), partial(media_fetching.fetch, rt, one))


@celery.task(name="hospital")
def hospital() -> None:
    """Frees holds that ran out and tells patients what happened in the hospital; and starts what pages staff, asks
    payment platforms and the parcel service, which may take their time, and what seals the audit log. One task: a
    second one costs more than what it does."""
    if _process.lately("hospital"):
        return
    _start("pages", paging.page)
    _start("talks", sweep.talks)
    _start("staff_group", staff_group.keep)
    _start("payments", payments.ask_open)
    _start("refunds", payments.refund)
    _start("parcels", sweep.parcels)
    _start("audit", sweep.seal_audit)
    _wake(_process.portal.call(sweep.hospital, _process.runtime))


def _wake(found: list[UUID]) -> None:
    _process.portal.call(wake, _process.runtime.redis, found)


@celery.task(name="answered_elsewhere")
def answered_elsewhere() -> None:
    """Sees to it that nobody is answered in a group where staff are not heard, or taken to be with one of WeChat's
    agents who is not there."""
    _start("staff_group_stands", standing.look)
    _start("native_agents", native.look)


@celery.task(name="bills")
def compare_bills() -> None:
    """Compares the platforms' bills with ours."""
    _start("bills", payments.reconcile)


def _start(name: str, work: Callable[[Runtime], Awaitable[None]]) -> None:
    """One of a kind at a time, beside the sweeps."""
    _process.portal.call(_process.errands.start, name, partial(work, _process.runtime))


@celery.task(name="identities")
def identities() -> None:
    """Checks the identities that could not be checked when they were given."""
    _process.portal.call(sweep.identities, _process.runtime)


@celery.task(name="of_age")
def of_age() -> None:
    """Ends what guardians did for those who are of age now."""
    _process.portal.call(sweep.of_age, _process.runtime)


@celery.task(name="visits")
def visits() -> None:
    """Settles who came and who did not, of the days that are over."""
    _process.portal.call(sweep.past_visits, _process.runtime)


@celery.task(name="menus", bind=True, max_retries=30, default_retry_delay=10)
def publish_menus(task: Task) -> None:
    """Puts the accounts' menus in place; a platform that does not answer is asked again for five minutes."""
    if not _process.portal.call(menus.publish, _process.runtime):
        raise task.retry()


@celery.task(name="cases")
def cases() -> None:
    """Brings up complaints whose answer is due."""
    _process.portal.call(sweep.cases, _process.runtime)


@celery.task(name="opinions")
def opinions() -> None:
    """Asks for ratings."""
    _process.portal.call(sweep.opinions, _process.runtime)


@celery.task(name="schedules")
def schedules() -> None:
    """Keeps the seeded hospital's schedules reaching 14 days ahead."""
    _process.portal.call(sweep.schedules, _process.runtime)


@celery.task(name="expired")
def expired() -> None:
    """Deletes what has served its time: one-time codes, links, tokens."""
    _process.portal.call(sweep.expired, _process.runtime)
