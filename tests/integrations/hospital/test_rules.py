from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import booking, rules
from integrations.hospital.availability import sessions
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    AuditEvent,
    BookingRule,
    Department,
    Order,
    Relation,
    Schedule,
    Sex,
)
from integrations.hospital.rules import BadRule, BookingRules
from integrations.hospital.seed import seed

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def local(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), SHANGHAI)


async def rules_of(clinic: Any, schedule: UUID) -> BookingRules:
    async with clinic.database.begin() as session:
        return await rules.rules_of(session, (await session.get_one(Schedule, schedule)).department_id)


async def test_a_department_inherits_what_it_does_not_say(clinic: Any) -> None:
    schedule = await clinic.schedule(age_to=14)
    assert await rules_of(clinic, schedule) == BookingRules(age_to=14)
    await clinic.rule("horizon_days", "7")
    await clinic.rule("age_to", "80")
    found = await rules_of(clinic, schedule)
    assert (found.horizon_days, found.age_to, found.per_day) == (7, 14, None)
    await clinic.rule("horizon_days", "")
    assert (await rules_of(clinic, schedule)).horizon_days == 14


@pytest.mark.parametrize(
    ("department", "key", "value", "said"),
    [
        ("hospital", "horizon", "3", "horizon_days"),
        ("hospital", "horizon_days", "many", "horizon_days: .*integer"),
        ("hospital", "per_day", "0", "per_day: .*greater than 0"),
        ("hospital", "sex", "other", "sex: .*female"),
        ("hospital", "release_at", "25:00", "release_at"),
        ("没有的科", "per_day", "1", "no department"),
        ("hospital", "age_from", "20", "age_from 20 is above age_to 14"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_in_words(
    clinic: Any, department: str, key: str, value: str, said: str
) -> None:
    await clinic.schedule(age_to=14)
    with pytest.raises(BadRule, match=said):
        await clinic.rule(key, value, department)
    async with clinic.database.begin() as session:
        assert await rules.written(session) != {}
        assert rules.HOSPITAL not in await rules.written(session)


async def test_a_bad_row_is_a_clear_error(clinic: Any) -> None:
    """What the database cannot see: two rows that contradict each other."""
    schedule = await clinic.schedule(age_to=14)
    async with clinic.database.begin() as session:
        session.add(BookingRule(age_from=20))
    with pytest.raises(booking.RulesUnclear, match="age_from 20 is above age_to 14"):
        await clinic.book(await clinic.booker(), schedule)
    with pytest.raises(IntegrityError):
        await clinic.schedule(per_day=0)


async def test_bad_rules_close_their_department_alone(clinic: Any) -> None:
    """And what was booked there before can still be seen and cancelled."""
    who, schedule, sound = await clinic.booker(), await clinic.schedule(age_to=40), await clinic.schedule()
    made = await clinic.book(who, schedule)
    async with clinic.database.begin() as session:
        session.add(BookingRule(age_from=41, cancel_days=1, cancel_at=time(17)))
    assert (await clinic.book(await clinic.booker(born=date(1950, 1, 1)), sound)).schedule_id == sound
    with pytest.raises(booking.RulesUnclear):
        await clinic.book(await clinic.booker(), schedule)
    async with clinic.database.begin() as session:
        [shown] = await booking.upcoming(session, who.account_id, clinic.now)
        assert shown.cancel_until == local(clinic.wednesday - DAY, "17:00")  # those keys are sound
        done = await booking.cancel(session, made.id, who.contact_id, None, clinic.now)
        assert done.status is AppointmentStatus.CANCELLED
        [fault] = (await rules.faults(session)).values()
    assert fault == "age_from 41 is above age_to 40; age_from: said for the whole hospital"


async def test_bad_rules_are_mended_one_by_one(clinic: Any) -> None:
    schedules = [await clinic.schedule(age_to=14), await clinic.schedule(age_to=10)]
    async with clinic.database.begin() as session:
        session.add(BookingRule(age_from=20))
        wards = [(await session.get_one(Schedule, one)).department_id for one in schedules]
        names = [(await session.get_one(Department, one)).name for one in wards]
    with pytest.raises(BadRule, match="age_from 20 is above age_to 15"):  # as bad as before
        await clinic.rule("age_to", "15", names[0])
    await clinic.rule("age_to", "", names[0])
    await clinic.rule("per_day", "2", names[1])  # has nothing to do with it
    async with clinic.database.begin() as session:
        assert list(await rules.faults(session)) == [names[1]]
    await clinic.rule("age_from", "")
    async with clinic.database.begin() as session:
        assert await rules.faults(session) == {}


async def test_two_rules_of_one_row_that_contradict_each_other_are_refused_in_words(clinic: Any) -> None:
    await clinic.rule("age_to", "14")
    await clinic.schedule()
    with pytest.raises(BadRule, match="age_from 20 is above age_to 14"):
        await clinic.rule("age_from", "20")
    with pytest.raises(BadRule, match=r"per_day: .*less than or equal"):
        await clinic.rule("per_day", "99999999999")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("sex", "'both'", "sex: Input should be 'male' or 'female'"),
        ("release_at", "'24:00'", "release_at: "),
        ("horizon_days", "-3", "horizon_days: "),
        ("late_cancel", "'sometimes'", "late_cancel: "),
    ],
)
async def test_what_a_hand_or_an_older_version_wrote_is_named(
    clinic: Any, column: str, value: str, said: str
) -> None:
    await clinic.schedule()
    session = AsyncSession(clinic.database.engine)
    async with session, session.begin() as transaction:
        for check in await session.scalars(
            text(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'booking_rules'::regclass AND contype = 'c'"
            )
        ):
            await session.execute(text(f"ALTER TABLE booking_rules DROP CONSTRAINT {check}"))
        await session.execute(text(f"INSERT INTO booking_rules ({column}, per_day) VALUES ({value}, 2)"))  # noqa: S608
        [fault] = (await rules.faults(session)).values()
        [found] = (await rules.all_rules(session)).values()
        await transaction.rollback()  # the checks are back
    assert fault.startswith(said)
    assert found.rules == BookingRules(per_day=2)


async def test_setting_a_rule_leaves_a_trace(clinic: Any) -> None:
    await clinic.rule("per_day", "2")
    async with clinic.database.begin() as session:
        [trace] = await session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "booking_rule_set")
        )
    assert trace == {"key": "per_day", "value": "2"}


