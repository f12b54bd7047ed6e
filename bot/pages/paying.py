"""The page on which an order is paid, by its owner (pay) or by somebody else (payfor, 代付).

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

from bot.pages import codes, permission
from bot.pages.bill import Bill, bill_of, order_of
from bot.pages.reader import Reader, dead_link, introduce, read
from bot.pages.rendering import render, tell
from bot.pages.speech import Line, line, of_request
from integrations import cashier
from integrations.hospital import links, page_subjects
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.billing.paying import NotPayable
from integrations.hospital.models import OrderStatus
from integrations.hospital.page_subjects import PAY, PAY_FOR
from integrations.money import Platform
from integrations.payment.interface import PaymentError, Prepared, Refused, Unavailable, Way
from integrations.runtime import Runtime

log = structlog.get_logger()
router = APIRouter(prefix="/p")

BACK = "back"  # of an address: the payer comes back from paying; counts the looks without a script
_LOOKS = 8
_ASKED_EVERY = 2  # seconds between two questions to the platforms about one order
_PHONE = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS|OpenHarmony", re.IGNORECASE)

PlatformName = Annotated[Platform, Form(alias="platform")]


@router.get("/pay/{token}")
async def show_pay(token: str, request: Request) -> Response:
    return await _show(token, request, PAY)


@router.get("/payfor/{token}")
async def show_pay_for(token: str, request: Request) -> Response:
    return await _show(token, request, PAY_FOR)


@router.post("/pay/{token}/wechatpay")
async def wechatpay(token: str, request: Request) -> Response:
    return await _bridge(token, request, PAY)


@router.post("/payfor/{token}/wechatpay")
async def wechatpay_for(token: str, request: Request) -> Response:
    return await _bridge(token, request, PAY_FOR)


@router.post("/pay/{token}/go")
async def go(token: str, request: Request, platform: PlatformName) -> Response:
    return await _go(token, request, PAY, platform)


@router.post("/payfor/{token}/go")
async def go_for(token: str, request: Request, platform: PlatformName) -> Response:
    return await _go(token, request, PAY_FOR, platform)


@router.post("/pay/{token}/status")
async def status(token: str, request: Request) -> Response:
    return await _status(token, request, PAY)


@router.post("/payfor/{token}/status")
async def status_for(token: str, request: Request) -> Response:
    return await _status(token, request, PAY_FOR)


@router.post("/pay/{token}/paid")
async def paid(token: str, request: Request) -> Response:
    return await _paid(token, request, PAY)


@router.post("/payfor/{token}/paid")
async def paid_for(token: str, request: Request) -> Response:
    return await _paid(token, request, PAY_FOR)


@router.post("/pay/{token}/relative")
async def relative(token: str, request: Request) -> Response:
    """The link to pass on (代付)."""
    try:
        reader, bill = await _open(token, request, PAY)
    except links.LinkError as error:
        return await dead_link(request, error)
    except UnknownOrder:
        return _gone(request)
    async with reader.rt.database.begin() as session:
        path = await page_subjects.pay_for_link(
            session, reader.contact.id, bill.order.order_no, bill.order.expires_at, reader.rt.now()
        )
    address = reader.rt.settings.public_url.rstrip("/") + path
    return render(
        request,
        "relative.html",
        reader.speech,
        own_script=True,
        bill=bill,
        address=address,
        code=codes.svg(address),
        back=f"/p/{PAY}/{token}",
    )


async def _open(token: str, request: Request, purpose: str) -> tuple[Reader, Bill]:
    """Raises LinkError, UnknownOrder."""
    reader = await read(request, token, {purpose}, owner=purpose == PAY)
    async with reader.rt.database.begin() as session:
        return reader, await bill_of(session, reader, order_of(reader))


async def _show(token: str, request: Request, purpose: str) -> Response:
    try:
        reader = await read(request, token, {purpose}, owner=purpose == PAY)
        if asked := await introduce(reader):
            return asked
        async with reader.rt.database.begin() as session:
            bill = await bill_of(session, reader, order_of(reader))
    except links.LinkError as error:
        return await dead_link(request, error)
    except UnknownOrder:
        return _gone(request, reader)
    return await _page(reader, bill, purpose, looks=_looks(request))


def _looks(request: Request) -> int:
    said = request.query_params.get(BACK, "")
    return min(int(said), _LOOKS) if said.isdigit() else 0


async def _page(
    reader: Reader, bill: Bill, purpose: str, *, looks: int = 0, notice: Line | None = None, status: int = 200
) -> Response:
    """`looks`: how often a payer who came back has looked already; 0: they have not paid yet."""
    full = purpose == PAY and reader.own
    open_now = bill.state == "open"
    key = await permission.key_for(reader) if full and reader.inside else None
    path = f"/p/{purpose}/{_token(reader)}"
    script = reader.rt.settings.wechat_jssdk_url if _wants_script(reader) else ""
    return render(
        reader.request,
        "pay.html",
        reader.speech,
        status=status,
        scripts=permission.origin(script) if script else "",
        own_script=True,
        bill=bill,
        full=full,
        for_other=purpose == PAY_FOR,
        stranger=purpose == PAY and not reader.own and reader.inside,
        inside=reader.inside,
        script=script,
        page_key=key,
        offers=_offers(reader) if open_now else frozenset(),
        path=path,
        address=_public(reader) + path,
        code=codes.svg(_public(reader) + path) if reader.inside else "",
        looks=looks if open_now else 0,
        most_looks=_LOOKS,
        notice=notice,
    )


def _token(reader: Reader) -> str:
    return str(reader.request.path_params["token"])


def _public(reader: Reader) -> str:
    return reader.rt.settings.public_url.rstrip("/")


def _wants_script(reader: Reader) -> bool:
    """WeChat's script, inside WeChat. Outside of it a WeChat patient's page looks whether it is not inside after all:
    browsers that WeChat opens do not always say so."""
    return reader.inside or not reader.own


def _offers(reader: Reader) -> frozenset[str]:
    """Ways to pay that can be shown here: bridge (WeChat Pay within WeChat), wechatpay, alipay (elsewhere), and copy
    (Alipay, whose pages WeChat does not open)."""
    have = reader.rt.payments
    if reader.inside:
        bridge = {"bridge"} if Platform.WECHATPAY in have and reader.platform_id else set()
        return frozenset(bridge | ({"copy"} if Platform.ALIPAY in have else set()))
    return frozenset(str(platform) for platform in have)


async def _bridge(token: str, request: Request, purpose: str) -> Response:
    """What WeChat's bridge takes, signed; or what to tell the payer."""
    try:
        reader, bill = await _open(token, request, purpose)
    except (links.LinkError, UnknownOrder):
        return JSONResponse({"reload": True}, 410)
    if not reader.platform_id or (purpose == PAY and not reader.own):
        return JSONResponse({"words": reader.speech.say("page_pay_not_you")}, 403)
    prepared = await _prepare(reader, bill, Platform.WECHATPAY, Way.JSAPI, purpose)
    if not isinstance(prepared, Prepared):
        said = {"words": reader.speech.read(prepared)} if prepared else {"reload": True}
        return JSONResponse(said, 409 if prepared is None else 503)
    return JSONResponse({"bridge": dict(prepared.bridge or {})}, headers={"Cache-Control": "no-store"})


