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
    stored,
    until,
    write,
)
from tests.patients import Patient, WeChatPatient
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(600, func_only=True)]

CHEST_PAIN = "我胸口压着疼，出冷汗，喘不上气"


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
        assert again.deliveries == 2


def test_without_valkey_messages_are_taken_in_time(stack: Stack, both: list[Patient]) -> None:
    """And answered: the worker looks into the database by itself."""
    with down(stack, "valkey"):
        written = accepted(stack, both)
        acknowledged(both)
        for one in written:
            answered_once(stack, one, ANSWER)


def test_behind_a_frozen_valkey_messages_are_taken_in_time(stack: Stack, both: list[Patient]) -> None:
    with stack.frozen("valkey"):
        written = accepted(stack, both)
        acknowledged(both)
    for one in written:
        answered_once(stack, one, ANSWER)


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
            began = time.monotonic()
            assert "120" in patient.say(CHEST_PAIN)
            assert time.monotonic() - began < 3
    for patient in both:
        written = write(patient, OTHER_QUESTION)
        until(lambda: said_after(patient, written.entry), 300)  # noqa: B023 - all four have to start again
        answered_once(stack, written, OTHER_ANSWER)
        assert sum("急诊" in text for text in patient.all_said()) == 1


def test_red_flags_do_not_wait_for_a_frozen_valkey(stack: Stack, both: list[Patient]) -> None:
    with down(stack, "worker"), stack.frozen("valkey"):
        for patient in both:
            began = time.monotonic()
            assert "120" in patient.say(CHEST_PAIN)
            assert time.monotonic() - began < 3


def test_silence_after_the_question_of_a_check_calls_staff_without_a_worker(
    stack: Stack, both: list[Patient]
) -> None:
    with down(stack, "worker"):
        assert "“有”或“没有”" in both[0].say("我好绝望")
        [(number,)] = stack.rows(
            "UPDATE alarms SET page_at = now() WHERE outcome = 'check' AND answer IS NULL RETURNING number"
        )
        until(
            lambda: stack.rows("SELECT 1 FROM alarms WHERE number = %s AND paged_at IS NOT NULL", number), 60
        )


def test_without_postgres_nothing_is_acknowledged(stack: Stack, both: list[Patient]) -> None:
    with down(stack, "postgres"):
        written = [write(patient, QUESTION) for patient in both]
        for patient in both:
            until(lambda patient=patient: attempts(patient))
            assert attempts(patient)[0]["status"] == 503
        assert httpx.get(f"{stack.gateway_url}/health/ready", timeout=10).status_code == 503
        sandbox = stack.process("sandbox")
        sandbox.suspend()
    stack.wait_until_ready()
    sandbox.resume()
    for one in written:
        answered_once(stack, one, ANSWER)
    for patient in both:
        assert OTHER_ANSWER in patient.say(OTHER_QUESTION)


def acknowledged(both: list[Patient]) -> None:
    """Each platform was told at its first try, in its time."""
    for patient in both:
        first = until(lambda patient=patient: attempts(patient))
        assert [attempt["status"] for attempt in first] == [200]
        assert first[0]["ms"] < 5000
        if not isinstance(patient, WeChatPatient):
            assert first[0]["ms"] < 1500  # there is no answer to wait for
