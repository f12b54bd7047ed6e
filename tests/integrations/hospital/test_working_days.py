from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from integrations.hospital import working_days
from integrations.hospital.working_days import PUBLISHED, BadWorkingDays, read, statutory

DAYS = read(PUBLISHED)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 20), True),  # a Friday
        (date(2026, 11, 21), False),
        (date(2026, 2, 16), False),  # a Monday of the spring festival
        (date(2026, 2, 14), True),  # a Saturday worked for it
        (date(2026, 10, 10), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
    ],
)
def test_what_was_announced_for_2026(day: date, works: bool) -> None:
    assert DAYS.works(day) is works


@pytest.mark.parametrize(
    ("opened", "count", "due"),
    [
        (date(2026, 11, 23), 5, date(2026, 11, 30)),  # Monday to Monday
        (date(2026, 11, 22), 5, date(2026, 11, 27)),  # from a Sunday: Monday is the first
        (date(2026, 11, 23), 10, date(2026, 12, 7)),
        (date(2026, 9, 30), 5, date(2026, 10, 13)),  # over seven days off and one Saturday worked
        (date(2026, 2, 12), 5, date(2026, 2, 26)),  # 13, Saturday 14, then 24, 25, 26
    ],
)
def test_the_last_of_so_many_working_days(opened: date, count: int, due: date) -> None:
    assert DAYS.after(opened, count) == due


def test_the_working_day_before_a_holiday_lies_before_it() -> None:
    assert DAYS.before(date(2026, 10, 8)) == date(2026, 9, 30)
    assert DAYS.before(date(2026, 2, 24)) == date(2026, 2, 14)


def test_the_days_that_the_law_names_stand_in_for_a_year_that_is_missing() -> None:
    assert not DAYS.knows(2027)
    assert statutory(2027) == {
        date(2027, 1, 1),
        *(date(2027, 2, day) for day in (5, 6, 7, 8)),
        date(2027, 4, 5),
        date(2027, 5, 1),
        date(2027, 5, 2),
        date(2027, 6, 9),
        date(2027, 9, 15),
        *(date(2027, 10, day) for day in (1, 2, 3)),
    }
    assert not DAYS.works(date(2027, 1, 1))
    assert DAYS.works(date(2027, 10, 8))
    assert DAYS.after(date(2026, 12, 31), 1) == date(2027, 1, 4)


def test_what_was_announced_holds_all_that_the_law_names() -> None:
    for year, rest in DAYS.rest.items():
        assert not [day for day in statutory(year) if day not in rest]
        assert all(day.weekday() > 4 for day in DAYS.work[year])


def test_a_slip_in_the_operators_file_stops_no_complaint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "days.yml"
    monkeypatch.setenv("WORKING_DAYS", str(mine))
    mine.write_text("2027:\n  work: [01-09]\n", "utf-8")
    assert working_days.working_days.__wrapped__().works(date(2027, 1, 9))
    mine.write_text("2027: [", "utf-8")
    assert working_days.working_days.__wrapped__().works(date(2026, 2, 14))


def test_an_operators_file_is_read_and_a_bad_one_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "days.yml"
    mine.write_text("2027:\n  rest: [01-01..01-03, 05-01]\n  work: [01-09]\n", "utf-8")
    found = read(mine)
    assert found.works(date(2027, 1, 9))
    assert not found.works(date(2027, 1, 1))
    for wrong in (
        "2027:\n  rest: [01-03..01-01]\n",
        "2027:\n  rest: [13-01]\n",
        "- 2027\n",
        "2027: nothing\n",
    ):
        mine.write_text(wrong, "utf-8")
        with pytest.raises(BadWorkingDays, match=r"days\.yml"):
            working_days.read(mine)


def test_a_year_that_nobody_filled_in_is_seen_before_it_begins() -> None:
    assert DAYS.missing(date(2026, 11, 16)) == []
    assert DAYS.missing(date(2026, 11, 17)) == [2027]
    assert DAYS.missing(date(2027, 3, 1)) == [2027]


def test_a_deadline_in_such_a_year_is_counted_by_weekdays_and_says_so_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    working_days._tell_unknown.cache_clear()
    assert DAYS.after(date(2026, 12, 30), 5) == date(2027, 1, 7)  # 31, then 4 to 7 January
    DAYS.after(date(2027, 6, 1), 5)
    said = capsys.readouterr().out
    assert said.count("working days of a year are not filled in") == 1
    assert "2027" in said
    DAYS.after(date(2026, 11, 2), 5)
    assert capsys.readouterr().out == ""
