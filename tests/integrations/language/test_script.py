from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.language.script import fold, normalise, simplify, written


def test_fold() -> None:
    assert fold("１１月２５日　９：３０，ＯＫ？") == "11月25日 9:30,OK?"
    assert fold("13—15") == "13-15"


@given(st.text())
def test_fold_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("禮拜三上午想看心臟科醫生", "礼拜三上午想看心脏科医生"),
        ("後天", "后天"),
        ("皮膚癢", "皮肤痒"),
        ("下周三上午", "下周三上午"),
        ("hello", "hello"),
    ],
)
def test_simplify(text: str, expected: str) -> None:
    assert simplify(text) == expected


def test_normalise() -> None:
    assert normalise("週三　９點") == "周三 9点"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("等了三小时,没人理!", "等了三小时，没人理！"),
        ("9:30到的,say hello, ok", "9:30到的,say hello, ok"),
        ("药盒破了:两盒;都不能用", "药盒破了：两盒；都不能用"),
    ],
)
def test_marks_as_people_write_them(text: str, expected: str) -> None:
    assert written(text) == expected
