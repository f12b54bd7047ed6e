"""Patients come on plans by their visits, and leave them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from integrations.hospital import accounts, deceased
from integrations.hospital.follow_up import alerts, asking, enrolment, hearing, listing, measuring
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    Appointment,
    AppointmentStatus,
    AuditEvent,
    Department,
    FollowUpAlert,
    FollowUpEnrolment,
    FollowUpTask,
    Method,
    Reminder,
    StopReason,
)
from integrations.language.measurements import MeasurementKind
from integrations.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")
SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


async def agreed(clinic: Any) -> Any:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, clinic.now, None)
    return who


async def visit(clinic: Any, who: Any, schedule: Any = None, slot: Any = None) -> Any:
    """A visit of Wednesday that took place."""
    schedule = schedule or await clinic.schedule()
    made = await clinic.book(who, schedule, slot)
    async with clinic.database.begin() as session:
        await session.execute(
            update(Appointment).where(Appointment.id == made.id).values(status=AppointmentStatus.FULFILLED)
        )
    return made


async def take_up(clinic: Any, days: int = 3) -> int:
    async with clinic.database.begin() as session:
        now = clinic.now + timedelta(days=days)
        return await enrolment.take_up_visits(session, SETTINGS, plans(SETTINGS), now, 100)


async def rows(clinic: Any, model: Any) -> list[Any]:
    async with clinic.database.begin() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def test_a_visit_starts_its_plan_once(clinic: Any) -> None:
    who = await agreed(clinic)
    made = await visit(clinic, who)
    assert await take_up(clinic) == 1
    assert await take_up(clinic) == 0
    [enrolled] = await rows(clinic, FollowUpEnrolment)
    assert (enrolled.plan, enrolled.appointment_id, enrolled.started_on) == (
        "after_visit",
        made.id,
        clinic.wednesday,
    )
    due = [one.due_at.astimezone(ZONE) for one in await rows(clinic, FollowUpTask)]
    assert [(moment.date().isoformat(), moment.hour) for moment in due] == [
        ("2026-12-02", 10),
        ("2026-12-25", 10),
        ("2027-02-25", 10),
    ]
    assert len(await rows(clinic, Reminder)) == 3
    async with clinic.database.begin() as session:
        [listed] = await listing.enrolled(session)
        assert (listed.patient, listed.next_due) == ("*明", due[0])


async def test_what_is_past_is_not_asked(clinic: Any) -> None:
    await visit(clinic, await agreed(clinic))
    await take_up(clinic, days=60)
    assert [one.number for one in await rows(clinic, FollowUpTask)] == [3]
    await visit(clinic, await agreed(clinic))
    await take_up(clinic, days=400)
    assert len(await rows(clinic, FollowUpEnrolment)) == 1


async def test_without_consent_nothing_starts(clinic: Any) -> None:
    await visit(clinic, await clinic.booker())
    assert await take_up(clinic) == 1
    assert await rows(clinic, FollowUpEnrolment) == []


async def test_a_new_version_of_the_consent_ends_no_plan(
    clinic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its questions reach whoever agreed; before they are answered the new one is asked for."""
    await visit(clinic, await agreed(clinic))
    await take_up(clinic)
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    monkeypatch.setattr(hearing, "CONSENT_VERSION", "2027-01", raising=False)
    [task, *_] = await rows(clinic, FollowUpTask)
    async with clinic.database.begin() as session:
        due = await asking.due(session, SETTINGS, plans(SETTINGS), task.id, task.due_at)
    assert due is not None
    [enrolled] = await rows(clinic, FollowUpEnrolment)
    assert enrolled.status == "active"


async def test_a_new_visit_in_the_department_takes_the_place_of_the_old(clinic: Any) -> None:
    who, schedule = await agreed(clinic), await clinic.schedule()
    await visit(clinic, who, schedule)
    await take_up(clinic)
    other = await clinic.schedule()
    async with clinic.database.begin() as session:
        await session.execute(
            text(
                "UPDATE schedules SET department_id = (SELECT department_id FROM schedules WHERE id = :a) WHERE id = :b"
            ),
            {"a": schedule, "b": other},
        )
    await visit(clinic, who, other)
    await take_up(clinic)
    first, second = await rows(clinic, FollowUpEnrolment)
    assert (first.status, first.stop_reason) == ("stopped", StopReason.NEW_VISIT)
    assert second.status == "active"
    assert len(await rows(clinic, Reminder)) == 3


