"""Dose and frequency in English, or as the doctor wrote them."""

import pytest

from integrations.language.dosing import dosing_in_english


@pytest.mark.parametrize(
    ("written", "english"),
    [
        ("每次1片", "1 tablet each time"),
        ("每次0.5片", "0.5 tablets each time"),
        ("每次半片", "half a tablet each time"),
        ("每次2粒", "2 capsules each time"),
        ("每次5ml", "5 ml each time"),
        ("10单位", "10 units each time"),
        ("每天1次", "once a day"),
        ("每日2次", "twice a day"),
        ("每天3次，饭后", "3 times a day, after meals"),
        ("每天三次饭后", "3 times a day, after meals"),
        ("每晚1次", "once every evening"),
        ("睡前", "at bedtime"),
        ("每8小时1次", "once every 8 hours"),
        ("每周1次", "once a week"),
    ],
)
def test_what_is_certain_is_said_in_english(written, english):
    assert dosing_in_english(written) == english


@pytest.mark.parametrize(
    "written",
    [
        "首次2片，以后每次1片",
        "每次1片，疼时加服",
        "遵医嘱",
        "每次半毫升",
        "每次1",
        "外用涂患处，每天2次",
        "",
        "每天半次",
    ],
)
def test_what_is_not_stays_whole(written):
    assert dosing_in_english(written) == written
