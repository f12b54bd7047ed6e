"""Times of day, and days with them, as one sentence names them. Every row was written for these tables; it is
Tuesday, 24 November 2026, 10:30."""

from __future__ import annotations

from datetime import date, time

import pytest

from integrations.language.dates import Lean, find_dates, parse

from .tuesday import NOW, values

TIMES = {
    "9点": "09:00",
    "九点钟": "09:00",
    "9点半": "09:30",
    "十点一刻": "10:15",
    "8点三刻": "08:45",
    "十一点二十": "11:20",
    "10点05分": "10:05",
    "九点零五": "09:05",
    "8:30": "08:30",
    "８：３０": "08:30",
    "14:30": "14:30",
    "3点": "15:00",
    "两点半": "14:30",
    "一点": "13:00",
    "一点半": "13:30",
    "差五分九点": "08:55",
    "差一刻十点": "09:45",
    "十点差五分": "09:55",
    "中午": "12:00",
    "大概9点左右": "09:00",
}

COMBINED = {
    "下周三上午": [("date", "2026-12-02"), ("period", "morning")],
    "下周五十点半": [("date", "2026-12-04"), ("time", "10:30")],
    "周二十点": [("date", "2026-11-24"), ("time", "10:00")],
    "明天一大早": [("date", "2026-11-25"), ("period", "morning")],
    "周三9点": [("date", "2026-11-25"), ("time", "09:00")],
    "后天下午": [("date", "2026-11-26"), ("period", "afternoon")],
    "明早": [("date", "2026-11-25"), ("period", "morning")],
    "明晚": [("date", "2026-11-25"), ("period", "evening")],
    "今晚有号吗": [("date", "2026-11-24"), ("period", "evening")],
    "明早8点": [("date", "2026-11-25"), ("period", "morning"), ("time", "08:00")],
    "周三早": [("date", "2026-11-25"), ("period", "morning")],
    "上午十点半": [("period", "morning"), ("time", "10:30")],
    "下午3点一刻": [("period", "afternoon"), ("time", "15:15")],
    "晚上7点": [("period", "evening"), ("time", "19:00")],
    "下午一点": [("period", "afternoon"), ("time", "13:00")],
    "中午12点半": [("time", "12:30")],
    "上午": [("period", "morning")],
    "下午吧": [("period", "afternoon")],
    "晚上有门诊吗": [("period", "evening")],
    "周五的上午，九点": [("date", "2026-11-27"), ("period", "morning"), ("time", "09:00")],
    "周三25号上午": [("date", "2026-11-25"), ("period", "morning")],
    "2026/11/25 14:30": [("date", "2026-11-25"), ("time", "14:30")],
    "明天9点到11点": [("date", "2026-11-25"), ("time", "09:00")],
    "半小时后": [("date", "2026-11-24"), ("time", "11:00")],
    "周三上午或者周四下午": [
        ("date", "2026-11-25"),
        ("period", "morning"),
        ("date", "2026-11-26"),
        ("period", "afternoon"),
    ],
    "我想挂下周四下午三点骨科的号": [("date", "2026-12-03"), ("period", "afternoon"), ("time", "15:00")],
    # refused or corrected
    "周三不行，周四吧": [("date", "2026-11-26")],
    "不是周三，是周五": [("date", "2026-11-27")],
    "不要周末": [],
    "除了周一都可以": [],
    # the complaint is not the wish
    "昨天开始发烧，想挂明天的号": [("date", "2026-11-25")],
    "前天摔了一跤，下周一能看骨科吗": [("date", "2026-11-30")],
    "今天开始头疼": [],
    "最近总是头疼，挂后天的号": [("date", "2026-11-26")],
}


@pytest.mark.parametrize(("text", "clock"), TIMES.items())
def test_times(text: str, clock: str) -> None:
    assert values(text) == [("time", clock)]


@pytest.mark.parametrize(("text", "expected"), COMBINED.items())
def test_what_stands_together(text: str, expected: list[tuple[str, str]]) -> None:
    assert values(text) == expected


def test_spans_are_the_words_of_the_patient() -> None:
    text = "我想挂１１月２５号上午九点半心内科"
    words = [(span.entity, text[span.start : span.end]) for span in find_dates(text, NOW)]
    assert words == [("date", "１１月２５号"), ("period", "上午"), ("time", "九点半")]


def test_midnight_belongs_to_the_next_day() -> None:
    found = parse("今晚12点", NOW)
    assert found is not None
    assert (found.first, found.at) == (date(2026, 11, 25), time(0))


def test_the_general_reading_may_lie_in_the_past() -> None:
    spoken, ahead = parse("周一上午8点", NOW), parse("周一上午8点", NOW, Lean.AHEAD)
    assert spoken is not None
    assert ahead is not None
    assert (spoken.first, spoken.at) == (date(2026, 11, 23), time(8))
    assert (ahead.first, ahead.at) == (date(2026, 11, 30), time(8))
    assert parse("11月31号", NOW) is None
