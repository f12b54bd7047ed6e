"""The page on which an order is paid: who sees what, what is opened at the platforms, and what it says afterwards."""

from __future__ import annotations

import re
from datetime import time

import pytest

from integrations.channel import Unavailable as WeChatDown
from integrations.hospital import booking
from integrations.hospital.unbinding import unbind
from integrations.payment.interface import Refused, Unavailable, Way

from .money import CLINICAL, DESKTOP, IN_WECHAT, PHONE, words


async def test_the_owner_sees_what_when_and_by_which_rules(cash):
    who = await cash.patient()
    order_no = await cash.held(who, cancel_days=1, cancel_at=time(17))
    page = await (await cash.owner(who)).get(await cash.pay_link(who, order_no))
    assert page.status_code == 200
    said = words(page)
    for part in (
        "¥35",
        "今天 10:15 前有效",
        "11月25日（周三）上午 8:30，1 号",
        "本部院区 门诊楼3层 305诊室",
        "李静 副主任医师",
        "*明",
        "请提前 15 分钟到",
        "自费支付，不走医保",
        "电子票据",
        "11月24日（周二） 17:00 前取消，全额原路退回",
        order_no,
        "微信支付",
        "支付宝",
        "请家人代付",
        "我付好了",
    ):
        assert part in said, part
    assert 'data-seconds="900"' in page.text
    assert "<svg" in page.text


async def test_headers_keep_the_page_to_its_reader(cash):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    page, again = [await cash.browser().get(link) for _ in range(2)]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex"
    policy = page.headers["content-security-policy"]
    [nonce] = set(re.findall(r"nonce-([\w-]+)", policy))
    assert f'<script nonce="{nonce}">' in page.text
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy  # clickjacking: nobody shows it in a page of their own
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy
    assert nonce not in again.text
    assert "http" not in re.sub(r"(?s)<svg.*?</svg>", "", page.text).replace("http-equiv", "").replace(
        "http://127.0.0.1:8000", ""
    )


async def test_looking_changes_nothing_and_asks_nobody(cash):
    who = await cash.patient("telegram")
    order_no = await cash.held(who)
    link = await cash.pay_link(who, order_no)
    links, browser = await cash.count("page_links"), cash.browser()
    for address in (link, f"{link}?back=1", f"{link}?back=8", link):
        assert (await browser.get(address)).status_code == 200
    assert await cash.count("payments") == 0
    assert await cash.count("page_links") == links
    assert cash.wechatpay.opened == cash.wechatpay.asked == cash.alipay.asked == []


async def test_within_wechat_its_bridge_is_given_what_it_takes(cash):
    who = await cash.patient()
    order_no = await cash.held(who)
    owner = await cash.owner(who)
    link = await cash.pay_link(who, order_no)
    page = await owner.get(link)
    assert 'id="wechatpay"' in page.text
    answer = await owner.post(f"{link}/wechatpay")
    assert answer.json() == {"bridge": {"appId": "wx", "package": f"prepay_id={order_no}"}}
    [(way, charge)] = cash.wechatpay.opened
    assert (way, charge.payer, charge.amount_fen) == (Way.JSAPI, owner.openid, 3500)
    assert charge.return_url.endswith(f"{link}?back=1")


async def test_a_double_click_and_a_second_tab_open_one_payment(cash):
    who = await cash.patient()
    owner = await cash.owner(who)
    order_no = await cash.held(who)
    for link in (await cash.pay_link(who, order_no), await cash.pay_link(who, order_no)):
        await owner.get(link)
        for _ in range(2):
            assert (await owner.post(f"{link}/wechatpay")).status_code == 200
    assert await cash.count("payments") == 1
    assert {charge.out_trade_no for _, charge in cash.wechatpay.opened} == {order_no}


async def test_a_wechat_link_outside_of_wechat_tells_no_contents(cash):
    who = await cash.patient()
    link = await cash.pay_link(who, await cash.held(who))
    said = words(await cash.browser(DESKTOP).get(link))
    assert "¥35" in said
    assert not [word for word in CLINICAL if word in said]
    assert (await cash.browser(DESKTOP).get(link.replace("/pay/", "/card/"))).status_code == 403


async def test_a_code_works_for_this_browser_and_link_and_once(cash):
    who = await cash.patient()
    order_no = await cash.held(who)
    link, other = await cash.pay_link(who, order_no), await cash.pay_link(who, order_no)
    owner = await cash.owner(who)
    first = await owner._send("GET", link)
    assert first.status_code == 302
    assert first.headers["location"].startswith("https://open.wechat.test/")
    state = re.search(r"state=(\w+)", first.headers["location"])[1]
    cash.wechat.codes["c"] = owner.openid
    tries = (
        (link, state, cash.browser(IN_WECHAT)),
        (other, state, owner),
        (link, "%E9", owner),  # no state of ours has such a letter
    )
    for address, said, browser in tries:
        refused = await browser._send("GET", f"{address}?code=c&state={said}")
        assert "请再点一次" in words(refused)
        assert "reader" not in refused.cookies
    assert cash.wechat.codes, "none of them used the code"
    right = await owner._send("GET", f"{link}?code=c&state={state}")
    assert (right.status_code, right.headers["location"]) == (303, f"http://127.0.0.1:8000{link}")
    [kept] = [one for one in right.headers.get_list("set-cookie") if one.startswith("reader=")]
    # CSRF: other sites' forms do not bring it, and scripts do not read it
    assert all(part in kept for part in ("HttpOnly", "SameSite=lax", "Path=/p"))
    assert "李静" in words(await owner.get(link))
    late = await cash.browser(IN_WECHAT)._send("GET", f"{link}?code=c&state={state}")
    assert "请再点一次" in words(late)


