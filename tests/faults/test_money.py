"""Payment platforms that are down, silent, slow to tell, or lying, and a clock that stood still: seen by the patient,
by staff, and in the platforms' own books."""

from __future__ import annotations

import time

import pytest

from integrations import cashier
from integrations.money import Platform
from integrations.payment.interface import Way
from integrations.runtime import Runtime
from tests.conversations import acts
from tests.conversations.hospital import Hospital, with_runtime
from tests.faults.accounting import audit_money
from tests.faults.breaking import settle, until
from tests.faults.money import (
    ask_soon,
    bill,
    fail,
    hold,
    known_to,
    order_status,
    page,
    pays,
    register,
    staff,
    told_again,
    until_order,
    well_again,
)
from tests.patients import PATIENTS, Patient
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture
def newcomer(request: pytest.FixtureRequest, stack: Stack, people: list[Patient]) -> Patient:
    """Somebody registered; indirect parameter: the platform. In the end the books agree."""
    patient = PATIENTS[request.param].arrive(stack.sandbox)
    settle(stack, patient)
    register(stack, patient)
    people.append(patient)
    return patient


def said(patient: Patient, words: str) -> int:
    return sum(words in text for text in patient.all_said())


@pytest.mark.parametrize("newcomer", ["wechat"], indirect=True)
def test_a_platform_that_is_down_silent_and_repeats_takes_a_fee_once(stack: Stack, newcomer: Patient) -> None:
    number = hold(newcomer, "呼吸科")
    with page(newcomer, number.link) as browser:
        for how in (
            {"code": 502},
            {"drop_after_accept": True},
        ):  # the second time it was opened, and nobody heard
            fail(stack, "wechatpay", "jsapi", count=1, **how)
            answer = browser.post("/wechatpay")
            assert answer.status_code == 503
            assert "没有回应，没有扣您的钱" in answer.json()["words"]
            assert order_status(stack, number.order_no) == "unpaid"
        fail(stack, "wechatpay", "query", code=502)
        assert "还没收到" in newcomer.say("我付好了")
        well_again(stack)
        assert browser.post("/wechatpay").json()["bridge"]["package"].startswith("prepay_id=")
    pays(stack, newcomer, number.order_no, notify=False)
    until_order(stack, number.order_no, "paid")  # nobody told us: we asked
    assert {told_again(stack, number.order_no) for _ in range(3)} == {200}
    fail(stack, "wechatpay", "refund", drop_after_accept=True, count=1)
    newcomer.say("取消预约")
    assert "已取消" in newcomer.choose("确认取消")
    until(
        lambda: stack.rows("SELECT 1 FROM refunds WHERE attempts > 0")
    )  # it is on its way, and nobody heard
    ask_soon(stack)
    until_order(stack, number.order_no, "refunded")
    assert told_again(stack, number.order_no) == 200  # the payment's news after the refund's
    assert told_again(stack, number.order_no, out_refund_no=f"{number.order_no}R1") == 200
    assert order_status(stack, number.order_no) == "refunded"
    until(lambda: said(newcomer, "已原路退回"))
    audit_money(stack)
    assert (said(newcomer, "约好了"), said(newcomer, "已原路退回")) == (1, 1)


def differs(stack: Stack, kind: str, number: str) -> bool:
    return bool(stack.rows("SELECT 1 FROM differences WHERE kind = %s AND number = %s", kind, number))


LIES = {
    "amount": "wrong_amount",
    "order": "unknown_order",
    "appid": "foreign_account",
    "mchid": "foreign_account",
}


