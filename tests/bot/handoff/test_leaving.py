"""Who wants no person any more, or waits no longer for something else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.choices import WITHDRAW_MESSAGE
from bot.handoff import queue, talking, timers
from bot.handoff.models import Reason, Skill
from integrations.hospital.models import Role
from integrations.messages import Kind
from tests.bot.handoff.conftest import rows, state

LEFT = '/handed_back{"purpose": "left"}'


@pytest.fixture
async def patient(rt, write):
    await write("你好")
    [row] = await rows(rt, "SELECT id FROM conversations")
    return row.id


async def talks(rt) -> list[tuple[str, int]]:
    return [tuple(row) for row in await rows(rt, "SELECT status, priority FROM talks ORDER BY id")]


@pytest.mark.parametrize(("words", "told"), [("不用人工了", LEFT), ("不等了", "不等了")])
async def test_a_red_flag_stays_first_in_line_whatever_is_said(rt, write, patient, agent, rasa, words, told):
    """And that somebody still comes is said."""
    await write("我不想活了，想跳楼")
    [said] = await write(words)
    assert "同事还是会来看" in said
    assert said.endswith(f"echo {told}")
    assert await talks(rt) == [("unanswered", 1440)]


async def test_so_does_one_whose_person_was_brought_before_it(rt, write, patient, agent, telegram):
    """The button below the question of before is still there to press."""
    await write("听不懂的话")
    choice = telegram.sent[-1].options[-1].id
    await write("我胸口剧痛喘不上气")
    await write("", kind=Kind.CHOICE, choice=choice)
    assert await talks(rt) == [("unanswered", 1440)]


async def test_who_waits_in_silence_after_a_red_flag_has_the_bot_back_and_stays_in_line(
    rt, write, patient, agent, rasa
):
    await write("我要人工")
    await write("我胸口剧痛喘不上气")
    [said] = await write("不等了")
    assert "同事还是会来看" in said
    assert await talks(rt) == [("unanswered", 1440)]
    assert await state(rt, patient) == ("bot", 2)
    assert await write("心内科") == ["echo 心内科"]


async def test_at_night_no_message_does_not_end_what_a_red_flag_brought(rt, write, patient, agent, clock):
    clock.time += timedelta(hours=11)  # 21:00
    await write("我要人工")
    await write("我胸口剧痛喘不上气")
    await write("不用了")
    assert await talks(rt) == [("unanswered", 1440)]


@pytest.fixture
async def message_left(write, patient, agent, clock):
    clock.time += timedelta(hours=11)
    await write("我要人工")
    await write("我上周的检查报告还没出来")


@pytest.mark.parametrize("morning", [False, True])
async def test_who_waits_no_longer_for_something_else_keeps_the_message_that_they_left(
    rt, write, message_left, rasa, telegram, clock, morning
):
    """The words are the dialog's to understand; what waits is said, with the way to withdraw it."""
    clock.forward(hours=11 if morning else 1)
    [said] = await write("不等了")
    assert rasa.turns[-1]["text"] == "不等了"
    assert said == "您给人工的留言还在，同事上班后会看，在这里回复您。\necho 不等了"
    assert await talks(rt) == [("unanswered", 0)]
    await write("", kind=Kind.CHOICE, choice=telegram.sent[-1].options[-1].id)
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("left", 0)]


@pytest.mark.parametrize("words", ["不用人工了", "不要人工", "I do not want a person"])
async def test_a_message_that_was_left_is_withdrawn_by_its_button_alone(rt, write, message_left, rasa, words):
    await write(words)
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("unanswered", 0)]


async def test_who_leaves_no_second_message_keeps_the_first(rt, write, message_left, rasa):
    await write("我要人工")
    [said] = await write("不用了")
    assert "您给人工的留言还在" in said
    assert await talks(rt) == [("unanswered", 0)]


