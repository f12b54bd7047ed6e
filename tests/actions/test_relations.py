from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

import pytest

from actions.relations import _KIN, kin_of, related, yours
from actions.wording import Wording
from integrations.catalogue import Texts
from integrations.hospital.models import PatientStatus, Relation, Sex
from integrations.hospital.patients import PatientView
from integrations.language.choices import find_choices
from integrations.language.people import find_oneself, find_relatives


def person(relation: Relation, sex: Sex) -> PatientView:
    return PatientView(uuid4(), "*明", PatientStatus.VERIFIED, relation, date(1960, 3, 7), sex)


ME = person(Relation.SELF, Sex.FEMALE)
MOTHER, FATHER = person(Relation.PARENT, Sex.FEMALE), person(Relation.PARENT, Sex.MALE)
SON = person(Relation.CHILD, Sex.MALE)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("妈", [MOTHER]),
        ("老爸", [FATHER]),
        ("父母", [MOTHER, FATHER]),
        ("女儿", []),
        ("孩子", [SON]),
        ("家人", [MOTHER, FATHER, SON]),
        ("mother", [MOTHER]),
    ],
)
def test_whom_a_word_can_mean(words: str, meant: list[PatientView]) -> None:
    assert related([ME, MOTHER, FATHER, SON], words) == meant


@pytest.mark.parametrize("words", [word for kin in _KIN for word in kin.words.split()])
def test_every_word_is_found_where_one_acts_for_somebody(words: str) -> None:
    text = f"book for my {words}" if re.match("[a-z]", words) else f"帮我{words}挂号"
    assert [span.value for span in find_relatives(text)] == [words]


def test_a_complaint_is_nobody() -> None:
    assert find_relatives("我大姨妈来了") == []


def test_how_they_are_said_back(texts: Texts) -> None:
    words = Wording(texts, None)  # type: ignore[arg-type]
    assert [yours(words, kin_of(said)) for said in ("妈", "丈母娘", "老人")] == [
        "您妈妈",
        "您岳母",
        "您的家人",
    ]
    assert yours(words, None, "parent") == "您的父母"
    english = words.speaking("en")
    assert [yours(english, kin) for kin in _KIN if "wife" in kin.words] == ["your wife"]
    assert all(yours(english, kin).startswith("your ") for kin in _KIN)


@pytest.mark.parametrize("text", ["算了，给我自己挂", "帮自己约一个", "for myself please"])
def test_oneself_is_named(text: str) -> None:
    assert len(find_oneself(text)) == 1


@pytest.mark.parametrize("text", ["我自己来过", "帮我妈挂号", "自己人"])
def test_oneself_is_not_named(text: str) -> None:
    assert find_oneself(text) == []


@pytest.mark.parametrize(
    ("text", "expects", "found"),
    [
        ("她没有手机", "phone", 1),
        ("没手机", "phone", 1),
        ("she has no phone", "phone", 1),
        ("没有手机", None, 0),
        ("我没有大陆的手机号", "phone", 1),
        ("I don't have a Chinese number", "phone", 1),
        ("I do not have a mainland phone number", "phone", 1),
        ("she has no mobile", "phone", 1),
        ("no, my number is +852 6123 4567", "phone", 0),
    ],
)
def test_no_phone_is_an_answer_to_its_question(text: str, expects: str | None, found: int) -> None:
    assert [one.value for one in find_choices(text, expects)] == ["no_phone"] * found