async def test_the_demo_hospitals_rules_hold_together(clinic: Any) -> None:
    async with clinic.database.begin() as session:
        await seed(session, clinic.today)
        names = {row.name: row.id for row in await session.execute(select(Department.name, Department.id))}
        found = await rules.all_rules(session)
    by_name = {name: found[key].rules for name, key in names.items()}
    assert {name for name, one in by_name.items() if not one.online} == {"急诊科", "发热门诊"}
    assert by_name["妇科"].sex is by_name["产科"].sex is Sex.FEMALE
    assert by_name["男科"].sex is Sex.MALE
    assert by_name["儿科"].takes_age(date(2012, 11, 22), date(2026, 11, 22))
    assert not by_name["儿科"].takes_age(date(2011, 11, 22), date(2026, 11, 22))
    assert not by_name["心血管内科"].takes_age(date(2012, 11, 23), date(2026, 11, 22))


@pytest.mark.parametrize(
    ("clock", "ahead"), [("00:00", 13), ("06:59", 13), ("07:00", 14), ("07:01", 14), ("23:59", 14)]
)
def test_numbers_are_released_in_the_morning(clock: str, ahead: int) -> None:
    one = BookingRules(release_at=time(7))
    today = date(2026, 11, 22)
    assert one.last_day(local(today, clock)) == today + ahead * DAY
    assert one.opens_at(today + 14 * DAY) == local(today, "07:00")


def test_until_when_a_visit_is_cancelled() -> None:
    visit, day = local(date(2026, 11, 25), "08:30"), date(2026, 11, 25)
    assert BookingRules().cancel_until(day, visit) == visit
    evening_before = BookingRules(cancel_days=1, cancel_at=time(17))
    assert evening_before.cancel_until(day, visit) == local(date(2026, 11, 24), "17:00")
    assert BookingRules(cancel_at=time(9)).cancel_until(day, visit) == visit


