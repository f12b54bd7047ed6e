"""A prescription's page: what it says in each state, and what can be done on it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from integrations.hospital import page_subjects
from integrations.hospital.delivery import shipping
from integrations.hospital.models import AccountPatient, Handing, Role
from integrations.hospital.pharmacy import amending, checkout, counter, reviews, substitutions
from tests.consultation_rows import Asker, Online
from tests.pharmacy_rows import HOME, NOW, PHARMACIST, TERMS, Client, Pharmacy
from tests.staff_rows import member

from .money import IN_WECHAT, words


@pytest.fixture
async def pharmacy(cash, clock):
    clock.time = NOW
    return await Pharmacy(cash.rt.database, cash.rt.crypto).open()


async def patient(cash, channel="telegram", language="zh-Hans"):
    who = await cash.patient(channel, language)
    return who, Client(who.account_id, who.contact_id, who.patient_id)


async def link_to(cash, who, made, **more):
    async with cash.rt.database.begin() as session:
        return await page_subjects.prescription_link(session, who.contact_id, made, cash.rt.now(), **more)


async def open_page(cash, who, made):
    return await cash.browser().get(await link_to(cash, who, made))


async def test_what_is_on_it_and_who_wrote_and_checked_it(cash, pharmacy):
    who, client = await patient(cash)
    async with cash.rt.database.begin() as session:
        await member(session, Role.PHARMACIST, "pharmacist", name="何敏")
    made = await pharmacy.approved(client, "AML", "NIF")
    said = words(await open_page(cash, who, made))
    number = (await pharmacy.see(made)).number
    for part in (
        "氨氯地平片 5mg×28片",
        "每次1片，每天1次，用 7 天",
        "2盒",
        "硝苯地平控释片",
        "李静",
        "老年医学科",
        "审核药师 何敏",
        "*明",
        number,
        "今天 23:59",
        "到院取药，付 ¥93.90",
        "除质量问题外按规定不能退换",
    ):
        assert part in said, part
    assert re.fullmatch("CF20261122[0-9A-F]{8}", number)
    assert number[-8:].lower() == made.hex[-8:]


async def test_a_prescription_in_review_asks_for_nothing(cash, pharmacy):
    who, client = await patient(cash)
    page = await open_page(cash, who, await pharmacy.issue(client, "AML"))
    assert "药师正在审核" in words(page)
    assert "<button" not in page.text


async def test_picked_up_opens_one_bill_and_goes_to_its_page(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    link, browser = await link_to(cash, who, made), cash.browser()
    page = await browser.post(f"{link}/collect")
    assert page.url.path.startswith("/p/pay/")
    assert "到院取药" in words(page)
    first = (await pharmacy.see(made)).order_no
    await browser.post(f"{link}/collect")
    assert (await pharmacy.see(made)).order_no == first
    said = words(await browser.get(link))
    assert "待付" in said
    assert "今天 9:30" in said
    assert (await browser.post(f"{link}/pay")).url.path.startswith("/p/pay/")


async def test_sent_to_an_address_of_the_book_with_the_fee_as_its_own_line(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    link, browser = await link_to(cash, who, made), cash.browser()
    assert "先填地址" in words(await browser.get(link))
    home = await pharmacy.address(client)
    page = await browser.get(link)
    assert HOME.masked in words(page)
    assert HOME.street not in page.text
    assert "请先选一个送货地址" in words(await browser.post(f"{link}/send"))
    paying = words(await browser.post(f"{link}/send", address=str(home)))
    for part in ("药品配送费 ¥12", f"快递到 {HOME.masked}", "¥77.20", "除质量问题外按规定不能退换"):
        assert part in paying, part
    order_no = (await pharmacy.see(made)).order_no
    relative = words(await cash.browser().get(await cash.pay_for_link(who, order_no)))
    assert "朝阳" not in relative
    assert "药" not in relative


async def test_no_address_of_somebody_elses(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    theirs = await pharmacy.address(await pharmacy.client())
    page = await cash.browser().post(f"{await link_to(cash, who, made)}/send", address=str(theirs))
    assert "请先选一个送货地址" in words(page)
    assert (await pharmacy.see(made)).order_no is None


async def test_what_may_not_be_sent_is_picked_up(cash, pharmacy):
    who, client = await patient(cash)
    home = await pharmacy.address(client)
    made = await pharmacy.approved(client, "CEF")
    link, browser = await link_to(cash, who, made), cash.browser()
    said = words(await browser.get(link))
    assert "不能快递" in said
    assert "快递送药" not in said
    await browser.post(f"{link}/send", address=str(home))
    assert (await pharmacy.see(made)).order_no is None


async def test_what_must_stay_cold_costs_more_to_send(cash, pharmacy):
    who, client = await patient(cash)
    await pharmacy.address(client)
    said = words(await open_page(cash, who, await pharmacy.approved(client, "INS")))
    assert "冷藏箱" in said
    assert "配送费 ¥38" in said


async def test_what_is_not_there_is_not_billed(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "NIF")
    other = await pharmacy.client()
    await pharmacy.bill(other, await pharmacy.approved(other, "NIF"))
    said = words(await cash.browser().post(f"{await link_to(cash, who, made)}/collect"))
    assert "硝苯地平控释片暂时不够" in said
    assert "到院取药，付" in said


async def test_paid_it_shows_the_code_for_the_counter(cash, pharmacy):
    who, client = await patient(cash)
    _, made = await pharmacy.paid("AML", client=client)
    page = await open_page(cash, who, made)
    code = (await pharmacy.see(made)).pickup_code
    assert f"{code} " in words(page)
    assert "<svg" in page.text
    async with cash.rt.database.begin() as session:
        await counter.hand_over(session, code, actor="staff:counter", now=NOW)
    page = await open_page(cash, who, made)
    assert "已取药" in words(page)
    assert code not in page.text


async def test_what_is_not_wanted_any_more_is_cancelled_until_the_pharmacy_begins(cash, pharmacy):
    who, client = await patient(cash)
    _, made = await pharmacy.paid("AML", client=client)
    link, browser = await link_to(cash, who, made), cash.browser()
    assert "取消后 ¥" in words(await browser.get(link))
    page = await browser.post(f"{link}/cancel")
    assert "已取消，退款" in words(page)
    assert f"{link}/cancel" not in page.text
    assert "已取消，退款" in words(await browser.post(f"{link}/cancel"))  # pressed twice
    assert await cash.count("refunds") == 1
    _, begun = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    link = await link_to(cash, who, begun)
    assert "取消后 ¥" in words(await browser.get(link))
    async with cash.rt.database.begin() as session:
        await shipping.ship(session, begun, "ems", "EM12345678", actor="staff:counter", now=NOW)
    assert "这里不能取消了" in words(await browser.post(f"{link}/cancel"))
    assert "取消后 ¥" not in words(await browser.get(link))
    assert await cash.count("refunds") == 1


async def test_sent_it_leads_to_its_parcel_and_its_bill(cash, pharmacy):
    who, client = await patient(cash)
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    link, browser = await link_to(cash, who, made), cash.browser()
    assert "正在打包" in words(await browser.get(link))
    async with cash.rt.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    assert "已寄出" in words(await browser.get(link))
    parcel = await browser.post(f"{link}/parcel")
    assert parcel.url.path.startswith("/p/parcel/")
    assert "EM12345678" in parcel.text
    bill = await browser.post(f"{link}/pay")
    assert "已付好" in words(bill)
    assert (await browser.post(f"{bill.url.path}/prescription")).url.path.startswith("/p/prescription/")


async def test_rejected_expired_and_cancelled_say_what_next(cash, pharmacy, clock):
    who, client = await patient(cash)
    rejected = await pharmacy.issue(client, "AML")
    async with cash.rt.database.begin() as session:
        await reviews.reject(
            session, rejected, pharmacist=PHARMACIST, reason="剂量偏大", terms=TERMS, now=NOW
        )
    assert "原因：剂量偏大" in words(await open_page(cash, who, rejected))
    _, cancelled = await pharmacy.paid("AML", client=client)
    async with cash.rt.database.begin() as session:
        await checkout.cancel(session, cancelled, account_id=client.account_id, key=None, now=NOW)
    link, browser = await link_to(cash, who, cancelled), cash.browser()
    assert "原路退回" in words(await browser.get(link))
    assert "正在退款" in words(await browser.post(f"{link}/pay"))
    approved = await pharmacy.approved(client, "AML")
    clock.forward(days=1)
    page = await open_page(cash, who, approved)
    assert "已过有效期" in words(page)
    assert "<button" not in page.text


async def _asked(cash, pharmacy, client):
    made = await pharmacy.approved(client, "NIF")
    async with cash.rt.database.begin() as session:
        proposed = await substitutions.propose(
            session, cash.rt.crypto, made, old_code="NIF", code="AML", quantity=1, dose="每次半片",
            pharmacist=PHARMACIST, agreed_by=pharmacy.staff_no, reason="电话问过，无过敏史", now=NOW,
        )  # fmt: skip
    return made, proposed.id


@pytest.mark.parametrize(("accepted", "medicine"), [("true", "氨氯地平片"), ("false", "硝苯地平控释片")])
async def test_another_medicine_is_decided_by_the_patient(cash, pharmacy, accepted, medicine):
    who, client = await patient(cash)
    made, asked = await _asked(cash, pharmacy, client)
    link, browser = await link_to(cash, who, made), cash.browser()
    said = words(await browser.get(link))
    for part in ("等您决定", "原来的药 硝苯地平控释片", "换成 氨氯地平片", "少付 ¥24.80"):
        assert part in said, part
    await browser.post(f"{link}/collect")
    assert (await pharmacy.see(made)).order_no is None
    page = words(await browser.post(f"{link}/change", asked=str(asked), accepted=accepted))
    assert "可以缴费" in page
    [line] = (await pharmacy.see(made)).lines
    assert line.name == medicine
    await browser.post(f"{link}/change", asked=str(asked), accepted="true")
    assert (await pharmacy.see(made)).lines[0].name == medicine


async def test_nobody_answers_about_anothers_medicine(cash, pharmacy):
    who, client = await patient(cash)
    mine = await pharmacy.approved(client, "AML")
    made, asked = await _asked(cash, pharmacy, await pharmacy.client())
    page = await cash.browser().post(
        f"{await link_to(cash, who, mine)}/change", asked=str(asked), accepted="true"
    )
    assert page.status_code == 404
    assert (await pharmacy.see(made)).asked == asked


async def test_within_wechat_only_its_owner_reads_it(cash, pharmacy):
    who, client = await patient(cash, "wechat")
    made = await pharmacy.approved(client, "AML")
    link = await link_to(cash, who, made, told=True)
    assert link.startswith("/p/document/")  # news names no prescription, in its links neither
    assert "氨氯地平" in words(await (await cash.owner(who)).get(link))
    for browser in (cash.browser(IN_WECHAT, "o-nobody"), cash.browser()):
        page = await browser.get(link)
        assert page.status_code == 403
        assert "氨氯地平" not in page.text
        await browser.post(link.replace("document", "prescription") + "/collect")
    assert (await pharmacy.see(made)).order_no is None


async def test_whose_patient_it_is_no_more_sees_nothing(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    link, browser = await link_to(cash, who, made), cash.browser()
    async with cash.rt.database.begin() as session:
        await session.execute(delete(AccountPatient))
    for answer in [await browser.get(link)] + [
        await browser.post(f"{link}/{what}") for what in ("collect", "pay", "parcel")
    ]:
        assert answer.status_code == 404
        assert "氨氯地平" not in answer.text


async def test_an_old_link_says_how_to_get_a_new_one(cash, pharmacy, clock):
    who, client = await patient(cash)
    link = await link_to(cash, who, await pharmacy.approved(client, "AML"))
    clock.forward(days=14)
    page = await cash.browser().get(link)
    assert page.status_code == 410
    assert "我的单据" in words(page)
    assert (await cash.browser().get(link.replace("prescription", "parcel"))).status_code == 404


async def test_looking_changes_nothing(cash, pharmacy):
    who, client = await patient(cash)
    link = await link_to(cash, who, await pharmacy.approved(client, "AML"))
    before = [await cash.count(table) for table in ("orders", "page_links", "hospital_events")]
    for _ in range(2):
        await cash.browser().get(link)
    assert [await cash.count(table) for table in ("orders", "page_links", "hospital_events")] == before


async def test_in_english_the_name_on_the_pack_stands_beside_it(cash, pharmacy):
    who, client = await patient(cash, language="en")
    made = await pharmacy.approved(client, "AML")
    home = await pharmacy.address(client)
    link, browser = await link_to(cash, who, made), cash.browser()
    said = words(await browser.get(link))
    for part in ("Aml 氨氯地平片 5mg×28片", "1片", "Valid until", "Pick it up, pay ¥65.20"):
        assert (part in said) is (part != "1片"), part
    assert "1 tablet each time, once a day, for 7 days" in said
    paying = words(await browser.post(f"{link}/send", address=str(home)))
    assert "Delivery ¥12" in paying
    assert "Aml 氨氯地平片" in paying


async def test_the_bills_page_leads_to_the_prescription(cash, pharmacy):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    order_no = (await pharmacy.bill(client, made)).order_no
    bills, browser = await cash.link(page_subjects.bills_link, who), cash.browser()
    assert "看处方" in words(await browser.get(bills))
    page = await browser.post(f"{bills}/{order_no}/prescription")
    assert page.url.path.startswith("/p/prescription/")
    assert "氨氯地平片" in words(page)


async def test_a_bill_that_ran_out_leads_back_to_the_prescription(cash, pharmacy, clock):
    who, client = await patient(cash)
    made = await pharmacy.approved(client, "AML")
    order_no = (await pharmacy.bill(client, made)).order_no
    link = await cash.pay_link(who, order_no)
    clock.forward(minutes=31)
    async with cash.rt.database.begin() as session:
        await checkout.expire_bills(session, clock())
    browser = cash.browser()
    assert "回到处方可以重新付" in words(await browser.get(link))
    assert "到院取药，付" in words(await browser.post(f"{link}/prescription"))


async def test_sent_back_to_its_doctor_it_says_what_is_waited_for(cash, pharmacy, clock):
    rt = cash.rt
    who, client = await patient(cash)
    online = await Online(rt.database, rt.crypto).open()
    made = await online.active(Asker(client.account_id, client.contact_id, client.patient_id))
    first = await online.prescribe(made, "AML")
    async with rt.database.begin() as session:
        await reviews.reject(
            session, first, pharmacist=PHARMACIST, reason="剂量偏大", terms=TERMS, now=rt.now()
        )
    said = words(await open_page(cash, who, first))
    assert "药师请医生再改一下：剂量偏大" in said
    assert "现在不用缴费" in said
    clock.forward(minutes=61)
    async with rt.database.begin() as session:
        await amending.bring_up(session, rt.now())
    assert "已经请负责人跟进" in words(await open_page(cash, who, first))
    second = await online.prescribe(made, "AML", amends=first, now=rt.now())
    assert "换成了新的一张" in words(await open_page(cash, who, first))
    assert "药师正在审核" in words(await open_page(cash, who, second))
