"""Whatever a form of the patients' pages is sent by a living link, its handler answers in words: no failure, and
nothing of what was sent comes back as markup."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from integrations.hospital import accounts, links, page_subjects, patients
from integrations.hospital.accounts import OWN_CONSENTS, required_consents
from integrations.hospital.cases import handling
from integrations.hospital.delivery import shipping
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import FollowUpTask, Handing
from integrations.hospital.pharmacy import substitutions
from tests.bot.conftest import Clock
from tests.bot.gateway import gateway_on, operations
from tests.clinic_rows import talks
from tests.integrations.hospital.conftest import Booker
from tests.pharmacy_rows import NOW, PHARMACIST, Client, Pharmacy

from . import test_case, test_offer, test_rating, test_stopped
from .conftest import MOTHER, PERSON, Identity, Sms
from .money import Cash, Phone

pytestmark = pytest.mark.slow

ADDRESS = {
    "action": "save", "recipient": "张晓明", "phone": "13812345678", "province": "北京市", "city": "",
    "district": "朝阳区", "street": "建国路88号3号楼1502室", "whole": "", "place": "",
}  # fmt: skip
FOLLOW_UP = {
    "pressure-systolic": "135", "pressure-diastolic": "85", "pressure-pulse": "70", "pressure-doubted": "",
    "pressure-meant": "told", "medicine": "yes", "complaint": "none", "medicine-skip": "",
}  # fmt: skip
NOBODY = "00000000-0000-0000-0000-000000000000"
# What is sent by a page as it is; all that is not named here sends nothing.
FILLED: Mapping[str, Mapping[str, str]] = {
    "/p/{token}": {**PERSON, "action": "code", "code": "123456", "guardian": "true"},
    "/p/family": {**MOTHER, "action": "code", "code": "123456", "guardian": "true"},
    "/p/address/{token}": ADDRESS,
    "/p/address/{token}/remove": {"address": NOBODY},
    "/p/pay/{token}/go": {"platform": "wechatpay"},
    "/p/payfor/{token}/go": {"platform": "alipay"},
    "/p/visit/{token}/take": {"schedule": NOBODY},
    "/p/case/{token}/judge": {"satisfied": "yes"},
    "/p/rating/{token}": {"stars": "4", "words": "还可以"},
    "/p/prescription/{token}/send": {"address": NOBODY},
    "/p/prescription/{token}/change": {"asked": NOBODY, "accepted": "true"},
    "/p/followup/{token}": FOLLOW_UP,
}
HOSTILE = (
    "", " ", "\0", "a\0b", "\u202e\u200b", "\ufeff", "'; DROP TABLE patients; --", "<svg onload=alert(1)>",
    '"><script>alert(1)</script>', "{{7*7}}", "{0.__class__}", "%s%n", "\r\nSet-Cookie: a=b", "../../etc/passwd",
    "１２３", "9" * 400, "-1", "1e309", "NaN", "٣", "²", "0x10", "𠮷", "\U0001f9ea" * 40, "e\u0301" * 90, "2026-02-30",
    "0001-01-01", "9999-12-31", "1/0", "135/85", "true", "null", "[]", "skip", "other", "told", "read", "save",
    "code", "register", "passport", "child", "parent", "胸痛，喘不上气", NOBODY,
)  # fmt: skip
ANSWERS = (200, 303, 400, 403, 404, 409, 410, 422)
MARKUP = ("<svg onload", "<script>alert")
OURS = "http://127.0.0.1:8000"
CODED = "application/x-www-form-urlencoded"
TYPES = (
    CODED, "multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=nowhere",
    "application/json", "text/plain", "", "\x7f",
)  # fmt: skip


Opened = tuple[Phone, str]


async def _agreed(cash: Cash) -> Booker:
    who = await cash.patient("telegram")
    async with cash.rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        assert contact
        await accounts.give_consents(session, contact, OWN_CONSENTS, cash.rt.now(), None)
    return who


async def _form(cash: Cash, purpose: str) -> Opened:
    """For oneself ("registration") or for a relative ("family")."""
    async with cash.rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await talks(session, contact.id)
        await accounts.give_consents(session, contact, required_consents("telegram"), cash.rt.now(), None)
        if purpose == "family":
            await patients.register(
                session, cash.rt.crypto, account_id=contact.account_id, name="张明",
                id_number="11010519900307013X", phone="13812345678", outcome="match", key=None, now=cash.rt.now(),
            )  # fmt: skip
        token = await links.issue_link(
            session, contact_id=contact.id, purpose=purpose, now=cash.rt.now(), minutes=60
        )
    return cash.browser(), f"/p/{token}"


async def _address(cash: Cash) -> Opened:
    who = await _agreed(cash)
    async with cash.rt.database.begin() as session:
        return cash.browser(), await page_subjects.address_link(
            session, who.contact_id, cash.rt.now(), 60, None
        )


async def _bill(
    cash: Cash, link: Callable[[Booker, str], Awaitable[str]], channel: str = "telegram"
) -> Opened:
    who = await cash.patient(channel)
    phone = await cash.owner(who) if channel == "wechat" else cash.browser()
    return phone, await link(who, await cash.bill(who, ("血常规", 2000)))


async def _receipt(cash: Cash) -> Opened:
    return await _bill(cash, lambda who, number: cash.link(page_subjects.receipt_link, who, number))


async def _bills(cash: Cash) -> Opened:
    return await _bill(cash, lambda who, _: cash.link(page_subjects.bills_link, who))


async def _offer(cash: Cash) -> Opened:
    who, phone = await test_offer.agreeing(cash)
    return phone, await test_offer.offered(cash, who)


async def _visit(cash: Cash) -> Opened:
    _, phone, path, _ = await test_stopped.stopped(cash)
    return phone, path


async def _case(cash: Cash) -> Opened:
    phone, _, path = await test_case.told(cash, handling.close)
    return phone, path


async def _prescription(cash: Cash, *, asked: bool = False) -> Opened:
    """`asked`: with the question whether another medicine will do."""
    pharmacy, who = await Pharmacy(cash.rt.database, cash.rt.crypto).open(), await _agreed(cash)
    client = Client(who.account_id, who.contact_id, who.patient_id)
    made = await pharmacy.approved(client, "NIF")
    await pharmacy.address(client)
    if asked:
        async with cash.rt.database.begin() as session:
            await substitutions.propose(
                session, cash.rt.crypto, made, old_code="NIF", code="AML", quantity=1, dose="每次半片",
                pharmacist=PHARMACIST, agreed_by=pharmacy.staff_no, reason="电话问过，无过敏史", now=NOW,
            )  # fmt: skip
    return cash.browser(), await cash.link(page_subjects.prescription_link, who, made)


async def _parcel(cash: Cash) -> Opened:
    pharmacy, who = await Pharmacy(cash.rt.database, cash.rt.crypto).open(), await _agreed(cash)
    client = Client(who.account_id, who.contact_id, who.patient_id)
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    async with cash.rt.database.begin() as session:
        await shipping.ship(session, made, "shunfeng", "SF1234567890", actor="staff:counter", now=NOW)
    delivery = (await pharmacy.see(made)).delivery_id
    return cash.browser(), await cash.link(page_subjects.parcel_link, who, delivery)


async def _follow_up(cash: Cash) -> Opened:
    who, rt = await _agreed(cash), cash.rt
    async with rt.database.begin() as session:
        plan = plans(rt.settings).get("hypertension")
        assert plan
        await enrolment.start_by_staff(
            session, rt.settings, plan, who.patient_id, actor="staff:test", now=rt.now()
        )
        first = select(FollowUpTask.id).order_by(FollowUpTask.due_at).limit(1)
        task_id = (await session.scalars(first)).one()
    return cash.browser(), await cash.link(page_subjects.follow_up_link, who, task_id)


# By its address, or by what stands behind /p/ in it.
OPENED: Mapping[str, Callable[[Cash], Awaitable[Opened]]] = {
    "{token}": partial(_form, purpose="registration"),
    "family": partial(_form, purpose="family"),
    "address": _address,
    "pay": lambda cash: _bill(cash, cash.pay_link),
    "payfor": lambda cash: _bill(cash, cash.pay_for_link),
    "receipt": _receipt,
    "bills": _bills,
    "offer": _offer,
    "visit": _visit,
    "case": _case,
    "rating": test_rating.asked,
    "prescription": _prescription,
    "parcel": _parcel,
    "followup": _follow_up,
    "/p/pay/{token}/wechatpay": lambda cash: _bill(cash, cash.pay_link, "wechat"),
    "/p/payfor/{token}/wechatpay": lambda cash: _bill(cash, cash.pay_for_link, "wechat"),
    "/p/prescription/{token}/change": partial(_prescription, asked=True),
}


@st.composite
def bodies(draw: st.DrawFn, filled: Mapping[str, str]) -> tuple[str, bytes]:
    """The page's own fields, some of them as nobody fills them in; now and then no form at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(TYPES)), draw(st.binary(max_size=300))
    wild = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80)).map(
        lambda value: value.encode("utf-8", "surrogatepass")
    )
    pairs: list[tuple[str, bytes]] = []
    for name, value in filled.items():
        said = st.one_of(st.just(value.encode()), wild, st.binary(max_size=12))
        pairs += [(name, one) for one in draw(st.lists(said, min_size=0, max_size=2))]
    pairs += draw(
        st.lists(st.tuples(st.sampled_from(("action", "words", "\0", "x" * 300)), wild), max_size=2)
    )
    if draw(st.booleans()):
        return CODED, b"&".join(
            quote_from_bytes(name.encode()).encode() + b"=" + quote_from_bytes(value).encode()
            for name, value in pairs
        )
    files = draw(st.booleans())
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="'
        + re.sub(rb'[\r\n"\0]', b"_", name.encode())
        + (b'"; filename="a.png' if files and at % 2 else b"")
        + b'"\r\n\r\n'
        + value
        + b"\r\n"
        for at, (name, value) in enumerate(pairs)
    ]
    return draw(st.sampled_from(TYPES[2:4])), b"".join(parts) + b"--x--\r\n"


