"""From a held number to its card, as a patient pays it on the page: within WeChat, and from Telegram."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx
import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow

IN_WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.49"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"


def browser(agent: str, openid: str = "") -> httpx.Client:
    """Whose WeChat it is the played platform reads from the header."""
    return httpx.Client(
        headers={"user-agent": agent, "x-sandbox-openid": openid}, follow_redirects=True, timeout=90
    )


def link_in(text: str, kind: str) -> str:
    found = re.findall(rf"http\S+/p/{kind}/[\w-]+", text)
    assert found, text
    return str(found[-1])


def held(patient: Patient, doctor: str) -> str:
    """The link that came with the number."""
    patient.say(f"下周三下午挂{doctor}")
    return link_in(patient.say("确认").text, "pay")


def paid(stack: Stack, hospital: Hospital, patient: Patient) -> None:
    """The platform tells of it, and the card comes."""
    [(number,)] = stack.rows(
        "SELECT out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id"
        " JOIN contacts c ON c.account_id = o.account_id WHERE platform_id = %s",
        patient.platform_id,
    )
    stack.sandbox.post("/pay", json={"out_trade_no": number}).raise_for_status()
    eventually(lambda: [row[0] for row in hospital.appointments(patient)] == ["booked"])


def test_within_wechat_by_its_bridge(stack: Stack, hospital: Hospital, arrive: Arrive) -> None:
    patient = arrive("wechat", registered=True)
    link = held(patient, "刘芳")
    with browser(IN_WECHAT, patient.platform_id) as own, browser(IN_WECHAT, "o-nobody") as other:
        page = own.get(link)
        assert page.status_code == 200
        assert "刘芳" in page.text
        assert "刘芳" not in other.get(link).text
        bridge = own.post(f"{link}/wechatpay").json()["bridge"]
        assert bridge["signType"] == "RSA"
        assert bridge["package"].startswith("prepay_id=")
        assert own.post(f"{link}/status").json() == {"settled": False}
        paid(stack, hospital, patient)
        assert "已付好" in own.get(link).text
        eventually(lambda: "/p/card/" in "".join(patient.all_said()))
        card = own.get(link_in("".join(patient.all_said()), "card"))
        assert "data:image/png" in card.text
        assert "已约好" in card.text
    assert "已付好" in patient.say("我付好了")


def test_from_telegram_by_a_code(stack: Stack, hospital: Hospital, arrive: Arrive) -> None:
    patient = arrive("telegram", registered=True)
    link = held(patient, "赵敏")
    with browser(DESKTOP) as own:
        page = own.post(f"{link}/go", data={"platform": "wechatpay"})
        assert page.status_code == 200
        assert "<svg" in page.text
        going = own.post(f"{link}/go", data={"platform": "alipay"})
        target = re.findall(r'class="button" href="([^"]+)"', going.text)[0].replace("&amp;", "&")
        assert own.get(urljoin(link, target)).status_code == 200
        said = patient.say("我付好了")
        assert "还没收到" in said
        stack.sandbox.post("/pay", json={"out_trade_no": _order(stack, patient)}).raise_for_status()
        eventually(lambda: own.post(f"{link}/status").json()["settled"])
        assert "看收据" in own.get(link).text


def _order(stack: Stack, patient: Patient) -> str:
    [(number,)] = stack.rows(
        "SELECT order_no FROM orders o JOIN contacts c ON c.account_id = o.account_id WHERE platform_id = %s",
        patient.platform_id,
    )
    return str(number)
