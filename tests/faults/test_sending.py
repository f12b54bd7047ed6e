"""Messages at most once: what becomes of a message whose sender dies, or whose platform fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.breaking import (
    ANSWER,
    OTHER_ANSWER,
    OTHER_QUESTION,
    QUESTION,
    answered_once,
    commits_wait,
    settle,
    stored,
    until,
    write,
)
from tests.faults.inside import Sent, last_sent, let_stuck_sends_be_old, notify, until_sent
from tests.patients import Patient, WeChatPatient
from tests.stack import Stack, kill_all

pytestmark = [pytest.mark.slow, pytest.mark.faults]

SEND = {"wechat": "custom/send", "telegram": "sendMessage"}
NOTICE = "请记得明天上午来复诊。"
REPEATED = "再发一次"
DAY = 24 * 3600


def make_fail(stack: Stack, channel: str, **how: Any) -> None:
    """The next active message fails this way."""
    order = {"platform": channel, "operation": SEND[channel], "count": 1, **how}
    stack.sandbox.post("/faults", json=order).raise_for_status()


def said(patient: Patient, words: str) -> int:
    """How often the words stand on the phone."""
    return sum(text.count(words) for text in patient.all_said())


def writes_again(patient: Patient, *, repeated: int) -> None:
    """Two more questions: what is of unknown fate is said again in the answer to the first, and never more."""
    assert said(patient, NOTICE) <= 1
    assert (f"{REPEATED}：{NOTICE}" in patient.say(QUESTION)) == bool(repeated)
    assert OTHER_ANSWER in patient.say(OTHER_QUESTION)
    assert said(patient, REPEATED) == repeated


def test_worker_dies_while_sending(stack: Stack, both: list[Patient]) -> None:
    for patient in both:
        make_fail(stack, patient.channel, delay_s=20)  # longer than a worker waits
        notify(stack, patient, NOTICE)
    for patient in both:
        until(lambda patient=patient: last_sent(stack, patient).status in ("sending", "unknown"))
        until(lambda: not any(fault["left"] for fault in stack.sandbox.get("/faults").json()))  # it has left
    stack.kill("worker")
    let_stuck_sends_be_old(stack)
    for patient in both:
        until_sent(stack, patient, "unknown")
    for patient in both:
        until(lambda: said(patient, NOTICE) == 1)  # noqa: B023 - the platform took it after all, late
        writes_again(patient, repeated=1)


def test_gateway_dies_with_the_passive_reply_in_its_hands(stack: Stack, people: list[Patient]) -> None:
    patient = WeChatPatient.arrive(stack.sandbox)
    people.append(patient)
    with commits_wait(
        stack, "UPDATE", "outbound", "NEW.status = 'sending' AND NEW.passive_for IS NOT NULL"
    ) as claim:
        written = write(patient, QUESTION)
        until(claim.waiting)
        gateways = stack.processes("gateway")
        for gateway in gateways:
            gateway.suspend()
    until(lambda: last_sent(stack, patient).status == "sending")  # committed
    kill_all(gateways)
    with stack.frozen("sandbox"):
        stack.wait_until_ready()
    answered_once(stack, written, ANSWER)
    assert stored(stack, written).deliveries > 1
    assert last_sent(stack, patient).status == "sent"


def test_platforms_that_do_not_answer(stack: Stack, both: list[Patient]) -> None:
    """Longer than any platform needs: whether it was taken, nobody knows."""
    for patient in both:
        make_fail(stack, patient.channel, delay_s=11)
        notify(stack, patient, NOTICE)
    for patient in both:
        until_sent(stack, patient, "unknown")
    for patient in both:
        until(lambda: said(patient, NOTICE) == 1)  # noqa: B023 - the platform took it after all, late
        writes_again(patient, repeated=1)


def test_platforms_whose_answer_is_lost(stack: Stack, both: list[Patient]) -> None:
    for patient in both:
        make_fail(stack, patient.channel, drop_after_accept=True)
        notify(stack, patient, NOTICE)
    for patient in both:
        until_sent(stack, patient, "unknown")
        assert said(patient, NOTICE) == 1
        writes_again(patient, repeated=1)


def test_platforms_that_fail_before_they_take_it(stack: Stack, both: list[Patient]) -> None:
    for patient in both:
        make_fail(stack, patient.channel, code=500)
        notify(stack, patient, NOTICE)
    for patient in both:
        sent = until_sent(stack, patient, "sent")
        assert sent.attempts == 2
        assert said(patient, NOTICE) == 1
        writes_again(patient, repeated=0)


def test_platforms_that_ask_for_patience(stack: Stack, both: list[Patient]) -> None:
    for patient, how in zip(both, ({"code": 45009}, {"code": 429, "retry_after": 20}), strict=True):
        make_fail(stack, patient.channel, **how)
        notify(stack, patient, NOTICE)
    wechat, telegram = both
    held = until_tried(stack, telegram)
    assert 0 < held.wait < 21
    assert until_sent(stack, telegram, "sent").attempts == 2
    held = until_tried(stack, wechat)  # the day's calls are used up: later, or with the next passive reply
    assert held.status == "queued"
    assert 3000 < held.wait < DAY
    wechat.say(QUESTION)
    for patient in both:
        settle(stack, patient)
        assert said(patient, NOTICE) == 1


@pytest.mark.parametrize("code", [45015, 45047], ids=["window closed", "quota used up"])
@pytest.mark.parametrize("stranger", ["wechat"], indirect=True)
def test_a_shut_window_opens_when_the_patient_writes(stack: Stack, stranger: Patient, code: int) -> None:
    make_fail(stack, "wechat", code=code)
    notify(stack, stranger, NOTICE)
    assert until_tried(stack, stranger).status == "queued"
    notify(stack, stranger, "还有一句。")  # is not even tried
    answer = stranger.say(QUESTION)
    settle(stack, stranger)
    assert NOTICE in answer
    assert "还有一句。" in answer
    assert said(stranger, NOTICE) == said(stranger, ANSWER) == 1
    calls = stranger.sandbox.get("/wechat", params=stranger.address).json()["calls"]
    assert sum(call["operation"] == "message/custom/send" for call in calls) == 1


def test_a_patient_who_left_gets_nothing_more(stack: Stack, both: list[Patient]) -> None:
    for patient, code in zip(both, (43004, 403), strict=True):
        make_fail(stack, patient.channel, code=code)
        notify(stack, patient, NOTICE)
    for patient in both:
        until_sent(stack, patient, "failed")
        writes_again(patient, repeated=0)
        assert said(patient, NOTICE) == 0


def until_tried(stack: Stack, patient: Patient) -> Sent:
    """The newest message after its first try, which the platform refused."""
    until(lambda: last_sent(stack, patient).error)
    return last_sent(stack, patient)
