"""What patients say of an illness, read."""

from __future__ import annotations

from datetime import date
from time import process_time

import pytest

from integrations.language.health import (
    besides,
    books,
    is_none,
    is_unknown,
    read_age,
    read_onset,
    read_pregnant,
    read_severity,
    speaks_to_us,
)
from integrations.language.personal import find_personal

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("said", "words", "since"),
    [
        ("头疼三天了", "三天", date(2026, 11, 19)),
        ("上周开始的", "上周", date(2026, 11, 15)),
        ("半年", "半年", date(2026, 5, 24)),
        ("一个半月了", "一个半月", date(2026, 10, 8)),
        ("3个多月了", "3个多月", date(2026, 8, 24)),
        ("好几天了", "好几天", date(2026, 11, 17)),
        ("昨晚开始", "昨晚", date(2026, 11, 21)),
        ("一个月了，这两天加重", "一个月", date(2026, 10, 23)),
        ("11月20号摔的", "11月20号", date(2026, 11, 20)),
        ("怀孕3个月，头疼两天", "两天", date(2026, 11, 20)),
        ("从小就这样", "从小就", None),
        ("for two weeks", "two weeks", date(2026, 11, 8)),
        ("since yesterday", "yesterday", date(2026, 11, 21)),
    ],
)
def test_since_when(said: str, words: str, since: date | None) -> None:
    found = read_onset(said, TODAY)
    assert found
    assert (found.words, found.since) == (words, since)


def test_no_time_is_named() -> None:
    for said in ("晚上睡不着", "我今年三十五岁", "白天还好", "膝盖疼"):
        assert read_onset(said, TODAY) is None, said
    assert read_onset("打完球以后", TODAY, asked=True)


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("7", 7),
        ("七", 7),
        ("6分", 6),
        ("3到4", 4),
        ("8/10", 8),
        ("有点疼", 2),
        ("很疼", 7),
        ("受不了", 9),
        ("十分", 10),
    ],
)
def test_how_bad(said: str, score: int) -> None:
    assert read_severity(said, asked=True) == score


def test_no_score() -> None:
    assert read_severity("11", asked=True) is None
    assert read_severity("疼了5分钟") is None
    assert read_severity("很疼") is None  # not asked: no number


@pytest.mark.parametrize(
    ("said", "years"),
    [
        ("5岁", 5),
        ("三岁半", 3.5),
        ("孩子8个月大", 0.67),
        ("我妈62岁", 62),
        ("3 years old", 3),
        ("62了", 62),
        ("我58，小肚子坠胀疼", 58),
        ("我妈快七十了", 70),
        ("I'm 58, belly pain", 58),
        ("疼了10多天", None),
        ("体温39了", None),
        ("我是10床的", None),
        ("发烧，39了", None),
        ("孩子发热，都40了", None),
        ("心跳快，已经99了", None),
        ("疼了三个月", None),
        ("半年", None),
    ],
)
def test_how_old(said: str, years: float | None) -> None:
    assert read_age(said) == years


def test_pregnant_or_not() -> None:
    assert [read_pregnant(one) for one in ("怀孕3个月", "孕20周", "没怀孕", "疼了三周", "没有")] == [
        True, True, False, None, None,
    ]  # fmt: skip
    assert [read_pregnant(one, asked=True) for one in ("没有", "是的", "绝经了", "不知道")] == [
        False, True, False, None,
    ]  # fmt: skip


def test_nothing_and_not_known() -> None:
    for said in ("没有", "无", "没吃药", "不过敏", "没有什么过敏", "none", "没得过病"):
        assert is_none(said), said
    for said in ("不清楚", "跳过", "说不好", "not sure", "skip"):
        assert is_unknown(said), said
    for said in ("没有发烧，就是咳嗽", "青霉素过敏", "头疼不知道怎么办"):
        assert not is_none(said), said
        assert not is_unknown(said), said


def test_the_whole_answer_is_swapped_unless_it_speaks_to_us() -> None:
    for said in (
        "我对青霉素过敏",
        "没有发烧，就是咳嗽",
        "医生让我取消手术以后就一直疼得厉害",
        "I have a headache",
    ):
        [span] = find_personal(said, "health")
        assert (span.entity, span.value) == ("health", said)
    for said in (
        "没有",
        "7",
        "取消",
        "停车多少钱？",
        "我想转人工",
        "返回上一步",
        "skip",
        "那怎么弄",
        "这咋整啊",
    ):
        assert speaks_to_us(said)
        assert find_personal(said, "health") == []
    assert find_personal("我对青霉素过敏") == []
    assert [one.entity for one in find_personal("身份证11010519491231002X，青霉素过敏", "health")] == [
        "id_number"
    ]


def test_a_flood_costs_little() -> None:
    begun = process_time()
    for flood in ("没有吃" * 1000, "看" * 4000, "1 " * 2000, "半个" * 2000, "孕" * 3000):
        find_personal(flood, "health")
        read_onset(flood, TODAY)
        read_age(flood)
        read_severity(flood, asked=True)
        read_pregnant(flood)
    assert process_time() - begun < 10


def test_what_asks_for_a_visit_as_a_whole() -> None:
    for said in (
        "下周三上午挂骨科",
        "我想挂个皮肤科",
        "明天下午约李静医生",
        "挂号",
        "I want to book a doctor",
    ):
        assert books(said), said
        assert speaks_to_us(said)
    for said in ("挂号排队太久", "挂水三天了", "挂错科了", "看了三个医生", "青霉素", "膝盖疼，挂骨科"):
        assert not books(said), said


def test_where_an_answer_ends() -> None:
    for said, answer in (
        ("膝盖疼三天了，另外停车怎么收费", "膝盖疼三天了"),
        ("头疼，发烧。顺便帮我挂个骨科", "头疼，发烧"),
        ("knee pain for days. Also where can I park?", "knee pain for days"),
        ("头疼三天，另外还有点恶心", "头疼三天，另外还有点恶心"),
        ("咳嗽，请问严重吗", "咳嗽，请问严重吗"),
    ):
        assert said[: besides(said)] == answer
