"""Triage as its callers see it. The model is trained on the first use, when its inputs have changed."""

from __future__ import annotations

import pytest

from integrations.hospital.demo_hospital import DEPARTMENTS
from integrations.hospital.triage.assess import (
    Person,
    Ranked,
    age_group,
    assess,
    offered,
    speaks_of_illness,
)
from integrations.hospital.triage.departments import nearest, standards
from integrations.language.script import traditional
from tests.eval.triage import OWN, right, rows

DEMO = {one.name: one.aliases for one in DEPARTMENTS}


def first(text: str, person: Person = Person(), answers: dict[str, str] | None = None) -> str:  # noqa: B008
    return assess(text, person, answers or {}).ranked[0].department


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("眼睛又红又痒，一直流泪", "眼科"),
        ("膝盖疼，上下楼梯更厉害", "骨科"),
        ("身上起了好多红疹子，很痒", "皮肤科"),
        ("怀孕三个月，有点见红", "产科"),
        ("宝宝五个月，拉肚子有奶瓣", "儿科"),
        ("被狗咬了，破皮出血", "急诊科"),
        ("My knee hurts when I climb stairs", "骨科"),
        ("red itchy rash on my arms for two weeks", "皮肤科"),
        ("I'm 12 weeks pregnant and bleeding a little", "产科"),
    ],
)
def test_the_first_department_is_the_right_one(text: str, department: str) -> None:
    assert first(text) == department


def test_messages_that_nothing_was_trained_on_are_understood() -> None:
    every = rows(OWN)
    found = [(row, assess(row.text)) for row in every]
    assert sum(right(row, one, 1) for row, one in found) / len(every) > 0.75
    assert sum(right(row, one, 3) for row, one in found) / len(every) > 0.9


def test_probabilities_cover_every_department_and_sum_to_one() -> None:
    ranked = assess("头晕").ranked
    assert sum(one.score for one in ranked) == pytest.approx(1)
    assert {one.department for one in ranked} == set(standards())
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


@pytest.mark.parametrize("text", ["", "？？", "hello", "1"])
def test_words_that_say_nothing_still_get_an_answer(text: str) -> None:
    found = assess(text)
    assert found.question
    assert not any(one.because for one in found.ranked)


def test_traditional_characters_are_read_like_simplified_ones() -> None:
    text = "膝蓋疼，頭暈"
    assert text != "膝盖疼，头晕"
    assert assess(text) == assess("膝盖疼，头晕")
    assert traditional("头晕") == "頭暈"


def test_a_child_goes_to_the_childrens_department_and_an_adult_does_not() -> None:
    said = "发烧咳嗽三天了，有痰"
    assert first(said, Person(age=3)) == "儿科"
    assert first(said, Person(age=35)) == "呼吸内科"
    assert first(said, answers={"age": "child"}) == "儿科"
    assert first("左眼进了沙子，眼睛红", Person(age=9)) == "眼科"


def test_a_man_never_goes_to_gynaecology() -> None:
    ranked = assess("小腹疼，尿频", Person(age=40, sex="male")).ranked
    women = sum(one.score for one in ranked if one.department in {"妇科", "产科"})
    assert women < 0.01


def test_who_is_past_the_age_is_not_asked_whether_she_is_pregnant() -> None:
    asked = assess("小肚子疼两天了", Person(age=36, sex="female")).question
    assert asked
    assert asked.key == "pregnant"
    told = assess("小肚子疼两天了", Person(age=58, sex="female")).question
    assert told is None or told.key != "pregnant"


def test_pregnancy_decides() -> None:
    assert first("肚子疼有点出血", Person(age=28, sex="female", pregnant=True)) == "产科"
    assert first("肚子疼有点出血", Person(age=28, sex="female", pregnant=False)) != "产科"


def test_reasons_are_the_patients_own_words() -> None:
    found = assess("最近总是头晕，手脚发麻，怎么办").ranked[0]
    assert found.department == "神经内科"
    assert set(found.because) <= {"头晕", "手脚发麻", "总是头晕"}
    assert assess("I have a sore throat and a runny nose").ranked[0].because
    assert all(word.isascii() for word in assess("my eyes hurt").ranked[0].because)


def test_at_most_three_questions_are_asked_and_none_twice() -> None:
    answers: dict[str, str] = {}
    while question := assess("不舒服", Person(), answers).question:
        assert question.key not in answers
        assert len(question.answers) > 1
        answers[question.key] = "unknown"
    assert 0 < len(answers) <= 3


def test_what_is_clear_or_known_is_not_asked() -> None:
    assert assess("眼睛又红又痒，一直流泪").question is None
    asked = assess("膝盖不太舒服，肚子也胀，男，40岁").question
    assert asked is None or asked.key not in {"where", "age", "sex", "pregnant"}
    told = assess("不舒服", Person(age=70, sex="female", pregnant=False)).question
    assert told is None or told.key not in {"age", "sex", "pregnant"}
    child = assess("不舒服", Person(age=5)).question
    assert child is None or child.key != "pregnant"


def test_an_answer_changes_the_ranking_and_an_unknown_one_does_not() -> None:
    before = assess("不舒服")
    assert first("不舒服", answers={"where": "eyes"}) == "眼科"
    assert assess("不舒服", answers={"where": "unknown"}).ranked == before.ranked


def test_every_department_leads_somewhere_in_the_demo_hospital() -> None:
    for department in standards():
        assert offered([Ranked(department, 1.0)], DEMO), department


def test_a_missing_department_becomes_a_broader_one() -> None:
    assert nearest("乳腺外科", DEMO) == "普通外科"
    assert nearest("感染科", DEMO) == "全科医学科"
    assert nearest("心血管内科", {"内科": ()}) == "内科"
    assert offered([Ranked("眼科", 1.0)], {"急诊科": ()})[0].department == "急诊科"
    assert offered([Ranked("眼科", 1.0)], {"骨科": ()}) == ()


def test_departments_that_lead_to_the_same_one_are_offered_once() -> None:
    ranked = [Ranked("妇科", 0.4, ("下面痒",)), Ranked("肛肠科", 0.35), Ranked("普外科", 0.25)]
    best = offered(ranked, DEMO)
    assert [one.department for one in best] == ["普通外科", "妇科"]
    assert best[0].score == pytest.approx(0.6)


def test_what_speaks_of_an_illness() -> None:
    told = ("取药后一直疼", "改了药以后头晕", "换药的时候伤口流脓", "我妈血压高")
    other = ("查一下我的账单", "取药", "换个手机号", "退款什么时候到", "快递到哪了", "帮我取消周三的号")
    assert [one for one in told if not speaks_of_illness(one)] == []
    assert [one for one in other if speaks_of_illness(one)] == []


def test_the_stages_of_life() -> None:
    assert [age_group(years) for years in (0.05, 13.9, 14, 64, 65, 101)] == [
        "child",
        "child",
        "adult",
        "adult",
        "elder",
        "elder",
    ]


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("my knee has been hurting for three months, worse on stairs", "骨科"),
        ("my back has been hurting for weeks", "骨科"),
        ("my tooth has been hurting since Monday", "口腔科"),
        ("i have had a cough for two weeks", "呼吸内科"),
        ("no fever but my throat hurts", "耳鼻喉科"),
    ],
)
def test_what_stands_between_the_complaints_in_english_weighs_nothing(text: str, department: str) -> None:
    first = assess(text, Person(age=35, sex="female")).ranked[0]
    assert first.department == department
    assert first.score > 0.6
