"""Who is asked to take a talk, and what happens when it takes too long."""

from datetime import timedelta

import pytest

from bot import delivery, inbox, sweep
from bot.handoff import assigning, queue, talking, timers
from bot.handoff.models import AnsweredIn, Reason, Skill
from bot.models import ControlState
from integrations.hospital.models import PresenceState, Role
from integrations.hospital.staff import presence
from tests.bot.handoff.conftest import rows, state


@pytest.fixture
def assigned(rt):
    async def who(talk_id):
        [row] = await rows(
            rt,
            "SELECT login FROM talks LEFT JOIN staff ON staff.id = staff_id WHERE talks.id = :id",
            id=talk_id,
        )
        return row.login

    return who


async def still_there(rt, *members):
    async with rt.database.begin() as session:
        for one in members:
            await presence.seen(session, one.id, rt.now())


async def test_whoever_has_least_to_do_is_asked_and_nobody_beyond_their_capacity(
    rt, arrive, ask, hire, assigned
):
    await hire("one", capacity=1, there=True)
    await hire("two", capacity=3, there=True)
    await hire("away")
    await hire("chemist", role=Role.PHARMACIST, there=True)
    await hire("boss", role=Role.SUPERVISOR, there=True)
    talks = [(await ask(await arrive(f"p{at}"))).talk_id for at in range(6)]
    await timers.keep(rt)
    names = [await assigned(one) for one in talks]
    assert sorted(name for name in names if name) == ["one", "two", "two", "two"]
    assert names[4:] == [None, None]  # the last in line wait


async def test_of_two_whoever_has_less_to_do_for_their_capacity_is_asked(
    rt, arrive, ask, taken, hire, assigned
):
    """Whoever stands first in the list is none the sooner for it."""
    busy = await hire("busy", capacity=4, there=True)
    idle = await hire("idle", capacity=4, there=True)
    for at in range(2):
        await taken(await arrive(f"p{at}"), busy)
    await taken(await arrive("p2"), idle)
    place = await ask(await arrive("new"))
    await timers.keep(rt)
    assert await assigned(place.talk_id) == "idle"


async def test_for_whom_it_is_meant_is_asked_before_all_others(rt, patient, ask, taken, act, hire, assigned):
    """Also before whoever helped last, and whatever they have to do."""
    known, meant = await hire("known", there=True), await hire("meant", capacity=2, there=True)
    before = await taken(patient, known)
    await act(talking.say, before, known, "好的")
    moved = await act(talking.transfer, before, known, to=meant)
    await timers.keep(rt)
    assert await assigned(moved.id) == "meant"


async def test_the_person_of_last_time_is_asked_first(rt, arrive, ask, hire, assigned, clock):
    patient = await arrive()
    known = await hire("known", there=True)
    place = await ask(patient)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, known, clock())
        await talking.say(session, rt, place.talk_id, known, "好的")
        await talking.close(session, rt, place.talk_id, known, clock())
    for at in range(3):
        await hire(f"new{at}", there=True)
    busy = await ask(await arrive("other"), wanted_staff_id=known.id)
    place = await ask(patient)
    await timers.keep(rt)
    assert await assigned(busy.talk_id) == "known"
    assert await assigned(place.talk_id) == "known"


async def test_who_does_not_take_it_is_passed_over_and_then_supervisors_hear(
    rt, patient, ask, hire, assigned, clock, telegram
):
    first = await hire("first", there=True)
    place = await ask(patient)
    await timers.keep(rt)
    assert await assigned(place.talk_id) == "first"
    second = await hire("second", there=True)
    boss = await hire("boss", role=Role.SUPERVISOR, there=True)
    for expected in ("second", "first"):
        clock.forward(seconds=61)
        await still_there(rt, first, second, boss)
        await timers.keep(rt)
        assert await assigned(place.talk_id) == expected
    clock.forward(seconds=61)
    await still_there(rt, boss)
    await timers.keep(rt)
    assert await assigned(place.talk_id) == "boss"
    [row] = await rows(rt, "SELECT escalated_at FROM talks")
    assert row.escalated_at == clock()
    await timers.keep(rt)
    await delivery.deliver(rt, patient)
    assert len(telegram.texts) == 1
    assert "让您久等" in telegram.texts[0]


