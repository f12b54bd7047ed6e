"""Clocks that are set: forward after a long sleep, back by a time server, or not quite alike on two machines.

Whoever waits notes until when, by its own clock. A wait that began in the future was noted by a clock that has been
set back since, or by one that runs ahead: it is measured anew from now, so that no patient waits until a clock has
caught up. Hours of the day (quiet hours) are no such waits and stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from bot.failures import LONGEST_PAUSE
from bot.media_fetching import FIRST_RETRY, LEASE, LONGEST_RETRY
from bot.outbox import STUCK_AFTER
from integrations.database import Executor
from integrations.hospital import events

log = structlog.get_logger()

SKEW = timedelta(seconds=10)  # as far apart the clocks of two machines may be without anything being done

# Rows that were tried know when; a turn's answer that nobody tried yet waits for the gateway at most `:passive`. A
# notice of unknown fate may be repeated for some minutes after its first call: how many are gone, nobody knows now.
_MEND = text("""
    WITH turns AS (
        UPDATE inbound SET retry_at = :now
        WHERE status = 'pending' AND retry_at > CAST(:now AS timestamptz) + :longest_pause RETURNING 1
    ), tried AS (
        UPDATE outbound SET not_before = :now + (not_before - claimed_at), claimed_at = :now
        WHERE status = 'queued' AND claimed_at > :ahead AND not_before > claimed_at RETURNING 1
    ), untried AS (
        UPDATE outbound SET not_before = :now
        WHERE status = 'queued' AND claimed_at IS NULL AND notice IS NULL
          AND not_before > CAST(:ahead AS timestamptz) + :passive RETURNING 1
    ), sending AS (
        UPDATE outbound SET claimed_at = :now WHERE status = 'sending' AND claimed_at > :ahead RETURNING 1
    ), notices AS (
        UPDATE outbound SET notice_error = 'the clock was set back'
        WHERE status = 'unknown' AND repeated_at IS NULL AND notice IS NOT NULL AND notice_error IS NULL
          AND claimed_at > :ahead RETURNING 1
    ), pictures AS (
        UPDATE media SET retry_at = :now
        WHERE status = 'waiting' AND retry_at > CAST(:ahead AS timestamptz)
            + greatest(CAST(:lease AS interval),
                       least(CAST(:first_retry AS interval) * power(2, attempts), CAST(:longest_retry AS interval)))
        RETURNING 1
    ), news AS (
        UPDATE hospital_events SET not_before = :now
        WHERE handled_at IS NULL AND given_up_at IS NULL AND not_before > CAST(:ahead AS timestamptz)
            + least(CAST(:first_pause AS interval) * power(2, tries - 1), CAST(:longest_news AS interval))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM turns) AS turns,
           (SELECT count(*) FROM tried) + (SELECT count(*) FROM untried) AS answers,
           (SELECT count(*) FROM sending) AS sending, (SELECT count(*) FROM notices) AS notices,
           (SELECT count(*) FROM pictures) AS pictures, (SELECT count(*) FROM news) AS news
""")


async def mend_waits(session: Executor, now: datetime, passive: timedelta) -> None:
    """Lets nobody wait longer than was meant. `passive`: how long the gateway may keep an answer for itself."""
    found = (
        await session.execute(
            _MEND,
            {
                "now": now,
                "ahead": now + SKEW,
                "passive": passive,
                "longest_pause": LONGEST_PAUSE,
                "lease": LEASE,
                "first_retry": FIRST_RETRY,
                "longest_retry": LONGEST_RETRY,
                "first_pause": events.FIRST_PAUSE,
                "longest_news": events.LONGEST_PAUSE,
            },
        )
    ).one()
    if any(found):
        log.warning(
            "waits that began in the future are measured anew: was a clock set back?", **found._asdict()
        )


@dataclass(slots=True)
class Watch:
    """Holds the clock that may be set against one that cannot be."""

    steady: Callable[[], float] = time.monotonic
    _last: tuple[datetime, float] | None = field(default=None, init=False)
    _leapt_at: float | None = field(default=None, init=False)

    def leapt(self, now: datetime) -> bool:
        """Whether the clock went forward too far of late: then nothing is as old as it looks, and whoever is sending
        needs its time."""
        steady = self.steady()
        if self._last is not None:
            passed = timedelta(seconds=steady - self._last[1])
            if now - self._last[0] - passed > SKEW:
                self._leapt_at = steady
                log.warning("the clock was set forward", by=str(now - self._last[0] - passed))
        self._last = now, steady
        return self._leapt_at is not None and steady - self._leapt_at < STUCK_AFTER.total_seconds()
