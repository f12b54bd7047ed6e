"""What is said beside the matter: to wait, where somebody is, what they are at."""

from __future__ import annotations

import pytest

from integrations.language.asides import is_aside
from integrations.language.health import speaks_to_us
from integrations.language.personal import find_personal


@pytest.mark.parametrize(
    "said",
    [
        "等一下", "等等", "稍等", "等一等", "等下", "等会儿", "等我一下", "请稍等", "稍等一下，马上回来",
        "你先等等", "等我两分钟", "等一下。", "稍候", "慢着", "等一下啊", "您等等", "等一下，謝謝",
        "稍等一會兒", "我在楼上", "人在楼下呢", "我还在三楼", "在二楼等着呢", "我在路上", "我已经在路上了",
        "我在医院门口", "在家呢", "我现在在外面", "我在地铁上", "我在樓上", "我在候诊区", "我快到了",
        "我到医院了", "我在开会", "在忙", "我先去吃饭", "我去接个电话", "开会中", "wait a moment", "Wait",
        "hold on", "hold on please", "one moment please", "just a minute", "give me a second",
        "I'm upstairs", "i am on the way", "I'm at the hospital now", "still in a meeting",
    ],
)  # fmt: skip
def test_an_aside(said: str) -> None:
    assert is_aside(said)
    assert speaks_to_us(said)
    assert find_personal(said, "health") == []
    assert find_personal(said, "person_name") == []


@pytest.mark.parametrize(
    "said",
    [
        "", "等", "候补", "我要候补", "有号了通知我", "我等号", "排队等退号", "等等，换成李静",
        "等一下，姓名写错了", "等了三个小时", "等等再说", "在家摔了一跤", "我在楼上摔了", "上楼喘",
        "上楼膝盖疼", "在发烧", "我在吃阿司匹林", "在医院做过手术", "在流血", "楼上", "到了", "五分钟",
        "半年", "在腿上", "在左边", "在后背", "我在家里晕倒了", "路上突然胸口疼", "five minutes", "a while",
        "wait for a cancellation", "waitlist", "I'm dizzy", "I am in pain", "I'm on aspirin", "on my leg",
        "in the car I felt sick",
    ],
)  # fmt: skip
def test_more_than_an_aside(said: str) -> None:
    assert not is_aside(said)