async def test_when_nobody_comes_the_bot_goes_on_and_the_talk_stays_in_line(rt, patient, ask, clock, hire):
    place = await ask(patient)
    clock.forward(minutes=16)
    await timers.keep(rt)
    assert await state(rt, patient) == ("bot", 2)
    [row] = await rows(rt, "SELECT status FROM talks WHERE id = :id", id=place.talk_id)
    assert row.status == "unanswered"
    [told] = await rows(rt, "SELECT content FROM inbound WHERE kind = 'system'")
    assert inbox.unseal(rt.crypto, told.content)["choice"] == '/handed_back{"purpose": "given_up"}'
    agent = await hire(there=True)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, agent, clock())
    assert (await state(rt, patient))[0] == ControlState.AGENT


async def test_who_asks_again_is_waited_for_anew_and_told_again(rt, patient, ask, clock):
    """Asked last night, or given up an hour ago: what counts is since when the bot is silent."""
    await ask(patient)
    clock.forward(minutes=16)
    await timers.keep(rt)
    clock.forward(hours=1)
    assert (await ask(patient)).position == 1
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.WAITING
    clock.forward(minutes=16)
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.BOT
    told = await rows(rt, "SELECT content FROM inbound WHERE kind = 'system'")
    assert len(told) == 2


async def test_who_answers_while_it_is_looked_after_is_not_gone(
    rt, patient, taken, hire, clock, arrive, monkeypatch
):
    agent = await hire(there=True)
    talk = await taken(patient, agent)
    clock.forward(minutes=2)
    await arrive(words="在吗")
    clock.forward(minutes=5)
    await still_there(rt, agent)
    find, answered = timers._find, []

    async def find_and_answer(rt, due):
        found = await find(rt, due)
        if found and due is timers._SILENT:
            answered.append(found)
            async with rt.database.begin() as session:
                await talking.say(session, rt, talk, agent, "在的")
        return found

    monkeypatch.setattr(timers, "_find", find_and_answer)
    await timers.keep(rt)
    assert answered == [[talk]]
    assert [tuple(row) for row in await rows(rt, "SELECT silent_since FROM talks")] == [(None,)]


async def test_what_fails_for_one_talk_stands_in_no_others_way(rt, arrive, ask, hire, clock, monkeypatch):
    broken, other = await arrive("a"), await arrive("b")
    bad = await ask(broken)
    await ask(other)
    resume = timers.telling.resume

    async def fail(session, rt, found, *how):
        if found.id == bad.talk_id:
            raise KeyError("no such text")
        await resume(session, rt, found, *how)

    monkeypatch.setattr(timers.telling, "resume", fail)
    clock.forward(minutes=16)
    await hire(there=True)
    await timers.keep(rt)
    assert (await state(rt, other))[0] == ControlState.BOT
    assigned = await rows(rt, "SELECT staff_id FROM talks WHERE staff_id IS NOT NULL")
    assert len(assigned) == 2


async def test_whose_person_is_gone_comes_first_and_is_told_once(
    rt, arrive, ask, taken, hire, clock, telegram
):
    patient, waiting = await arrive("a"), await arrive("b")
    gone, here = await hire("gone", there=True), await hire("here", there=True)
    talk = await taken(patient, gone)
    await ask(waiting, Skill.SERVICE)
    clock.forward(seconds=59)
    await still_there(rt, here)
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.AGENT
    clock.forward(seconds=2)
    await still_there(rt, here)
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.WAITING
    [row] = await rows(
        rt,
        "SELECT staff.login FROM talks JOIN staff ON staff.id = staff_id WHERE talks.id = :id",
        id=talk,
    )
    assert row.login == "here"
    await timers.keep(rt)
    await delivery.deliver(rt, patient)
    assert [words for words in telegram.texts if "断线" in words] == telegram.texts[-1:]
    assert (await ask(patient)).position == 1


async def test_a_consultation_is_not_taken_from_its_doctor_who_is_away(rt, patient, ask, hire, clock):
    [department] = await rows(
        rt,
        "INSERT INTO departments (name, campus, building, floor) VALUES ('骨科', '本部', '门诊楼', '3层') RETURNING id",
    )
    doctor = await hire("doctor", role=Role.DOCTOR, department=department.id)
    place = await ask(
        patient,
        Skill.DOCTOR,
        department_id=department.id,
        wanted_staff_id=doctor.id,
        consultation_id=doctor.id,
    )
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, doctor, clock())
    clock.forward(hours=3)
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.AGENT


