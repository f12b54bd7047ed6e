"""What a text names in time, as data. Every row was written for this table; it is Tuesday, 24 November 2026, 10:30."""

from __future__ import annotations

from datetime import datetime

import pytest

from integrations.language.dates.notation import resolutions

NOW = datetime.fromisoformat("2026-11-24T10:30")

VALUES = {
    "下周三下午三点半": "2026-12-02 15:30:00",
    "大后天": "2026-11-27",
    "翌日": "2026-11-25",
    "第二天上午九点": "2026-11-25 09:00:00",
    "前晚8点": "2026-11-22 20:00:00",
    "半个月后": "2026-12-09",
    "半年前": "2026-05-24",
    "2小时20分钟后": "2026-11-24 12:50:00",
    "母亲节": "2026-05-10",
    "明年父亲节": "2027-06-20",
    "感恩节": "2026-11-26",
    "立冬": "2026-11-07",
    "大寒": "2026-01-20",
    "下个月最后一天": "2026-12-31",
    "十二月的最后一个星期五": "2026-12-25",
    "二月十五": "2026-04-02",  # by the moon
    "2月15日": "2026-02-15",
    "26-12-5": "2026-12-05",
    "5/12/2026": "2026-12-05",
    "现在": "2026-11-24 10:30:00",
}
RANGES = {
    "明天上午": ("2026-11-25 08:00:00", "2026-11-25 12:00:00"),
    "明天九到十一点": ("2026-11-25 09:00:00", "2026-11-25 11:00:00"),
    "昨天下午一点到今天四点": ("2026-11-23 13:00:00", "2026-11-24 04:00:00"),
    "2025年3月2日至4月9日": ("2025-03-02", "2025-04-09"),
    "3月至6月": ("2026-03-01", "2026-06-30"),
    "去年下半年": ("2025-07-01", "2025-12-31"),
    "今年第二季度": ("2026-04-01", "2026-06-30"),
    "上个季度": ("2026-07-01", "2026-09-30"),
    "本月第二周": ("2026-11-09", "2026-11-15"),
    "明年前三个月": ("2027-01-01", "2027-03-31"),
    "今年最后两周": ("2026-12-14", "2026-12-27"),
    "过去半年": ("2026-05-24", "2026-11-24"),
    "最近20分钟": ("2026-11-24 10:10:00", "2026-11-24 10:30:00"),
    "三天内": ("2026-11-24", "2026-11-27"),
    "八十年代": ("1980-01-01", "1989-12-31"),
    "去年3月到现在": ("2025-03-01 00:00:00", "2026-11-24 10:30:00"),
}
OPEN = {
    "2024年以前": {"end": "2024-01-01", "mod": "before"},
    "2024年及以前": {"end": "2025-01-01", "mod": "until"},
    "2024年之后": {"start": "2025-01-01", "mod": "after"},
    "从2024年5月1日起": {"start": "2024-05-01", "mod": "since"},
    "今天下午五点之前": {"end": "2026-11-24 17:00:00", "mod": "before"},
}


def test_days_and_moments() -> None:
    assert {text: resolutions(text, NOW) for text in VALUES} == {
        text: [{"value": value}] for text, value in VALUES.items()
    }


def test_ranges() -> None:
    assert {text: resolutions(text, NOW) for text in RANGES} == {
        text: [{"start": start, "end": end}] for text, (start, end) in RANGES.items()
    }


def test_ranges_with_one_end() -> None:
    assert {text: resolutions(text, NOW) for text in OPEN} == {text: [one] for text, one in OPEN.items()}


def test_a_time_alone_is_todays_or_any_days() -> None:
    assert resolutions("下午三点", NOW) == [{"value": "2026-11-24 15:00:00"}, {"value": "15:00:00"}]


@pytest.mark.parametrize("text", ["", "头疼", "没有时间", "2月30日", "一万年后"])
def test_nothing_named(text: str) -> None:
    assert resolutions(text, NOW) == []


def test_at_the_ends_of_the_calendar() -> None:
    for text in ("前天", "去年", "三年前", "明年最后一周", "后年", "过去十年"):
        for now in map(datetime.fromisoformat, ("0001-01-01T00:00", "9999-12-31T23:59")):
            assert isinstance(resolutions(text, now), list)
