"""When somebody looks at what alarmed: said honestly, at whatever hour it is told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from integrations.runtime import Runtime

from .conftest import Chat, Outside
from .follow_ups import answer, begun

PHONE = "+8613900000001"
SHUT = "现在是下班时间，随访的医护人员明天 8:00 上班后"
ALONE = f"{SHUT}才看得到。这之前有需要请打 010-8888 6666"
ALERTED = f"{SHUT}看；值班人员也会收到提醒。等不及请打 010-8888 6666"


@pytest.fixture
def oncall() -> str:
    return ""


@pytest.fixture
def runtime(runtime: Runtime, oncall: str) -> Runtime:
    return dataclasses.replace(
        runtime, settings=runtime.settings.model_copy(update={"oncall_phones": oncall})
    )


@pytest.mark.parametrize(
    ("after", "oncall", "expected"), [(11, "", ALONE), (11, PHONE, ALERTED), (24, "", ""), (24, PHONE, "")]
)
async def test_on_sunday_evening_and_on_monday_morning(
    chat: Chat, outside: Outside, after: int, expected: str
) -> None:
    await begun(chat, "hypertension")
    outside.now += timedelta(hours=after)
    said = await answer(chat, "230/125")
    assert "已经转给随访的医护人员" in said.text
    assert expected in said.text
    assert ("下班时间" in said.text) is bool(expected)


async def test_in_english(chat: Chat) -> None:
    chat.language = "en"
    said = await chat.say("log_measurement", ("measurement", "blood_pressure"), text="blood pressure 230/125")
    assert "passed this on to the follow-up staff" in said.text
    assert "cannot see it before tomorrow at 8:00" in said.text
    assert "010-8888 6666" in said.text