async def _go(token: str, request: Request, purpose: str, platform: Platform) -> Response:
    """To the platform's own page, or to a code for the phone."""
    try:
        reader, bill = await _open(token, request, purpose)
    except links.LinkError as error:
        return await dead_link(request, error)
    except UnknownOrder:
        return _gone(request)
    prepared = await _prepare(reader, bill, platform, _way(request, platform), purpose)
    if prepared is None:
        return await _page(reader, bill, purpose)
    if isinstance(prepared, Line):
        return await _page(reader, bill, purpose, notice=prepared, status=503)
    back = f"/p/{purpose}/{token}"
    if prepared.code:
        code = codes.svg(prepared.code)
        return render(request, "scan.html", reader.speech, own_script=True, bill=bill, code=code, path=back)
    # WeChat's page for phones looks whose page sends the payer: it may know the origin, not the link.
    return render(
        request,
        "going.html",
        reader.speech,
        referrer="origin",
        bill=bill,
        target=prepared.url,
        platform=str(platform),
        path=back,
    )


def _way(request: Request, platform: Platform) -> Way:
    phone = bool(_PHONE.search(request.headers.get("user-agent", "")))
    if platform is Platform.WECHATPAY:
        return Way.H5 if phone else Way.NATIVE
    return Way.WAP if phone else Way.PAGE