async def test_a_forged_cookie_proves_nobody(cash):
    who = await cash.patient()
    link = await cash.pay_link(who, await cash.held(who))
    browser = cash.browser(IN_WECHAT)
    browser.client.cookies.set("reader", "Zm9yZ2Vk", path="/p")
    assert (await browser._send("GET", link)).status_code == 302


async def test_while_wechat_does_not_say_who_reads(cash):
    who = await cash.patient()
    link = await cash.pay_link(who, await cash.held(who))
    cash.wechat.down = WeChatDown("HTTP 502")
    page = await (await cash.owner(who)).get(link)
    assert page.status_code == 503
    assert "也没有扣钱" in words(page)


@pytest.mark.parametrize(
    ("agent", "platform", "way"),
    [
        (PHONE, "wechatpay", Way.H5),
        (DESKTOP, "wechatpay", Way.NATIVE),
        (PHONE, "alipay", Way.WAP),
        (DESKTOP, "alipay", Way.PAGE),
    ],
)
async def test_outside_of_wechat_the_way_fits_the_browser(cash, agent, platform, way):
    who = await cash.patient("telegram")
    order_no = await cash.held(who)
    link = await cash.pay_link(who, order_no)
    browser = cash.browser(agent)
    assert "李静" in words(await browser.get(link))
    page = await browser.post(f"{link}/go", platform=platform)
    [(opened, charge)] = (cash.wechatpay if platform == "wechatpay" else cash.alipay).opened
    assert (opened, charge.client_ip, charge.payer) == (way, "127.0.0.1", None)
    if way is Way.NATIVE:
        assert "<svg" in page.text
        assert "扫一扫" in words(page)
    else:
        target = f"https://{platform}.test/pay?no={order_no}&amp;way={way}"
        assert page.text.count(target) == 2
        assert page.headers["referrer-policy"] == "origin"


async def test_back_from_paying_it_asks_until_it_is_known(cash, clock):
    who = await cash.patient("telegram")
    order_no = await cash.held(who)
    link = await cash.pay_link(who, order_no)
    browser = cash.browser(PHONE)
    await browser.post(f"{link}/go", platform="wechatpay")
    page = await browser.get(f"{link}?back=1")
    assert "正在确认" in words(page)
    assert f'content="5;url={link}?back=2"' in page.text
    assert (await browser.post(f"{link}/status")).json() == {"settled": False}
    cash.wechatpay.pay(3500, cash.rt)
    assert (await browser.post(f"{link}/status")).json() == {"settled": False}  # asked a moment ago
    await cash.rt.redis.flushall()
    assert (await browser.post(f"{link}/status")).json() == {"settled": True}
    assert cash.wechatpay.asked == [order_no] * 2
    said = words(await browser.get(link))
    assert "已付好" in said
    assert "看就诊卡" in said
    unclear = await browser.get(f"{link}?back=8")
    assert "http-equiv" not in unclear.text


async def test_after_many_looks_it_is_unclear(cash):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    page = await cash.browser(PHONE).get(f"{link}?back=8")
    assert "钱是安全的，请不要再付" in words(page)
    assert "http-equiv" not in page.text


async def test_a_strange_count_of_looks_counts_as_none(cash):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    for looks in ("²", "-1", "x", "9" * 5000):
        page = await cash.browser(PHONE).get(f"{link}?back={looks}")
        assert page.status_code == 200
        assert "正在确认" not in words(page)


async def test_paid_said_by_the_patient_is_asked_and_told(cash):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    browser = cash.browser(DESKTOP)
    await browser.post(f"{link}/go", platform="wechatpay")
    assert "还没有收到这笔付款" in words(await browser.post(f"{link}/paid"))
    cash.wechatpay.pay(3500, cash.rt)
    await cash.rt.redis.flushall()
    assert "已付好" in words(await browser.post(f"{link}/paid"))


FAILURES = {Unavailable("HTTP 502"): "微信支付现在没有回应，没有扣您的钱", Refused("no"): "没有接受这笔付款"}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
async def test_while_the_platform_fails(cash, failure):
    who = await cash.patient()
    link = await cash.pay_link(who, await cash.held(who))
    owner = await cash.owner(who)
    await owner.get(link)
    cash.wechatpay.fail = failure
    answer = await owner.post(f"{link}/wechatpay")
    assert answer.status_code == 503
    assert FAILURES[failure] in answer.json()["words"]
    assert cash.rt.settings.hospital_phone in answer.json()["words"]
    outside = await cash.browser(PHONE).post(f"{link}/go", platform="wechatpay")
    assert outside.status_code == 503
    assert FAILURES[failure] in words(outside)
    asked = await owner.post(f"{link}/paid")
    assert "还没有收到这笔付款" in words(asked)