# Of relatives: the same address as for oneself, by a link of another purpose.
PATHS = [*operations("post", "/p/"), "/p/family"]


@dataclass(frozen=True, slots=True)
class Form:
    """A browser in which the page is open, where its form is sent, and as what the page itself sends it."""

    cash: Cash
    phone: Phone
    path: str
    filled: Mapping[str, str]


@pytest.fixture
async def form(cash: Cash, clock: Clock, request: pytest.FixtureRequest) -> AsyncIterator[Form]:
    address: str = request.param
    parts = address.split("/")
    if parts[2] in ("prescription", "parcel"):
        clock.time = NOW
    cash.rt = dataclasses.replace(cash.rt, sms=Sms(), identity=Identity())
    async with gateway_on(cash.rt) as app:
        cash.transport = httpx.ASGITransport(app)
        phone, link = await (OPENED.get(address) or OPENED[parts[2]])(cash)
        page = await phone.get(link)  # whose browser it is
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        async with cash.rt.database.begin() as session:
            order_no = await session.scalar(text("SELECT order_no FROM orders LIMIT 1"))
        after = parts[parts.index("{token}") + 1 :] if "{token}" in parts else []
        path = "/".join([link, *(order_no if one == "{order_no}" else one for one in after)])
        known = FILLED.get(address, {})
        yield Form(cash, phone, path, {**known, **{name: hidden[name] for name in known if name in hidden}})


