"""The page that takes a delivery address: read, shown in parts, corrected, kept once, and the chat told."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from bot import sweep
from bot.inbox import unseal
from integrations.hospital import accounts, page_subjects
from integrations.hospital.accounts import required_consents
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import Destination
from tests.pharmacy_rows import HOME, NOW, Client, Pharmacy

from .money import IN_WECHAT, words

WHOLE = "张晓明 13812345678 北京市朝阳区建国路88号3号楼1502室"


async def open_link(cash, channel="telegram", language="zh-Hans", prescription=None):
    who = await cash.patient(channel, language)
    async with cash.rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, required_consents(channel), cash.rt.now(), None)
        return who, await page_subjects.address_link(session, who.contact_id, cash.rt.now(), 15, prescription)


def shown(page):
    """What stands in the fields."""
    return dict(re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', page.text))


async def book(cash, who):
    async with cash.rt.database.begin() as session:
        return [one.destination for one in await addresses.book(session, cash.rt.crypto, who.account_id)]


async def told(cash):
    async with cash.rt.database.begin() as session:
        return list(
            await session.scalars(
                text("SELECT payload FROM hospital_events WHERE kind = 'page_completed' ORDER BY id")
            )
        )


async def test_all_in_one_is_shown_in_parts_and_kept(cash):
    who, link = await open_link(cash)
    browser = cash.browser()
    page = await browser.post(link, action="read", whole=WHOLE)
    parts = shown(page)
    assert parts == {
        "recipient": "张晓明",
        "phone": "13812345678",
        "province": "北京市",
        "city": "",
        "district": "朝阳区",
        "street": "建国路88号3号楼1502室",
    }
    assert await book(cash, who) == []
    page = await browser.post(link, action="save", whole=WHOLE, **parts)
    assert "地址存好了" in words(page)
    assert HOME.masked in words(page)
    assert "建国路" not in page.text
    assert await book(cash, who) == [HOME]
    [payload] = await told(cash)
    assert payload["purpose"] == "address"
    assert set(payload) == {"purpose", "address"}


async def test_what_was_read_wrong_is_corrected(cash):
    who, link = await open_link(cash)
    browser = cash.browser()
    parts = shown(
        await browser.post(
            link, action="read", whole="杭州西湖区文三路1号", recipient="王芳", phone="138 1234 5678"
        )
    )
    assert (parts["province"], parts["city"], parts["district"]) == ("浙江省", "杭州市", "西湖区")
    parts |= {"district": "上城区", "street": "望江路2号", "recipient": "王芳芳"}
    await browser.post(link, action="save", **parts)
    assert await book(cash, who) == [
        Destination("王芳芳", "+8613812345678", "浙江省", "杭州市", "上城区", "望江路2号")
    ]


async def test_a_district_of_several_cities_is_asked_about(cash):
    who, link = await open_link(cash)
    browser, whole = cash.browser(), "张晓明 13812345678 朝阳区建国路88号"
    page = await browser.post(link, action="read", whole=whole)
    assert "请选一个" not in words(page)
    assert "北京市朝阳区" in words(page)
    assert "吉林省长春市朝阳区" in words(page)
    assert "请选一个" in words(await browser.post(link, action="save", whole=whole, **shown(page)))
    await browser.post(link, action="save", **shown(page), place="北京市朝阳区")
    assert [one.area for one in await book(cash, who)] == ["北京市朝阳区"]


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"recipient": ""}, "recipient"),
        ({"phone": "1381234567"}, "phone"),
        ({"phone": "010-88886666"}, "phone"),
        ({"province": "加州"}, "province"),
        ({"province": ""}, "place"),
        ({"district": ""}, "district"),
        ({"district": "朝阳区乱写"}, "district"),
        ({"street": "1"}, "street"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(cash, changes, entry):
    who, link = await open_link(cash)
    parts = {
        "recipient": "张晓明", "phone": "13812345678", "province": "北京市", "city": "", "district": "朝阳区",
        "street": "建国路88号",
    }  # fmt: skip
    page = await cash.browser().post(link, action="save", **(parts | changes))
    assert page.status_code == 422
    assert f'id="{entry}-fault"' in page.text
    assert await book(cash, who) == []
    assert await told(cash) == []


async def test_what_is_no_address_is_said_so(cash):
    _, link = await open_link(cash)
    for whole in ("", "你好", "13812345678"):
        page = await cash.browser().post(link, action="read", whole=whole)
        assert page.status_code == 422
        assert "没看出地址" in words(page)


async def test_a_link_keeps_one_address(cash):
    who, link = await open_link(cash)
    browser = cash.browser()
    parts = shown(await browser.post(link, action="read", whole=WHOLE))
    await browser.post(link, action="save", **parts)
    again = await browser.post(link, action="save", **(parts | {"street": "别处1号"}))
    assert again.status_code == 410
    assert (await browser.get(link)).status_code == 410
    assert await book(cash, who) == [HOME]
    assert len(await told(cash)) == 1


async def test_an_old_link_keeps_nothing(cash, clock):
    who, link = await open_link(cash)
    parts = shown(await cash.browser().post(link, action="read", whole=WHOLE))
    clock.forward(minutes=16)
    page = await cash.browser().post(link, action="save", **parts)
    assert page.status_code == 410
    assert await book(cash, who) == []


async def test_without_consent_nothing_is_asked_for(cash):
    who, link = await open_link(cash)
    async with cash.rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.withdraw_consents(session, contact, required_consents("telegram"), cash.rt.now(), None)
    page = await cash.browser().post(link, action="read", whole=WHOLE)
    assert page.status_code == 403
    assert "张晓明" not in page.text


async def test_within_wechat_it_is_its_owners(cash):
    who, link = await open_link(cash, "wechat")
    assert "添加送货地址" in words(await (await cash.owner(who)).get(link))
    stranger = cash.browser(IN_WECHAT, "o-nobody")
    await stranger.get(link)
    page = await stranger.post(link, action="save", **shown(await stranger.get(link)))
    assert page.status_code in (403, 422)
    assert await book(cash, who) == []


async def test_the_book_is_shown_masked_and_can_be_tidied(cash):
    who, link = await open_link(cash)
    pharmacy = Pharmacy(cash.rt.database, cash.rt.crypto)
    client = Client(who.account_id, who.contact_id, who.patient_id)
    for number in range(addresses.MOST):
        made = await pharmacy.address(client, Destination(*_place(number)))
    page = await cash.browser().get(link)
    assert "最多存 10 个地址" in words(page)
    assert "<textarea" not in page.text
    assert "号楼" not in page.text
    page = await cash.browser().post(f"{link}/remove", address=str(made))
    assert len(await book(cash, who)) == addresses.MOST - 1
    assert "<textarea" in page.text
    other, _ = await open_link(cash)
    theirs = await pharmacy.address(Client(other.account_id, other.contact_id, other.patient_id))
    await cash.browser().post(f"{link}/remove", address=str(theirs))
    assert len(await book(cash, other)) == 1


def _place(number):
    return "张晓明", "+8613812345678", "北京市", "", "朝阳区", f"建国路{number}号楼"


async def test_from_the_prescription_and_back_to_it(cash, clock):
    clock.time = NOW
    pharmacy = await Pharmacy(cash.rt.database, cash.rt.crypto).open()
    who, _ = await open_link(cash)
    made = await pharmacy.approved(Client(who.account_id, who.contact_id, who.patient_id), "AML")
    async with cash.rt.database.begin() as session:
        start = await page_subjects.prescription_link(session, who.contact_id, made, cash.rt.now())
    browser = cash.browser()
    form = await browser.post(f"{start}/address")
    link = form.url.path
    parts = shown(await browser.post(link, action="read", whole=WHOLE))
    done = await browser.post(link, action="save", **parts)
    back = re.findall(r'href="(/p/prescription/[^"]+)"', done.text)[0]
    assert HOME.masked in words(await browser.get(back))
    [payload] = [one for one in await told(cash) if one["purpose"] == "address"]
    assert payload["prescription"] == str(made)


async def test_the_chat_is_told_which(cash):
    who, link = await open_link(cash)
    parts = shown(await cash.browser().post(link, action="read", whole=WHOLE))
    await cash.browser().post(link, action="save", **parts)
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        [row] = (await session.execute(text("SELECT conversation_id, content FROM inbound"))).all()
        [kept] = await session.scalars(text("SELECT id FROM addresses"))
    assert row.conversation_id == who.contact_id
    said = unseal(cash.rt.crypto, row.content)["choice"]
    assert said == "/address_saved" + json.dumps({"destination": str(kept)})
