"""Triage as its callers see it."""

from __future__ import annotations

import pytest

from integrations.hospital.demo_hospital import DEPARTMENTS
from integrations.hospital.triage.assess import Person, Ranked, assess, offered
from integrations.hospital.triage.departments import nearest, standards

DEMO = {one.name: one.aliases for one in DEPARTMENTS}


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("眼睛又红又痒，一直流泪", "眼科"),
        ("膝盖疼，上下楼梯更厉害", "骨科"),
        ("身上起了好多红疹子，很痒", "皮肤科"),
    ],
)
def test_the_first_department_is_the_right_one(text: str, department: str) -> None:
    assert assess(text).ranked[0].department == department


def test_probabilities_cover_every_department_and_sum_to_one() -> None:
    ranked = assess("头晕").ranked
    assert sum(one.score for one in ranked) == pytest.approx(1)
    assert {one.department for one in ranked} == set(standards())


def test_at_most_three_questions_are_asked() -> None:
    answers: dict[str, str] = {}
    while question := assess("不舒服", Person(), answers).question:
        assert question.key not in answers
        answers[question.key] = question.answers[0]
    assert len(answers) <= 3


@pytest.mark.parametrize("department", list(standards()))
def test_every_department_leads_somewhere_in_the_demo_hospital(department: str) -> None:
    assert offered([Ranked(department, 1.0)], DEMO)


def test_a_missing_department_becomes_a_broader_one() -> None:
    assert nearest("乳腺外科", DEMO) == "普通外科"
    assert nearest("心血管内科", {"内科": ()}) == "内科"
    assert offered([Ranked("眼科", 1.0)], {"急诊科": ()})[0].department == "急诊科"
