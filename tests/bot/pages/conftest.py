"""A page that a patient opened by their link, with small stand-ins for SMS and the identity check."""

import dataclasses

import httpx
import pytest

from integrations.hospital import accounts, links, patients
from integrations.hospital.accounts import required_consents
from integrations.identity.interface import Outcome
from integrations.money import Platform
from tests.bot.gateway import gateway_on
from tests.clinic_rows import talks
from tests.integrations.hospital.conftest import Clinic

from . import money

PERSON = {"name": "张晓明", "id_number": "11010519491231002X", "phone": "138 0013 8000"}
PASSPORT = {
    "name": "John Smith", "document": "passport", "id_number": "E1234 5678", "birth_date": "1985-04-01",
    "sex": "male", "phone": "138 0013 8000",
}  # fmt: skip
MOTHER = PERSON | {"relation": "parent", "phone": "139 0013 9000"}
CHILD = {"relation": "child", "name": "张小宝", "id_number": "110101202003070171", "phone": ""}


class Sms:
    def __init__(self):
        self.codes = []
        self.fail = None

    async def send_code(self, phone, code):
        if self.fail:
            raise self.fail
        self.codes.append((phone, code))

    async def send_consent_code(self, phone, code, asker, language=""):
        self.language = language
        await self.send_code(phone, f"{asker} {code}")


class Identity:
    outcome = Outcome.MATCH
    asked = 0

    async def check(self, name, id_number):
        self.asked += 1
        return self.outcome


@pytest.fixture
async def page(rt):
    rt = dataclasses.replace(rt, sms=Sms(), identity=Identity())
    async with rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await talks(session, contact.id)
        await accounts.give_consents(session, contact, required_consents("telegram"), rt.now(), None)
        token = await links.issue_link(
            session, contact_id=contact.id, purpose="registration", now=rt.now(), minutes=15
        )
    async with gateway_on(rt) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url=f"http://gateway/p/{token}", follow_redirects=True
        ) as client:
            client.rt = rt
            yield client


@pytest.fixture
async def family_page(page):
    """The page for a relative, after its owner has registered."""
    async with page.rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await patients.register(
            session, page.rt.crypto, account_id=contact.account_id, name="张明", id_number="11010519900307013X",
            phone="13812345678", outcome="match", key=None, now=page.rt.now(),
        )  # fmt: skip
        token = await links.issue_link(
            session, contact_id=contact.id, purpose="family", now=page.rt.now(), minutes=15
        )
    page.base_url = f"http://gateway/p/{token}"
    return page


async def register(page, code=None, **changes):
    fields = PERSON | {"action": "code"} | changes
    sent = await page.post("", data=fields)
    assert sent.status_code == 200, sent.text
    code = code or page.rt.sms.codes[-1][1]
    return await page.post("", data=fields | {"action": "register", "code": code, "code_sent": "true"})


@pytest.fixture
async def cash(rt, clock):
    """Pages about money, with both payment platforms set up."""
    wechat = money.WeChat()
    platforms = {one: money.PaymentPlatform(one) for one in Platform}
    rt = dataclasses.replace(rt, channels=rt.channels | {"wechat": wechat}, payments=platforms)
    clinic = Clinic(rt.database)
    clinic.now = clock()
    async with gateway_on(rt) as app:
        yield money.Cash(
            rt,
            clinic,
            wechat,
            platforms[Platform.WECHATPAY],
            platforms[Platform.ALIPAY],
            httpx.ASGITransport(app),
        )
