"""Short answers in patients' own words."""

from __future__ import annotations

import pytest

from integrations.language.clauses import about, puts_off, skips, yes_or_no


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(
            (text, True)
            for text in ("有", "是的", "药按时吃了", "每天都吃", "吃了", "yes", "yeah I did", "on time")
        ),
        *((text, True) for text in ("没忘过", "I never missed one", "有点头晕", "a little", "按时")),
        *(
            (text, False)
            for text in ("没有", "没", "不是", "忘吃了两次", "药没吃", "no", "not really", "I forgot", "无")
        ),
        *((text, False) for text in ("没有头晕", "停了几天", "haven't")),
        *((text, None) for text in ("135/85", "心内科", "hello")),
    ],
)
def test_yes_or_no(text: str, said: bool | None) -> None:
    assert yes_or_no(text) is said


@pytest.mark.parametrize(
    ("text", "words", "part"),
    [
        ("早上135/85，药按时吃了", ["药"], "药按时吃了"),
        ("药按时吃了，没有头晕", ["头晕", "胸闷"], "没有头晕"),
        ("135/85 and I took my pills", ["pill", "medicine"], "I took my pills"),
        ("135/85", ["药"], ""),
    ],
)
def test_what_a_message_says_about_something(text: str, words: list[str], part: str) -> None:
    assert about(text, words) == part


@pytest.mark.parametrize(
    "text", ["跳过", "没量", "不知道", "没测呢", "skip", "I don't know", "haven't measured it", "下一题"]
)
def test_passing_over(text: str) -> None:
    assert skips(text)


@pytest.mark.parametrize(
    "text", ["晚上再说", "待会儿再答", "现在没空", "later", "not now", "明天再量", "我在忙", "busy, tomorrow"]
)
def test_putting_off(text: str) -> None:
    assert puts_off(text)


@pytest.mark.parametrize(
    "text", ["135/85", "没有", "按时吃了", "yes", "晚上130/80", "疼得睡不着", "下午有点头晕"]
)
def test_neither(text: str) -> None:
    assert not skips(text)
    assert not puts_off(text)
