"""The worker's clock: when which task of bot.worker is due. Apart from it, so that this process stays small."""

from __future__ import annotations

from celery.signals import setup_logging

from bot.logs import configure_logs
from bot.wake import make_celery
from integrations.settings import Settings

celery = make_celery(Settings())
celery.conf.beat_schedule = {
    "sweep": {"task": "sweep", "schedule": 2.0, "options": {"expires": 2}},
    "hospital": {"task": "hospital", "schedule": 5.0, "options": {"expires": 5}},
    "identities": {"task": "identities", "schedule": 60.0, "options": {"expires": 60}},
    # Day by day is what it takes; every hour costs nothing and needs no clock that was running at midnight.
    "of_age": {"task": "of_age", "schedule": 3600.0, "options": {"expires": 600}},
    "schedules": {"task": "schedules", "schedule": 3600.0, "options": {"expires": 600}},
    "expired": {"task": "expired", "schedule": 3600.0, "options": {"expires": 600}},
}


@setup_logging.connect
def _logs(**_: object) -> None:
    configure_logs()
