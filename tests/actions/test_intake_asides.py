"""Beside the questions of an intake: other wishes, corrections, and what is no answer."""

from __future__ import annotations

from .conftest import WEDNESDAY, Clinic
from .intakes import answer, opened, read, stored


async def test_fields_are_put_right_one_by_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "嗓子疼两天", "跳过", "没有", "不清楚", "没有", "没有")
    said = await chat.say("deny", text="没有")
    summary = await read(chat, said)
    assert "程度：不清楚" in summary
    said = await answer(chat, "过敏改成青霉素")
    assert "过敏：青霉素" in await read(chat, said)
    said = await chat.press(said, "修改")
    assert "要改哪一项" in said.text
    said = await chat.press(said, "程度")
    said = await answer(chat, "5")
    summary = await read(chat, said)
    assert "程度：5/10" in summary
    said = await answer(chat, "还有流鼻涕")
    assert "伴随症状：还有流鼻涕" in await read(chat, said)
    await chat.say("affirm", text="对的")
    [one] = await stored(chat)
    assert "程度：5/10" in opened(chat, one)[0]


async def test_ways_out_back_and_on_again(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    said = await answer(chat, "头疼三天")
    assert "多难受" in said.text
    said = await answer(chat, "说不上来啊这个嘛")
    assert "多难受" in said.text  # no number: asked once more
    said = await chat.say("go_back", text="返回")
    assert "什么时候开始" in said.text
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "停车" in said.text
    assert "什么时候开始" in said.text
    await chat.say("book_appointment", text="挂号")
    assert chat.form == "booking_form"
    said = await chat.say("start_intake", text="填病情")
    assert "头疼三天" in await read(chat, said)
    said = await chat.say("cancel", text="取消")
    assert "什么都没有转给医生" in said.text
    assert chat.form == ""


async def test_what_tells_no_complaint_is_not_taken_for_one(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    for words in ("我在楼上", "等一下"):  # no token: it speaks to us
        said = await chat.say("nlu_fallback", text=words)
        assert said.text.startswith("好的，不急。")
        assert "哪里不舒服" in said.text
        assert said.expects == "health"
    said = await answer(chat, "你们的沙发真软")
    assert "没太明白" in said.text
    said = await answer(chat, "心里不得劲儿")  # believed when it comes again, whatever the words
    assert chat.slots["requested_slot"] == "intake_onset"
    said = await chat.say("inform", text="我在路上")
    assert said.text.startswith("好的，不急。")
    assert chat.slots["requested_slot"] == "intake_onset"


async def test_yes_alone_names_no_allergy(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    await answer(chat, "头疼三天", "2", "没有", "没有")
    said = await chat.say("affirm", text="有")
    assert "请说说是哪些" in said.text
    assert "过敏" in said.text


async def test_a_visit_is_asked_for_at_any_question(clinic: Clinic) -> None:
    """Nothing of it is taken for an answer, and the questions are offered again when the visit is booked."""
    await clinic.session("张伟", WEDNESDAY)
    for at in ("intake_medicines", "intake_pictures"):
        chat = await clinic.chat()
        await chat.say("start_intake")
        for words in ("右边膝盖疼", "三天", "5", *["没有"] * 6):
            if chat.slots["requested_slot"] != at:
                await answer(chat, words)
        assert chat.slots["requested_slot"] == at
        bone = ("department", clinic.departments["骨科"])
        said = await chat.say("inform", bone, ("date", WEDNESDAY.isoformat()), text="下周三上午挂骨科")
        assert chat.form == "booking_form"
        assert "张伟" in said.text
        said = await chat.say("affirm")
        assert "您刚才还说：预问诊" in said.text
        said = await chat.press(said, "好的")
        assert chat.slots["requested_slot"] == at


async def test_behind_an_answer_a_question_and_a_visit(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake")
    token = await chat.token("health", "右边膝盖疼三天了，走不动路，上下楼更厉害")
    said = await chat.say(
        "ask_hospital", token, ("topic", "parking"), text=f"{token[1]}，另外问一下停车怎么收费"
    )
    assert "前 30 分钟免费" in said.text
    assert chat.slots["requested_slot"] == "intake_severity"
    token = await chat.token("health", "7分")
    bone = ("department", clinic.departments["骨科"])
    said = await chat.say("book_appointment", token, bone, text=f"{token[1]}，另外帮我挂个骨科")
    assert said.text.startswith("还有：预约挂号（骨科）")
    assert chat.slots["requested_slot"] == "intake_accompanying"


async def test_a_slip_in_the_answer_before_is_put_right_at_once(clinic: Clinic) -> None:
    chat = await clinic.chat()
    await chat.say("start_intake", text="填病情")
    said = await answer(chat, "右边膝盖疼三天了", "大概5", "没有", "高血压")
    assert "过敏吗" in said.text
    said = await answer(chat, "写错了，还有糖尿病")
    assert said.text.startswith("好的，既往史改过来了。")
    assert "过敏吗" in said.text
    said = await answer(chat, "没有")
    assert "什么药" in said.text
    said = await answer(chat, "青霉素过敏")
    assert said.text.startswith("好的，过敏改过来了。")
    assert "什么药" in said.text
    said = await answer(chat, "降压药", "没有")
    summary = await read(chat, said)
    assert "既往史：高血压；糖尿病" in summary
    assert "过敏：青霉素过敏" in summary
    assert "用药：降压药" in summary
    assert "程度：5/10" in summary