async def test_before_the_release_a_day_is_neither_offered_nor_booked(clinic: Any) -> None:
    last = clinic.today + 14 * DAY
    schedule = await clinic.schedule(day=last, release_at=time(7))
    early, at_seven = local(clinic.today, "06:59:59"), local(clinic.today, "07:00")
    with pytest.raises(booking.OutsideHorizon) as refused:
        await clinic.book(await clinic.booker(), schedule, now=early)
    assert (refused.value.last, refused.value.opens_at) == (last - DAY, at_seven)
    async with clinic.database.begin() as session:
        assert await sessions(session, first=last, last=last, now=early) == []
        assert len(await sessions(session, first=last, last=last, now=at_seven)) == 1
    assert await clinic.book(await clinic.booker(), schedule, now=at_seven)


@pytest.mark.parametrize(
    ("rule", "born", "sex", "refused"),
    [
        ({"age_to": 14}, date(2012, 11, 26), Sex.MALE, None),
        ({"age_to": 14}, date(2011, 11, 25), Sex.MALE, booking.AgeOutside),
        ({"age_from": 14}, date(2012, 11, 26), Sex.MALE, booking.AgeOutside),
        ({"age_from": 14}, date(2012, 11, 25), Sex.MALE, None),  # the birthday is the day of the visit
        ({"sex": Sex.FEMALE}, date(1990, 1, 1), Sex.MALE, booking.OtherSex),
        ({"sex": Sex.FEMALE}, date(1990, 1, 1), Sex.FEMALE, None),
    ],
)
async def test_age_and_sex(
    clinic: Any, rule: dict[str, Any], born: date, sex: Sex, refused: type[Exception] | None
) -> None:
    schedule, who = await clinic.schedule(**rule), await clinic.booker(born=born, sex=sex)
    if refused is None:
        assert await clinic.book(who, schedule)
        return
    with pytest.raises(refused):
        await clinic.book(who, schedule)


async def test_limits_of_a_patient(clinic: Any) -> None:
    await clinic.rule("per_day", "2")
    await clinic.rule("open_at_once", "3")
    who, other = await clinic.booker(), await clinic.booker()
    for _ in range(2):
        await clinic.book(who, await clinic.schedule())
    third = await clinic.schedule()
    with pytest.raises(booking.DayLimit) as day:
        await clinic.book(who, third)
    assert day.value.limit == 2
    assert await clinic.book(other, third)
    await clinic.book(who, await clinic.schedule(day=clinic.wednesday + DAY))
    later = await clinic.schedule(day=clinic.wednesday + 2 * DAY)
    with pytest.raises(booking.OpenLimit):
        await clinic.book(who, later)
    async with clinic.database.begin() as session:
        [first, *_] = await booking.upcoming(session, who.account_id, clinic.now)
        await booking.cancel(session, first.id, who.contact_id, None, clinic.now)
    assert await clinic.book(who, later)


async def test_one_department_on_one_day(clinic: Any) -> None:
    await clinic.rule("per_department_day", "1")
    morning = await clinic.schedule()
    afternoon = await clinic.schedule(period="afternoon", start=time(14))
    async with clinic.database.begin() as session:  # the same department
        ward = (await session.get_one(Schedule, morning)).department_id
        await session.execute(update(Schedule).where(Schedule.id == afternoon).values(department_id=ward))
    who = await clinic.booker()
    await clinic.book(who, morning)
    with pytest.raises(booking.DepartmentDayLimit):
        await clinic.book(who, afternoon)


async def test_two_channels_at_once_do_not_pass_a_limit(clinic: Any) -> None:
    """One person under two accounts, eight half days, one visit a day."""
    await clinic.rule("per_day", "1")
    who, contact = await clinic.booker(), await clinic.contact("telegram")
    async with clinic.database.begin() as session:
        session.add(
            AccountPatient(account_id=contact.account_id, patient_id=who.patient_id, relation=Relation.SELF)
        )
    elsewhere = type(who)(contact.account_id, contact.id, who.patient_id)
    half_days = [await clinic.schedule() for _ in range(8)]
    results = await clinic.together(
        *(clinic.booking((who, elsewhere)[at % 2], one) for at, one in enumerate(half_days))
    )
    assert sorted(type(one).__name__ for one in results) == ["AppointmentView", *["DayLimit"] * 7]


