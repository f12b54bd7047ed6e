"""Where orders are paid: opens payments at the platforms, and takes note of what they say. The platforms are asked
outside of transactions; what they answer is stored in one (docs/decisions/0022-money.md)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import lru_cache

import structlog

from integrations.catalogue import Texts
from integrations.hospital.billing import open_payments, orders, paying, refunds
from integrations.hospital.billing.differences import note_difference
from integrations.hospital.billing.paying import Opened, Received, Trade
from integrations.hospital.models import DifferenceKind, FoundBy, OrderStatus, RefundStatus
from integrations.money import Platform
from integrations.payment.interface import (
    Charge,
    ForeignAccount,
    ForeignAnswer,
    NumberUsed,
    PaymentError,
    PaymentPlatform,
    Prepared,
    RefundNews,
    Refused,
    State,
    TradeNews,
    Way,
)
from integrations.runtime import Runtime

log = structlog.get_logger()

_REFUNDS = {
    State.OPEN: RefundStatus.PROCESSING,
    State.DONE: RefundStatus.SUCCEEDED,
    State.ABNORMAL: RefundStatus.ABNORMAL,
    State.CLOSED: RefundStatus.CLOSED,
}
_TRIES = 3  # numbers of one order that turn out to be used up
_PATIENCE = 4.0  # seconds; somebody waits for the answer
_AT_ONCE = 5  # calls for one order, which may be open as often as somebody looked at its page
_SHORTEST = timedelta(minutes=1)  # for which a platform opens anything


async def prepare(
    rt: Runtime,
    order_no: str,
    platform: Platform,
    way: Way,
    *,
    payer: str | None = None,
    client_ip: str = "",
    return_url: str = "",
) -> Prepared:
    """Opens a payment of the order, or the one that is open there for the same payer and way again.

    `payer`: the openid, for JSAPI. `client_ip`: for H5. `return_url`: where the payer's browser comes back to.
    Raises UnknownOrder, NotPayable (billing), Unavailable and Refused (payment); Refused also where the platform is
    not set up.
    """
    vendor = rt.payments.get(platform)
    if vendor is None:
        raise Refused(f"{platform} is not set up")
    for _ in range(_TRIES):
        async with rt.database.begin() as session:
            opened = await paying.open_payment(session, order_no, platform, way, rt.now(), payer)
        charge = Charge(
            out_trade_no=opened.out_trade_no,
            amount_fen=opened.amount_fen,
            description=_texts().text("word_charge", hospital=rt.settings.hospital_name),
            expires_at=_until(opened),
            payer=payer,
            client_ip=client_ip,
            return_url=return_url,
        )
        try:
            return await vendor.prepare(way, charge)
        except NumberUsed:
            await close(rt, vendor, opened.out_trade_no, FoundBy.QUERY)
    raise Refused(f"{platform} takes no number of {order_no}")


async def ask(rt: Runtime, order_no: str) -> OrderStatus:
    """Asks each platform about the order's open payments, the newest first, takes note of what was paid, and gives the
    order's status afterwards. While a platform does not answer, that is what we know. Raises UnknownOrder."""
    async with rt.database.begin() as session:
        waiting = await open_payments.of_order(session, order_no)
    places = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_ask(rt, places, platform, number) for platform, number in reversed(waiting)))
    async with rt.database.begin() as session:
        return (await orders.order(session, order_no)).status


async def _ask(rt: Runtime, places: asyncio.Semaphore, platform: Platform, out_trade_no: str) -> None:
    if (vendor := rt.payments.get(platform)) is None:
        return
    try:
        async with asyncio.timeout(_PATIENCE), places:
            news = await query(rt, vendor, out_trade_no)
        await take_note(rt, platform, news, FoundBy.QUERY)
    except PaymentError as error:
        log.warning("a payment platform does not say", platform=platform, reason=reason(error))
    except TimeoutError:
        log.warning("a payment platform does not say in time", platform=platform)


async def query(rt: Runtime, vendor: PaymentPlatform, out_trade_no: str) -> TradeNews:
    """What became of a payment. Raises Unavailable, Refused; an answer about another merchant's is noted for staff."""
    try:
        return await vendor.query(out_trade_no)
    except ForeignAnswer as error:
        await note_foreign(rt, vendor.name, error.about, FoundBy.QUERY)
        raise


async def note_foreign(rt: Runtime, platform: Platform, error: ForeignAccount, found_by: FoundBy) -> None:
    """Money of another merchant or application, of which a platform tells us: staff look into it."""
    async with rt.database.begin() as session:
        await note_difference(
            session,
            DifferenceKind.FOREIGN_ACCOUNT,
            platform,
            error.number,
            found_by=found_by,
            transaction_id=error.transaction_id,
            theirs_fen=error.amount_fen,
        )


async def close(rt: Runtime, vendor: PaymentPlatform, out_trade_no: str, found_by: FoundBy) -> None:
    """Nobody can pay it afterwards; when somebody has, note is taken of that. Raises Unavailable, Refused."""
    news = await query(rt, vendor, out_trade_no)
    if news.state in (State.OPEN, State.UNKNOWN):
        try:
            await vendor.close(out_trade_no)
            news = TradeNews(out_trade_no, State.CLOSED)
        except Refused:
            news = await query(rt, vendor, out_trade_no)
    await take_note(rt, vendor.name, news, found_by)


async def take_note(rt: Runtime, platform: Platform, news: TradeNews, found_by: FoundBy) -> Received | None:
    """Stores what a platform says of a payment. None when that is no news of money."""
    match news:
        case TradeNews(
            state=State.DONE,
            transaction_id=str(transaction),
            amount_fen=int(amount),
            paid_at=datetime() as at,
        ):
            trade = Trade(platform, news.out_trade_no, transaction, amount, at, news.payer)
            async with rt.database.begin() as session:
                return await paying.receive(session, trade, found_by, rt.now())
        case TradeNews(state=State.CLOSED):
            async with rt.database.begin() as session:
                await open_payments.close(session, platform, news.out_trade_no)
    return None


async def take_refund_note(rt: Runtime, platform: Platform, news: RefundNews, found_by: FoundBy) -> bool:
    """Stores what a platform says of a refund. False when it is none of ours."""
    status = _REFUNDS.get(news.state)
    if status is None:
        return False
    async with rt.database.begin() as session:
        return await refunds.hear(
            session,
            platform,
            news.out_refund_no,
            status,
            news.amount_fen,
            found_by,
            rt.now(),
            platform_refund_id=news.platform_refund_id,
            error=news.error or None,
        )


def _until(opened: Opened) -> datetime | None:
    """The same whenever this payment is asked for again."""
    return opened.expires_at and max(opened.expires_at, opened.opened_at + _SHORTEST)


def refund_reason() -> str:
    """What a payer's statement says of it."""
    return _texts().text("word_refund")


@lru_cache(maxsize=1)
def _texts() -> Texts:
    return Texts.load()


def reason(error: PaymentError) -> str:
    """For a log: never the platform's words, which may hold what we sent."""
    return f"{type(error).__name__} {error.code}".rstrip()
