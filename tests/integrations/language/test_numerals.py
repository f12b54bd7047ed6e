from __future__ import annotations

import pytest

from integrations.language.numerals import read_digits, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("25", 25), ("２５", 25), ("五", 5), ("两", 2), ("十", 10), ("十二", 12), ("二十", 20), ("二十五", 25),
        ("廿五", 25), ("卅", 30), ("初三", 3), ("零五", 5), ("一百零八", 108), ("一千二百", 1200), ("二〇二六", 2026),
    ],
)  # fmt: skip
def test_read_number(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["", "个", "三个"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|invalid"):
        read_number(text)


def test_read_digits() -> None:
    assert read_digits("幺三８零5") == "13805"