EACH_FORM = pytest.mark.parametrize("form", PATHS, indirect=True)


@EACH_FORM
async def test_its_handler_is_reached(form: Form) -> None:
    """What the page itself sends is neither a dead link nor an address that nobody answers."""
    answer = await form.phone.post(form.path, **form.filled)
    assert answer.status_code in (200, 409), answer.text


@EACH_FORM
@settings(max_examples=10, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_a_hostile_form_is_answered_in_words(form: Form, data: st.DataObject) -> None:
    kind, body = data.draw(bodies(form.filled))
    async with form.cash.rt.database.begin() as session:  # what works once works again
        await session.execute(text("UPDATE page_links SET finished_at = NULL"))
    answer = await form.phone.client.post(
        form.path,
        content=body,
        headers={"user-agent": form.phone.agent, "origin": OURS, "content-type": kind},
    )
    assert answer.status_code in ANSWERS, answer.text
    assert not [one for one in MARKUP if one in answer.text]


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("/p/{token}", {"action": "code", "name": HOSTILE[8]}),
        ("/p/address/{token}", {"action": "save", "recipient": HOSTILE[8]}),
        ("/p/rating/{token}", {"words": HOSTILE[8]}),
    ],
    indirect=["form"],
)
async def test_what_is_shown_again_is_text(form: Form, sent: Mapping[str, str]) -> None:
    answer = await form.phone.post(form.path, **sent)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


@pytest.mark.parametrize("form", [path for path in PATHS if FILLED.get(path)], indirect=True)
async def test_a_form_without_end_is_read_no_further(form: Form) -> None:
    """Neither one that says how long it is nor one that does not."""
    pulled = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal pulled
        yield b"words="
        for _ in range(1000):
            pulled += 1
            yield b"x" * 10_000

    headers = {"user-agent": form.phone.agent, "origin": OURS, "content-type": CODED}
    for body in (endless(), b"words=" + b"x" * 200_000):
        answer = await form.phone.client.post(form.path, content=body, headers=headers)
        assert answer.status_code == 413
        assert "没有收到您填的内容" in answer.text
    assert pulled < 20
