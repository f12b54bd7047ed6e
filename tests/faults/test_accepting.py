"""Acknowledge after commit: what a platform was told is taken is answered, once, whatever dies."""

from __future__ import annotations

import time

import httpx
import pytest
from redis import Redis

from tests.faults.breaking import (
    ANSWER,
    OTHER_ANSWER,
    OTHER_QUESTION,
    QUESTION,
    Written,
    answered_once,
    attempts,
    down,
    said_after,
    settle,
    stored,
    until,
    write,
)
from tests.patients import Patient, WeChatPatient
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.faults]

CHEST_PAIN = "我胸口压着疼，出冷汗，喘不上气"
TRIES = 3  # for what must come in time: a machine may stand still, but not at each of them


def accepted(stack: Stack, both: list[Patient], text: str = QUESTION) -> list[Written]:
    """Both write, and both messages are stored."""
    written = [write(patient, text) for patient in both]
    for one in written:
        until(lambda one=one: stored(stack, one))
    return written


def test_gateway_dies_after_accepting(stack: Stack, both: list[Patient]) -> None:
    with stack.frozen("worker"):
        written = accepted(stack, both)
        stack.kill("gateway")
        with stack.frozen("sandbox"):
            stack.wait_until_ready()
    for one in written:
        answered_once(stack, one, ANSWER)
    wechat = stored(stack, written[0])
    assert wechat
    assert wechat.deliveries > 1  # it was held open for its answer, so WeChat brought it again


def test_worker_and_its_clock_die_after_accepting(stack: Stack, both: list[Patient]) -> None:
    with stack.frozen("worker"):
        written = accepted(stack, both)
        stack.kill("beat")
        stack.kill("worker")
    for one in written:
        answered_once(stack, one, ANSWER)


def test_platforms_bring_a_message_again(stack: Stack, both: list[Patient]) -> None:
    for platform, operation in (("wechat", "callback"), ("telegram", "webhook")):
        order = {"platform": platform, "operation": operation, "drop_after_accept": True, "count": 1}
        stack.sandbox.post("/faults", json=order).raise_for_status()
    for one in accepted(stack, both):
        answered_once(stack, one, ANSWER)
        again = stored(stack, one)
        assert again
        assert again.deliveries >= 2


def test_without_valkey_messages_are_taken_in_time(stack: Stack, both: list[Patient]) -> None:
    """And answered: the worker looks into the database by itself."""
    with down(stack, "valkey"):
        written = [taken_in_time(stack, patient) for patient in both]
        for ones in written:
            each_answered_once(stack, ones)


def test_behind_a_frozen_valkey_messages_are_taken_in_time(stack: Stack, both: list[Patient]) -> None:
    with stack.frozen("valkey"):
        written = [taken_in_time(stack, patient) for patient in both]
    for ones in written:
        each_answered_once(stack, ones)


def test_an_emptied_valkey_is_no_loss(stack: Stack, both: list[Patient]) -> None:
    with stack.frozen("worker"):
        written = accepted(stack, both)
        with Redis.from_url(stack.addresses["REDIS_URL"]) as valkey:
            valkey.flushall()
    for one in written:
        answered_once(stack, one, ANSWER)
    for patient in both:  # and the worker is still woken
        assert OTHER_ANSWER in patient.say(OTHER_QUESTION)


def test_red_flags_are_answered_when_all_else_is_dead(stack: Stack, both: list[Patient]) -> None:
    with down(stack, "worker", "rasa", "actions", "valkey"):
        for patient in both:
            assert "120" in patient.say(CHEST_PAIN)
    for patient in both:
        written = write(patient, OTHER_QUESTION)
        until(lambda: said_after(patient, written.entry), 300)  # noqa: B023 - all four have to start again
        answered_once(stack, written, OTHER_ANSWER)
        assert sum("急诊" in text for text in patient.all_said()) == 1


def test_red_flags_do_not_wait_for_a_frozen_valkey(stack: Stack, both: list[Patient]) -> None:
    with down(stack, "worker"), stack.frozen("valkey"):
        for patient in both:
            assert any(warned_at_once(patient) for _ in range(TRIES))


def warned_at_once(patient: Patient) -> bool:
    """Sooner than Valkey is given up."""
    began = time.monotonic()
    assert "120" in patient.say(CHEST_PAIN)
    return time.monotonic() - began < 3


def test_silence_after_the_question_of_a_check_calls_staff_without_a_worker(
    stack: Stack, both: list[Patient]
) -> None:
    with down(stack, "worker"):
        assert "“有”或“没有”" in both[0].say("我好绝望")
        [(number,)] = stack.rows(
            "UPDATE alarms SET page_at = now() WHERE outcome = 'check' AND answer IS NULL RETURNING number"
        )
        until(lambda: stack.rows("SELECT 1 FROM alarms WHERE number = %s AND paged_at IS NOT NULL", number))


def test_without_postgres_nothing_is_acknowledged(stack: Stack, both: list[Patient]) -> None:
    with down(stack, "postgres"):
        written = [write(patient, QUESTION) for patient in both]
        for patient in both:
            until(lambda patient=patient: attempts(patient))
            assert attempts(patient)[0]["status"] == 503
        assert httpx.get(f"{stack.gateway_url}/health/ready", timeout=60).status_code == 503
        sandbox = stack.process("sandbox")
        sandbox.suspend()
    stack.wait_until_ready()
    sandbox.resume()
    for one in written:
        answered_once(stack, one, ANSWER)
    for patient in both:
        assert OTHER_ANSWER in patient.say(OTHER_QUESTION)


def taken_in_time(stack: Stack, patient: Patient) -> list[Written]:
    """The patient writes until the platform was told at its first try, in its time. Gives all that was written."""
    written: list[Written] = []
    while not written or not acknowledged_in_time(patient):
        assert len(written) < TRIES, f"never taken in time: {attempts(patient)}"
        written.append(write(patient, QUESTION))
        until(lambda: stored(stack, written[-1]))
    return written


def acknowledged_in_time(patient: Patient) -> bool:
    first = until(lambda: attempts(patient))
    # Telegram has no answer to wait for.
    longest = 5000 if isinstance(patient, WeChatPatient) else 1500
    return [attempt["status"] for attempt in first] == [200] and first[0]["ms"] < longest


def each_answered_once(stack: Stack, written: list[Written]) -> None:
    """By as many answers as there were questions."""
    if len(written) == 1:
        answered_once(stack, written[0], ANSWER)
        return
    settle(stack, written[0].patient)
    said = "\n".join(said_after(written[0].patient, written[0].entry))
    assert said.count(ANSWER) == len(written)
