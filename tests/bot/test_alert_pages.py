"""What alarms in a follow-up is paged until somebody takes it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import inbox, paging
from bot.models import PageSlip
from integrations.hospital.follow_up import alerts, answering
from integrations.hospital.follow_up.alerts import UnknownAlert
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.models import FollowUpAlert, FollowUpEnrolment, Level, Method
from tests.integrations.hospital.follow_up.test_calls import Ward

HIGH = {"systolic": 230.0, "diastolic": 125.0}
ONCALL, OFFICE = ("+8613900000001", "+8613900000002"), "+8613900000003"


@pytest.fixture
def told(rt):
    """Tells what alarms for the first question of a plan on blood pressure; or what puts it right."""
    ward = Ward(rt.database, rt.crypto)

    async def tell(value=HIGH, *, level=Level.ALARM, method=Method.CHAT, page_minutes=None):
        if not hasattr(ward, "task"):
            await ward.missed()
        async with rt.database.begin() as session:
            task = await answering.open_task(session, await _contact(session), rt.now(), ward.task)
            question = ward.plan.questions[0].model_copy(update={"page_minutes": page_minutes})
            given = Given(question, value, level)
            await answering.give(session, rt.crypto, ward.plans, task, given, method=method, now=rt.now())
        return (await _alerts(rt))[-1]

    return tell


async def _contact(session):
    return (await session.scalars(select(FollowUpEnrolment.contact_id))).one()


async def _alerts(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(select(FollowUpAlert).order_by(FollowUpAlert.id)))


async def test_it_is_paged_at_once_and_once_and_the_office_when_nobody_comes(phones, told, clock):
    rt, staff = phones
    await told()
    await asyncio.gather(paging.page(rt), paging.page(rt))  # two workers
    [alert] = await _alerts(rt)
    assert staff.rung == [(phone, 1, alert.number) for phone in ONCALL]  # no name, nothing of what was told
    clock.forward(minutes=4)
    await paging.page(rt)
    assert len(staff.rung) == 2
    clock.forward(minutes=1)
    await asyncio.gather(paging.page(rt), paging.page(rt))
    assert staff.rung[2:] == [(OFFICE, 1, alert.number)]
    clock.forward(minutes=40)
    await paging.page(rt)
    assert len(staff.rung) == 3


async def test_who_takes_it_ends_it_and_is_timed(phones, told, clock):
    rt, staff = phones
    await told()
    await paging.page(rt)
    [alert] = await _alerts(rt)
    clock.forward(minutes=3)
    async with rt.database.begin() as session:
        [listed] = await paging.alerts_listed(session)
        assert (listed.number, listed.reached) == (alert.number, 2)
        took = await paging.look_after(session, alert.number, actor="staff:li", now=rt.now())
        assert await paging.alerts_listed(session) == []
    assert took == timedelta(minutes=3)
    with pytest.raises(LookupError):
        async with rt.database.begin() as session:
            await paging.look_after(session, alert.number, actor="staff:wu", now=rt.now())
    clock.forward(minutes=9)
    await paging.page(rt)
    assert len(staff.rung) == 2
    async with rt.database.begin() as session:
        found = await paging.times(session, clock.time - timedelta(days=1))
    assert (found.alarms, found.acknowledged, found.late, found.longest) == (1, 1, 0, 180)


@pytest.mark.parametrize("end", [paging.take_alert, None])
async def test_what_is_taken_or_done_with_before_is_not_paged(phones, told, clock, end):
    rt, staff = phones
    alert = await told(page_minutes=30)
    clock.forward(minutes=29)
    await paging.page(rt)
    async with rt.database.begin() as session:
        if end:
            assert await end(session, alert.id, actor="staff:li", now=rt.now()) is None
        else:
            await alerts.close(session, rt.crypto, alert.id, "called", staff="staff:li", now=rt.now())
    clock.forward(hours=1)
    await paging.page(rt)
    assert staff.rung == []


async def test_what_may_wait_is_paged_when_nobody_has_taken_it(phones, told, clock):
    rt, staff = phones
    await told(page_minutes=30)
    await paging.page(rt)
    clock.forward(minutes=29)
    await paging.page(rt)
    assert staff.rung == []
    clock.forward(minutes=1)
    await paging.page(rt)
    assert [phone for phone, _, _ in staff.rung] == list(ONCALL)


async def test_what_the_patient_puts_right_is_paged_no_more(phones, told, clock):
    rt, staff = phones
    await told()
    await told({"systolic": 130.0, "diastolic": 85.0}, level=Level.USUAL)
    await paging.page(rt)
    assert staff.rung == []
    await told()
    await paging.page(rt)
    assert len(staff.rung) == 2
    await told({"systolic": 130.0, "diastolic": 85.0}, level=Level.USUAL)
    clock.forward(minutes=9)
    await paging.page(rt)
    assert len(staff.rung) == 2
    assert [alert.closed_by for alert in await _alerts(rt)] == ["patient", "patient"]


async def test_what_staff_heard_on_the_phone_pages_nobody(phones, told, clock):
    rt, staff = phones
    alert = await told(method=Method.PHONE)
    clock.forward(days=1)
    await paging.page(rt)
    assert staff.rung == []
    assert (alert.status, alert.page_at) == ("open", None)


async def test_one_page_tells_of_red_flags_and_alerts(phones, told, telegram, message):
    rt, staff = phones
    await inbox.accept(rt, telegram, message("我爸胸口剧痛，出冷汗"), passive_until=None)
    await told()
    await paging.page(rt)
    [alert] = await _alerts(rt)
    assert staff.rung == [(phone, 2, alert.number) for phone in ONCALL]
    async with rt.database.begin() as session:
        [flag] = await paging.listed(session)
        assert flag.number != alert.number
        await paging.look_after(session, flag.number, actor="staff:li", now=rt.now())
        assert [one.number for one in await paging.alerts_listed(session)] == [alert.number]


async def test_alerts_leave_room_for_red_flags(phones, told, telegram, message, clock):
    rt, staff = phones
    async with rt.database.begin() as session:
        for minutes in range(10):
            at = clock.time - timedelta(minutes=minutes + 1)
            session.add(PageSlip(level=paging.ONCALL, phone=-1, alarms=1, sent_at=at, error="taken"))
    await told()
    await paging.page(rt)
    assert staff.rung == []  # it waits
    await inbox.accept(rt, telegram, message("我爸胸口剧痛，出冷汗"), passive_until=None)
    await paging.page(rt)
    assert [count for _, count, _ in staff.rung] == [2, 2]
    await told()
    clock.forward(minutes=52)
    await paging.page(rt)
    assert staff.rung[2:4] == [(phone, 1, (await _alerts(rt))[-1].number) for phone in ONCALL]


async def test_an_alert_that_was_taken_is_not_taken_again(rt, told):
    alert = await told()
    for number in range(2):
        async with rt.database.begin() as session:
            if number:
                with pytest.raises(UnknownAlert):
                    await paging.take_alert(session, alert.id, actor="staff:wu", now=rt.now())
            else:
                await paging.take_alert(session, alert.id, actor="staff:li", now=rt.now())
    assert [alert.acknowledged_by for alert in await _alerts(rt)] == ["staff:li"]
