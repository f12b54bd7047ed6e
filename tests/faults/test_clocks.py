"""A clock that is wrong, and is set right while answers wait. (Each wait for itself: tests/bot/test_clocks.)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.breaking import ANSWER, QUESTION, answered_once, down, until, worker_beside, write
from tests.faults.inside import last_sent, notify, until_sent
from tests.faults.test_sending import NOTICE, make_fail, said
from tests.patients import Patient
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.mark.parametrize("seconds", [3600, -600], ids=["set back by an hour", "set forward by ten minutes"])
def test_answers_wait_for_no_clock(stack: Stack, both: list[Patient], seconds: int) -> None:
    with down(stack, "worker"), worker_by_another_clock(stack, seconds):
        for one in [write(patient, QUESTION) for patient in both]:
            answered_once(stack, one, ANSWER)
        for patient in both:
            make_fail(stack, patient.channel, code=500)
            notify(stack, patient, NOTICE)
        until(lambda: all(last_sent(stack, patient).error for patient in both))
    for patient in both:  # by a worker with the right clock
        assert until_sent(stack, patient, "sent").attempts == 2
        assert said(patient, NOTICE) == 1


@contextmanager
def worker_by_another_clock(stack: Stack, seconds: int) -> Iterator[None]:
    """A worker as the supervised one is, but for its clock."""
    with worker_beside(stack, f"clock{abs(seconds)}", "-m", "tests.faults.by_another_clock", str(seconds)):
        yield
