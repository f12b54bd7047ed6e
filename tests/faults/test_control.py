"""Holds that run out by themselves, and what a person in control changes."""

from __future__ import annotations

import pytest

from bot.models import ControlState
from tests.faults.breaking import (
    ANSWER,
    OTHER_ANSWER,
    OTHER_QUESTION,
    QUESTION,
    conversation,
    settle,
    stored,
    turns_of,
    until,
    write,
)
from tests.faults.inside import hand_over, last_sent, until_sent
from tests.patients import Patient
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.faults]

RAN_OUT = "没有在时限内缴费"


def test_a_hold_that_runs_out_frees_its_slot_and_says_so_once(
    stack: Stack, people: list[Patient], registered: dict[str, Patient]
) -> None:
    people += registered.values()
    held = [book(stack, patient, "内分泌科") for patient in people]
    for slot in held:
        run_out(stack, slot)
    for patient in people:
        until(lambda patient=patient: told(patient))
    assert [free(stack, slot) for slot in held] == [True, True]
    stack.kill("worker")  # and whoever comes after does not tell it again
    for patient in people:
        patient.say(OTHER_QUESTION)
        settle(stack, patient)
        assert told(patient) == 1


def test_while_a_person_speaks_the_bot_is_silent(
    stack: Stack, people: list[Patient], registered: dict[str, Patient]
) -> None:
    people += registered.values()
    before = [told(patient) for patient in people]
    held = [book(stack, patient, "肾内科") for patient in people]
    turns = [turns_of(stack, patient) for patient in people]
    for patient in people:
        hand_over(stack, patient, ControlState.AGENT)
    for slot in held:
        run_out(stack, slot)
    written = [write(patient, QUESTION) for patient in people]
    for one in written:
        until(lambda one=one: (kept := stored(stack, one)) and kept.status == "done")
    until(lambda: all(free(stack, slot) for slot in held))
    until(lambda: not stack.rows("SELECT 1 FROM hospital_events WHERE handled_at IS NULL"))
    for patient in people:
        assert "120" in patient.say("我胸口压着疼，出冷汗，喘不上气")  # an alarm goes out whoever speaks
        assert last_notice(stack, patient) == "queued"
    assert [turns_of(stack, patient) for patient in people] == turns
    assert [told(patient) for patient in people] == before
    for patient in people:
        hand_over(stack, patient, ControlState.BOT)
    for patient, number in zip(people, before, strict=True):
        assert OTHER_ANSWER in patient.say(
            OTHER_QUESTION
        )  # after an alarm news waits until the patient goes on
        until(lambda patient=patient, number=number: told(patient) == number + 1)


@pytest.mark.parametrize("stranger", ["telegram"], indirect=True)
def test_what_the_bot_had_queued_is_dropped_when_a_person_takes_over(stack: Stack, stranger: Patient) -> None:
    order = {"platform": "telegram", "operation": "sendMessage", "code": 429, "retry_after": 20, "count": 1}
    stack.sandbox.post("/faults", json=order).raise_for_status()
    write(stranger, QUESTION)
    until(lambda: last_sent(stack, stranger).error)
    hand_over(stack, stranger, ControlState.WAITING)
    until_sent(stack, stranger, "dropped")
    assert not any(ANSWER in text for text in stranger.all_said())
    hand_over(stack, stranger, ControlState.BOT)
    assert OTHER_ANSWER in stranger.say(OTHER_QUESTION)
    assert not any(ANSWER in text for text in stranger.all_said())


def book(stack: Stack, patient: Patient, department: str) -> str:
    """Books with a fee; gives the slot that is held."""
    patient.say(f"我要挂{department}")
    patient.choose("余")
    assert "订单号" in patient.choose("确认")
    return stack.rows(
        """
        SELECT slot_id::text FROM appointments
        WHERE contact_id = %s AND status = 'held' ORDER BY created_at DESC LIMIT 1
        """,
        conversation(stack, patient),
    )[0][0]


def run_out(stack: Stack, slot: str) -> None:
    stack.rows(
        "UPDATE appointments SET hold_expires_at = now() - interval '1 s' WHERE slot_id = %s AND status = 'held'",
        slot,
    )


def free(stack: Stack, slot: str) -> bool:
    return stack.rows("SELECT status = 'free' FROM slots WHERE id = %s", slot)[0][0]


def told(patient: Patient) -> int:
    return sum(text.count(RAN_OUT) for text in patient.all_said())


def last_notice(stack: Stack, patient: Patient) -> str:
    return stack.rows(
        "SELECT status FROM outbound WHERE conversation_id = %s AND inbound_id IS NULL ORDER BY seq DESC LIMIT 1",
        conversation(stack, patient),
    )[0][0]
