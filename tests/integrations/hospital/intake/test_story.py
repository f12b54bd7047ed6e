"""What is known of an illness before a visit: since when it counts."""

from __future__ import annotations

import json
from datetime import date

from integrations.hospital.intake.story import ONSET, UNKNOWN, Story

TOLD = date(2026, 11, 22)


def test_since_when_is_a_day_once_it_is_told() -> None:
    story = Story().told("咳嗽三天了", TOLD)
    assert story.onset_day == date(2026, 11, 19)
    assert Story.of(json.loads(json.dumps(story.as_json()))) == story
    assert story.without(ONSET).onset_day is None
    again = story.without(ONSET).answered(ONSET, "昨天", TOLD)
    assert again.onset_day == date(2026, 11, 21)


def test_words_that_come_to_no_day_stay_words() -> None:
    assert Story().answered(ONSET, "从小就有", TOLD).onset_day is None
    assert Story().answered(ONSET, "不清楚", TOLD).answers == {ONSET: UNKNOWN}
