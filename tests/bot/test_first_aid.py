"""What is advised in danger: the number of the place, and the way to the nearest emergency department."""

from __future__ import annotations

import pytest

from bot import first_aid
from bot.first_aid import Danger
from bot.red_flags import Outcome
from integrations.messages import Kind, Location
from tests.bot.alarms import said

BEIJING = Location(39.93, 116.46)
EAST = Location(39.90, 116.65)


async def test_who_sent_where_they_are_hears_of_the_nearest_department(rt, say):
    await say(kind=Kind.LOCATION, location=EAST)
    await say("孩子叫不醒")
    [words] = await said(rt)
    assert "东院" in words
    assert "uri.amap.com/marker" in words
    assert "010-8888 7120" in words


async def test_a_place_sent_after_an_alarm_is_answered_with_the_way(rt, say):
    await say("孩子叫不醒")
    assert (await say(kind=Kind.LOCATION, location=BEIJING)).alarm
    assert "本部" in (await said(rt))[1]


@pytest.mark.parametrize(
    ("place", "words", "number"),
    [
        (None, "", "120"),
        (Location(22.30, 114.17), "", "999"),
        (Location(22.19, 113.55), "", "999"),
        (Location(25.04, 121.56), "", "119"),
        (Location(48.85, 2.35), "", "112"),
        (None, "我人在香港，妈妈叫不醒", "999"),
        (None, "香港的药能寄吗，孩子叫不醒", "120"),
    ],
)
def test_the_numbers_are_those_of_the_place(rt, place, words, number):
    danger = Danger(Outcome.EMERGENCY, "", place, words)
    assert f"拨打{number}" in first_aid.words_for(rt.settings, danger, "zh-Hans")


def test_far_from_us_the_nearest_hospital_is_looked_for(rt):
    line = first_aid.words_for(rt.settings, Danger(Outcome.EMERGENCY, "", Location(31.23, 121.47)), "en")
    assert "uri.amap.com/search" in line


async def test_the_way_is_told_in_the_language_of_the_alarm(rt, say):
    await say("My father collapsed and is not breathing")
    await say(kind=Kind.LOCATION, location=BEIJING)
    assert (await said(rt))[1].startswith("Your location has come")
