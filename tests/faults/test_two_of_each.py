"""Two gateways, two workers and two Rasas over one Postgres and one Redis: any of them may die."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.launching.table import gateway_ports, local_rasa_ports
from tests.faults.auditing import audit
from tests.faults.breaking import (
    ANSWER,
    OTHER_ANSWER,
    OTHER_QUESTION,
    QUESTION,
    answered_once,
    conversation,
    said_after,
    settle,
    stored,
    until,
    write,
)
from tests.faults.conftest import READY_SECONDS, SANDBOX
from tests.patients import PATIENTS, Patient
from tests.stack import Stack, running_stack

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture(scope="module")
def stack(servers: Path) -> Iterator[Stack]:
    var = servers / "two"
    var.mkdir()
    with running_stack(var, environment=SANDBOX, processes=2) as running:
        yield running


@pytest.fixture
def people(stack: Stack) -> Iterator[list[Patient]]:
    """Two patients on each platform, so that both Rasas have somebody; all must be well in the end."""
    stack.wait_until_ready(READY_SECONDS)
    came = [arrives.arrive(stack.sandbox) for arrives in PATIENTS.values() for _ in range(2)]
    for patient in came:
        settle(stack, patient)
    yield came
    audit(stack, came)


def test_messages_of_one_patient_through_both_gateways_keep_their_order(
    stack: Stack, people: list[Patient]
) -> None:
    """The sandbox brings them to the gateways in turn, the next one as soon as the last is stored; either worker may
    answer. WeChat's answers travel in the webhooks' own responses, and those may overtake each other."""
    for patient in people:
        written = []
        for words in (QUESTION, OTHER_QUESTION, QUESTION, OTHER_QUESTION, QUESTION):
            written.append(write(patient, words))
            until(lambda one=written[-1]: stored(stack, one))
        settle(stack, patient)
        assert _answered_in_order(stack, patient)
        came = _asked(patient, written[0].entry)
        expected = [ANSWER, OTHER_ANSWER, ANSWER, OTHER_ANSWER, ANSWER]
        assert sorted(came) == sorted(expected)
        if patient.channel == "telegram":
            assert came == expected
    for port in gateway_ports(stack.options.settings()):
        process = stack.process("gateway", str(port))
        assert process.is_running()
    assert _passive_answers(stack), "nothing was answered passively"


def test_either_gateway_may_die(stack: Stack, people: list[Patient]) -> None:
    for port in gateway_ports(stack.options.settings()):
        stack.kill("gateway", str(port))
        for patient in people:
            answered_once(stack, write(patient, QUESTION), ANSWER)
        stack.wait_until_ready(READY_SECONDS)


def test_a_rasa_that_dies_in_the_middle_of_turns_leaves_them_to_the_other(
    stack: Stack, people: list[Patient]
) -> None:
    ports = local_rasa_ports(stack.options.settings())
    assert len(ports) == 2
    victim = stack.process("rasa", f"--port {ports[0]}")
    victim.suspend()  # its turns hang in the middle
    written = [write(patient, QUESTION) for patient in people]
    others = [one for one in written if _rasa_of(stack, one.patient) == 1]
    for one in others:
        answered_once(stack, one, ANSWER)
    victim.kill()
    for one in written:
        answered_once(stack, one, ANSWER)
    for patient in people:  # while it starts again, the other takes its conversations
        answered_once(stack, write(patient, OTHER_QUESTION), OTHER_ANSWER)


def _asked(patient: Patient, entry: int) -> list[str]:
    """Which answers came, in the order of the phone; messages of ours may hold several."""
    found = []
    for text in said_after(patient, entry):
        places = [(text.find(words), words) for words in (ANSWER, OTHER_ANSWER)]
        found += [words for place, words in sorted(places) if place >= 0]
    return found


def _answered_in_order(stack: Stack, patient: Patient) -> bool:
    """Turns were concluded in the order of the messages."""
    rows = stack.rows(
        "SELECT done_at FROM inbound WHERE conversation_id = %s AND kind = 'text' ORDER BY seq",
        conversation(stack, patient),
    )
    return len(rows) >= 5 and rows == sorted(rows)


def _passive_answers(stack: Stack) -> int:
    return int(stack.rows("SELECT count(*) FROM outbound WHERE platform_id LIKE 'passive:%%'")[0][0])


def _rasa_of(stack: Stack, patient: Patient) -> int:
    """Which of the two has the conversation while both live."""
    return int(conversation(stack, patient).replace("-", ""), 16) % 2
