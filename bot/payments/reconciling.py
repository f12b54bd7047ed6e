"""The platforms' bills, day by day: from ten in the morning there is that of the day before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import structlog

from integrations.cashier import reason
from integrations.hospital.billing import differences, reconciling
from integrations.money import BillLine
from integrations.payment.interface import NoBill, PaymentError, PaymentPlatform
from integrations.runtime import Runtime

log = structlog.get_logger()

_READY = time(10)  # local; Alipay's are there at nine
_LATEST = time(15)  # a bill that is not there by then, of a day on which nobody paid, will not come
_CHUNK = 1000  # lines
_MOST = 100  # cases at once


async def reconcile(rt: Runtime) -> None:
    """Compares each day that has a bill by now and is not done. Done twice, it finds the same. What differs becomes a
    case."""
    local = rt.local_now()
    today = local.date() if local.time() >= _READY else local.date() - timedelta(days=1)
    for platform, vendor in rt.payments.items():
        async with rt.database.begin() as session:
            days = await reconciling.days_due(session, platform, today)
        for day in days:
            try:
                await _compare(rt, vendor, day)
            except PaymentError as error:
                log.warning("no bill to compare with", platform=platform, day=str(day), reason=reason(error))
            except Exception:  # the other days, and what staff have to see by now, do not wait for it
                log.exception("a bill was not compared", platform=platform, day=str(day))
    async with rt.database.begin() as session:
        opened = await differences.open_cases(session, rt.crypto, rt.now(), _MOST)
    for number in opened:
        log.error("a platform and we differ about money: staff have a case", case=number)


async def _compare(rt: Runtime, vendor: PaymentPlatform, day: date) -> None:
    begin = datetime.combine(day, time(), rt.zone).astimezone(UTC)
    try:
        lines = await vendor.bill(day)
    except NoBill:
        if not await _is_empty(rt, vendor, begin):
            raise
        lines = ()
    learned = 0
    for at in range(0, len(lines), _CHUNK):
        learned += await _take(rt, vendor, day, lines[at : at + _CHUNK])
    async with rt.database.begin() as session:
        differ = await reconciling.finish(
            session, vendor.name, day, lines, begin=begin, learned=learned, now=rt.now()
        )
    say = log.error if differ or learned else log.info
    say("bill compared", platform=vendor.name, day=str(day), differences=differ, learned=learned)


async def _take(rt: Runtime, vendor: PaymentPlatform, day: date, lines: Sequence[BillLine]) -> int:
    """Gives how many payments we learned of."""
    async with rt.database.begin() as session:
        odd = await reconciling.mark(session, vendor.name, day, lines)
    learned = 0
    for line in odd:
        async with rt.database.begin() as session:
            learned += await reconciling.look_into(session, vendor.name, day, line, rt.now())
    return learned


async def _is_empty(rt: Runtime, vendor: PaymentPlatform, begin: datetime) -> bool:
    """Whether there is no bill because there was nothing to bill."""
    end = begin + timedelta(days=1)
    if rt.local_now() < datetime.combine(end.astimezone(rt.zone).date(), _LATEST, rt.zone):
        return False
    async with rt.database.begin() as session:
        return not await reconciling.holds_any(session, vendor.name, begin, end)
