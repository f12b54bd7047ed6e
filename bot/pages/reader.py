"""Who reads a page about money or an appointment.

The link says whose it is; it may have been passed on. WeChat's browser proves its patient (网页授权): inside it a page
is its owner's only for them. Outside of it a WeChat patient's link proves nobody, a Telegram patient's link is theirs
who hold it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog
from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages import speech
from bot.pages.rendering import tell
from bot.pages.speech import Speech, line
from integrations.channel import Channel, KnowsReaders, Rejected, SendError
from integrations.crypto import Undecryptable
from integrations.hospital import accounts, links
from integrations.hospital.models import Contact, PageLink
from integrations.hospital.page_subjects import ADDRESS, CASE, FOLLOW_UP, PARCEL, PRESCRIPTION, RATING, VISIT
from integrations.runtime import Runtime

log = structlog.get_logger()

INSIDE = "inside"  # of an address: the platform's browser is there, whatever it calls itself
_READER, _ASKING = "reader", "asking"  # cookies
_KNOWN_FOR = timedelta(hours=12)
_ASKED_FOR = timedelta(minutes=10)
_CONTEXT = "page reader"
_ANEW = {
    PRESCRIPTION: "page_new_link_medicine",
    ADDRESS: "page_new_link_medicine",
    PARCEL: "page_new_link_parcel",
    FOLLOW_UP: "page_new_link_asked",
    CASE: "page_new_link_case",
    RATING: "page_new_link_rating",
}
# Nobody else may do anything with these, pay for them neither.
_ALONE = frozenset({FOLLOW_UP, CASE, RATING, VISIT})


@dataclass(frozen=True, slots=True)
class Reader:
    """`inside`: in the platform's own browser. `platform_id`: whom that browser proved. `own`: the link's owner."""

    request: Request
    rt: Runtime
    link: PageLink
    contact: Contact
    speech: Speech
    inside: bool
    platform_id: str
    own: bool

    @property
    def token(self) -> str:
        """The link's."""
        return str(self.request.path_params["token"])

    @property
    def path(self) -> str:
        """Of the link's own page."""
        return f"/p/{self.link.purpose}/{self.token}"

    @property
    def about(self) -> UUID:
        """The row that the link leads to."""
        return UUID(self.link.subject or "")

    @property
    def address(self) -> str:
        """Of this page, without what was added to it."""
        return self.rt.settings.public_url.rstrip("/") + self.request.url.path


async def read(request: Request, token: str, purposes: Collection[str], *, owner: bool = True) -> Reader:
    """`owner`: the page speaks its owner's language, otherwise its reader's. Raises LinkError."""
    rt: Runtime = request.app.state.runtime
    knower = _knower(rt)
    platform_id = _proved(request, rt) if knower else ""
    async with rt.database.begin() as session:
        link = await links.read_link(session, token, purposes, rt.now())
        contact = await accounts.contact(session, link.contact_id)
        assert contact is not None, "a link belongs to a contact"
        spoken = await speech.of_contact(session, contact.id) if owner else speech.of_request(request)
        own = (
            await _is_owner(session, contact, knower, platform_id)
            if platform_id
            else not (knower and (_inside(request, knower) or contact.channel == knower.name))
        )
    inside = bool(platform_id) or (knower is not None and _inside(request, knower))
    return Reader(request, rt, link, contact, spoken, inside, platform_id, own)


async def introduce(reader: Reader) -> Response | None:
    """Asks the platform's browser whose it is, where that is not known yet. None: the page may be shown."""
    knower, query = _knower(reader.rt), reader.request.query_params
    if knower is None or not reader.inside or reader.platform_id:
        return None
    if "code" not in query or "state" not in query:
        return _ask(reader, knower)
    nonce = reader.request.cookies.get(_ASKING, "")
    if not (nonce and hmac.compare_digest(_state(nonce, reader).encode(), query["state"].encode())):
        return _again(reader)
    try:
        platform_id = await knower.reader(query["code"][:512])
    except Rejected:  # a code of before: the page was loaded anew
        return _again(reader)
    except SendError as error:
        log.warning("nobody says who reads a page", reason=type(error).__name__)
        words = line("page_reader_down", phone=reader.rt.settings.hospital_phone)
        return tell(reader.request, reader.speech, "page_reader_down_title", words, status=503)
    back = RedirectResponse(reader.address, 303, {"Cache-Control": "no-store"})
    _keep(back, reader, _READER, _seal(reader.rt, platform_id), _KNOWN_FOR)
    back.delete_cookie(_ASKING, path="/p")
    return back