async def test_unpaid_numbers_of_an_account(clinic: Any) -> None:
    await clinic.rule("holds_at_once", "2")
    await clinic.rule("holds_per_day", "3")
    who = await clinic.booker()
    days = [await clinic.schedule(fee_fen=100, day=clinic.wednesday + n * DAY) for n in range(6)]
    first = await clinic.book(who, days[0])
    await clinic.book(who, days[1])
    with pytest.raises(booking.HoldLimit) as most:
        await clinic.book(who, days[2])
    assert most.value.until == first.hold_expires_at
    assert await clinic.book(who, await clinic.schedule())  # without a fee nothing is held
    async with clinic.database.begin() as session:
        await booking.confirm_paid(session, first.order_no, clinic.now)
    second = await clinic.book(who, days[2])
    async with clinic.database.begin() as session:
        await booking.cancel(session, second.id, who.contact_id, None, clinic.now)
    third = await clinic.book(who, days[3])
    async with clinic.database.begin() as session:
        await booking.cancel(session, third.id, who.contact_id, None, clinic.now)
    with pytest.raises(booking.HoldDayLimit):
        await clinic.book(who, days[4])
    assert await clinic.book(who, days[4], now=clinic.now + DAY)


async def test_missed_visits_block_for_a_while(clinic: Any) -> None:
    for key, value in (("noshow_limit", "2"), ("noshow_days", "30"), ("noshow_block_days", "10")):
        await clinic.rule(key, value)
    who = await clinic.booker()
    for days_ago in (3, 5):
        made = await clinic.book(who, await clinic.schedule(day=clinic.today + DAY))
        async with clinic.database.begin() as session:
            await session.execute(
                update(Schedule)
                .where(Schedule.id == made.schedule_id)
                .values(date=clinic.today - days_ago * DAY)
            )
            await session.execute(
                update(Appointment).where(Appointment.id == made.id).values(status=AppointmentStatus.NOSHOW)
            )
    schedule = await clinic.schedule(day=clinic.today + 14 * DAY)
    with pytest.raises(booking.Blocked) as blocked:
        await clinic.book(who, schedule)
    assert (blocked.value.missed, blocked.value.until) == (2, clinic.today + 7 * DAY)
    with pytest.raises(booking.Blocked):
        await clinic.book(who, schedule, now=clinic.now + 7 * DAY)
    assert await clinic.book(who, schedule, now=clinic.now + 8 * DAY)


async def test_cancelling_after_the_deadline_goes_by_rule(clinic: Any) -> None:
    late = datetime(2026, 11, 24, 9, 1, tzinfo=UTC)  # 17:01 on the day before
    deadline = {"cancel_days": 1, "cancel_at": time(17)}
    who = await clinic.booker()
    refused = await clinic.book(who, await clinic.schedule(**deadline, late_cancel="refused"))
    allowed = await clinic.book(who, await clinic.schedule(**deadline))
    assert allowed.cancel_until == local(clinic.wednesday - DAY, "17:00")
    async with clinic.database.begin() as session:
        with pytest.raises(booking.CancelTooLate) as told:
            await booking.cancel(session, refused.id, who.contact_id, None, late)
        assert told.value.until == refused.cancel_until
        done = await booking.cancel(session, allowed.id, who.contact_id, None, late)
        assert done.status is AppointmentStatus.CANCELLED


@pytest.mark.parametrize(("clock", "order"), [("16:59", "refund_due"), ("17:01", "paid")])
async def test_a_paid_fee_goes_back_in_time_only(clinic: Any, clock: str, order: str) -> None:
    who = await clinic.booker()
    made = await clinic.book(who, await clinic.schedule(fee_fen=3500, cancel_days=1, cancel_at=time(17)))
    async with clinic.database.begin() as session:
        await booking.confirm_paid(session, made.order_no, clinic.now)
        now = local(clinic.wednesday - DAY, clock)
        await booking.cancel(session, made.id, who.contact_id, None, now)
        assert await session.scalar(select(Order.status)) == order
