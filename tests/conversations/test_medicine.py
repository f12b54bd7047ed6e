"""Medicine from the doctor's desk to the patient's door, on the running program."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from itertools import count

import pytest

from integrations import cashier
from integrations.money import Platform
from integrations.payment.interface import Way
from tests.conversations.hospital import Hospital, with_runtime
from tests.patients import Patient
from tests.stack import Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300, func_only=True)]

_WAYBILLS = count(1)


def _staff(stack: Stack, *words: str) -> str:
    command = [sys.executable, "-m", "bot.cli", *words, "--var", str(stack.options.var)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_issued_reviewed_chosen_paid_sent_and_received(
    stack: Stack, hospital: Hospital, wechat: Patient
) -> None:
    staff_no = hospital.one("SELECT min(staff_no) FROM practitioners WHERE active")
    line = "AML5:每次1片:每天1次:28:1"
    issued = _staff(stack, "prescriptions", "issue", wechat.phone, "--doctor", staff_no, "--line", line)
    made = issued.split()[0]
    assert "药师正在审核" in wechat.say("我的单据")
    _staff(stack, "prescriptions", "approve", made)
    wechat.say("把药寄到北京市海淀区中关村大街1号 慕容皎皎 13800138000")
    assert "北京市海淀区中关村大街1号" in wechat.last
    assert "*皎，138****8000" in wechat.last
    billed = wechat.say("对的")
    assert "共 ¥44.60" in billed
    link = re.search(r"http\S+/p/pay/\S+", billed.text)
    assert link

    order_no, delivery = hospital.rows(
        "SELECT order_no, d.id FROM orders o JOIN deliveries d USING (prescription_id) WHERE prescription_id = %s",
        made,
    )[0]
    _pay(stack, order_no)
    eventually(lambda: hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "paid")
    waybill = f"EM1234{next(_WAYBILLS):06}"
    _staff(stack, "parcels", "ship", made, "ems", waybill)

    def subscribed() -> bool:
        return bool(hospital.one("SELECT subscribed_at FROM deliveries WHERE id = %s", delivery))

    eventually(subscribed, seconds=90)
    for state in ("0", "5"):
        stack.sandbox.post("/parcels", json={"number": waybill, "state": state}).raise_for_status()
    eventually(
        lambda: hospital.one("SELECT state FROM deliveries WHERE id = %s", delivery) == "out_for_delivery"
    )
    assert "正在派送" in wechat.say("药到哪了")
    assert "记下您收到了" in wechat.say("药收到了")
    assert hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "delivered"


def test_a_parcel_whose_news_is_refused_to_us_is_asked_about(
    stack: Stack, hospital: Hospital, wechat: Patient, faults: Callable[..., None]
) -> None:
    """A key that lapsed over the weekend: the parcel arrives all the same, and the patient hears of it."""
    staff_no = hospital.one("SELECT min(staff_no) FROM practitioners WHERE active")
    line = "AML5:每次1片:每天1次:28:1"
    made = _staff(
        stack, "prescriptions", "issue", wechat.phone, "--doctor", staff_no, "--line", line
    ).split()[0]
    _staff(stack, "prescriptions", "approve", made)
    wechat.say("把药寄到北京市海淀区中关村大街1号 慕容皎皎 13800138000")
    wechat.say("对的")
    order_no, delivery = hospital.rows(
        "SELECT order_no, d.id FROM orders o JOIN deliveries d USING (prescription_id) WHERE prescription_id = %s",
        made,
    )[0]
    _pay(stack, order_no)
    eventually(lambda: hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "paid")
    faults(platform="kuaidi100", operation="subscribe", code="601", count=1)
    waybill = f"EM1234{next(_WAYBILLS):06}"
    _staff(stack, "parcels", "ship", made, "ems", waybill)
    refused = (
        "SELECT tries > 0 AND next_try_at IS NULL AND subscribed_at IS NULL FROM deliveries WHERE id = %s"
    )
    eventually(lambda: bool(hospital.one(refused, delivery)), seconds=90)
    parcel = {"number": waybill, "company": "ems", "state": "3"}
    stack.sandbox.post("/parcels", json=parcel).raise_for_status()
    hospital.rows(
        "UPDATE deliveries SET shipped_at = shipped_at - interval '6 hours' WHERE id = %s RETURNING id",
        delivery,
    )
    status = "SELECT status FROM deliveries WHERE id = %s"
    eventually(lambda: hospital.one(status, delivery) == "delivered", seconds=90)
    assert "已送达" in wechat.say("药到哪了") or "已签收" in wechat.last


def _pay(stack: Stack, order_no: str) -> None:
    with_runtime(stack, lambda rt: cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.NATIVE))
    stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()
