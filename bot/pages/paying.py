"""Paying an order on its page (bot.pages.pay_page).

Looking at it changes nothing and asks no platform: payments are opened, and platforms asked, by what is pressed. What
the payer's browser reports proves nothing.
"""

from __future__ import annotations

import re
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError

from bot.pages import codes
from bot.pages.pay_page import BACK, MOST_LOOKS, ForScript, Opened, PayPage
from bot.pages.reader import bill_gone
from bot.pages.rendering import render, to_page
from bot.pages.speech import Line, line
from integrations import cashier
from integrations.hospital import page_subjects
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.billing.paying import NotPayable
from integrations.hospital.models import OrderStatus
from integrations.hospital.page_subjects import PAY, PAY_FOR
from integrations.money import Platform
from integrations.payment.interface import PaymentError, Prepared, Refused, Unavailable, Way
from integrations.runtime import Runtime

log = structlog.get_logger()
router = APIRouter(prefix="/p")
_pages = APIRouter()  # what the owner's page and somebody else's can do alike

_ASKED_EVERY = 2  # seconds between two questions to the platforms about one order
_PHONE = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS|OpenHarmony", re.IGNORECASE)


@_pages.get("")
async def show(request: Request, page: Opened) -> Response:
    return await page.show(looks=_looks(request))


def _looks(request: Request) -> int:
    said = request.query_params.get(BACK, "")
    return min(int(said), MOST_LOOKS) if re.fullmatch("[0-9]{1,2}", said) else 0


@_pages.post("/wechatpay")
async def wechatpay(page: ForScript) -> Response:
    """What WeChat's bridge takes, signed; or what to tell the payer."""
    if page is None:
        return JSONResponse({"reload": True}, 410)
    reader = page.reader
    if not reader.platform_id or not (reader.own or page.for_other):
        return JSONResponse({"words": reader.speech.say("page_pay_not_you")}, 403)
    prepared = await _prepare(page, Platform.WECHATPAY, Way.JSAPI)
    if not isinstance(prepared, Prepared):
        said = {"words": reader.speech.read(prepared)} if prepared else {"reload": True}
        return JSONResponse(said, 409 if prepared is None else 503)
    return JSONResponse({"bridge": dict(prepared.bridge or {})}, headers={"Cache-Control": "no-store"})


@_pages.post("/go")
async def go(page: Opened, request: Request, platform: Annotated[Platform, Form()]) -> Response:
    """To the platform's own page, or to a code for the phone."""
    prepared = await _prepare(page, platform, _way(request, platform))
    if prepared is None:
        return await page.show()
    if isinstance(prepared, Line):
        return await page.show(notice=prepared, status=503)
    if prepared.code:
        return _scan(page, prepared.code)
    # WeChat's page for phones looks whose page sends the payer: it may know the origin, not the link.
    return render(
        request,
        "going.html",
        page.reader.speech,
        referrer="origin",
        bill=page.bill,
        target=prepared.url,
        platform=str(platform),
        path=page.path,
    )


def _scan(page: PayPage, content: str) -> Response:
    code, speech = codes.svg(content), page.reader.speech
    return render(
        page.reader.request, "scan.html", speech, own_script=True, bill=page.bill, code=code, path=page.path
    )


@_pages.post("/status")
async def status(page: ForScript) -> Response:
    """Whether the page has to say something else by now."""
    settled = page is None or await _ask(page) is not OrderStatus.UNPAID
    return JSONResponse({"settled": settled}, headers={"Cache-Control": "no-store"})


@_pages.post("/paid")
async def paid(page: Opened) -> Response:
    """ "我付好了": asks, and says what is true."""
    await _ask(page)
    try:
        page = await page.renewed()
    except UnknownOrder:
        return bill_gone(page.reader)
    still = line("page_pay_not_yet", phone=page.reader.rt.settings.hospital_phone)
    return await page.show(notice=still if page.bill.state == "open" else None)


router.include_router(_pages, prefix=f"/{PAY}/{{token}}")
router.include_router(_pages, prefix=f"/{PAY_FOR}/{{token}}")


@router.post(f"/{PAY}/{{token}}/relative")
async def relative(page: Opened, request: Request) -> Response:
    """The link to pass on (代付)."""
    rt, order = page.reader.rt, page.bill.order
    async with rt.database.begin() as session:
        path = await page_subjects.pay_for_link(
            session, page.reader.contact.id, order.order_no, order.expires_at, rt.now()
        )
    address = rt.settings.public_url.rstrip("/") + path
    return render(
        request,
        "relative.html",
        page.reader.speech,
        own_script=True,
        bill=page.bill,
        address=address,
        code=codes.svg(address),
        back=page.path,
    )


@router.post(f"/{PAY}/{{token}}/prescription")
async def prescription(page: Opened) -> Response:
    """To the page of the prescription that the order is for."""
    rt, wanted = page.reader.rt, page.bill.order.prescription_id
    if not page.full or wanted is None:
        return await page.show()
    async with rt.database.begin() as session:
        path = await page_subjects.prescription_link(session, page.reader.contact.id, wanted, rt.now())
    return to_page(path)


def _way(request: Request, platform: Platform) -> Way:
    phone = bool(_PHONE.search(request.headers.get("user-agent", "")))
    if platform is Platform.WECHATPAY:
        return Way.H5 if phone else Way.NATIVE
    return Way.WAP if phone else Way.PAGE


async def _prepare(page: PayPage, platform: Platform, way: Way) -> Prepared | Line | None:
    """Opens the payment, or the one that is open; a line for the payer where that fails; None when the order is not
    to be paid any more."""
    reader, rt = page.reader, page.reader.rt
    try:
        return await cashier.prepare(
            rt,
            page.bill.order.order_no,
            platform,
            way,
            payer=reader.platform_id if way is Way.JSAPI else None,
            client_ip=reader.request.client.host if reader.request.client else "",
            return_url=f"{page.address}?{BACK}=1",
        )
    except NotPayable:
        return None
    except (Unavailable, Refused) as error:
        _note(platform, error)
        key = "page_pay_down" if isinstance(error, Unavailable) else "page_pay_refused"
        return line(key, way=reader.speech.say(f"page_way_{platform}"), phone=rt.settings.hospital_phone)


def _note(platform: Platform, error: PaymentError) -> None:
    log.warning("no payment opened", platform=platform, reason=type(error).__name__, code=error.code)


async def _ask(page: PayPage) -> OrderStatus:
    """Asks the platforms, but not oftener than they like; in between it is what we know."""
    rt, order = page.reader.rt, page.bill.order
    if order.status is OrderStatus.UNPAID and await _may_ask(rt, order.order_no):
        return await cashier.ask(rt, order.order_no)
    return order.status


async def _may_ask(rt: Runtime, order_no: str) -> bool:
    try:
        return bool(await rt.redis.set(f"pay page:{order_no}", 1, nx=True, ex=_ASKED_EVERY))
    except (RedisError, OSError):
        return True
