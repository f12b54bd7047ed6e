"""Plans as staff write them."""

from __future__ import annotations

import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from integrations.hospital.follow_up.plans import FOLDER, load, plans
from integrations.hospital.follow_up.reading import Likelier, likelier
from integrations.hospital.follow_up.times import Delay, Rhythm, days, due_at
from integrations.quiet_hours import awake
from integrations.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "plans"))


def edit(folder: Path, old: str, new: str, file: str = "hypertension.yml") -> list[str]:
    """The faults after one edit."""
    words = (folder / file).read_text("utf-8")
    assert old in words
    (folder / file).write_text(words.replace(old, new, 1), "utf-8")
    return [str(fault) for fault in load(folder).faults]


def test_ours_are_sound() -> None:
    found = load(FOLDER)
    assert found.faults == ()
    assert set(found.by_id) == {"after_visit", "hypertension", "diabetes", "after_surgery"}
    assert [plan.id for plan in found.for_visit("骨科")] == ["after_visit"]
    assert [plan.id for plan in found.for_diagnosis("I10.x02")] == ["hypertension"]
    assert [plan.id for plan in found.for_event("surgery")] == ["after_surgery"]


def test_how_long_an_alarm_may_wait_is_the_questions_or_the_measurements() -> None:
    found = load(FOLDER)
    minutes = {
        (plan, name): found.page_after(question) / timedelta(minutes=1)
        for plan, name in (
            ("hypertension", "pressure"),
            ("hypertension", "complaint"),
            ("after_surgery", "temperature"),
            ("after_visit", "condition"),
            ("diabetes", "feet"),
        )
        if (question := found.by_id[plan].question(name))
    }
    assert list(minutes.values()) == [0, 0, 30, 120, 240]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("hour: 8", "hour: 23", 7, "hour: Input should be less than or equal to 20"),
        ("duty: {zh: 心血管内科随访护士, en: Cardiology follow-up nurse}", "", 3, "duty: is missing"),
        ("every: 1 week", "every: often", 6, 'write it like "1 week"'),
        ("kind: yes_no", "kind: maybe", 14, "questions.1.kind"),
        ("watch_if: no", "", 13, ""),
        ("kind: blood_pressure", "kind: choice", 10, "a choice needs some"),
        ("en: Have you taken your medicine every day this week?", "en: ''", 15, "questions.1.ask.en"),
        ("今天早上的血压是多少？", "今天早上的血压是多少！", 12, "no exclamation marks"),
        ("id: complaint", "id: pressure", 9, "two questions are called pressure"),
        ("closing:", "ending:", 59, "this word is not known here"),
        ("请立刻拨打120", "请小心", 52, "say when to call 120"),
        ("names: {", "names: {{", 3, ""),
    ],
)
def test_a_fault_is_told_by_file_and_line(folder: Path, old: str, new: str, line: int, words: str) -> None:
    faults = edit(folder, old, new)
    if not words and not faults:
        return  # it may be left out
    assert any(fault.startswith("hypertension.yml, line ") and words in fault for fault in faults), faults
    assert any(abs(int(fault.split("line ")[1].split(":")[0]) - line) <= 3 for fault in faults), faults


def test_a_broken_file_closes_only_itself(folder: Path) -> None:
    assert edit(folder, "hour: 8", "hour: eight")
    assert set(load(folder).by_id) == {"after_visit", "diabetes", "after_surgery"}


def test_without_sound_ranges_ours_hold(folder: Path) -> None:
    assert edit(folder, "alarm: [80, 179]", "alarm: [80, 999]", "measurements.yml")
    (folder / "notes.txt").write_text("no plan")
    found = load(folder)
    assert found.rules.blood_pressure.ranges.grade({"systolic": 185, "diastolic": 80})[0] == "alarm"
    (folder / "measurements.yml").unlink()
    assert load(folder).faults == ()