@pytest.mark.parametrize("words", ["不等了", "不用人工了"])
async def test_who_asks_again_by_day_and_waits_no_longer_keeps_the_message(
    rt, write, message_left, patient, rasa, clock, words
):
    """What ends is the wait in silence."""
    clock.forward(hours=12)
    await write("我要人工")
    assert await talks(rt) == [("waiting", 0)]
    [said] = await write(words)
    assert said.startswith("您给人工的留言还在")
    assert await talks(rt) == [("unanswered", 0)]
    assert (await state(rt, patient))[0] == "bot"


@pytest.mark.parametrize("words", ["不用人工了", "不等了"])
async def test_who_left_no_message_at_night_waits_for_nothing(
    rt, write, patient, agent, clock, telegram, words
):
    clock.time += timedelta(hours=11)
    await write("我要人工")
    await write(kind=Kind.MENU, choice="my_appointments")
    await write(words)
    assert await talks(rt) == [("left", 0)]


async def test_what_was_said_while_nobody_came_until_the_desk_shut_is_a_message(
    rt, write, patient, agent, clock
):
    clock.time += timedelta(hours=9, minutes=50)  # 19:50, ten minutes before the end
    await write("我要人工")
    await write("我的检查报告还没出来")
    clock.forward(minutes=16)
    await timers.keep(rt)
    await write("不等了")
    assert await talks(rt) == [("unanswered", 0)]


async def test_whom_nobody_came_to_by_day_may_wait_no_longer(rt, write, patient, agent, clock):
    await write("我要人工")
    clock.forward(minutes=16)
    await timers.keep(rt)
    await write("不等了")
    assert await talks(rt) == [("left", 0)]


@pytest.mark.parametrize(("words", "told"), [("不用人工了", LEFT), ("不等了", "不等了")])
async def test_a_consultation_goes_on_waiting_for_its_doctor(
    rt, write, patient, ask, rasa, telegram, words, told
):
    await ask(patient, Skill.DOCTOR, reason=Reason.CONSULTATION, consultation_id=uuid4())
    [said] = await write(words)
    assert said == f"您的在线复诊照旧，医生会在这里回复您。\necho {told}"
    assert [option.title for option in telegram.sent[-1].options] == ["取消在线复诊"]
    assert await talks(rt) == [("unanswered", 0)]


async def test_a_consultation_takes_no_place_from_a_red_flag(rt, write, patient, agent, ask):
    await write("听不懂的话")
    await write("我胸口剧痛喘不上气")
    await ask(patient, Skill.DOCTOR, reason=Reason.CONSULTATION, consultation_id=uuid4())
    [row] = await rows(rt, "SELECT status, skill, priority FROM talks")
    assert tuple(row) == ("unanswered", "service", 1440)


@pytest.fixture
def press(write, telegram):
    """The button that takes the message back, as it stands below whatever was said when."""

    async def again() -> list[str]:
        return await write("", kind=Kind.CHOICE, choice=WITHDRAW_MESSAGE)

    return again


@pytest.fixture
async def doctor(rt, hire):
    [department] = await rows(
        rt,
        "INSERT INTO departments (name, campus, building, floor) VALUES ('骨科', '本部', '门诊楼', '3层') RETURNING id",
    )
    return await hire("doctor", "李静", Role.DOCTOR, department=department.id)


async def consult(rt, patient, doctor, *, accepted: bool = False) -> None:
    async with rt.database.begin() as session:
        place = await queue.ask(
            session, rt, patient, Skill.DOCTOR, Reason.CONSULTATION,
            department_id=doctor.department_id, wanted_staff_id=doctor.id, consultation_id=uuid4(),
        )  # fmt: skip
        if accepted:
            await talking.accept(session, rt, place.talk_id, doctor, rt.now())


async def over(rt, patient) -> None:
    """The consultation is, and messages that made room for it wait again."""
    async with rt.database.begin() as session:
        found = await talking.open_talk(session, patient)
        await talking.end(session, rt, found, "consultation", rt.now(), how="consulted")
    async with rt.database.begin() as session:
        await queue.messages_again(session, rt)