async def _prepare(
    reader: Reader, bill: Bill, platform: Platform, way: Way, purpose: str
) -> Prepared | Line | None:
    """Opens the payment, or the one that is open; a line for the payer where that fails; None when the order is not
    to be paid any more."""
    rt, phone = reader.rt, reader.rt.settings.hospital_phone
    name = reader.speech.say(f"page_way_{platform}")
    try:
        return await cashier.prepare(
            rt,
            bill.order.order_no,
            platform,
            way,
            payer=reader.platform_id if way is Way.JSAPI else None,
            client_ip=reader.request.client.host if reader.request.client else "",
            return_url=f"{_public(reader)}/p/{purpose}/{_token(reader)}?{BACK}=1",
        )
    except NotPayable:
        return None
    except Unavailable as error:
        _note(platform, error)
        return line("page_pay_down", way=name, phone=phone)
    except Refused as error:
        _note(platform, error)
        return line("page_pay_refused", way=name, phone=phone)


def _note(platform: Platform, error: PaymentError) -> None:
    log.warning("no payment opened", platform=platform, reason=type(error).__name__, code=error.code)


async def _status(token: str, request: Request, purpose: str) -> Response:
    """Whether the page has to say something else by now."""
    try:
        reader, bill = await _open(token, request, purpose)
        settled = await _ask(reader.rt, bill) is not OrderStatus.UNPAID
    except (links.LinkError, UnknownOrder):
        settled = True
    return JSONResponse({"settled": settled}, headers={"Cache-Control": "no-store"})


async def _paid(token: str, request: Request, purpose: str) -> Response:
    """ "我付好了": asks, and says what is true."""
    try:
        reader, bill = await _open(token, request, purpose)
        await _ask(reader.rt, bill)
        async with reader.rt.database.begin() as session:
            bill = await bill_of(session, reader, bill.order.order_no)
    except links.LinkError as error:
        return await dead_link(request, error)
    except UnknownOrder:
        return _gone(request)
    still = line("page_pay_not_yet", phone=reader.rt.settings.hospital_phone)
    return await _page(reader, bill, purpose, notice=still if bill.state == "open" else None)


async def _ask(rt: Runtime, bill: Bill) -> OrderStatus:
    """Asks the platforms, but not oftener than they like; in between it is what we know."""
    if bill.order.status is OrderStatus.UNPAID and await _may_ask(rt, bill.order.order_no):
        return await cashier.ask(rt, bill.order.order_no)
    return bill.order.status


async def _may_ask(rt: Runtime, order_no: str) -> bool:
    try:
        return bool(await rt.redis.set(f"pay page:{order_no}", 1, nx=True, ex=_ASKED_EVERY))
    except (RedisError, OSError):
        return True


def _gone(request: Request, reader: Reader | None = None) -> Response:
    """The order is nobody's here any more: its account let go of the patient, or accounts parted."""
    spoken = reader.speech if reader else of_request(request)
    return tell(request, spoken, "page_bill_gone_title", line("page_bill_gone"), status=404)
