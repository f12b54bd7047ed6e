"""From the news of a prescription to the parcel at the door, all on pages, on the running program."""

from __future__ import annotations

import re
import subprocess
import sys

import httpx
import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.conversations.test_pay_pages import IN_WECHAT, browser, link_in
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow

ADDRESS = {"action": "save", "recipient": "慕容皎皎", "phone": "13800138000", "province": "浙江省"}
ADDRESS |= {"city": "杭州市", "district": "西湖区", "street": "文三路1号"}


def staff(stack: Stack, *words: str) -> str:
    command = [sys.executable, "-m", "bot.cli", *words, "--var", str(stack.options.var)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def path_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.url).split("?")[0]


def test_chosen_paid_sent_and_received_on_pages(stack: Stack, hospital: Hospital, arrive: Arrive) -> None:
    patient = arrive("wechat", registered=True)
    doctor = hospital.one("SELECT min(staff_no) FROM practitioners WHERE active")
    line = "AML5:每次1片:每天1次:28:1"
    issued = staff(stack, "prescriptions", "issue", patient.phone, "--doctor", doctor, "--line", line)
    made = issued.split()[0]
    staff(stack, "prescriptions", "approve", made)

    def said() -> str:
        return "".join(patient.all_said())

    eventually(lambda: "/p/document/" in said())
    assert "prescription" not in said()
    link = link_in(said(), "document")
    with browser(IN_WECHAT, patient.platform_id) as own, browser(IN_WECHAT, "o-nobody") as other:
        assert "氨氯地平" in own.get(link).text
        assert "氨氯地平" not in other.get(link).text
        rx = link.replace("/document/", "/prescription/")
        form = path_of(own.post(f"{rx}/address"))
        assert "地址存好了" in own.post(form, data=ADDRESS).text
        eventually(lambda: "送货地址存好了" in said())
        assert "/p/prescription/" in patient.say("我的单据").text
        [address] = re.findall(r'name="address" value="([^"]+)"', own.get(rx).text)
        pay = path_of(own.post(f"{rx}/send", data={"address": address}))
        assert "药品配送费" in own.get(pay).text
        assert own.post(f"{pay}/wechatpay").json()["bridge"]
        order_no = hospital.one("SELECT order_no FROM orders WHERE prescription_id = %s", made)
        stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()
        eventually(lambda: hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "paid")
        staff(stack, "parcels", "ship", made, "ems", f"EM{order_no[-8:]}")
        parcel = path_of(own.post(f"{rx}/parcel"))
        assert "药房已交给快递" in own.get(parcel).text
        assert "聊天里会问您" in own.post(f"{parcel}/complain").text
        eventually(lambda: "请说说是怎么回事" in said())
        assert "您已确认收到" in own.post(f"{parcel}/received").text
    assert hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "delivered"
