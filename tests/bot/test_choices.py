"""A typed answer against the choices that were offered."""

import pytest

from bot import choices

KEPT, _ = choices.remember(
    [
        {"title": "王建国 主任医师 ¥50 余12", "payload": "/first"},
        {"title": "王海燕 主任医师 ¥50 余12", "payload": "/second"},
        {"title": "换个医生", "payload": "/other"},
        {"title": "先不同意", "payload": "/no"},
    ]
)


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ("2", "/second"),
        ("第二个", "/second"),
        ("王海燕", "/second"),
        ("海燕那个", "/second"),
        ("海燕吧", "/second"),
        ("换个医生", "/other"),
        ("不同意", "/no"),
        ("王", None),
        ("主任医师", None),  # both are
        ("9", None),
        ("50", None),
        ("王海燕下午", None),
        ("的", None),
    ],
)
def test_what_a_typed_answer_names(typed: str, payload: str | None) -> None:
    assert choices.typed(typed, KEPT) == payload


@pytest.mark.parametrize(
    ("typed", "payload"),
    [
        ("对，候补那个", "/wait"),
        ("嗯，换个医生", "/other"),
        ("好的，候补", "/wait"),
        ("就换个医生那个", "/other"),
        ("对", None),
        ("对，候", None),
    ],
)
def test_a_yes_before_what_is_named(typed: str, payload: str | None) -> None:
    kept, _ = choices.remember(
        [
            {"title": "周三上午候补", "payload": "/wait"},
            {"title": "换个医生", "payload": "/other"},
            {"title": "候诊须知", "payload": "/know"},
        ]
    )
    assert choices.typed(typed, kept) == payload


def test_a_number_chooses_no_unit() -> None:
    kept, _ = choices.remember(
        [{"title": "130 斤", "payload": "/affirm"}, {"title": "体重 130 公斤", "payload": "/deny"}]
    )
    assert choices.typed("130", kept) is None
    assert choices.typed("130斤", kept) == "/affirm"


def test_nothing_is_named_while_nothing_is_offered() -> None:
    assert choices.typed("1", None) is None


MANY = [{"title": f"{letter}医生", "payload": f"/{letter}"} for letter in "甲乙丙丁戊己"]


def test_few_choices_and_the_rest_behind_one() -> None:
    kept, options = choices.remember(MANY, more="更多")
    assert kept
    assert [option.title for option in options] == ["甲医生", "乙医生", "丙医生", "更多"]
    assert choices.typed("4", kept) == choices.pressed(options[3].id, kept) == choices.MORE
    assert choices.typed("戊医生", kept) == "/戊"  # named, though it was not shown
    kept, options = choices.remember(choices.unfolded(kept), more="更多")
    assert [option.title for option in options] == ["丁医生", "戊医生", "己医生", "更多"]
    assert choices.typed("1", kept) == "/丁"
    options = choices.again(kept)
    assert [option.title for option in options] == ["丁医生", "戊医生", "己医生", "更多"]
    kept, options = choices.remember(choices.unfolded(kept), more="更多")
    assert [option.title for option in options] == ["甲医生", "乙医生", "丙医生", "更多"]


def test_four_choices_are_few() -> None:
    _, options = choices.remember(MANY[:4], more="更多")
    assert [option.title for option in options] == ["甲医生", "乙医生", "丙医生", "丁医生"]
