"""The queue for a person: order, place, waiting time, hours."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.handoff import queue, talking, words
from bot.handoff.models import Reason, Skill, TalkStatus
from integrations.hospital import patients
from integrations.hospital.models import Contact, Role
from integrations.hospital.staff import presence
from tests import people_rows
from tests.bot.handoff.conftest import rows, state


async def test_who_asks_stands_in_line_once_and_the_bot_falls_silent(rt, patient, ask):
    place = await ask(patient)
    assert (place.position, place.open, place.status) == (1, True, TalkStatus.WAITING)
    assert await state(rt, patient) == ("waiting", 1)
    assert (await ask(patient)).talk_id == place.talk_id
    assert await state(rt, patient) == ("waiting", 1)
    assert await rows(rt, "SELECT 1 FROM talks") == [(1,)]


async def test_the_line_goes_by_time_with_a_head_start_for_whom_it_is_due(rt, arrive, ask, clock):
    """A complaint counts 20 minutes, an elder 10, an alarm stands before all."""
    ordinary, elder, complaint, late, alarm = [await arrive(f"p{at}") for at in range(5)]
    async with rt.database.begin() as session:
        await session.execute(
            text(
                "UPDATE accounts SET elder_mode = true WHERE id = (SELECT account_id FROM contacts WHERE id = :id)"
            ),
            {"id": elder},
        )
        await session.execute(
            text("""INSERT INTO alarms (conversation_id, outcome, rule, raised_at, last_at)
                    VALUES (:id, 'emergency', 'chest', :now, :now)"""),
            {"id": alarm, "now": clock()},
        )
    await ask(ordinary)
    clock.forward(minutes=9)
    await ask(elder)
    clock.forward(minutes=6)
    await ask(complaint, reason=Reason.COMPLAINT)
    clock.forward(minutes=1)
    await ask(late)
    await ask(alarm)
    async with rt.database.begin() as session:
        order = [row.conversation_id for row in await queue.waiting(session)]
        places = [(await queue.where(session, rt, one)).position for one in order]
    assert order == [alarm, complaint, elder, ordinary, late]
    assert places == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("born", "first"), [("1960-11-23", True), ("1962-11-23", False)])
async def test_who_is_elderly_by_the_file_has_the_head_start_without_elder_mode(
    rt, arrive, ask, clock, born, first
):
    ordinary, other = await arrive("a"), await arrive("b")
    async with rt.database.begin() as session:
        contact = await session.get_one(Contact, other)
        patient = await patients.register(
            session, rt.crypto, account_id=contact.account_id, contact_id=other, name="王秀英",
            id_number=people_rows.MOTHER, phone=people_rows.PHONE, outcome="match", key=None, now=clock(),
        )  # fmt: skip
        assert patient
        await session.execute(text("UPDATE patients SET birth_date = CAST(:born AS date)"), {"born": born})
    await ask(ordinary)
    clock.forward(minutes=9)
    assert (await ask(other)).position == (1 if first else 2)


async def test_what_is_to_be_seen_today_has_an_hour_s_head_start(rt, arrive, ask, clock):
    ordinary, urgent = await arrive("a"), await arrive("b")
    async with rt.database.begin() as session:
        await session.execute(
            text("""INSERT INTO alarms (conversation_id, outcome, rule, raised_at, last_at)
                    VALUES (:id, 'urgent', 'bleeding', :now, :now)"""),
            {"id": urgent, "now": clock()},
        )
    await ask(ordinary)
    clock.forward(minutes=59)
    place = await ask(urgent)
    assert (place.position, place.open, place.status) == (1, True, TalkStatus.WAITING)
    clock.forward(minutes=2)
    async with rt.database.begin() as session:
        assert [row.priority for row in await queue.waiting(session)] == [60, 0]


async def test_skills_and_departments_have_lines_of_their_own(rt, arrive, ask):
    for sender, skill in (("a", Skill.SERVICE), ("b", Skill.PHARMACY), ("c", Skill.SERVICE)):
        place = await ask(await arrive(sender), skill)
    assert place.position == 2
    wards = await rows(
        rt,
        """INSERT INTO departments (name, campus, building, floor)
           VALUES ('骨科', '本部', '门诊楼', '3层'), ('眼科', '本部', '门诊楼', '4层') RETURNING id""",
    )
    for sender, ward, position in (("d", 0, 1), ("e", 1, 1), ("f", 0, 2)):
        place = await ask(await arrive(sender), Skill.DOCTOR, department_id=wards[ward].id)
        assert place.position == position
    async with rt.database.begin() as session:
        assert len(await queue.waiting(session, [Skill.PHARMACY])) == 1
        assert len(await queue.waiting(session)) == 6
        assert len(await queue.waiting(session, [Skill.DOCTOR], wards[0].id)) == 2


@pytest.fixture
async def there(rt, hire):
    """Somebody of the service, whose browser was heard of just now whenever this is called."""
    member = await hire(there=True)

    async def seen():
        async with rt.database.begin() as session:
            await presence.seen(session, member.id, rt.now())
        return member

    return seen


@pytest.fixture
async def measured(rt, arrive, ask, clock, there):
    """Three waited four minutes each, lately."""
    for at in range(3):
        place = await ask(await arrive(f"p{at}"))
        assert place.minutes is None
        clock.forward(minutes=4)
        async with rt.database.begin() as session:
            await talking.accept(session, rt, place.talk_id, await there(), clock())


async def test_the_waiting_time_is_measured_or_not_said(arrive, ask, clock, there, measured):
    assert (await ask(await arrive("next"))).minutes == 4
    assert (await ask(await arrive("after"))).minutes == 8
    clock.forward(hours=3)  # what was then says nothing of now
    await there()
    assert (await ask(await arrive("later"))).minutes is None


async def test_while_nobody_is_there_nothing_is_said_of_minutes(
    rt, arrive, ask, clock, hire, there, measured
):
    patient = await arrive("next")
    clock.forward(seconds=61)
    await hire("chemist", role=Role.PHARMACIST, there=True)
    await hire("boss", role=Role.SUPERVISOR, there=True)  # asked when it has taken too long
    place = await ask(patient)
    assert (place.position, place.minutes) == (1, None)
    assert "马上" not in words.still(place, "zh-Hans")
    await there()
    place = await ask(patient)
    assert place.minutes == 4
    assert "大约 4 分钟，马上就好" in words.still(place, "zh-Hans")


async def test_nor_when_somebody_in_the_line_has_waited_far_longer_than_that(
    rt, arrive, ask, clock, there, measured
):
    first = await arrive("first")
    await ask(first)
    clock.forward(minutes=8)
    await there()
    patient = await arrive("next")
    assert (await ask(patient)).minutes == 8
    clock.forward(seconds=1)
    assert (await ask(patient)).minutes is None
    async with rt.database.begin() as session:
        await queue.leave(session, first, clock())
    assert (await ask(patient)).minutes == 4


async def test_who_asked_at_night_does_not_refute_what_was_measured_by_day(
    rt, arrive, ask, clock, there, measured
):
    """They are waited for since they asked again."""
    night = await arrive("night")
    clock.time -= timedelta(hours=5)
    await ask(night)
    clock.time += timedelta(hours=5)
    assert (await ask(night)).minutes == 4


async def test_while_a_doctor_is_awaited_the_bot_goes_on_by_day_and_by_night(rt, patient, ask, clock):
    place = await ask(patient, Skill.DOCTOR, reason=Reason.CONSULTATION, consultation_id=uuid4())
    assert (place.status, place.opens_at) == (TalkStatus.UNANSWERED, None)
    assert await state(rt, patient) == ("bot", 0)


async def test_who_leaves_is_out_of_the_line_and_the_bot_speaks(rt, arrive, ask, clock):
    first, second = await arrive("a"), await arrive("b")
    await ask(first)
    assert (await ask(second)).position == 2
    async with rt.database.begin() as session:
        assert await queue.leave(session, first, clock()) == 2
        assert await queue.leave(session, first, clock()) is None
        assert (await queue.where(session, rt, second)).position == 1
        assert await queue.where(session, rt, first) is None
    assert await state(rt, first) == ("bot", 2)


# 2026-11-23 is a Monday; 2026-10-01 a holiday; 2026-10-10 a Saturday that is worked. Local times.
@pytest.mark.parametrize(
    ("skill", "asked", "opens"),
    [
        (Skill.SERVICE, "2026-11-23T07:59", "2026-11-23T08:00"),
        (Skill.SERVICE, "2026-11-22T10:00", None),
        (Skill.SERVICE, "2026-11-22T20:00", "2026-11-23T08:00"),
        (Skill.DOCTOR, "2026-11-23T12:10", "2026-11-23T13:30"),
        (Skill.DOCTOR, "2026-11-20T17:30", "2026-11-23T08:00"),
        (Skill.DOCTOR, "2026-10-01T09:00", "2026-10-08T08:00"),
        (Skill.DOCTOR, "2026-10-10T09:00", None),
        (Skill.PHARMACY, "2026-11-22T09:00", None),
        (Skill.PHARMACY, "2026-11-22T12:00", "2026-11-23T08:00"),
    ],
)
async def test_out_of_hours_the_bot_goes_on_and_the_time_of_opening_is_known(
    rt, patient, ask, clock, skill, asked, opens
):
    local = datetime.fromisoformat(asked).replace(tzinfo=rt.zone)
    clock.time = local.astimezone(UTC)
    place = await ask(patient, skill)
    assert place.opens_at == (datetime.fromisoformat(opens).replace(tzinfo=rt.zone) if opens else None)
    assert (await state(rt, patient))[0] == ("bot" if opens else "waiting")
    assert place.status == (TalkStatus.UNANSWERED if opens else TalkStatus.WAITING)


async def test_what_was_asked_at_night_stands_first_in_the_morning(rt, arrive, ask, clock):
    night, morning = await arrive("night"), await arrive("morning")
    clock.time -= timedelta(hours=5)
    await ask(night)
    clock.time += timedelta(hours=5)
    assert (await ask(morning)).position == 2
    again = await ask(night)  # and who comes back then waits like all others, with their place kept
    assert (again.position, again.status) == (1, TalkStatus.WAITING)
    assert await state(rt, night) == ("waiting", 1)
