"""What staff do with a talk."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot import delivery
from bot.handoff import control, queue, talking, timers
from bot.handoff.models import Skill, TalkStatus
from bot.handoff.states import AlreadyTaken, NotActive, NotYours, Over
from bot.models import ControlState
from integrations.hospital.models import Role
from tests.bot.handoff.conftest import rows, state


async def test_accept_say_and_hand_back(rt, telegram, patient, ask, act, agent, clock):
    place = await ask(patient)
    found = await act(talking.accept, place.talk_id, agent)
    assert (found.status, found.staff_id) == (TalkStatus.ACTIVE, agent.id)
    assert await state(rt, patient) == ("agent", 2)
    [row] = await act(talking.say, place.talk_id, agent, "您好，请问什么事？")
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。", "您好，请问什么事？"]
    [kept] = await rows(rt, "SELECT staff_id, talk_id, status FROM outbound WHERE id = :id", id=row)
    assert kept == (agent.id, place.talk_id, "sent")
    await act(talking.hand_back, place.talk_id, agent)
    assert await state(rt, patient) == ("bot", 3)
    [told] = await rows(rt, "SELECT kind, status FROM inbound WHERE channel = 'system'")
    assert told == ("system", "pending")


async def test_who_answers_has_seen_the_red_flag_that_they_alone_were_told_of(
    rt, patient, taken, act, agent, arrive
):
    talk = await taken(patient, agent)
    await arrive(words="胸口有点疼")
    due = "SELECT 1 FROM alarms WHERE page_at IS NOT NULL"
    assert await rows(rt, due)
    await act(talking.say, talk, agent, "有没有出冷汗？")
    assert not await rows(rt, due)


async def test_who_answers_does_not_stop_the_page_for_a_question_that_the_patient_left_open(
    rt, patient, taken, act, agent, arrive
):
    await arrive(words="胸口有点疼")
    talk = await taken(patient, agent)
    await act(talking.say, talk, agent, "您好")
    assert await rows(rt, "SELECT 1 FROM alarms WHERE page_at IS NOT NULL")


async def test_the_survey_is_asked_once_and_only_of_whom_somebody_answered(rt, patient, ask, act, agent):
    for answers in (False, True):
        place = await ask(patient)
        await act(talking.accept, place.talk_id, agent)
        if answers:
            await act(talking.say, place.talk_id, agent, "好的")
        await act(talking.close, place.talk_id, agent)
    assert [row.subject_id for row in await rows(rt, "SELECT subject_id FROM ratings")] == [place.talk_id]


async def test_only_one_of_two_gets_it_and_only_they_may_speak(rt, patient, ask, act, agent, other):
    place = await ask(patient)
    got = await asyncio.gather(
        *(act(talking.accept, place.talk_id, one) for one in (agent, other)), return_exceptions=True
    )
    assert sum(isinstance(one, AlreadyTaken) for one in got) == 1
    mine, theirs = (agent, other) if isinstance(got[1], AlreadyTaken) else (other, agent)
    with pytest.raises(NotYours):
        await act(talking.say, place.talk_id, theirs, "我来")
    await act(talking.say, place.talk_id, mine, "您好")
    with pytest.raises(NotYours):
        await act(talking.close, place.talk_id, theirs)
    await act(talking.close, place.talk_id, mine)
    for work in (talking.say, talking.close, talking.accept):
        with pytest.raises(Over):
            await act(work, place.talk_id, mine, *(["还在吗"] if work is talking.say else []))


async def test_before_it_is_taken_nobody_speaks_in_it(rt, patient, ask, act, agent, hire):
    place = await ask(patient)
    with pytest.raises(NotActive):
        await act(talking.say, place.talk_id, agent, "您好")
    with pytest.raises(NotYours):
        await act(talking.accept, place.talk_id, await hire("yao", "药师", Role.PHARMACIST))
    with pytest.raises(NotYours):
        await act(talking.accept, place.talk_id, await hire("root", "管理员", Role.ADMINISTRATOR))


async def test_a_doctor_takes_their_department_s_talks_and_their_own_consultations_only(
    rt, arrive, ask, act, hire
):
    department, elsewhere = (
        row.id
        for row in await rows(
            rt,
            """INSERT INTO departments (name, campus, building, floor)
               VALUES ('骨科', '本部', '门诊楼', '3层'), ('眼科', '本部', '门诊楼', '4层') RETURNING id""",
        )
    )
    doctor, colleague, stranger = [
        await hire(f"doctor{at}", "医生", Role.DOCTOR, department=one)
        for at, one in enumerate((department, department, elsewhere))
    ]
    place = await ask(await arrive("a"), Skill.DOCTOR, department_id=department)
    with pytest.raises(NotYours):
        await act(talking.accept, place.talk_id, stranger)
    await act(talking.accept, place.talk_id, doctor)
    place = await ask(
        await arrive("b"),
        Skill.DOCTOR,
        department_id=department,
        wanted_staff_id=doctor.id,
        consultation_id=uuid4(),
    )
    with pytest.raises(NotYours):
        await act(talking.accept, place.talk_id, colleague)
    await act(talking.accept, place.talk_id, doctor)


async def test_a_transferred_patient_is_first_in_line_and_told(
    rt, arrive, ask, taken, act, agent, other, telegram
):
    waiting = await ask(await arrive("waiting"))
    patient = await arrive("moved")
    talk = await taken(patient, agent)
    moved = await act(talking.transfer, talk, agent, to=other)
    assert (moved.wanted_staff_id, moved.staff_id, moved.status) == (other.id, None, TalkStatus.WAITING)
    assert (await ask(patient)).position == 1
    assert (
        await ask(
            waiting_conversation := (
                await rows(rt, "SELECT conversation_id FROM talks WHERE id = :id", id=waiting.talk_id)
            )[0][0]
        )
    ).position == 2
    assert waiting_conversation != patient
    await delivery.deliver(rt, patient)
    assert "同事" in telegram.texts[-1]
    with pytest.raises(NotActive):
        await act(talking.say, talk, agent, "再见")
    await act(talking.accept, talk, other)


async def test_a_supervisor_takes_over_from_bot_queue_and_colleague(rt, patient, ask, act, agent, hire):
    boss = await hire("boss", "主管", Role.SUPERVISOR)
    found = await act(talking.take_over, patient, boss)
    assert (found.status, found.reason) == (TalkStatus.ACTIVE, "staff")
    await act(talking.close, found.id, boss)
    place = await ask(patient)
    assert (await act(talking.take_over, patient, boss)).id == place.talk_id
    await act(talking.close, place.talk_id, boss)
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    assert (await act(talking.take_over, patient, boss)).staff_id == boss.id
    with pytest.raises(NotYours):
        await act(talking.say, place.talk_id, agent, "我说")


async def test_what_staff_did_stands_in_the_audit_log(rt, patient, taken, act, agent):
    talk = await taken(patient, agent)
    await act(talking.note, talk, agent, "要退费，已转财务")
    await act(talking.close, talk, agent)
    found = await rows(rt, "SELECT actor, action FROM audit_events ORDER BY id")
    assert [tuple(row) for row in found] == [
        ("staff:xiaoli", "talk.accept"),
        ("staff:xiaoli", "talk.closed"),
    ]
    async with rt.database.begin() as session:
        [(kept, words)] = await talking.notes(session, rt, patient)
    assert words == "要退费，已转财务"
    assert "退费".encode() not in bytes(kept.words)


async def test_a_red_flag_that_came_while_its_talk_was_held_comes_to_the_front_a_moment_later(
    rt, arrive, ask, clock
):
    held, closing = await arrive("held"), await arrive("closing")
    place = await ask(held)
    await ask(closing)
    async with rt.database.begin() as session:
        await talking.talk(session, place.talk_id)
        await queue.leave(session, closing, clock())
        clock.forward(seconds=1)
        for sender in ("held", "closing"):
            await arrive(sender, "孩子叫不醒了")
    await timers.keep(rt)
    found = await rows(rt, "SELECT conversation_id, priority, status FROM talks WHERE ended_at IS NULL")
    assert sorted(map(tuple, found)) == sorted([(held, 1440, "waiting"), (closing, 1440, "unanswered")])
    async with rt.database.begin() as session:
        await queue.leave(session, closing, clock())
    await timers.keep(rt)  # whoever ended it after the red flag has ended it
    assert len(await rows(rt, "SELECT 1 FROM talks WHERE conversation_id = :id", id=closing)) == 2


async def test_control_knows_its_own_steps_only(rt, patient):
    async with rt.database.begin() as session:
        assert await control.change_control(session, patient, ControlState.WAITING, rt.now()) == 1
        assert await control.change_control(session, patient, ControlState.WAITING, rt.now()) == 1
        await session.execute(text("SELECT 1"))
    assert await state(rt, patient) == ("waiting", 1)