def test_an_edit_is_seen_at_once(folder: Path) -> None:
    settings = Settings(_env_file=None, follow_up_plans=folder)  # type: ignore[call-arg]
    assert plans(settings).by_id["hypertension"].hour == 8
    edit(folder, "hour: 8", "hour: 9")
    os.utime(folder / "hypertension.yml", ns=(1, 1))
    assert plans(settings).by_id["hypertension"].hour == 9


def test_days() -> None:
    start = date(2026, 1, 31)
    said = [Delay.model_validate(one) for one in ("1 week", "1 month", "3 months")]
    assert days(said, start) == [date(2026, 2, 7), date(2026, 2, 28), date(2026, 4, 30)]
    rhythm = Rhythm.model_validate({"every": "2 weeks", "count": 3})
    assert days(rhythm, start) == [date(2026, 2, 14), date(2026, 2, 28), date(2026, 3, 14)]


def test_the_hour_is_spread_and_kept() -> None:
    many = [due_at(date(2026, 12, 1), 8, UUID(int=uuid4().int), ZONE) for _ in range(3000)]
    assert {moment.hour for moment in many} == {8}
    seconds = [moment.minute * 60 + moment.second for moment in many]
    assert max(seconds.count(second) for second in set(seconds)) < 12
    assert len({second // 60 for second in seconds}) == 60
    one = UUID(int=7)
    assert due_at(date(2026, 12, 1), 8, one, ZONE) == due_at(date(2026, 12, 1), 8, one, ZONE)


@pytest.mark.parametrize(
    ("local", "then"), [("2026-12-01 23:10", "2026-12-02 07:30"), ("2026-12-01 05:00", "2026-12-01 07:30"),
                        ("2026-12-01 08:00", "2026-12-01 08:00")],
)  # fmt: skip
def test_quiet_hours(local: str, then: str) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZONE)
    assert awake("22:00-07:30", moment, ZONE) == datetime.fromisoformat(then).replace(tzinfo=ZONE)
    assert awake("none", moment, ZONE) == moment


def test_a_bare_number_may_be_meant_in_another_unit() -> None:
    rules = load(FOLDER).rules
    weight, glucose = rules.weight, rules.glucose
    assert weight.ranges.unlikely({"value": 130})
    assert not weight.ranges.unlikely({"value": 62})
    assert weight.ranges.implausible({"value": 300})
    assert likelier(weight, weight.ranges, {"value": 130}, "zh-Hans") == Likelier({"value": 65.0}, "130 斤")
    assert likelier(weight, weight.ranges, {"value": 180}, "en") == Likelier({"value": 81.6}, "180 lb")
    assert likelier(weight, weight.ranges, {"value": 900}, "zh-Hans") is None
    assert likelier(glucose, glucose.ranges, {"value": 110, "when": "fasting"}, "zh-Hans") == Likelier(
        {"value": 6.1, "when": "fasting"}, "110 mg/dL"
    )


def test_likely_lies_within_plausible(folder: Path) -> None:
    [fault] = edit(folder, "likely: [2, 110]", "likely: [2, 999]", "measurements.yml")
    assert "likely does not lie within plausible" in fault


def test_a_duty_is_said_in_the_readers_language_and_one_name_does_for_both(tmp_path: Path) -> None:
    file = FOLDER / "hypertension.yml"
    name = "duty: {zh: 心血管内科随访护士, en: Cardiology follow-up nurse}"
    plain = file.read_text(encoding="utf-8").replace(name, "duty: 心内科小王")
    (tmp_path / file.name).write_text(plain, encoding="utf-8")
    ours, theirs = load(FOLDER), load(tmp_path)
    assert not theirs.faults
    assert ours.duty("心血管内科随访护士", "en") == "Cardiology follow-up nurse"
    assert ours.duty("心血管内科随访护士", "zh") == "心血管内科随访护士"
    assert theirs.duty("心内科小王", "en") == "心内科小王"
    assert theirs.duty("随访护士", "en") == "Follow-up nurse"  # of what is measured unasked
    assert theirs.duty("已经不在", "en") == "已经不在"
