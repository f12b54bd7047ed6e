"""A program of their own for tests that kill its processes, and the audit after each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.auditing import audit
from tests.faults.breaking import settle
from tests.patients import PATIENTS, Patient
from tests.stack import Stack, running_stack

READY_SECONDS = 300  # two of each start at once, on a machine that has other things to do

# A broken connection brings WeChat's next delivery at once: too early for a test that wants to stop it. News of
# payments that was not taken comes again after seconds instead of minutes.
SANDBOX = {
    "SANDBOX_WECHAT_RETRY_PAUSE": "2",
    "SANDBOX_WECHATPAY_NOTIFY_SCALE": "0.2",
    "SANDBOX_ALIPAY_NOTIFY_SCALE": "0.02",
}


@pytest.fixture(scope="package")
def stack(servers: Path) -> Iterator[Stack]:
    var = servers / "faults"
    var.mkdir(exist_ok=True)
    with running_stack(var, environment=SANDBOX) as running:
        yield running


@pytest.fixture
def people(stack: Stack) -> Iterator[list[Patient]]:
    """Everybody who takes part in the test: in the end all must be well with them."""
    taking_part: list[Patient] = []
    stack.wait_until_ready(READY_SECONDS)
    yield taking_part
    stack.sandbox.delete("/faults")
    stack.wait_until_ready(READY_SECONDS)
    audit(stack, taking_part)


@pytest.fixture
def both(stack: Stack, people: list[Patient]) -> list[Patient]:
    """A patient on each platform who has just come."""
    people += [arrives.arrive(stack.sandbox) for arrives in PATIENTS.values()]
    for patient in people:
        settle(stack, patient)
    return people


@pytest.fixture
def stranger(request: pytest.FixtureRequest, stack: Stack, people: list[Patient]) -> Patient:
    """A patient who has just come; indirect parameter: the platform."""
    people.append(PATIENTS[request.param].arrive(stack.sandbox))
    return people[0]


@pytest.fixture(scope="package")
def registered(stack: Stack) -> dict[str, Patient]:
    """A patient on each platform who may book."""
    stack.wait_until_ready(READY_SECONDS)
    known = {channel: arrives.arrive(stack.sandbox) for channel, arrives in PATIENTS.items()}
    for patient in known.values():
        patient.register()
    return known
