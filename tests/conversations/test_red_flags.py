"""Red flags through the door: what must be seen today, and the one question."""

from __future__ import annotations

import pytest

from tests.conversations.hospital import Hospital
from tests.conversations.passing import calm_duty_phones, let_pass
from tests.patients import Patient, WeChatPatient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def test_a_question_first_then_the_way_on(stranger: Patient) -> None:
    """Yes to it ends where an ambulance is the answer; what is neither yes nor no is asked once more."""
    said = stranger.say("胸口有点疼")
    assert "“有”或“没有”" in said
    assert "120" in said
    assert "“有”或“没有”" in stranger.say("在吗")
    assert "不要自己开车" in stranger.say("嗯，有")


def test_no_to_the_question_answers_what_was_asked(stranger: Patient) -> None:
    assert "“有”或“没有”" in stranger.say("急诊在哪里，我胸口有点疼")
    said = stranger.say("没有")
    assert "一旦出现" in said


def test_what_should_be_seen_today_says_so(stranger: Patient) -> None:
    said = stranger.say("右下腹疼得厉害，还发烧恶心")
    assert "今天" in said
    assert "120" in said


def test_two_minutes_without_an_answer_to_the_question_call_staff(
    wechat: WeChatPatient, hospital: Hospital
) -> None:
    def paged() -> bool:
        found = "SELECT outcome, answer, paged_at IS NOT NULL FROM alarms WHERE conversation_id = %s"
        return hospital.rows(found, hospital.contact(wechat)) == [("check", None, True)]

    assert "“有”或“没有”" in wechat.say("胸口有点疼")
    assert not paged()
    let_pass(hospital, wechat, 120)
    calm_duty_phones(hospital)
    eventually(paged)
