"""What says yes to 确定取消吗, and what does not."""

from __future__ import annotations

import pytest

from integrations.language.giving_up import gives_up


@pytest.mark.parametrize(
    "words",
    [
        "取消",
        "取消吧",
        "取消掉吧",
        "那就取消",
        "就取消了",
        "退了吧",
        "是的，取消",
        "对，取消",
        "好的，取消",
        "行 取消吧",
        "可以取消",
        "嗯嗯，帮我取消",
        "确认，取消預約",
        "確認取消",
        "对，退款",
        "对，不要了",
        "是，不去了",
        "好的，我不去了",
        "不去了",
        "不看了。",
        "确定去不了",
        "确定没时间去了",
        "对，不投诉了",
        "撤回吧",
        "cancel",
        "Cancel it please",
        "yes, cancel it",
        "ok cancel",
    ],
)
def test_a_yes_in_the_words_of_the_question(words: str) -> None:
    assert gives_up(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "不取消",
        "别取消",
        "先不取消了",
        "不要取消",
        "对，不取消",
        "算了",
        "不要了",
        "不用了",
        "取消了能退钱吗",
        "取消要扣钱吗",
        "可以取消吗",
        "我要取消预约",
        "取消预约",
        "取消周三的",
        "取消，改成周五",
        "取消在线问诊",
        "是的",
        "don't cancel",
        "cancel the other one",
        "can I cancel?",
    ],
)
def test_anything_else_does_not(words: str) -> None:
    assert not gives_up(words)
