"""Logs: one line an event, on standard error, with anything that looks like a personal value blacked out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from integrations.language.personal import redact

# Their lines hold tokens and addresses.
_SECRETIVE = ("httpx", "httpcore", "telegram", "uvicorn.access", "urllib3")
# They write a line or two for every task or call.
_CHATTY = ("celery.beat", "celery.worker.strategy", "celery.app.trace", "rasa_sdk", "sanic.access")


def _blacken(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


class _Redacting(logging.Formatter):
    """For lines that libraries write through the standard logging module."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure_logs(level: int = logging.INFO) -> None:
    """Called once by each process before anything else."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _blacken,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _SECRETIVE + _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
