"""Somebody else pays: with the link for them, and told no more than they must know."""

from __future__ import annotations

import re

from integrations.hospital import booking

from .money import CLINICAL, IN_WECHAT, words


async def test_another_wechat_may_pay_for_them_but_sees_nothing(cash):
    who = await cash.patient()
    link = await cash.pay_link(who, await cash.held(who))
    stranger = cash.browser(IN_WECHAT, "o-stranger")
    page = await stranger.get(link)
    said = words(page)
    assert "不是您的微信" in said
    assert "¥35" in said
    assert not [word for word in CLINICAL if word in said]
    answer = await stranger.post(f"{link}/wechatpay")
    assert answer.status_code == 403
    assert cash.wechatpay.opened == []
    for kind in ("card", "receipt"):
        hidden = await stranger.get(link.replace("/pay/", f"/{kind}/"))
        assert hidden.status_code == 403
        assert "只给本人看" in words(hidden)


async def test_somebody_else_pays_without_learning_more_than_they_must(cash):
    who = await cash.patient()
    order_no = await cash.bill(who, ("血常规", 2000), ("乙肝五项", 9000))
    payer = cash.browser(IN_WECHAT, "o-daughter")
    link = await cash.pay_for_link(who, order_no)
    said = words(await payer.get(link))
    assert "为 *明 付给仁和互联网医院" in said
    assert "¥110" in said
    assert "退款，钱原路退回您付款的账户" in said
    assert not [word for word in (*CLINICAL, "乙肝") if word in said]
    assert (await payer.post(f"{link}/wechatpay")).status_code == 200
    [(_, charge)] = cash.wechatpay.opened
    assert charge.payer == "o-daughter"
    cash.wechatpay.pay(11000, cash.rt)
    assert (await payer.post(f"{link}/status")).json() == {"settled": True}
    said = words(await payer.get(link))
    assert "已经付好" in said
    assert "为 *明 付给仁和互联网医院" in said
    assert not [word for word in (*CLINICAL, "乙肝", "收据") if word in said]
    for kind in ("receipt", "card", "pay"):
        assert (await payer.get(link.replace("/payfor/", f"/{kind}/"))).status_code == 404


async def test_the_link_to_pass_on_is_made_when_it_is_asked_for(cash):
    who = await cash.patient()
    order_no = await cash.held(who)
    owner = await cash.owner(who)
    link = await cash.pay_link(who, order_no)
    await owner.get(link)
    page = await owner.post(f"{link}/relative")
    [address] = re.findall(r'id="address">(http\S+?)<', page.text)
    path = address.removeprefix("http://127.0.0.1:8000")
    assert path.startswith("/p/payfor/")
    assert "¥35" in words(await cash.browser(IN_WECHAT, "o-son").get(path))


async def test_who_paid_for_somebody_hears_where_a_refund_goes(cash, clock):
    who = await cash.patient()
    order_no = await cash.held(who)
    link, other = await cash.pay_link(who, order_no), await cash.pay_for_link(who, order_no)
    await cash.pay(order_no, 3500, "o-daughter")
    async with cash.rt.database.begin() as session:
        [visit] = await booking.upcoming(session, who.account_id, cash.rt.now())
        await booking.cancel(session, visit.id, who.contact_id, None, cash.rt.now())
    said = words(await (await cash.owner(who)).get(link))
    assert "正在退款" in said
    assert "¥35 正在退回代付人的微信账户" in said
    assert "挂号费" in said
    told = words(await cash.browser(IN_WECHAT, "o-daughter").get(other))
    assert "原路退回付款的账户" in told
    assert not [word for word in CLINICAL if word in told]
