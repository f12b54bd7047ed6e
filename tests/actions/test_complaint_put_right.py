"""What is put right, added or taken back before a complaint is sent."""

from __future__ import annotations

import pytest

from integrations.hospital.models import (
    Adverse,
    Category,
)
from integrations.runtime import Runtime

from .complaints import made, words_of
from .conftest import Clinic


async def test_going_back_and_saying_more_before_it_is_submitted(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="护士态度不好")
    said = await chat.say("affirm", text="说完了")
    said = await chat.press(said, "再补充")
    assert "接着写" in said.text
    await chat.say("go_back", text="返回")
    await chat.say("complain", ("category", "care"))
    await chat.say("nlu_fallback", text="还打错了针")
    said = await chat.say("affirm", text="说完了")
    assert "请确认：诊疗" in said.text
    said = await chat.say("nlu_fallback", text="针打在左手上")
    assert "针打在左手上" in said.text
    said = await chat.say("affirm", text="确认")
    assert "还不舒服" in said.text
    [case] = await made(runtime)
    assert words_of(runtime, case).splitlines() == ["护士态度不好", "还打错了针", "针打在左手上"]
    assert case.adverse is Adverse.SUSPECTED


async def test_before_it_is_submitted_it_is_written_anew(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="我要投诉")
    await chat.say("nlu_fallback", text="护士态度很差，还骂人")
    said = await chat.press(await chat.say("affirm", text="说完了"), "重新写")
    assert "什么时候" in said.text
    await chat.say("nlu_fallback", text="是收费员态度很差，不是护士")
    said = await chat.say("affirm", text="说完了")
    assert "骂人" not in said.text
    await chat.press(said, "提交")
    [case] = await made(runtime)
    assert words_of(runtime, case) == "是收费员态度很差，不是护士"


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("deny", "不对，我说的是收费乱收，不是态度"),
        ("correct", "改成收费的问题"),
        ("complain", "不是态度问题，是乱收费"),
        ("deny", "No, it's about the wrong charge, not the attitude"),
    ],
)
async def test_put_right_when_it_is_read_back_it_is_kept_under_what_it_is_about(
    clinic: Clinic, runtime: Runtime, intent: str, words: str
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="我要投诉")
    await chat.say("nlu_fallback", text="收费窗口态度很差")
    assert "请确认：服务态度" in (await chat.say("affirm", text="说完了")).text
    said = await chat.say(intent, text=words)
    assert "请确认：费用" in said.text
    assert words in said.text
    await chat.press(said, "提交")
    [case] = await made(runtime)
    assert case.category == Category.FEES
    assert words_of(runtime, case).splitlines()[-1] == words


@pytest.mark.parametrize("words", ["不对", "不是这样的", "再改一下", "还没说完", "not right"])
async def test_a_plain_no_to_what_is_read_back_asks_what_is_right(clinic: Clinic, words: str) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="我要投诉")
    await chat.say("nlu_fallback", text="收费窗口态度很差")
    await chat.say("affirm", text="说完了")
    assert "请直接写对的" in (await chat.say("deny", text=words)).text
    assert "不对" not in (await chat.say("affirm", text="说完了")).text


async def test_a_visit_wished_for_in_the_middle_waits_until_it_is_sent(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("complain")
    while said.expects != "words":
        said = await chat.press(said, next(iter(said.buttons)))
    await chat.say("complain", text="排队排了三个小时，没有人管")
    bone = ("department", clinic.departments["骨科"])
    said = await chat.say("inform", bone, text="下周三上午挂骨科")
    assert said.text.startswith("还有：预约挂号（骨科），我记下了")
    assert chat.form == "complaint_form"
    assert "下周三" not in str(chat.slots["complaint"])
    said = await chat.say("cancel")
    assert "您刚才还说：预约挂号（骨科）。现在办吗？" in said.text


@pytest.mark.parametrize("asked", ["补充投诉", "我想补充一下", "add to my complaint"])
async def test_wanting_to_add_is_no_part_of_the_story(clinic: Clinic, runtime: Runtime, asked: str) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="等了三个小时没人理")
    await chat.say("affirm", text="说完了")
    said = await chat.say("complain", text=asked)
    assert "请接着写" in said.text
    await chat.say("nlu_fallback", text="护士还骂人")
    said = await chat.say("affirm", text="说完了")
    assert "您说：“等了三个小时没人理 护士还骂人”" in said.text
    await chat.say("affirm")
    [case] = await made(runtime)
    assert words_of(runtime, case) == "等了三个小时没人理\n护士还骂人"


async def test_what_is_added_in_the_same_message_is_read_back_without_the_wish(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="等了三个小时没人理")
    await chat.say("affirm", text="说完了")
    said = await chat.say("complain", text="补充投诉：护士还骂人")
    assert "您说：“等了三个小时没人理 护士还骂人”" in said.text


async def test_withdrawn_or_written_anew_before_it_is_submitted(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("complain", text="投诉")
    await chat.say("nlu_fallback", text="等了三个小时没人理")
    await chat.say("affirm", text="说完了")
    said = await chat.say("complain", text="更正投诉")
    assert "哪里不对" in said.text
    said = await chat.say("nlu_fallback", text="重新写")
    assert "什么时候" in said.text
    await chat.say("nlu_fallback", text="其实只等了一个小时")
    said = await chat.say("affirm", text="说完了")
    assert "您说：“其实只等了一个小时”" in said.text
    said = await chat.say("complain", text="撤回投诉")
    assert "没有提交" in said.text
    assert chat.form == ""
    assert await made(runtime) == []


@pytest.mark.parametrize("words", ["不对，是三个钟头", "no wait, it was Monday not yesterday"])
async def test_what_is_put_right_at_the_end_is_not_lost(clinic: Clinic, words: str) -> None:
    chat = await clinic.chat()
    await chat.say("complain", text="投诉")
    await chat.say(
        "nlu_fallback", text="挂号等了两个钟头没人理，窗口的人还在聊天，问了几次都说再等等，最后号也没挂上"
    )
    await chat.say("affirm", text="说完了")
    said = await chat.say("correct", text=words)
    assert "请确认" in said.text
    assert words[-8:] in said.text
