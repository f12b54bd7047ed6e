"""One turn at a time, effects exactly once: whoever dies in the middle of a turn."""

from __future__ import annotations

import signal

import pytest

from tests.faults.breaking import (
    ANSWER,
    OTHER_ANSWER,
    OTHER_QUESTION,
    QUESTION,
    answered_once,
    attempts,
    commits_wait,
    conversation,
    down,
    nobody_writes,
    press,
    settle,
    stored,
    turns_of,
    until,
    worker_beside,
    write,
)
from tests.faults.conftest import READY_SECONDS
from tests.patients import Patient
from tests.stack import Stack, kill_all

pytestmark = [pytest.mark.slow, pytest.mark.faults]

# Departments for each death, so that no booking meets an earlier one of the same patient; and one for each patient:
# who wants the last number of a half day waits until the booking that holds it is through, and here that waits too.
DEATHS = {
    "actions": ("呼吸科", "泌尿外科"),
    "rasa": ("消化内科", "普通外科"),
    "worker": ("神经内科", "肿瘤科"),
}


@pytest.mark.parametrize(("victim", "departments"), DEATHS.items(), ids=DEATHS)
def test_a_booking_is_made_once(
    stack: Stack,
    people: list[Patient],
    registered: dict[str, Patient],
    victim: str,
    departments: tuple[str, ...],
) -> None:
    """The victim dies between the commit of the booking and its own hearing of it, or of what came of it."""
    for patient, department in zip(registered.values(), departments, strict=True):
        people.append(patient)
        patient.say(f"我要挂{department}")
        patient.choose("余")
    before = [booked(stack, patient) for patient in people]
    with commits_wait(stack, "INSERT", "operations") as commit:
        written = [press(patient, "确认") for patient in people]
        until(lambda: commit.waiting() >= len(people))
        victims = stack.processes(victim)
        for process in victims:
            process.suspend()
    until(lambda: all(operations(stack, stored(stack, one).id) for one in written))  # committed
    kill_all(victims)
    stack.wait_until_ready(READY_SECONDS)
    for one, number in zip(written, before, strict=True):
        answered_once(stack, one, "已为您保留到")
        assert booked(stack, one.patient) == number + 1
        assert operations(stack, stored(stack, one).id) == 1


def test_worker_dies_after_rasa_answered(stack: Stack, both: list[Patient]) -> None:
    turns = [turns_of(stack, patient) for patient in both]
    with nobody_writes(stack, "outbound") as table:
        written = [write(patient, QUESTION) for patient in both]
        after = [number + 1 for number in turns]
        until(lambda: [turns_of(stack, patient) for patient in both] == after)
        until(lambda: table.waiting() >= len(both))
        stack.kill("worker")
    for one, number in zip(written, turns, strict=True):
        answered_once(stack, one, ANSWER)
        assert turns_of(stack, one.patient) == number + 1  # the replies were given again, nothing ran


def test_worker_is_told_to_stop_in_the_middle_of_a_turn(stack: Stack, both: list[Patient]) -> None:
    with nobody_writes(stack, "outbound") as table:
        written = [write(patient, QUESTION) for patient in both]
        until(lambda: table.waiting() >= len(both))
        workers = stack.processes("worker")
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        more = [write(patient, OTHER_QUESTION) for patient in both]
    for worker in workers:
        worker.wait(120)
    for one, other in zip(written, more, strict=True):
        settle(stack, one.patient)
        said = "\n".join(one.patient.all_said())
        assert said.count(ANSWER) == said.count(OTHER_ANSWER) == 1
        assert said.index(ANSWER) < said.index(OTHER_ANSWER)
        assert stored(stack, one).attempts == stored(stack, other).attempts == 0


@pytest.mark.parametrize("missing", ["rasa", "actions"])
def test_turns_wait_for(stack: Stack, both: list[Patient], missing: str) -> None:
    """A service that is not there is no failure: the turn waits."""
    with down(stack, missing):
        written = [write(patient, QUESTION) for patient in both]
        until(lambda: all(postponed(stack, patient) for patient in both))
    stack.wait_until_ready(READY_SECONDS)
    for one in written:
        answered_once(stack, one, ANSWER)
        assert stored(stack, one).attempts == 0


def test_postgres_dies_in_the_middle_of_turns(stack: Stack, both: list[Patient]) -> None:
    with nobody_writes(stack, "outbound") as table:
        written = [write(patient, QUESTION) for patient in both]
        until(lambda: table.waiting() >= len(both))
        stack.kill("postgres")
    for one in written:
        answered_once(stack, one, ANSWER)
        assert {attempt["status"] for attempt in attempts(one.patient)} <= {200, 503}


def test_valkey_dies_in_the_middle_of_turns(stack: Stack, both: list[Patient]) -> None:
    with nobody_writes(stack, "outbound") as table:
        written = [write(patient, QUESTION) for patient in both]
        until(lambda: table.waiting() >= len(both))
        stack.kill("valkey")
    for one in written:
        answered_once(stack, one, ANSWER)


def test_two_workers_keep_the_order(stack: Stack, both: list[Patient]) -> None:
    asked = [QUESTION, OTHER_QUESTION] * 3
    turns = [turns_of(stack, patient) for patient in both]
    with worker_beside(stack, "second"):
        for question in asked:
            for patient in both:
                written = write(patient, question)
                until(
                    lambda written=written: stored(stack, written)
                )  # WeChat may bring two the wrong way round
        for patient in both:
            settle(stack, patient)
    for patient, number in zip(both, turns, strict=True):
        assert turns_of(stack, patient) == number + len(asked)
        said = "\n".join(patient.all_said())
        order = sorted((at, words) for words in (ANSWER, OTHER_ANSWER) for at in places(said, words))
        assert [words for _, words in order] == [ANSWER, OTHER_ANSWER] * 3


def places(text: str, words: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(words, at)]


def operations(stack: Stack, inbound_id: str) -> int:
    """How many effects of a message are committed."""
    key = inbound_id.replace("-", "")
    return stack.rows("SELECT count(*) FROM operations WHERE message_id = %s", key)[0][0]


def booked(stack: Stack, patient: Patient) -> int:
    """How many appointments were ever made in this conversation."""
    rows = stack.rows("SELECT count(*) FROM appointments WHERE contact_id = %s", conversation(stack, patient))
    return rows[0][0]


def postponed(stack: Stack, patient: Patient) -> bool:
    rows = stack.rows(
        "SELECT 1 FROM inbound WHERE conversation_id = %s AND status = 'pending' AND retry_at IS NOT NULL",
        conversation(stack, patient),
    )
    return bool(rows)
