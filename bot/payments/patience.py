"""Many questions to platforms of which one may not answer: each may cost its whole time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from integrations.cashier import reason
from integrations.money import Platform
from integrations.payment.interface import PaymentError, Unavailable

log = structlog.get_logger()

_AT_ONCE = 4  # questions
_PATIENCE = 3  # questions in a row that a platform does not answer


class _Task(Protocol):
    @property
    def platform(self) -> Platform: ...


async def each[T: _Task](tasks: Sequence[T], ask: Callable[[T], Awaitable[object]]) -> bool:
    """Asks all, some at once; a platform that does not answer is left alone. Whether all answered."""
    places, silent = asyncio.Semaphore(_AT_ONCE), Counter[Platform]()

    async def one(task: T) -> None:
        async with places:
            if silent[task.platform] >= _PATIENCE:
                return
            try:
                await ask(task)
                silent[task.platform] = 0
            except Unavailable as error:
                silent[task.platform] += 1
                log.warning(
                    "a payment platform does not answer", platform=task.platform, reason=reason(error)
                )
            except PaymentError as error:
                log.error("a payment platform refuses", platform=task.platform, reason=reason(error))
            except Exception:  # the others' money does not wait for it, and it comes again
                log.exception("what a payment platform said was not stored", platform=task.platform)

    await asyncio.gather(*map(one, tasks))
    return not any(silent.values())