@pytest.mark.parametrize("newcomer", ["telegram"], indirect=True)
def test_a_platform_that_lies_pays_nothing_and_staff_see_it(stack: Stack, newcomer: Patient) -> None:
    whose = known_to(stack, newcomer)

    async def opened(rt: Runtime) -> list[str]:
        made = [await bill(rt, whose) for _ in LIES]
        for order_no in made:
            await cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.NATIVE)
        return made

    made = with_runtime(stack, opened)
    for (lie, kind), order_no in zip(LIES.items(), made, strict=True):
        fail(stack, "wechatpay", lie=lie)
        pays(stack, newcomer, order_no)
        named = f"X{order_no}"[:32] if lie == "order" else order_no
        until(lambda kind=kind, named=named: differs(stack, kind, named))
        assert (
            f"{order_no} 已缴费" not in newcomer.say("我付好了").text
        )  # another may have been paid just now
        assert order_status(stack, order_no) == "unpaid"
        well_again(stack)
        until_order(stack, order_no, "paid")  # the truth comes by the next news, or when we ask
    shown = staff(stack, "differences", "list").splitlines()
    assert [kind for kind in LIES.values() if any(kind in line for line in shown)] == [*LIES.values()]
    for line in shown:
        staff(stack, "differences", "settle", line.split()[0], "--note", "the platform told the truth later")
    audit_money(stack)


@pytest.mark.parametrize("newcomer", ["telegram"], indirect=True)
def test_a_refund_that_does_not_go_back_is_told_and_waits_for_staff(stack: Stack, newcomer: Patient) -> None:
    number = hold(newcomer, "消化内科")
    with page(newcomer, number.link) as browser:
        assert "<svg" in browser.post("/go", data={"platform": "wechatpay"}).text
    pays(stack, newcomer, number.order_no)
    until_order(stack, number.order_no, "paid")
    outcome = {"out_trade_no": number.order_no, "outcome": "ABNORMAL"}
    stack.sandbox.post("/pay/refunds", json=outcome).raise_for_status()
    newcomer.say("取消预约")
    newcomer.choose("确认取消")
    until(lambda: said(newcomer, "没能自动退回，工作人员正在处理"))
    assert f"{number.order_no}R1  abnormal" in staff(stack, "refunds", "list")
    assert "工作人员正在处理" in newcomer.say("退款到哪了")
    done = outcome | {
        "out_refund_no": f"{number.order_no}R1",
        "outcome": "SUCCESS",
    }  # at the platform's console
    stack.sandbox.post("/pay/refunds", json=done).raise_for_status()
    until_order(stack, number.order_no, "refunded")
    until(lambda: said(newcomer, "已原路退回"))
    audit_money(stack)
    assert said(newcomer, "没能自动退回") == said(newcomer, "已原路退回") == 1


@pytest.mark.parametrize("newcomer", ["telegram"], indirect=True)
def test_what_fell_due_while_the_clock_stood_still_comes_once(stack: Stack, newcomer: Patient) -> None:
    """An hour without beat: a hold and its order ran out, a follow-up is to be asked, a reminder is of no use any more.
    (All else that falls due: tests/bot/test_sweep.py.)"""
    with stack.frozen("beat"):
        number = hold(newcomer, "神经内科")
        [(visit,)] = stack.rows("SELECT appointment_id FROM orders WHERE order_no = %s", number.order_no)
        asking = acts.follow_up(Hospital(stack), newcomer, "hypertension")
        for statement in (
            "UPDATE appointments SET hold_expires_at = now() - interval '45 minutes' WHERE id = %s",
            "UPDATE orders SET expires_at = now() - interval '45 minutes' WHERE appointment_id = %s",
            """
            INSERT INTO reminders (kind, subject_id, account_id, contact_id, payload, due_at, useless_at)
            SELECT 'visit_soon', id, account_id, contact_id, jsonb_build_object('appointment_id', id::text),
                   now() - interval '1 hour', now() - interval '1 minute' FROM appointments WHERE id = %s
            """,
        ):
            stack.rows(statement, visit)
        before = len(newcomer.all_said())
        time.sleep(6)  # longer than any sweep's pause
        assert len(newcomer.all_said()) == before
    # Who is still at the payment when the follow-up falls due is asked half an hour later.
    later = "UPDATE reminders SET due_at = now() WHERE subject_id = %s AND kind = 'follow_up_due'"

    def told() -> bool:
        stack.rows(later, asking)
        return bool(said(newcomer, "时限内") and said(newcomer, "到随访的时间了"))

    until(told)
    time.sleep(6)
    news = newcomer.all_said()[before:]
    assert said(newcomer, "时限内") == said(newcomer, "到随访的时间了") == 1
    assert len(news) <= 2, news  # what is ready at the same moment leaves as one message
    assert not stack.rows("SELECT 1 FROM reminders WHERE subject_id = %s", visit)
