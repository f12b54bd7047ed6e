"""A parcel's page: its way, newest first, and what is pressed on it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import delete, text

from bot import sweep
from integrations import courier
from integrations.hospital import page_subjects
from integrations.hospital.delivery import shipping, views
from integrations.hospital.models import AccountPatient, DeliveryStatus, Handing
from integrations.parcel.interface import Unavailable
from integrations.tracking import ParcelNews, ParcelState, ParcelStep
from tests.pharmacy_rows import HOME, NOW, Client, Pharmacy

from .money import words


class Tracker:
    """Knows one step; counts how often it is asked."""

    def __init__(self):
        self.asked, self.fail = 0, None

    async def query(self, carrier, waybill, *, phone):
        self.asked += 1
        if self.fail:
            raise self.fail
        step = ParcelStep(NOW + timedelta(hours=3), "【上海市】快递员正在派件")
        return ParcelNews(carrier, waybill, ParcelState.OUT_FOR_DELIVERY, (step,))


@pytest.fixture
async def pharmacy(cash, clock):
    clock.time = NOW
    return await Pharmacy(cash.rt.database, cash.rt.crypto).open()


async def sent(cash, pharmacy, *codes, language="zh-Hans", leave=True):
    """Whose it is, and the link to its page."""
    who = await cash.patient("telegram", language)
    client = Client(who.account_id, who.contact_id, who.patient_id)
    _, made = await pharmacy.paid(*(codes or ("AML",)), handing=Handing.DELIVERY, client=client)
    delivery = (await pharmacy.see(made)).delivery_id
    async with cash.rt.database.begin() as session:
        if leave:
            await shipping.ship(session, made, "shunfeng", "SF1234567890", actor="staff:counter", now=NOW)
        link = await page_subjects.parcel_link(session, who.contact_id, delivery, cash.rt.now())
    return delivery, link


async def news(cash, state, hour, said, **more):
    step = ParcelStep(NOW.replace(hour=hour), said)
    await courier.take_note(cash.rt, ParcelNews("shunfeng", "SF1234567890", state, (step,), **more))


async def see(cash, delivery):
    async with cash.rt.database.begin() as session:
        return await views.parcel(session, delivery)


async def test_when_it_is_expected(cash, pharmacy):
    _, link = await sent(cash, pharmacy, language="en")
    assert "Expected by" not in words(await cash.browser().get(link))
    await news(cash, ParcelState.IN_TRANSIT, 2, "【天津市】已到达", expected=NOW + timedelta(hours=34))
    assert "Expected by tomorrow" in words(await cash.browser().get(link))
    await news(cash, ParcelState.PROBLEM, 5, "联系不上收件人", expected=NOW + timedelta(hours=34))
    assert "Expected by" not in words(await cash.browser().get(link))


async def test_its_way_newest_first_with_place_and_time(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    await news(cash, ParcelState.COLLECTED, 2, "【北京市】北京朝阳营业部 已揽收")
    await news(cash, ParcelState.IN_TRANSIT, 5, "[天津市] 快件已发往上海")
    page = await cash.browser().get(link)
    said = words(page)
    for part in ("顺丰速运", "SF1234567890", HOME.masked, "在路上", "我收到了", "今天 13:00 · 天津市"):
        assert part in said, part
    order = [said.index(part) for part in ("快件已发往上海", "北京朝阳营业部 已揽收", "药房已交给快递")]
    assert order == sorted(order)
    assert HOME.street not in page.text
    assert "13812345678" not in page.text


async def test_before_it_leaves_there_is_nothing_to_press(cash, pharmacy):
    _, link = await sent(cash, pharmacy, leave=False)
    said = words(await cash.browser().get(link))
    assert "正在打包" in said
    assert "我收到了" not in said


async def test_received_is_said_once_and_stays(cash, pharmacy):
    delivery, link = await sent(cash, pharmacy)
    browser = cash.browser()
    for _ in range(2):
        said = words(await browser.post(f"{link}/received"))
        assert "您已确认收到" in said
        assert "我收到了" not in said
    assert (await see(cash, delivery)).status is DeliveryStatus.DELIVERED


async def test_what_is_not_sent_cannot_be_received(cash, pharmacy):
    delivery, link = await sent(cash, pharmacy, leave=False)
    await cash.browser().post(f"{link}/received")
    assert (await see(cash, delivery)).status is DeliveryStatus.PREPARING


async def test_a_problem_says_that_somebody_is_at_it(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    await news(cash, ParcelState.PROBLEM, 4, "派件不成功：联系不上收件人")
    said = words(await cash.browser().get(link))
    assert "路上遇到问题" in said
    assert "会联系您" in said
    assert cash.rt.settings.hospital_phone in said
    await news(cash, ParcelState.RETURNED, 6, "退件已签收")
    said = words(await cash.browser().get(link))
    assert "已退回医院" in said
    assert "我收到了" not in said


async def test_the_carrier_is_asked_only_when_pressed_and_at_its_pace(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    tracker = Tracker()
    cash.rt = dataclasses.replace(cash.rt, parcels=tracker)
    cash.transport.app.state.runtime = cash.rt
    browser = cash.browser()
    await browser.get(link)
    assert tracker.asked == 0
    for _ in range(2):
        assert "快递员正在派件" in words(await browser.post(f"{link}/ask"))
    assert tracker.asked == 1


async def test_a_carrier_that_does_not_answer_is_told_and_what_is_known_stands(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    tracker = Tracker()
    tracker.fail = Unavailable("down")
    cash.rt = dataclasses.replace(cash.rt, parcels=tracker)
    cash.transport.app.state.runtime = cash.rt
    said = words(await cash.browser().post(f"{link}/ask"))
    assert "没有回应" in said
    assert "药房已交给快递" in said


async def test_something_wrong_goes_on_in_the_chat_once(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    await sweep.hospital(cash.rt)
    browser = cash.browser()
    for _ in range(2):
        assert "聊天里会问您" in words(await browser.post(f"{link}/complain"))
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        found = list(await session.scalars(text("SELECT external_id FROM inbound WHERE kind = 'system'")))
    assert len(found) == 1


async def test_the_page_leads_to_the_prescription(cash, pharmacy):
    _, link = await sent(cash, pharmacy)
    assert "氨氯地平片" in words(await cash.browser().post(f"{link}/prescription"))


async def test_cold_medicine_says_so(cash, pharmacy):
    _, link = await sent(cash, pharmacy, "INS")
    assert "要冷藏的药" in words(await cash.browser().get(link))


async def test_whose_patient_it_is_no_more_sees_nothing(cash, pharmacy):
    delivery, link = await sent(cash, pharmacy)
    async with cash.rt.database.begin() as session:
        await session.execute(delete(AccountPatient))
    browser = cash.browser()
    for answer in [await browser.get(link)] + [
        await browser.post(f"{link}/{what}") for what in ("ask", "received", "complain", "prescription")
    ]:
        assert answer.status_code == 404
        assert "SF1234567890" not in answer.text
    assert (await see(cash, delivery)).status is DeliveryStatus.SHIPPED


async def test_in_english_and_in_traditional_characters(cash, pharmacy):
    _, link = await sent(cash, pharmacy, language="en")
    said = words(await cash.browser().get(link))
    for part in ("SF Express", "Handed to the carrier", "I have received it"):
        assert part in said, part
    async with cash.rt.database.begin() as session:
        await session.execute(text("UPDATE conversations SET language = 'zh-Hant'"))
    assert "藥品包裹" in words(await cash.browser().get(link))
