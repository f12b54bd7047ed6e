"""Red flags through the door: what must be seen today, the one question, and where the patient is."""

from __future__ import annotations

import pytest

from tests.patients import Patient

pytestmark = pytest.mark.slow


def test_a_question_first_then_the_way_on(patient: Patient) -> None:
    """The two of them end where an ambulance is the answer, and where it is not."""
    said = patient.say("胸口有点疼")
    assert "“有”或“没有”" in said
    assert "120" in said
    assert "不要自己开车" in patient.say("有")


def test_no_to_the_question_answers_what_was_asked(patient: Patient) -> None:
    assert "“有”或“没有”" in patient.say("急诊在哪里，我胸口有点疼")
    said = patient.say("没有")
    assert "一旦出现" in said


def test_what_should_be_seen_today_says_so(patient: Patient) -> None:
    said = patient.say("右下腹疼得厉害，还发烧恶心")
    assert "今天" in said
    assert "120" in said
