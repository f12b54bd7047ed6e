"""Rasa that is down or fails, and messages that may not have arrived."""

import httpx
import pytest

from bot import sweep
from integrations.channel import Unknown
from tests.bot.conversations.stored import one


@pytest.mark.parametrize("down", [httpx.ConnectError("refused"), 503])
async def test_a_rasa_that_is_down_is_waited_for_without_counting(
    rt, telegram, rasa, write, drain, clock, down
):
    rasa.fail = [down] * 5
    accepted = await write("一")
    for _ in range(5):
        await drain(accepted.conversation_id)
        assert (await sweep.find(rt)).turns == []
        clock.forward(seconds=3)
        assert (await sweep.find(rt)).turns == [accepted.conversation_id]
    await drain(accepted.conversation_id)
    assert telegram.texts == ["echo 一"]
    assert await one(rt, "SELECT attempts FROM inbound") == 0


async def test_who_waits_long_for_rasa_is_told_so_once(rt, telegram, rasa, write, drain, clock):
    rasa.fail = [503] * 12
    accepted = await write("一")
    for _ in range(12):
        await drain(accepted.conversation_id)
        clock.forward(seconds=3)
    [told] = telegram.texts
    assert rt.settings.hospital_phone in told
    assert "120" in told
    await drain(accepted.conversation_id)
    assert telegram.texts == [told, "echo 一"]


async def test_after_three_real_failures_the_patient_gets_an_apology_and_goes_on(
    rt, telegram, rasa, write, drain, clock
):
    rasa.fail = [500, httpx.ReadTimeout("slow"), 409]
    accepted = await write("一")
    for _ in range(3):
        await drain(accepted.conversation_id)
        clock.forward(seconds=5)
    assert await one(rt, "SELECT status FROM inbound") == "failed"
    assert len(telegram.texts) == 1
    assert rt.settings.hospital_phone in telegram.texts[0]
    await write("二")
    await drain(accepted.conversation_id)
    assert telegram.texts[1] == "echo 二"


async def test_a_failing_message_holds_back_the_later_ones(rt, rasa, write, drain, clock):
    rasa.fail = [500]
    accepted = await write("一")
    await write("二")
    await drain(accepted.conversation_id)
    assert len(rasa.turns) == 1
    clock.forward(seconds=5)
    await drain(accepted.conversation_id)
    assert [turn["text"] for turn in rasa.turns] == ["一", "一", "二"]


async def test_what_may_not_have_arrived_is_said_again_once_in_the_next_answer(rt, telegram, write, drain):
    telegram.fail = [Unknown("timeout")]
    accepted = await write("一")
    await drain(accepted.conversation_id)
    await write("二")
    await drain(accepted.conversation_id)
    await drain(accepted.conversation_id)
    assert "echo 一" in telegram.texts[0]
    assert telegram.texts[-1] == "echo 二"
    await write("三")
    await drain(accepted.conversation_id)
    assert telegram.texts[-1] == "echo 三"
    assert sum("echo 一" in words for words in telegram.texts) == 1


async def test_a_forgotten_message_is_found_by_the_sweep(rt, write, clock):
    accepted = await write("一")
    assert (await sweep.find(rt)).turns == []
    clock.forward(seconds=3)
    assert (await sweep.find(rt)).turns == [accepted.conversation_id]


async def test_dialogs_that_say_nothing_are_no_silence_for_the_patient(rt, telegram, rasa, write, drain):
    rasa.say["挂号"] = []
    accepted = await write("挂号")
    await drain(accepted.conversation_id)
    assert rt.settings.hospital_phone in telegram.texts[0]


async def test_what_is_said_again_fits_into_messages_too(rt, telegram, write, drain):
    long = "字" * 90  # the platform of these tests takes 100
    accepted = await write(long)
    telegram.fail = [Unknown()]
    await drain(accepted.conversation_id)
    await write("还在吗")
    await drain(accepted.conversation_id)
    said = "".join(telegram.texts)
    assert all(telegram.fits(words) for words in telegram.texts)
    assert long in said
    assert "echo 还在吗" in said
