"""Money on its way back: due refunds are asked for, those on their way asked about."""

from __future__ import annotations

from functools import partial

import structlog

from bot.payments.patience import each
from integrations import cashier
from integrations.hospital.billing import refunds, stuck
from integrations.hospital.billing.refunds import RefundTask
from integrations.hospital.models import FoundBy, RefundStatus
from integrations.payment.interface import NoFunds, PaymentPlatform, RefundNews, Refused, State
from integrations.runtime import Runtime

log = structlog.get_logger()

_MOST = 20


async def refund(rt: Runtime) -> None:
    """Does all that is due, or until a platform does not answer; what does not go back by itself becomes a case. What
    is asked twice is done once, for the platform knows each refund by its number."""
    while True:
        async with rt.database.begin() as session:
            tasks = await refunds.claim_refunds(session, rt.now(), _MOST)
        if not tasks or not await each(tasks, partial(_refund, rt)):
            break
    async with rt.database.begin() as session:
        opened = await stuck.open_cases(session, rt.crypto, rt.now(), _MOST)
    for number in opened:
        log.error("a refund does not go back by itself: staff have a case", case=number)


async def _refund(rt: Runtime, task: RefundTask) -> None:
    vendor = rt.payments.get(task.platform)
    if vendor is None:
        return
    try:
        news = await _news(vendor, task)
    except NoFunds as error:
        log.error("no money for refunds at the platform", platform=task.platform)
        await _remember(rt, task, error.code)
        return
    if news.state in (State.ABNORMAL, State.CLOSED):
        log.error("a refund waits for staff", number=task.out_refund_no, state=news.state)
    await cashier.take_refund_note(rt, task.platform, news, FoundBy.QUERY)


async def _news(vendor: PaymentPlatform, task: RefundTask) -> RefundNews:
    """Asked for, and where it was before, asked about; what the platform lost is asked for again."""
    if task.status is RefundStatus.PROCESSING:
        known = await _query(vendor, task)
        if known.state is not State.UNKNOWN:
            return known
    try:
        return await vendor.refund(
            out_trade_no=task.out_trade_no,
            out_refund_no=task.out_refund_no,
            amount_fen=task.amount_fen,
            total_fen=task.total_fen,
            reason=cashier.refund_reason(),
        )
    except NoFunds:
        raise
    except Refused as error:
        # An answer may have been lost: what is on its way already is refused as well.
        known = await _query(vendor, task)
        return known if known.state is not State.UNKNOWN else _closed(task, error)


async def _query(vendor: PaymentPlatform, task: RefundTask) -> RefundNews:
    return await vendor.query_refund(out_trade_no=task.out_trade_no, out_refund_no=task.out_refund_no)


def _closed(task: RefundTask, error: Refused) -> RefundNews:
    return RefundNews(task.out_refund_no, State.CLOSED, error=error.code or "refused")


async def _remember(rt: Runtime, task: RefundTask, code: str) -> None:
    """It stays due; staff see why."""
    async with rt.database.begin() as session:
        await refunds.settle_refund(session, task.out_refund_no, RefundStatus.DUE, rt.now(), error=code)
