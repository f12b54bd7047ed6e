"""Values in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.catalogue import Texts
from integrations.hospital.follow_up import wording
from integrations.hospital.follow_up.plans import FOLDER, load


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


@pytest.mark.parametrize(
    ("plan", "question", "value", "told"),
    [
        ("hypertension", "pressure", {"systolic": 190.0, "diastolic": 120.0}, "血压 190/120"),
        ("diabetes", "sugar", {"value": 3.2, "when": "fasting"}, "血糖 3.2（空腹）"),
        ("diabetes", "feet", True, "是"),
        ("after_surgery", "pain", 9, "疼痛 9 分"),
        ("after_surgery", "wound", "leaking", "渗血、流脓或裂开"),
        ("after_surgery", "words", "伤口有点痒", "伤口有点痒"),
    ],
)
def test_an_answer_is_told_as_the_patient_would(
    texts: Texts, plan: str, question: str, value: Any, told: str
) -> None:
    asked = load(FOLDER).by_id[plan].question(question)
    assert asked
    assert wording.told(texts, asked, value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [({"systolic": 190.0, "diastolic": 120.0}, "190/120"), (True, "是"), (6.0, "6"), ("a", "a")],
)
def test_an_answer_to_a_question_that_is_gone(value: Any, told: str) -> None:
    assert wording.plain(value) == told
