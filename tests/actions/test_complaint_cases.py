"""A complaint that was made: how it stands, what is added, corrected, judged and withdrawn."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from integrations.hospital import patients
from integrations.hospital.cases import following, handling
from integrations.hospital.models import (
    CaseMedium,
    CaseNote,
    CaseStatus,
    Category,
)
from integrations.runtime import Runtime
from tests.pharmacy_rows import Client, Pharmacy

from .complaints import made, submit, words_of
from .conftest import NOW, Clinic, Outside

STAFF = "staff:lin"


async def test_how_it_stands_more_words_and_withdrawing(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("complaint_status", text="处理进度")
    assert said.buttons == {"投诉": "/complain"}
    number = await submit(chat)
    said = await chat.say("complaint_status", text="处理进度")
    assert f"{number}（11月22日（周日））已收到，最晚 11月27日（周五） 答复" in said.text
    assert list(said.buttons) == ["补充", "更正", "撤回投诉"]
    said = await chat.press(said, "补充")
    assert said.expects == "words"
    await chat.say("complain", text="当时窗口的工号是 0312")
    said = await chat.say("non_text", kind="image")
    said = await chat.say("affirm", text="说完了")
    assert "都加到" in said.text
    async with runtime.database.begin() as session:
        [note] = await session.scalars(select(CaseNote))
        assert runtime.crypto.decrypt(note.words, "case_notes.words") == "当时窗口的工号是 0312"
        assert len(list(await session.scalars(select(CaseMedium)))) == 1
    said = await chat.say("complain", text="撤回投诉")
    assert number in said.text
    said = await chat.press(said, "确定撤回")
    assert "已经撤回" in said.text
    assert [case.status for case in await made(runtime)] == [CaseStatus.WITHDRAWN]
    said = await chat.say("complain", text="撤回投诉")
    assert "没找到" in said.text


async def test_the_answer_is_read_on_request_and_the_result_judged(
    clinic: Clinic, runtime: Runtime, outside: Outside
) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    async with runtime.database.begin() as session:
        await handling.answer(session, runtime.crypto, number, "正在核实", actor=STAFF, now=NOW)
    assert "已答复：“正在核实”" in (await chat.say("complaint_status", text="处理进度")).text
    async with runtime.database.begin() as session:
        await handling.close(session, runtime.crypto, number, "已批评教育，向您道歉", actor=STAFF, now=NOW)
    said = await chat.say("complaint_status", text="处理进度")
    assert "处理结果：“已批评教育，向您道歉”" in said.text
    assert list(said.buttons) == ["满意", "不满意"]
    said = await chat.press(said, "不满意")
    assert "12345" in said.text
    said = await chat.press(said, "重新处理")
    assert "11月27日" in said.text
    [case] = await made(runtime)
    assert (case.status, case.satisfied, case.reopened) == (CaseStatus.REOPENED, False, 1)
    async with runtime.database.begin() as session:
        await handling.close(session, runtime.crypto, number, "再次道歉", actor=STAFF, now=NOW)
    said = await chat.press(await chat.say("complaint_status", text="处理进度"), "不满意")
    assert "调解" in said.text
    assert said.buttons == {}
    said = await chat.say("complain", ("case", str(case.id)), ("purpose", "satisfied"))
    assert "谢谢" in said.text
    [case] = await made(runtime)
    assert case.satisfied is True


async def test_what_was_taken_up_again_on_its_page_is_not_asked_again(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    async with runtime.database.begin() as session:
        await handling.close(session, runtime.crypto, number, "已道歉", actor=STAFF, now=NOW)
    await chat.press(await chat.say("complaint_status", text="处理进度"), "不满意")
    [case] = await made(runtime)
    async with runtime.database.begin() as session:
        await following.reopen(session, case.id, case.account_id, key=None, now=NOW)
    said = await chat.say("thanks", text="谢谢")
    assert "已经重新处理" in said.text
    assert said.buttons == {}
    assert chat.form == ""


async def test_who_is_not_satisfied_with_an_answer_says_more(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    async with runtime.database.begin() as session:
        await handling.answer(session, runtime.crypto, number, "没有发现问题", actor=STAFF, now=NOW)
    said = await chat.say("complain", text="对处理结果不满意")
    assert f"编号 {number}" in said.text
    await chat.say("nlu_fallback", text="你们没有看监控")
    [case] = await made(runtime)
    assert case.status is CaseStatus.IN_PROGRESS


async def test_late_the_ways_outside_are_named(clinic: Clinic, outside: Outside) -> None:
    chat = await clinic.chat(registered=False)
    await submit(chat)
    outside.now = NOW + timedelta(days=6)
    said = await chat.say("complaint_status", text="处理进度")
    for told in ("上一级", "12345", "12320", "人民调解委员会"):
        assert told in said.text
    assert "12345" in (await chat.say("complain", text="除了你们还能找谁投诉")).text


async def test_nobody_else_reaches_it(clinic: Clinic, runtime: Runtime) -> None:
    chat, stranger = await clinic.chat(registered=False), await clinic.chat(registered=False)
    await submit(chat)
    [case] = await made(runtime)
    said = await stranger.say("complain", ("case", str(case.id)), ("purpose", "withdraw"))
    assert "没找到" in said.text
    assert "TS-" not in (await stranger.say("complaint_status", text="处理进度")).text


async def test_never_mind_keeps_what_was_to_be_withdrawn(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    await submit(chat)
    said = await chat.say("complaint_status", text="处理进度")
    await chat.press(said, "撤回投诉")
    assert "不撤回" in (await chat.say("cancel", text="算了")).text
    assert [case.status for case in await made(runtime)] == [CaseStatus.OPEN]


async def test_a_second_one_hears_of_the_first(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    said = await chat.say("complain", text="投诉")
    assert number in said.text
    await chat.say("cancel", text="取消")
    await submit(chat, "另外一件事：快递一直没到")
    assert [case.category for case in await made(runtime)] == [Category.WAITING, Category.DELIVERY]


async def test_a_step_that_came_too_late_is_told(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    said = await chat.press(await chat.say("complaint_status"), "补充")
    async with runtime.database.begin() as session:
        await handling.close(session, runtime.crypto, number, "办结", actor=STAFF, now=NOW)
    said = await chat.say("nlu_fallback", text="还有一件事要说")
    assert "已经办结" in said.text


async def _notes(runtime: Runtime) -> list[tuple[str, str]]:
    async with runtime.database.begin() as session:
        found = await session.scalars(select(CaseNote).order_by(CaseNote.id))
        return [(one.kind, runtime.crypto.decrypt(one.words, "case_notes.words")) for one in found]


async def test_what_was_said_wrong_is_corrected_and_both_are_seen(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    said = await chat.say("complain", text="我说错了，不是收费窗口，是挂号窗口")
    assert f"{number} 更正了" in said.text
    assert chat.form == ""
    said = await chat.press(await chat.say("complaint_status"), "更正")
    assert "请写正确的" in said.text
    assert "不变" in (await chat.say("deny", text="没有了")).text
    await chat.press(await chat.say("complaint_status"), "更正")
    assert "更正了" in (await chat.say("nlu_fallback", text="等了一个小时，不是两个小时")).text
    [case] = await made(runtime)
    assert words_of(runtime, case) == "昨天下午在收费窗口，等了两个小时，没人理我"
    assert await _notes(runtime) == [
        ("correction", "我说错了，不是收费窗口，是挂号窗口"),
        ("correction", "等了一个小时，不是两个小时"),
    ]
    async with runtime.database.begin() as session:
        shown = await handling.reveal(session, runtime.crypto, number, actor=STAFF, reason="to answer it")
    assert [one.kind for one in shown.notes] == ["correction", "correction"]


async def test_it_was_another_visit(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat()
    pharmacy = await Pharmacy(runtime.database, runtime.crypto).open()
    async with runtime.database.begin() as session:
        [patient] = await patients.acting_for(session, chat.contact.account_id)
    await pharmacy.paid("AML", client=Client(chat.contact.account_id, chat.contact.id, patient.id))
    await chat.say("complain", text="我要投诉")
    await chat.say("nlu_fallback", text="昨天下午在收费窗口，等了两个小时")
    said = await chat.press(await chat.say("affirm", text="说完了"), "都不是")
    assert "重新写" in said.buttons
    said = await chat.say("correct", text="不对，不是这次")
    assert "和下面哪一次有关" in said.text
    await chat.press(await chat.press(said, "都不是"), "提交")
    [case] = await made(runtime)
    assert case.order_id is None
    said = await chat.press(await chat.say("complaint_status"), "更正")
    title = next(title for title in said.buttons if "药品" in title)
    assert "更正了" in (await chat.press(said, title)).text
    [case] = await made(runtime)
    assert case.order_id is not None
    assert (await _notes(runtime))[0] == ("correction", f"更正：和 {title} 有关")


async def test_what_the_first_one_invites_to_say_leads_to_it(clinic: Clinic, runtime: Runtime) -> None:
    chat = await clinic.chat(registered=False)
    number = await submit(chat)
    said = await chat.say("complain", text="投诉")
    assert "请说“补充投诉”" in said.text
    said = await chat.say("complain", text="补充投诉")
    assert f"编号 {number}：要补充什么" in said.text
    said = await chat.say("complain", text="补充投诉")
    assert f"编号 {number}：要补充什么" in said.text  # no word of the complaint
    await chat.say("nlu_fallback", text="还有收费的事")
    said = await chat.say("complain", text="撤回投诉")
    assert "确定撤回" in said.text
    [case] = await made(runtime)
    assert "补充投诉" not in words_of(runtime, case)
