from __future__ import annotations

import pytest

from integrations.texts import clean, split


def by_tens(text: str) -> list[str]:
    return split(text, 10, lambda _: 1)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        (" \n ", []),
        ("一二三", ["一二三"]),
        ("一二三四五。六七八九十。", ["一二三四五。", "六七八九十。"]),
        ("他说：“好。”我听见了很高兴", ["他说：“好。”", "我听见了很高兴"]),
        ("一二三四五\n六七八九十一", ["一二三四五", "六七八九十一"]),
        ("costs 3.50 yuan now", ["costs 3.50", "yuan now"]),
        ("One. Two three four", ["One.", "Two three", "four"]),
        ("一，二三四五，六七八九十", ["一，二三四五，", "六七八九十"]),
        ("一二三四五六七八九十甲乙", ["一二三四五六七八九十", "甲乙"]),
        ("好。二三四五六七八九十甲乙", ["好。二三四五六七八九", "十甲乙"]),  # not a piece of two characters
        ("一二三四五六七八👨‍👩‍👧", ["一二三四五六七八", "👨‍👩‍👧"]),
        ("一二三四五六七八九👍🏽", ["一二三四五六七八九", "👍🏽"]),
        ("e\u0301" * 6, ["e\u0301" * 5, "e\u0301"]),
    ],
)
def test_texts_are_cut_where_it_hurts_least(text: str, pieces: list[str]) -> None:
    assert by_tens(text) == pieces


def test_a_character_larger_than_the_limit_does_not_stop_the_cutting() -> None:
    assert split("好好", 1, lambda _: 3) == ["好", "好"]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", "ab"),
        ("\ud83d", ""),
        ("a\tb\nc\r", "a\tb\nc\r"),
        ("😀\u200d\ufe0f", "😀\u200d\ufe0f"),
        ("\uffff\x1b[0m", "[0m"),
    ],
)
def test_what_no_platform_and_no_database_takes_is_left_out(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
