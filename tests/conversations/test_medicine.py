"""Medicine from the doctor's desk to the patient's door, on the running program."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from tests.conversations import acts
from tests.conversations.hospital import Hospital
from tests.patients import Patient
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow

_WAYBILLS = count(1)
_TO = "把药寄到北京市海淀区中关村大街1号 慕容皎皎 13800138000"


@pytest.fixture
def pharmacy(stack: Stack, hospital: Hospital) -> Pharmacy:
    return Pharmacy(stack, hospital)


@dataclass(frozen=True, slots=True)
class Pharmacy:
    """What staff do with `daozhen`, and what becomes of a patient's medicine."""

    stack: Stack
    hospital: Hospital

    def run(self, *words: str) -> str:
        command = [sys.executable, "-m", "bot.cli", *words, "--var", str(self.stack.options.var)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def issue(self, patient: Patient) -> str:
        """A month of amlodipine, from any doctor; gives the prescription."""
        staff_no = self.hospital.one("SELECT min(staff_no) FROM practitioners WHERE active")
        line = "AML5:每次1片:每天1次:28:1"
        issued = self.run("prescriptions", "issue", patient.phone, "--doctor", staff_no, "--line", line)
        return issued.split()[0]

    def paid(self, prescription: str) -> str:
        """The open bill is paid; gives the delivery."""
        order_no, delivery = self.hospital.rows(
            "SELECT order_no, d.id FROM orders o JOIN deliveries d USING (prescription_id)"
            " WHERE prescription_id = %s",
            prescription,
        )[0]
        acts.pay(self.hospital, order_no)
        status = "SELECT status FROM prescriptions WHERE id = %s"
        eventually(lambda: self.hospital.one(status, prescription) == "paid")
        return str(delivery)

    def ship(self, prescription: str) -> str:
        """Gives the waybill."""
        waybill = f"EM1234{next(_WAYBILLS):06}"
        self.run("parcels", "ship", prescription, "ems", waybill)
        return waybill

    def wait_until(self, delivery: str, holds: str, seconds: float = 240) -> None:
        """`holds`: a condition on its row."""
        wanted = f"SELECT {holds} FROM deliveries WHERE id = %s"  # noqa: S608 - of this file's own
        eventually(lambda: bool(self.hospital.one(wanted, delivery)), seconds)


def test_issued_reviewed_chosen_paid_sent_and_received(
    stack: Stack, hospital: Hospital, pharmacy: Pharmacy, wechat: Patient
) -> None:
    made = pharmacy.issue(wechat)
    assert "药师正在审核" in wechat.say("我的单据")
    pharmacy.run("prescriptions", "approve", made)
    wechat.say(_TO)
    assert "北京市海淀区中关村大街1号" in wechat.last
    assert "*皎，138****8000" in wechat.last
    billed = wechat.say("对的")
    assert "共 ¥44.60" in billed
    assert re.search(r"http\S+/p/pay/\S+", billed.text)
    delivery = pharmacy.paid(made)
    waybill = pharmacy.ship(made)
    pharmacy.wait_until(delivery, "subscribed_at IS NOT NULL")
    for state in ("0", "5"):
        stack.sandbox.post("/parcels", json={"number": waybill, "state": state}).raise_for_status()
    pharmacy.wait_until(delivery, "state = 'out_for_delivery'")
    assert "正在派送" in wechat.say("药到哪了")
    assert "记下您收到了" in wechat.say("药收到了")
    assert hospital.one("SELECT status FROM prescriptions WHERE id = %s", made) == "delivered"


def test_a_parcel_whose_news_is_refused_to_us_is_asked_about(
    stack: Stack, hospital: Hospital, pharmacy: Pharmacy, wechat: Patient, faults: Callable[..., None]
) -> None:
    """A key that lapsed over the weekend: the parcel arrives all the same, and the patient hears of it."""
    made = pharmacy.issue(wechat)
    pharmacy.run("prescriptions", "approve", made)
    wechat.say(_TO)
    wechat.say("对的")
    delivery = pharmacy.paid(made)
    faults(platform="kuaidi100", operation="subscribe", code="601", count=1)
    waybill = pharmacy.ship(made)
    refused = "tries > 0 AND next_try_at IS NULL AND subscribed_at IS NULL"
    pharmacy.wait_until(delivery, refused)
    parcel = {"number": waybill, "company": "ems", "state": "3"}
    stack.sandbox.post("/parcels", json=parcel).raise_for_status()
    hospital.rows(
        "UPDATE deliveries SET shipped_at = shipped_at - interval '6 hours' WHERE id = %s RETURNING id",
        delivery,
    )
    pharmacy.wait_until(delivery, "status = 'delivered'")
    assert "已送达" in wechat.say("药到哪了") or "已签收" in wechat.last
