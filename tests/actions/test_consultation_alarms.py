"""Asking a doctor online after a red flag, or about what should be seen today."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from integrations.hospital.models import (
    Consultation,
)
from tests.actions.consultations import ask_with_record, offer


async def test_what_should_be_seen_today_is_not_asked_online(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    chat.urgent, chat.alarm_ago = True, 30
    told = await chat.say("online_consultation")
    assert "今天就要当面看" in told.text
    assert "急诊" in told.text
    assert list(told.buttons) == ["预约挂号", "看的是别的事"]
    assert chat.form == ""
    told = await chat.press(told, "看的是别的事")
    assert told.expects == "health"


async def test_an_alarm_before_the_consent_asks_no_fee(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await ask_with_record(clinic, chat)
    chat.urgent, chat.alarm_ago = True, 30
    told = await chat.say("give_consent")
    assert "今天就要当面看" in told.text
    async with clinic.runtime.database.begin() as session:
        assert await session.scalar(select(Consultation.id)) is None
    told = await chat.say("nlu_fallback", text="和刚才说的没关系")
    assert "知情同意" in told.text  # nothing has to be told again
    assert "支付 ¥30" in (await chat.say("give_consent")).text


@pytest.mark.parametrize("words", ["还好，没事了", "继续吧", "I'm fine, go on"])
async def test_after_an_emergency_the_fee_waits_for_a_word_of_the_patient(clinic: Any, words: str) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.say("online_consultation")
    chat.alarm_ago = 30
    told = await chat.say("inform", await chat.token("health", "好一点了"))
    assert "马上打120" in told.text
    assert "¥" not in told.text
    assert list(told.buttons) == ["没事，接着约", "先不约了"]
    assert "马上打120" in (await chat.say("nlu_fallback", text="嗯…")).text
    told = await chat.say("nlu_fallback", text=words)
    assert told.expects == "health"  # what was said behind the alarm is no illness
    which = await chat.say("inform", await chat.token("health", "高血压三年，想调药"))
    assert "哪位医生" in which.text


async def test_after_an_emergency_a_no_ends_it_without_a_fee(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await ask_with_record(clinic, chat)
    chat.alarm_ago = 30
    told = await chat.say("give_consent")
    assert "马上打120" in told.text
    told = await chat.press(told, "先不约了")
    assert "什么都没有转给医生" in told.text
    async with clinic.runtime.database.begin() as session:
        assert await session.scalar(select(Consultation.id)) is None


async def test_an_alarm_of_yesterday_is_not_asked_about(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    chat.alarm_ago = 24 * 3600
    assert (await chat.say("online_consultation")).expects == "health"