class Answered(Exception):
    """The page is not shown: `response` is, instead."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


async def meet(request: Request, token: str, purposes: Collection[str], *, owner: bool = True) -> Reader:
    """Who reads (`read`). Raises Answered: with the words that the link is dead, or the question whose browser it is
    (`introduce`)."""
    try:
        reader = await read(request, token, purposes, owner=owner)
    except links.LinkError as error:
        raise Answered(await dead_link(request, error, purposes)) from None
    asked = await introduce(reader) if request.method == "GET" else None
    if asked:
        raise Answered(asked)
    return reader


def owner_of(*purposes: str) -> Any:
    """The dependency of a route whose page is its owner's alone: the Reader. Raises Answered."""

    async def meet_owner(request: Request, token: str) -> Reader:
        reader = await meet(request, token, purposes)
        if not reader.own:
            raise Answered(_strangers(reader))
        return reader

    return Depends(meet_owner)


def _strangers(reader: Reader) -> Response:
    where, purpose = "inside" if reader.inside else "outside", reader.link.purpose
    if purpose == FOLLOW_UP or (reader.inside and purpose in _ALONE):
        where = f"{where}_asked"
    return tell(
        reader.request, reader.speech, "page_not_yours_title", line(f"page_not_yours_{where}"), status=403
    )


def bill_gone(reader: Reader) -> Response:
    """The order is nobody's here any more: its account let go of the patient, or accounts parted."""
    return tell(reader.request, reader.speech, "page_bill_gone_title", line("page_bill_gone"), status=404)


async def dead_link(request: Request, error: links.LinkError, purposes: Collection[str]) -> Response:
    """`purposes`: of the page, whose new link is had by other words in the chat."""
    spoken = await speech.of_owner(request, error.contact_id)
    expired = isinstance(error, links.LinkExpired)
    title = "page_expired_link_title" if expired else "page_unknown_link_title"
    words = next((_ANEW[one] for one in purposes if one in _ANEW), "page_new_link")
    return tell(request, spoken, title, line(words), status=410 if expired else 404)


class _Knower(Channel, KnowsReaders, Protocol): ...


def _knower(rt: Runtime) -> _Knower | None:
    for channel in rt.channels.values():
        if isinstance(channel, KnowsReaders) and channel.names_readers:
            return channel
    return None


def _inside(request: Request, knower: _Knower) -> bool:
    agent = request.headers.get("user-agent", "")
    return knower.is_own_browser(agent) or INSIDE in request.query_params


async def _is_owner(
    session: AsyncSession, contact: Contact, knower: _Knower | None, platform_id: str
) -> bool:
    """One of the account's own, on whatever channel the link was sent."""
    assert knower is not None
    theirs = exists().where(
        Contact.account_id == contact.account_id,
        Contact.channel == knower.name,
        Contact.platform_id == platform_id,
    )
    return bool(await session.scalar(select(theirs)))


def _ask(reader: Reader, knower: _Knower) -> Response:
    nonce = secrets.token_urlsafe(16)
    target = knower.reader_address(reader.address + f"?{INSIDE}=1", _state(nonce, reader))
    away = RedirectResponse(target, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    _keep(away, reader, _ASKING, nonce, _ASKED_FOR)
    return away


def _state(nonce: str, reader: Reader) -> str:
    """Binds the answer to this browser and to this link."""
    return hashlib.sha256(nonce.encode() + bytes(reader.link.token_hash)).hexdigest()[:40]


def _again(reader: Reader) -> Response:
    """The browser's answer does not fit: asked anew when the patient says so, so that nothing goes in circles."""
    button = reader.speech.say("page_reader_again_button")
    return tell(
        reader.request,
        reader.speech,
        "page_reader_again_title",
        line("page_reader_again"),
        onward=(f"{reader.request.url.path}?{INSIDE}=1", button),
    )


def _keep(response: Response, reader: Reader, name: str, value: str, time: timedelta) -> None:
    secure = reader.rt.settings.public_url.startswith("https:")
    response.set_cookie(
        name,
        value,
        max_age=int(time.total_seconds()),
        path="/p",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _seal(rt: Runtime, platform_id: str) -> str:
    until = (rt.now() + _KNOWN_FOR).timestamp()
    sealed = rt.crypto.encrypt(json.dumps([platform_id, until]), _CONTEXT)
    return base64.urlsafe_b64encode(sealed).decode()


def _proved(request: Request, rt: Runtime) -> str:
    """Whom this browser was proved to belong to, some hours ago at most."""
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(_READER, "").encode())
        platform_id, until = json.loads(rt.crypto.decrypt(sealed, _CONTEXT))
    except (Undecryptable, ValueError):
        return ""
    return str(platform_id) if rt.now().timestamp() < until else ""
