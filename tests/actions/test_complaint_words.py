"""What a message says of a complaint: its category, its contents, what is wanted with an earlier one."""

from __future__ import annotations

import pytest

from actions.complaint_words import category_of, command_in, content_of, purpose_of
from integrations.hospital.models import (
    Category,
)


@pytest.mark.parametrize(
    ("said", "category"),
    [
        ("护士态度很差", Category.ATTITUDE),
        ("等了三个小时", Category.WAITING),
        ("多收了我的钱", Category.FEES),
        ("打错针了", Category.CARE),
        ("药寄了五天没到", Category.DELIVERY),
        ("验证码一直收不到", Category.ONLINE),
        ("the nurse was rude", Category.ATTITUDE),
        ("I was charged twice", Category.FEES),
        ("厕所太脏", None),
    ],
)
def test_the_category_is_heard(said: str, category: Category | None) -> None:
    assert category_of(said) is category


@pytest.mark.parametrize(
    "said", ["我要投诉", "投诉护士", "提个意见", "I want to make a complaint", "怎么投诉你们医院"]
)
def test_a_mere_wish_to_complain_says_nothing_yet(said: str) -> None:
    assert content_of(said) == ""


@pytest.mark.parametrize(
    ("said", "purpose"),
    [
        ("撤回投诉", "withdraw"),
        ("补充投诉", "add"),
        ("对处理结果不满意", "unsatisfied"),
        ("要求重新处理", "reopen"),
        ("还能找谁", "outside"),
        ("add to my complaint", "add"),
        ("我说错了，不是这个医生", "correct"),
        ("更正投诉", "correct"),
        ("投诉写错了", "correct"),
        ("my complaint is about another doctor", "correct"),
        ("医生把我的结果说错了", ""),
        ("withdraw my complaint", "withdraw"),
        ("我要投诉护士态度", ""),
    ],
)
def test_what_is_wanted_with_an_earlier_one(said: str, purpose: str) -> None:
    assert purpose_of(said) == purpose


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("补充投诉", ("more", "")),
        ("我还想补充一点：态度也不好", ("more", "态度也不好")),
        ("补充 还有停车费", ("more", "还有停车费")),
        ("Add to my complaint: the nurse shouted", ("more", "the nurse shouted")),
        ("撤回投诉", ("withdraw", "")),
        ("算了，不投诉了", ("withdraw", "")),
        ("重新写", ("anew", "")),
        ("更正投诉", ("change", "")),
        ("补充液体的时候打错了", ("", "")),
        ("追加的检查费没退", ("", "")),
        ("他们说要改一下我的投诉记录", ("", "")),
    ],
)
def test_what_is_about_the_complaint_and_no_part_of_it(said: str, command: tuple[str, str]) -> None:
    assert command_in(said) == command