async def test_the_button_that_takes_a_message_back_stays_good_whatever_was_asked_since(
    rt, write, message_left, telegram, rasa, press
):
    await write("不等了")
    assert telegram.sent[-1].options[-1].id == WITHDRAW_MESSAGE
    rasa.say["挂号"] = [{"text": "哪个科？", "buttons": [{"title": "骨科", "payload": "/inform"}]}]
    await write("挂号")
    await press()
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("left", 0)]


@pytest.mark.parametrize("words", ["撤回留言", "撤回留言。", "Withdraw my message", "撤回留言！"])
async def test_where_buttons_are_typed_its_title_is_enough(rt, write, message_left, rasa, words):
    await write("我要人工")  # one message is asked for: this is none
    await write(words)
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("left", 0)]


async def test_a_message_that_makes_room_for_a_consultation_is_taken_back_all_the_same(
    rt, write, message_left, patient, doctor, rasa, telegram, press
):
    """While the doctor is awaited; that the consultation stands is said, and the message never comes back."""
    await consult(rt, patient, doctor)
    [said] = await write("不等了")
    assert said == (
        "您的在线复诊照旧，医生会在这里回复您。\n您给人工的留言还在，同事上班后会看，在这里回复您。\necho 不等了"
    )
    titles = [option.title for option in telegram.sent[-1].options]
    assert titles == ["取消在线复诊", "撤回留言"]
    [said] = await press()
    assert said == f"您的在线复诊照旧，医生会在这里回复您。\necho {LEFT}"
    assert await talks(rt) == [("left", 0), ("unanswered", 0)]
    await over(rt, patient)
    assert await talks(rt) == [("left", 0), ("closed", 0)]


async def test_it_is_taken_back_in_silence_while_the_doctor_speaks_and_said_so_afterwards(
    rt, write, message_left, patient, doctor, press, rasa
):
    await consult(rt, patient, doctor, accepted=True)
    turns = len(rasa.turns)
    await write("血压早上135")
    assert await press() == []
    assert await press() == []  # once more
    assert len(rasa.turns) == turns
    await over(rt, patient)
    assert await talks(rt) == [("left", 0), ("closed", 0)]
    said = await write("好的")
    assert sum("那就不留言了" in words for words in said) == 1


async def test_between_the_consultation_and_its_return_it_is_taken_back_as_well(
    rt, write, message_left, patient, doctor, press
):
    await consult(rt, patient, doctor)
    async with rt.database.begin() as session:
        await session.execute(
            text("UPDATE talks SET status = 'closed', ended_at = now() WHERE ended_at IS NULL")
        )
    await press()
    async with rt.database.begin() as session:
        assert await queue.messages_again(session, rt) == []


async def test_who_waits_in_silence_and_takes_the_message_back_waits_no_longer(
    rt, write, message_left, patient, rasa, clock, press
):
    clock.forward(hours=12)
    await write("我要人工")
    await press()
    assert rasa.turns[-1]["text"] == LEFT
    assert await talks(rt) == [("left", 0)]
    assert (await state(rt, patient))[0] == "bot"


async def test_an_old_button_takes_nobody_out_of_the_line(rt, write, patient, agent, rasa, press):
    await write("我要人工")
    [said] = await press()
    assert "您正在等人工" in said
    assert await talks(rt) == [("waiting", 0)]
    await write("不等了")
    await write("听不懂的话")
    await press()
    assert [status for status, _ in await talks(rt)] == ["left", "unanswered"]


async def test_of_a_patient_in_danger_the_message_is_taken_back_and_the_place_stays(
    rt, write, message_left, press
):
    await write("我胸口剧痛喘不上气")
    [said] = await press()
    assert "同事还是会来看" in said
    assert await talks(rt) == [("unanswered", 1440)]
    assert await rows(rt, "SELECT 1 FROM talks WHERE message_at IS NOT NULL") == []