async def test_a_silent_person_is_seen_and_the_patient_told_once(
    rt, patient, ask, hire, clock, telegram, arrive
):
    agent = await hire(there=True)
    place = await ask(patient)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, agent, clock())
        await talking.say(session, rt, place.talk_id, agent, "您好")
    clock.forward(minutes=5)
    await still_there(rt, agent)
    await timers.keep(rt)  # the patient's turn
    clock.forward(seconds=1)
    await arrive(words="我的报告呢")
    for _ in range(3):
        clock.forward(seconds=100)
        await still_there(rt, agent)
        await timers.keep(rt)
    await delivery.deliver(rt, patient)
    assert sum("已经提醒了" in words for words in telegram.texts) == 1
    async with rt.database.begin() as session:
        await talking.say(session, rt, place.talk_id, agent, "出来了")
    assert [tuple(row) for row in await rows(rt, "SELECT silent_since FROM talks")] == [(None,)]


async def test_whoever_takes_over_has_as_long_as_who_began(rt, patient, ask, hire, clock, telegram, arrive):
    """Though the patient waits for an answer since before."""
    first, second = await hire("first", there=True), await hire("second", there=True)
    place = await ask(patient)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, first, clock())
        await talking.say(session, rt, place.talk_id, first, "我请同事看看")
    clock.forward(seconds=1)
    await arrive(words="好的，我要问的是报告")
    async with rt.database.begin() as session:
        await talking.transfer(session, rt, place.talk_id, first, clock(), to=second)
    clock.forward(minutes=5)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, second, clock())
    said = []
    for seconds in (0, 60, 240):
        clock.forward(seconds=seconds)
        await still_there(rt, first, second)
        await timers.keep(rt)
        await delivery.deliver(rt, patient)
        said.append(sum("已经提醒了" in words for words in telegram.texts))
    assert said == [0, 0, 1]


async def test_who_takes_a_talk_and_says_nothing_is_seen_although_the_patient_waits_without_a_word(
    rt, patient, ask, hire, clock, telegram
):
    agent = await hire(there=True)
    place = await ask(patient)
    async with rt.database.begin() as session:
        await talking.accept(session, rt, place.talk_id, agent, clock(), where=AnsweredIn.TELEGRAM)
    for minutes in (2, 2):
        clock.forward(minutes=minutes)
        await timers.keep(rt)
    await delivery.deliver(rt, patient)
    assert sum("已经提醒了" in words for words in telegram.texts) == 1
    clock.forward(minutes=11)
    await timers.keep(rt)
    assert (await state(rt, patient))[0] == ControlState.WAITING


async def test_the_place_is_told_again_when_it_changed_notably(rt, arrive, ask, clock, hire):
    ahead = [await arrive(f"p{at}") for at in range(6)]
    for one in ahead:
        await ask(one)
    patient = await arrive("patient")
    place = await ask(patient)
    async with rt.database.begin() as session:
        await sweep.timers.queue.told(session, place, clock())
    said = []
    for one in ahead:
        clock.forward(seconds=100)
        async with rt.database.begin() as session:
            await timers.queue.leave(session, one, clock())
        await timers.keep(rt)
        said.append(len(await rows(rt, "SELECT 1 FROM outbound WHERE talk_id = :id", id=place.talk_id)))
    # after 180 seconds one message says that it takes long; of the place: the 3rd, and the next
    assert said == [0, 1, 1, 2, 2, 3]


async def test_a_talk_that_nobody_took_ends_after_two_days(rt, patient, ask, clock):
    await ask(patient)
    clock.forward(minutes=16)
    await timers.keep(rt)
    clock.forward(days=2, seconds=1)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT status, ended_by FROM talks")
    assert tuple(row) == ("left", "time")