async def began(clinic: Any, who: Any, plan: str, department: str = "") -> Any:
    async with clinic.database.begin() as session:
        found = await session.scalar(select(Department.id).where(Department.name == department))
        return await enrolment.start_by_staff(
            session, SETTINGS, plans(SETTINGS).by_id[plan], who.patient_id, actor="staff:x", now=clinic.now,
            department_id=found,
        )  # fmt: skip


async def named(clinic: Any, schedule: Any, name: str) -> str:
    """That department is called so."""
    async with clinic.database.begin() as session:
        change = "UPDATE departments SET name = :name WHERE id = (SELECT department_id FROM schedules WHERE id = :id)"
        await session.execute(text(change), {"name": name, "id": schedule})
    return name


@pytest.mark.parametrize(
    ("plan", "of", "visited", "ends"),
    [
        ("hypertension", "", "心血管内科", True),
        ("hypertension", "", "皮肤科", False),
        ("diabetes", "", "内分泌科", True),
        ("after_surgery", "", "骨科", True),
        ("after_surgery", "", "内分泌科", False),
        ("hypertension", "老年医学科", "老年医学科", True),
        ("after_visit", "", "皮肤科", True),
    ],
)
async def test_what_staff_began_ends_with_a_visit_too(
    clinic: Any, plan: str, of: str, visited: str, ends: bool
) -> None:
    who, schedule = await agreed(clinic), await clinic.schedule()
    await named(clinic, schedule, visited)
    made = await began(clinic, who, plan, of)
    await visit(clinic, who, schedule)
    await take_up(clinic)
    async with clinic.database.begin() as session:
        found = await session.get_one(FollowUpEnrolment, made)
    assert found.stop_reason is (StopReason.NEW_VISIT if ends else None)


async def test_what_a_visits_doctor_began_is_not_ended_by_that_visit(clinic: Any) -> None:
    who, schedule = await agreed(clinic), await clinic.schedule()
    await named(clinic, schedule, "心血管内科")
    await visit(clinic, who, schedule)
    clinic.now += timedelta(days=3)  # the day of the visit
    made = await began(clinic, who, "hypertension")
    await take_up(clinic, days=0)
    async with clinic.database.begin() as session:
        assert (await session.get_one(FollowUpEnrolment, made)).status == "active"


async def test_who_died_is_never_asked(clinic: Any) -> None:
    who = await agreed(clinic)
    await visit(clinic, who)
    await take_up(clinic)
    async with clinic.database.begin() as session:
        ended = await enrolment.stop_all(
            session, who.patient_id, StopReason.DIED, actor="staff:x", now=clinic.now
        )
        assert ended == 1
        assert not await enrolment.allow_again(session, who.patient_id, actor="staff:x")
    await visit(clinic, who)
    await take_up(clinic)
    assert len(await rows(clinic, FollowUpEnrolment)) == 1
    assert await rows(clinic, Reminder) == []


async def test_taken_for_dead_by_mistake_an_opt_out_of_before_holds(clinic: Any) -> None:
    who, plan = await agreed(clinic), plans(SETTINGS).by_id["diabetes"]

    async def refused() -> StopReason:
        with pytest.raises(enrolment.Refused) as caught:
            async with clinic.database.begin() as session:
                await enrolment.start_by_staff(
                    session, SETTINGS, plan, who.patient_id, actor="staff:x", now=clinic.now
                )
        return caught.value.reason

    async with clinic.database.begin() as session:
        for reason in (StopReason.OPTED_OUT, StopReason.DIED):
            await enrolment.stop_all(session, who.patient_id, reason, actor="staff:x", now=clinic.now)
    assert await refused() is StopReason.DIED
    async with clinic.database.begin() as session:
        assert await deceased.take_back(session, who.patient_id, actor="staff:y", reason="认错了人")
    assert await refused() is StopReason.OPTED_OUT
    async with clinic.database.begin() as session:
        [event] = await session.scalars(select(AuditEvent).where(AuditEvent.action == "patient_not_deceased"))
    assert (event.actor, event.subject, event.detail) == (
        "staff:y",
        f"patient:{who.patient_id}",
        {"reason": "认错了人"},
    )


