"""What somebody filled in on a follow-up's page."""

from __future__ import annotations

from bot.pages.questionnaire import read_filled
from bot.pages.speech import Speech
from integrations.hospital.follow_up.plans import FOLDER, load

PLANS = load(FOLDER)


def test_a_value_left_out_is_remembered_before_one_that_staff_see() -> None:
    diabetes = PLANS.get("diabetes")
    assert diabetes is not None
    weight_first = [question for one in ("weight", "sugar") if (question := diabetes.question(one))]
    twice = {"weight": "130", "weight-doubted": "130", "sugar": "108", "sugar-doubted": "108"}
    filled = read_filled(PLANS, weight_first, twice, Speech("zh-Hans"))
    assert [one.question.id for one in filled.stood_by] == ["sugar"]
    assert filled.dropped