async def test_a_message_that_was_left_waits_until_somebody_sees_to_it(rt, patient, ask, clock, hire):
    """Over a long holiday, and however long nobody looks: an answer was promised. Supervisors see it from the morning
    on."""
    clock.time += timedelta(hours=11)
    place = await ask(patient)
    async with rt.database.begin() as session:
        await queue.keep_message(session, patient, clock())
    for hours in (14, 24 * 9):
        clock.forward(hours=hours)
        await timers.keep(rt)
    [row] = await rows(rt, "SELECT status, escalated_at IS NOT NULL AS seen FROM talks")
    assert tuple(row) == ("unanswered", True)
    agent = await hire(there=True)
    await timers.keep(rt)
    [row] = await rows(rt, "SELECT staff_id FROM talks")
    assert row.staff_id == agent.id
    async with rt.database.begin() as session:
        await talking.close(session, rt, place.talk_id, agent, clock())
    assert await _ended(rt, patient) == agent.actor


async def test_the_two_days_begin_anew_for_whoever_asks_again_or_is_in_danger(rt, arrive, ask, clock):
    again, danger = await arrive("again"), await arrive("danger")
    for one in (again, danger):
        await ask(one)
    clock.forward(minutes=16)
    await timers.keep(rt)
    clock.forward(days=1, hours=23)
    await ask(again)
    await arrive("danger", "孩子叫不醒了")
    for hours in (1, 2):
        clock.forward(hours=hours)
        await timers.keep(rt)
    found = await rows(rt, "SELECT status FROM talks")
    assert [row.status for row in found] == ["unanswered", "unanswered"]


async def test_nobody_is_asked_before_it_opens(rt, patient, ask, clock, hire, assigned):
    clock.time -= timedelta(hours=3)
    await hire(there=True)
    place = await ask(patient)
    await timers.keep(rt)
    assert await assigned(place.talk_id) is None
    clock.time = place.opens_at + timedelta(seconds=1)
    [one] = await rows(rt, "SELECT id FROM staff")
    async with rt.database.begin() as session:
        await presence.set_state(session, one.id, PresenceState.ONLINE, clock())
    await timers.keep(rt)
    assert await assigned(place.talk_id) == "xiaoli"


async def test_a_hospital_without_people_of_a_skill_has_none(rt, hire):
    async with rt.database.begin() as session:
        assert not await assigning.anybody(session, Skill.SERVICE)
    await hire()
    async with rt.database.begin() as session:
        assert await assigning.anybody(session, Skill.SERVICE)
        assert not await assigning.anybody(session, Skill.PHARMACY)


async def test_a_person_whom_the_patient_never_asked_for_is_waited_for_no_longer_than_hours(
    rt, arrive, ask, clock
):
    """Who did ask, then or since, is kept for two days."""
    brought = await ask(await arrive("brought"), reason=Reason.FAILED, bot_goes_on=True)
    since = await arrive("since")
    await ask(since, reason=Reason.FAILED, bot_goes_on=True)
    asked = await ask(since)
    clock.forward(minutes=16)
    await timers.keep(rt)  # nobody came: the bot goes on with who asked, too
    clock.forward(hours=4)
    await timers.keep(rt)
    found = await rows(rt, "SELECT id, status, ended_by FROM talks ORDER BY requested_at, id")
    assert [tuple(row) for row in found] == [
        (brought.talk_id, "left", "time"),
        (asked.talk_id, "unanswered", None),
    ]


async def test_whoever_is_in_danger_since_a_person_was_brought_is_waited_for_as_the_others(
    rt, arrive, ask, clock
):
    """Whoever is to be seen today, for four hours more."""
    danger, today = await arrive("danger"), await arrive("today")
    for one in (danger, today):
        await ask(one, reason=Reason.FAILED, bot_goes_on=True)
    clock.forward(hours=3, minutes=58)
    await arrive("danger", "胸口剧痛喘不上气")
    await arrive("today", "今天拉血了")
    found = await rows(rt, "SELECT outcome FROM alarms ORDER BY outcome")
    assert [row.outcome for row in found] == ["emergency", "urgent"]
    clock.forward(minutes=2, seconds=1)
    await timers.keep(rt)
    assert {one: await _ended(rt, one) for one in (danger, today)} == {danger: None, today: None}
    clock.forward(hours=4)
    await timers.keep(rt)
    assert {one: await _ended(rt, one) for one in (danger, today)} == {danger: None, today: "time"}


async def _ended(rt, conversation) -> str | None:
    """By what the conversation's one talk has ended."""
    [row] = await rows(rt, "SELECT ended_by FROM talks WHERE conversation_id = :id", id=conversation)
    return row.ended_by
