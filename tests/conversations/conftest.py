"""Patients on a running program: strangers, and ones the hospital knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.conversations.hospital import Hospital
from tests.patients import PATIENTS, Patient, TelegramPatient, WeChatPatient
from tests.stack import Stack


class Arrive(Protocol):
    """Makes a patient of a channel who has met the account; `registered` through the hospital's services."""

    def __call__(self, channel: str, *, registered: bool = False, **order: Any) -> Patient: ...


@pytest.fixture(scope="session")
def hospital(stack: Stack) -> Hospital:
    return Hospital(stack)


@pytest.fixture
def arrive(stack: Stack, hospital: Hospital) -> Arrive:
    def make(channel: str, *, registered: bool = False, **order: Any) -> Patient:
        kind = PATIENTS[channel]
        if not registered:
            return kind.arrive(stack.sandbox, **order)
        person = kind.arrive(stack.sandbox, **order, **{kind.meeting: False})
        hospital.register([person])
        person.does(kind.meeting)
        return person

    return make


@pytest.fixture(params=PATIENTS)
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stranger(channel: str, arrive: Arrive) -> Patient:
    """On both platforms."""
    return arrive(channel)


@pytest.fixture
def registered(channel: str, arrive: Arrive) -> Patient:
    """On both platforms."""
    return arrive(channel, registered=True)


@pytest.fixture
def wechat(arrive: Arrive) -> WeChatPatient:
    """A registered patient, where the platform makes no difference."""
    person = arrive("wechat", registered=True)
    assert isinstance(person, WeChatPatient)
    return person


@pytest.fixture
def telegram(arrive: Arrive) -> TelegramPatient:
    """A registered patient."""
    person = arrive("telegram", registered=True)
    assert isinstance(person, TelegramPatient)
    return person


@pytest.fixture
def faults(stack: Stack) -> Iterator[Any]:
    """`faults(platform=…, …)` makes a platform fail until the test is over."""

    def add(**rule: Any) -> None:
        stack.sandbox.post("/faults", json=rule).raise_for_status()

    yield add
    stack.sandbox.delete("/faults").raise_for_status()
