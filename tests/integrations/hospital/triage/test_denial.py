"""What is denied is no evidence; a no that is the complaint stays one."""

from __future__ import annotations

import pytest

from integrations.hospital.triage.assess import assess
from integrations.hospital.triage.denial import spoken
from tests.eval.denied import figures, rows


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("不发烧，就是咳嗽", "，，，，就是咳嗽"),
        ("没有外伤，膝盖疼", "，，，，，膝盖疼"),
        ("没有发烧、咳嗽这些，脚崴了", "，，，，，，，，，，脚崴了"),
        ("头不疼，耳朵响", "，，，，耳朵响"),
        ("胸口不疼，就是咳嗽", "胸口，，，就是咳嗽"),
        ("胸口不疼，膝盖肿了", "，，，，，膝盖肿了"),
        ("肚子不疼，就是胀", "肚子，，，就是胀"),
        ("不咳也不吐", "，，，，，"),
        ("no ，发烧，, 咳嗽", "，" * 7 + ", 咳嗽"),
    ],
)
def test_what_is_denied_is_left_out(text: str, left: str) -> None:
    assert spoken(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "右手没力气",
        "睡不着，吃不下",
        "例假没来",
        "备孕一年没怀孕",
        "看看有没有糖尿病",
        "不知道是不是骨折",
        "这个疼不疼",
        "没有发烧吧？",
        "没有高血压药了",
        "无痛血尿",
        "发烧一直不退",
        "鼻子不通气",
    ],
)
def test_a_no_that_denies_nothing_stays(text: str) -> None:
    assert spoken(text) == text


def test_departments_and_reasons_of_the_whole_set() -> None:
    written, kept_back = (figures(every, assess) for every in rows())
    assert written["misled"] + kept_back["misled"] <= 2
    assert written["first"] >= 0.95
    assert kept_back["first"] >= 0.9


def test_a_denied_fever_still_answers_the_question_for_it() -> None:
    asked = assess("不发烧，浑身没劲").question
    assert asked is None or asked.key != "fever"
