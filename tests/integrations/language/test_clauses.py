"""Short answers in patients' own words."""

from __future__ import annotations

import pytest

from integrations.language.clauses import about, clauses, plainly, puts_off, skips, without_later, yes_or_no


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
        ("脚上有个水泡 不疼", ["脚"], "脚上有个水泡"),
    ],
)
def test_what_a_message_says_about_something(text: str, words: list[str], part: str) -> None:
    assert about(text, words) == part


@pytest.mark.parametrize(
    "text",
    [
        *("跳过", "没量", "不知道", "没测呢", "skip", "I don't know", "haven't measured it", "下一题"),
        *("没秤，跳过", "我今天没量血压"),
    ],
)
def test_passing_over(text: str) -> None:
    assert skips(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "晚上再说",
            "待会儿再答",
            "现在没空",
            "later",
            "not now",
            "明天再量",
            "我在忙",
            "busy, tomorrow",
            "等我下班再量",
        ),
        *(
            "不好意思，在开会，晚点答",
            "明天早上量了告诉你",
            "血压晚上再测",
            "晚上吧",
            "ask me later",
            "I'll measure it tonight",
        ),
        *("maybe tomorrow", "太忙了", "回家再说吧", "有空再弄"),
    ],
)
def test_putting_off(text: str) -> None:
    assert puts_off(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "135/85",
            "没有",
            "按时吃了",
            "yes",
            "晚上130/80",
            "疼得睡不着",
            "下午有点头晕",
            "晚上测的190/110",
            "下午量的185/120",
        ),
        *(
            "185/120 tonight",
            "疼得厉害，晚上才睡着",
            "下午在家量的185/120",
            "晚上再没疼过",
            "明天再去医院看看",
            "走路不方便",
            "药吃了，没量",
        ),
        *(
            "worse tonight",
            "I will see the doctor tomorrow",
            "felt dizzy later",
            "晚上发烧39度",
            "一会儿疼一会儿不疼",
        ),
    ],
)
def test_neither(text: str) -> None:
    assert not skips(text)
    assert not puts_off(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("晚上再说", ""),
        ("不好意思，现在没空，晚上再说吧", ""),
        ("later please", ""),
        ("185/120，其他的晚上再说", "185/120，其他的"),
        ("药吃了，血压晚上再量", "药吃了，血压"),
        ("最近太忙没按时吃", "没按时吃"),
        ("晚上测的190/110", "晚上测的190/110"),
    ],
)
def test_what_is_told_beside_putting_off(text: str, rest: str) -> None:
    assert without_later(text) == rest


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("脚上有个水泡 不疼", ["脚上有个水泡", "不疼"]),
        ("脚 上 有 水 泡", ["脚上有水泡"]),
        ("挺好，还有点红", ["挺好", "还有点红"]),
        ("好多了~谢谢", ["好多了", "谢谢"]),
        ("36.5度，135/85", ["36.5度，135/85"]),
    ],
)
def test_clauses(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(
            (text, False)
            for text in ("没有", "都没有的", "没", "no", "not at all", "没什么", "I didn't", "不是")
        ),
        *((text, True) for text in ("有", "是的", "嗯嗯", "yes", "I did", "对的")),
        *((text, None) for text in ("没感觉", "不疼", "好的", "没有不舒服", "ok", "no pain", "有个水泡")),
    ],
)
def test_plainly(text: str, said: bool | None) -> None:
    assert plainly(text) is said
