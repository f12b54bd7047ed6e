"""What staff do with a talk, and what of the bot's may leave meanwhile."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot import claims, delivery, inbox, outbox, unknown_sends
from bot.handoff import control, queue, talking, telling, timers
from bot.handoff.models import Skill, TalkStatus
from bot.handoff.states import AlreadyTaken, NotActive, NotYours, Over
from bot.models import ControlState
from bot.outbox import Reply
from bot.unknown_sends import NotUnknown
from integrations.hospital.models import Role
from integrations.messages import Notice
from tests.bot.blocking import waits_for
from tests.bot.handoff.conftest import queued, rows, state


@pytest.fixture
def act(rt, clock):
    """One thing that staff do, in a transaction of its own."""

    async def do(work, *values, **more):
        async with rt.database.begin() as session:
            return await work(session, rt, *values, now=clock(), **more)

    return do


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


async def test_a_person_s_words_leave_also_after_the_talk(rt, patient, taken, act, agent, telegram):
    talk = await taken(patient, agent)
    await act(talking.say, talk, agent, "单子已经开好了")
    await act(talking.close, talk, agent)
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["单子已经开好了"]  # and no "接通了" any more


async def test_the_bot_s_answers_are_dropped_and_news_waits_for_the_end(
    rt, patient, taken, act, agent, telegram, clock
):
    """By kind: what is of no use afterwards is dropped (telling.MEANWHILE), the rest follows."""
    [inbound] = await rows(rt, "SELECT id FROM inbound")

    async def bot_says(words: str, *, kind: str = "", answers: bool = False) -> None:
        notice = Notice(kind, "新消息", clock(), "") if kind else None
        _, epoch = await state(rt, patient)
        async with rt.database.begin() as session:
            await outbox.queue(
                session, rt.crypto, patient, [Reply(words, notice=notice)],
                epoch=epoch, inbound_id=inbound.id if answers else None,
            )  # fmt: skip

    await bot_says("机器人的回答", answers=True)
    talk = await taken(patient, agent)
    for kind in telling.EventKind:
        await bot_says(kind.value, kind=kind.value)
    await bot_says("没有种类的话")
    await act(talking.say, talk, agent, "您好")
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。", "您好"]
    await act(talking.close, talk, agent)
    while await claims.claim(rt, patient):
        await rows(rt, "UPDATE outbound SET status = 'sent' WHERE status = 'sending' RETURNING id")
    left = [row.status for row in await rows(rt, "SELECT status FROM outbound WHERE inbound_id IS NOT NULL")]
    assert left == ["dropped"]
    dropped = {
        outbox.unseal(rt.crypto, row.content).text
        for row in await rows(
            rt, "SELECT content FROM outbound WHERE status = 'dropped' AND notice IS NOT NULL"
        )
    }
    assert dropped == {kind.value for kind in telling.EventKind if telling.fate(kind) is telling.Fate.DROPPED}
    assert dropped == {"waitlist_offered", "visit_soon", "rating_asked"}
    assert await queued(rt, patient) == []


async def test_a_takeover_is_confirmed_only_when_nothing_of_the_bot_s_is_on_its_way(
    rt, patient, ask, act, agent, telegram
):
    [inbound] = await rows(rt, "SELECT id FROM inbound")
    async with rt.database.begin() as session:
        for at in range(2):
            await outbox.queue(
                session, rt.crypto, patient, [Reply("机器人")], epoch=0, inbound_id=inbound.id, first=at
            )
    leaving = await claims.claim(rt, patient)
    taking = asyncio.create_task(act(talking.take_over, patient, agent))
    await asyncio.sleep(0.2)
    assert not taking.done()
    await claims.finish(rt, leaving, "sent", platform_id="1")
    await taking
    await delivery.deliver(rt, patient)
    assert telegram.texts == ["接通了，小李为您服务。"]
    states = [row.status for row in await rows(rt, "SELECT status FROM outbound ORDER BY seq")]
    assert states == ["sent", "dropped", "sent"]


@pytest.mark.parametrize("waits", [True, False])
async def test_the_answer_to_a_red_flag_waits_for_no_takeover(
    rt, patient, agent, clock, message, telegram, waits
):
    """A platform that is slow keeps the takeover from being confirmed, and its transaction open."""
    async with rt.database.begin() as session:
        if waits:
            place = await queue.ask(session, rt, patient)
    async with rt.database.begin() as session:
        if waits:
            await talking.accept(session, rt, place.talk_id, agent, clock())
        else:
            await talking.take_over(session, rt, patient, agent, clock())
        async with asyncio.timeout(90):  # it would wait for ever
            accepted = await inbox.accept(rt, telegram, message("孩子叫不醒了"), passive_until=None)
            assert accepted
            assert accepted.alarm
            await delivery.deliver(rt, patient, alarms_only=True)
        assert "120" in telegram.texts[-1]
    await timers.keep(rt)
    assert [tuple(row) for row in await rows(rt, "SELECT status, staff_id FROM talks")] == [
        ("active", agent.id)
    ]


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


async def test_two_who_send_the_answer_to_a_red_flag_send_it_once(rt, patient, message, telegram):
    await inbox.accept(rt, telegram, message("孩子叫不醒了"), passive_until=None)
    sending = (delivery.deliver(rt, patient, alarms_only=only) for only in (True, False, True, False))
    await asyncio.gather(*sending)
    assert len(telegram.texts) == 1


async def test_control_knows_its_own_steps_only(rt, patient):
    async with rt.database.begin() as session:
        assert await control.change_control(session, patient, ControlState.WAITING, rt.now()) == 1
        assert await control.change_control(session, patient, ControlState.WAITING, rt.now()) == 1
        await session.execute(text("SELECT 1"))
    assert await state(rt, patient) == ("waiting", 1)


@pytest.mark.parametrize("how", ["transferred", "taken over", "lost"])
async def test_what_had_not_left_when_the_talk_changed_hands_is_never_sent(
    rt, telegram, patient, ask, act, agent, other, clock, how
):
    """Whoever has it next may say otherwise. It stands in the list of whoever wrote it, and of nobody else, until they
    took note of it; nobody says it for them."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    [row] = await act(talking.say, place.talk_id, agent, "明天不用来了")
    if how == "transferred":
        await act(talking.transfer, place.talk_id, agent, to=other)
    elif how == "lost":
        async with rt.database.begin() as session:
            await timers.lost(session, rt, await talking.talk(session, place.talk_id), clock())
    await act(talking.take_over, patient, other)
    await act(talking.say, place.talk_id, other, "明天照常来")
    await delivery.deliver(rt, patient)
    assert "明天照常来" in telegram.texts
    assert "明天不用来了" not in telegram.texts
    [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
    assert kept == ("dropped", outbox.CHANGED_HANDS)
    async with rt.database.begin() as session:
        [told] = await unknown_sends.listed(session, agent, clock())
        assert (told.id, told.left) == (row, False)
        assert not await unknown_sends.listed(session, other, clock())
        with pytest.raises(NotUnknown):
            await unknown_sends.say_again(session, row, agent, reason="x", now=clock())
        await unknown_sends.let_be(session, row, agent, reason="passed on", now=clock())
        assert not await unknown_sends.listed(session, agent, clock())


async def test_what_was_just_leaving_when_the_talk_changed_hands_is_not_tried_again(
    rt, patient, ask, act, agent, other, clock
):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    for member, stays in ((other, False), (agent, True)):
        [row] = await act(talking.say, place.talk_id, agent, "稍等")
        claimed = await claims.claim(rt, patient)
        await act(talking.take_over, patient, member)
        await claims.postpone(rt, patient, claimed, timedelta(0), "the platform is away")
        [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
        wanted = ("queued", "the platform is away") if stays else ("dropped", outbox.CHANGED_HANDS)
        assert kept == wanted
        await act(talking.take_over, patient, agent)
        await delivery.deliver(rt, patient)


async def test_what_is_given_back_during_a_takeover_waits_for_it_and_is_not_tried_again(
    rt, patient, ask, act, agent, other, clock
):
    """The takeover does not see what is leaving: whoever gives it back has to see the takeover."""
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    [row] = await act(talking.say, place.talk_id, agent, "明天不用来了")
    claimed = await claims.claim(rt, patient)
    async with rt.database.begin() as session:
        await talking.take_over(session, rt, patient, other, clock())
        back = asyncio.create_task(claims.postpone(rt, patient, claimed, timedelta(0), "no line"))
        await waits_for(session, back)
    await back
    [kept] = await rows(rt, "SELECT status, error FROM outbound WHERE id = :id", id=row)
    assert kept == ("dropped", outbox.CHANGED_HANDS)


async def test_what_was_said_before_the_end_of_a_talk_leaves_after_it(rt, telegram, patient, ask, act, agent):
    place = await ask(patient)
    await act(talking.accept, place.talk_id, agent)
    await act(talking.say, place.talk_id, agent, "报告出来了")
    await act(talking.close, place.talk_id, agent)
    await delivery.deliver(rt, patient)
    assert "报告出来了" in telegram.texts
