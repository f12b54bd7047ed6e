"""From a stranger to an appointment, on both platforms, through their own doors."""

import pytest

from tests.patients import PATIENTS, Patient
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture(params=PATIENTS)
def patient(request: pytest.FixtureRequest, stack: Stack) -> Patient:
    return PATIENTS[request.param].arrive(stack.sandbox)


def test_a_stranger_registers_and_books(patient: Patient, stack: Stack) -> None:
    assert "不是医生" in patient.last
    patient.register()
    assert "登记好了" in patient.last
    patient.say("挂号")
    patient.say("心内科")
    patient.choose("余")
    said = patient.choose("确认")
    assert "心血管内科" in said
    assert "心血管内科" in patient.say("我的预约")
