"""Words that only look like dates, and whatever else is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.language.dates import find_dates, parse

from .tuesday import NOW, values

NOTHING = [
    "",
    "我想挂号",
    "周大夫",
    "找周医生",
    "三个月了",
    "头疼一周了",
    "一周一次",
    "每周三都疼",
    "疼了三天",
    "看了两天了",
    "手术三天后又疼",
    "吃药两周后好了",
    "头疼10年了",
    "我今年体检过",
    "怀孕5月",
    "1990年5月3号出生",
    "我最近头疼",
    "这两天一直拉肚子",
    "晚上睡不着",
    "夜里咳嗽",
    "早上起来头晕",
    "每天晚上出汗",
    "每天头疼",
    "工作日总是头疼",
    "it takes three working days",
    "有一点疼",
    "早一点",
    "晚点再说",
    "好一点了",
    "一点也不疼",
    "体温38.5",
    "烧到三十八点五度",
    "血压120/80",
    "血糖6.5",
    "2.5厘米的结节",
    "3-5天",
    "2号楼怎么走",
    "3号诊室",
    "2号那位",
    "第二个",
    "早期肺癌",
    "晚期",
    "24小时门诊",
    "13812345678",
    "110101199003071234",
    "有三点建议",
    "几号上班",
    "挂个号",
    "每次3-4片",
    "咳嗽一月余",
    "停药一周后又复发了",
    "三天后出现皮疹",
    "今天突然头晕",
    "昨天又吐了",
    "上周做了胃镜",
    "我排到45号",
    "当天就退烧了",
    "中午吃不下饭",
    "晚上有点咳嗽",
    "疼痛一点一点加重",
    "从周三开始疼",
    "三个月前做过手术",
    "糖化血红蛋白11.25",
]


@pytest.mark.parametrize("text", NOTHING)
def test_words_that_only_look_like_dates(text: str) -> None:
    assert values(text) == []


@given(
    st.text(
        alphabet="今明后大前天日号月年周星期礼拜一二三十廿零1290下上个半点时分差到-/.:： 农历初腊闰第过内末底早晚",
        max_size=40,
    )
)
def test_nothing_that_is_written_makes_it_fail(text: str) -> None:
    for span in find_dates(text, NOW):
        assert 0 <= span.start < span.end <= len(text)
    parse(text, NOW)
