"""A follow-up through the platforms' doors: the hospital asks, the patient answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conversations.hospital import Hospital
from tests.patients import Patient
from tests.stack import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Arrive = Callable[..., Patient]


def test_it_is_asked_answered_and_alarms(arrive: Arrive, hospital: Hospital, channel: str) -> None:
    patient = arrive(channel, registered=True)
    patient.say("你好")
    task = hospital.follow_up(patient, "hypertension")
    said = patient.read(patient.seen, wait=30)
    assert "到随访的时间了，有 3 个小问题" in said
    said = patient.choose("开始")
    assert "今天早上的血压是多少" in said
    said = patient.say("135 85，药按时吃了")
    assert "血压 135/85，记下了" in said
    assert "头晕、头痛或者胸闷" in said
    said = patient.choose("没有")
    assert "都记下了" in said
    eventually(lambda: hospital.one("SELECT status FROM follow_up_tasks WHERE id = %s", task) == "done")
    said = patient.say("血压 190/120")
    assert "190/120" in said
    assert "120" in said
    assert hospital.one("SELECT count(*) FROM follow_up_alerts WHERE status = 'open'") >= 1
    said = patient.say("看看我的血压")
    assert "最近 90 天记了 2 次，平均 162/102" in said