async def test_what_is_over_opens_nothing(cash, clock):
    who = await cash.patient()
    order_no = await cash.held(who)
    link = await cash.pay_link(who, order_no)
    owner = await cash.owner(who)
    await owner.get(link)
    clock.forward(minutes=15)
    said = words(await owner.get(link))
    assert "已经关闭" in said
    assert "微信支付" not in said
    assert (await owner.post(f"{link}/wechatpay")).json() == {"reload": True}
    assert "已经关闭" in words(await cash.browser(PHONE).post(f"{link}/go", platform="alipay"))
    async with cash.rt.database.begin() as session:
        await booking.expire_holds(session, clock())
    assert "已经关闭" in words(await owner.get(link))
    assert cash.wechatpay.opened == cash.alipay.opened == []


async def test_what_is_over_says_which_order_it_was(cash, clock):
    who = await cash.patient()
    number, bill = await cash.held(who), await cash.bill(who, ("乙肝五项", 9000), hours=0.25)
    links = [await cash.pay_link(who, one) for one in (number, bill)]
    passed_on = await cash.pay_for_link(who, bill)
    owner = await cash.owner(who)
    clock.forward(minutes=15)
    visit, test = [words(await owner.get(link)) for link in links]
    assert "挂号费" in visit
    assert "号还在就给您约上" in visit
    for part in ("检查费", "¥90", "*明"):
        assert part in test
    assert "约上" not in test, "there is no number to get"
    other = words(await cash.browser(IN_WECHAT, "o-daughter").get(passed_on))
    assert "为 *明 付给仁和互联网医院" in other
    assert not [word for word in (*CLINICAL, "乙肝") if word in other]


async def test_a_link_opens_until_some_time_after_the_deadline(cash, clock):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    clock.forward(days=2, minutes=14)
    assert (await cash.browser().get(link)).status_code == 200
    clock.forward(minutes=1)
    page = await cash.browser().get(link)
    assert page.status_code == 410
    assert "我的账单" in words(page)
    lost = await cash.browser().get(link[:-3])
    assert lost.status_code == 404
    for path in ("go", "paid", "relative"):
        assert (await cash.browser().post(f"{link}/{path}", platform="alipay")).status_code == 410
    assert (await cash.browser().post(f"{link}/wechatpay")).json() == {"reload": True}


async def test_of_a_patient_whom_the_account_let_go_of_nothing_is_shown(cash):
    who = await cash.patient("telegram")
    link = await cash.pay_link(who, await cash.held(who))
    async with cash.rt.database.begin() as session:
        await unbind(
            session, contact_id=who.contact_id, patient_id=who.patient_id, key=None, now=cash.rt.now()
        )
    page = await cash.browser().get(link)
    assert page.status_code == 404
    assert "李静" not in page.text
    assert (await cash.browser().post(f"{link}/go", platform="alipay")).status_code == 404


async def test_nowhere_to_pay_names_the_counter(cash):
    cash.rt.payments.clear()
    who = await cash.patient("telegram")
    order_no = await cash.held(who)
    said = words(await cash.browser().get(await cash.pay_link(who, order_no)))
    assert f"收费处，报订单号 {order_no}" in said
    assert "我付好了" not in said


async def test_a_rule_whose_time_is_over_is_told_before_paying(cash, clock):
    who = await cash.patient("telegram")
    clock.forward(days=2, hours=12)  # the evening before
    cash.clinic.now = clock()
    order_no = await cash.held(who, cancel_days=1, cancel_at=time(17))
    said = words(await cash.browser().get(await cash.pay_link(who, order_no)))
    assert "现在付了再取消就不退了" in said


@pytest.mark.parametrize(("language", "said"), [("en", "Pay by today at 10:15"), ("zh-Hant", "微信支付")])
async def test_in_the_owners_language(cash, language, said):
    who = await cash.patient("telegram", language)
    page = await cash.browser().get(await cash.pay_link(who, await cash.held(who)))
    read = words(page)
    assert said in read
    if language == "en":
        assert "Appointment card" not in read
        assert not re.search(
            "[㐀-鿿]", re.sub("科室[0-9a-f]+|本部院区|门诊楼|副主任医师|明|医保", "", read)
        ), read
    else:
        assert "掛號費" in read
        assert "請家人代付" in read


async def test_a_bill_without_an_appointment_names_its_items(cash):
    who = await cash.patient("telegram")
    order_no = await cash.bill(who, ("血常规", 2000), ("尿常规", 1500))
    said = words(await cash.browser().get(await cash.pay_link(who, order_no)))
    for part in ("检查费", "血常规 ¥20", "尿常规 ¥15", "还没有做的项目可以退"):
        assert part in said