async def test_who_had_enough_may_want_it_again(clinic: Any) -> None:
    who, plan = await agreed(clinic), plans(SETTINGS).by_id["diabetes"]

    async def start() -> Any:
        async with clinic.database.begin() as session:
            return await enrolment.start_by_staff(
                session, SETTINGS, plan, who.patient_id, actor="staff:x", now=clinic.now
            )

    assert await start()
    assert await start() is None
    async with clinic.database.begin() as session:
        await enrolment.stop_all(
            session, who.patient_id, StopReason.OPTED_OUT, actor="patient", now=clinic.now
        )
    with pytest.raises(enrolment.Refused):
        await start()
    async with clinic.database.begin() as session:
        assert await enrolment.allow_again(session, who.patient_id, actor="staff:x")
    assert await start()
    async with clinic.database.begin() as session:
        assert await session.scalar(select(func.count(FollowUpTask.id))) == 52


async def test_nobody_to_ask(clinic: Any) -> None:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        with pytest.raises(enrolment.NobodyToAsk):
            await enrolment.start_by_staff(
                session,
                SETTINGS,
                plans(SETTINGS).by_id["diabetes"],
                who.patient_id,
                actor="staff:x",
                now=clinic.now,
            )


async def test_the_database_holds_the_steps(clinic: Any) -> None:
    await visit(clinic, await agreed(clinic))
    await take_up(clinic)
    async with clinic.database.begin() as session:
        await session.execute(text("UPDATE follow_up_tasks SET status = 'stopped'"))
    with pytest.raises(IntegrityError):
        async with clinic.database.begin() as session:
            await session.execute(text("UPDATE follow_up_tasks SET status = 'asked'"))


async def test_an_alert_is_seen_and_closed(clinic: Any, crypto: Any) -> None:
    who = await agreed(clinic)
    async with clinic.database.begin() as session:
        await _alarming(session, crypto, who.patient_id, clinic.now)
        assert await alerts.count_open(session) == 1
        [one] = await alerts.waiting(session)
        assert (one.patient, one.about) == ("*明", "blood_pressure")
        why: Any = {"actor": "staff:x", "reason": "on call"}
        told = await alerts.read(session, crypto, one.id, **why)
        assert told == {"systolic": 190.0, "diastolic": 120.0}
        await alerts.acknowledge(session, one.id, staff="staff:x", now=clinic.now)
        assert await alerts.count_open(session) == 0
        with pytest.raises(alerts.UnknownAlert):
            await alerts.acknowledge(session, one.id, staff="staff:y", now=clinic.now)
        for nothing in ("", "  ", "。", "-"):
            with pytest.raises(alerts.NothingSaid):
                await alerts.close(session, crypto, one.id, nothing, staff="staff:x", now=clinic.now)
        assert [two.id for two in await alerts.waiting(session)] == [one.id]
        done = "reached by phone, comes this afternoon"
        await alerts.close(session, crypto, one.id, f" {done}\n", staff="staff:x", now=clinic.now)
        assert await alerts.waiting(session) == []
        [shown] = await alerts.closed(session, crypto)
        assert (shown.closing, shown.closed_by, shown.closed_at) == (done, "staff:x", clinic.now)
        assert done not in repr(shown)
        with pytest.raises(alerts.UnknownAlert):  # and the first word stands
            await alerts.close(session, crypto, one.id, "another", staff="staff:y", now=clinic.now)
    [kept] = await rows(clinic, FollowUpAlert)
    assert (kept.acknowledged_by, kept.closed_by) == ("staff:x", "staff:x")
    assert done.encode() not in kept.closing


async def test_of_many_alerts_none_is_left_out_and_a_new_one_comes_first(clinic: Any, crypto: Any) -> None:
    who = await agreed(clinic)
    async with clinic.database.begin() as session:
        for _ in range(101):
            await _alarming(session, crypto, who.patient_id, clinic.now)
        await session.execute(
            text("""
            UPDATE follow_up_alerts SET status = 'acknowledged', acknowledged_by = 'staff:x', acknowledged_at = now()
            WHERE id <> (SELECT id FROM follow_up_alerts ORDER BY id DESC LIMIT 1)
            """)
        )
    kept = [one.id for one in await rows(clinic, FollowUpAlert)]
    async with clinic.database.begin() as session:
        shown = await alerts.waiting(session)
    assert [one.id for one in shown] == [kept[-1], *kept[:-1]]


async def _alarming(session: Any, crypto: Any, patient: Any, now: Any) -> None:
    value: measuring.Value = {"systolic": 190.0, "diastolic": 120.0}
    taken = measuring.Taken(MeasurementKind.BLOOD_PRESSURE, value, "mmHg", now)
    made = await measuring.note(session, crypto, patient, taken, method=Method.CHAT, now=now)
    await alerts.raise_for_measurement(session, patient, made, alerts.Duty("随访护士", None), now)
