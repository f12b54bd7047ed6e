"""The worker's clock: when which task of bot.worker is due. Apart from it, so that this process stays small.

It counts seconds by a clock that nobody sets: by the wall clock, nothing would be due for ten minutes after that was
set back by ten. So nothing is kept for the next start either: a day's work is done a minute after it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.beat import Scheduler
from celery.schedules import schedule
from celery.signals import setup_logging

from bot.wake import make_celery
from integrations.logs import configure_logs
from integrations.settings import Settings

# Seconds after which a task is of no use: more than clocks of two machines differ, for the worker's decides. What
# piled up without a worker is done with one of each (bot.worker).
_LATEST = 2 * 3600
_AFTER_START = timedelta(minutes=1)
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)


class Punctual(Scheduler):
    """Celery's own sleeps until 10 ms before a task is due and spends those in a busy loop: with a task every second,
    most of this process's CPU."""

    def adjust(self, n: float, drift: float = 0.0) -> float:
        return n + drift if n else n


def running_time() -> datetime:
    """A time that only goes forward, second by second."""
    return _ZERO + timedelta(seconds=time.monotonic())


def every(seconds: float, *, first: timedelta | None = None) -> dict[str, Any]:
    """An entry of the schedule; `first`: how soon after the start, if not after `seconds`."""
    period = timedelta(seconds=seconds)
    began = running_time() + (first or period) - period
    return {
        "schedule": schedule(period, nowfun=running_time),
        "last_run_at": began,
        "options": {"expires": _LATEST},
    }


def timetable() -> dict[str, dict[str, Any]]:
    return {
        "sweep": {"task": "sweep", **every(2)},
        "hospital": {"task": "hospital", **every(5)},
        "answered_elsewhere": {"task": "answered_elsewhere", **every(30)},
        "bills": {"task": "bills", **every(600, first=_AFTER_START)},
        "identities": {"task": "identities", **every(60)},
        # Day by day is what it takes; every hour costs nothing and needs no clock that was running at midnight.
        "of_age": {"task": "of_age", **every(3600, first=_AFTER_START)},
        "cases": {"task": "cases", **every(600, first=_AFTER_START)},
        "opinions": {"task": "opinions", **every(600, first=_AFTER_START)},
        "visits": {"task": "visits", **every(3600, first=_AFTER_START)},
        "schedules": {"task": "schedules", **every(3600, first=_AFTER_START)},
        "expired": {"task": "expired", **every(3600, first=_AFTER_START)},
    }


celery = make_celery(Settings())
celery.conf.beat_scheduler = "bot.beat:Punctual"
celery.conf.beat_schedule = timetable()


@setup_logging.connect
def _logs(**_: object) -> None:
    configure_logs()
