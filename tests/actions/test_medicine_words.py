"""What changes how medicine comes where nothing was asked, and what only sounds so."""

from __future__ import annotations

import pytest

from actions.medicine_words import changes_how


@pytest.mark.parametrize(
    "said",
    ["还是寄吧", "那就寄到家", "算了自取", "我自己去取吧", "改自取", "还是去医院取药", "寄给我",
     "please send it by courier",
     "sorry I changed my mind, send it to me", "I'll pick it up myself"],
)  # fmt: skip
def test_it_comes_another_way(said: str) -> None:
    assert changes_how(said)


@pytest.mark.parametrize(
    "said",
    ["自取不方便", "不想去医院取", "不自取", "去医院拿报告", "我去窗口取报告", "到院签到", "别寄了", "寄了吗",
     "寄到哪了", "快递什么时候到", "did you send it", "don't send it", "取号", ""],
)  # fmt: skip
def test_nothing_changes(said: str) -> None:
    assert not changes_how(said)
