"""Who came, and who did not: from the mark to the refusal, its end, and its correction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from integrations.hospital import booking, visits
from integrations.hospital.models import Appointment, AppointmentStatus
from integrations.hospital.visits import UnknownVisit

from .conftest import Booker, Clinic

WEDNESDAY_NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)
THURSDAY = WEDNESDAY_NOON + timedelta(days=1)


async def visit(clinic: Clinic, who: Booker, **about) -> str:
    return str((await clinic.book(who, await clinic.schedule(**about))).id)


async def miss(clinic: Clinic, code: str, now: datetime = WEDNESDAY_NOON) -> None:
    async with clinic.database.begin() as session:
        await visits.missed(session, code, actor="test", now=now)


async def arrive(clinic: Clinic, code: str, now: datetime = WEDNESDAY_NOON) -> None:
    async with clinic.database.begin() as session:
        await visits.arrived(session, code, actor="test", now=now)


async def settle(clinic: Clinic, *, count_noshows: bool, now: datetime = THURSDAY) -> int:
    async with clinic.database.begin() as session:
        return await visits.settle_past(session, now, count_noshows=count_noshows)


async def statuses(clinic: Clinic) -> list[AppointmentStatus]:
    async with clinic.database.begin() as session:
        return list(await session.scalars(select(Appointment.status).order_by(Appointment.id)))


async def told(clinic: Clinic) -> int:
    async with clinic.database.begin() as session:
        return int(
            await session.scalar(text("SELECT count(*) FROM hospital_events WHERE kind = 'visit_missed'"))
            or 0
        )


async def test_missed_visits_block_and_the_block_ends(clinic: Clinic) -> None:
    await clinic.rule("noshow_limit", "2")
    await clinic.rule("noshow_block_days", "10")
    who = await clinic.booker()
    codes = [await visit(clinic, who) for _ in range(2)]
    for code in codes:
        await miss(clinic, code)
        await miss(clinic, code)  # the second time changes nothing
    assert await told(clinic) == 2
    friday = await clinic.schedule(day=clinic.wednesday + timedelta(days=2))
    with pytest.raises(booking.Blocked) as refused:
        await clinic.book(who, friday, now=WEDNESDAY_NOON)
    assert (refused.value.missed, refused.value.until) == (2, clinic.wednesday + timedelta(days=10))
    later = WEDNESDAY_NOON + timedelta(days=11)
    await clinic.book(who, await clinic.schedule(day=clinic.wednesday + timedelta(days=12)), now=later)
    await arrive(clinic, codes[0], THURSDAY)  # it was the hospital's mistake
    await clinic.book(who, friday, now=WEDNESDAY_NOON)


async def test_an_order_number_and_the_codes_own_form_are_read(clinic: Clinic) -> None:
    who = await clinic.booker()
    held = await clinic.book(who, await clinic.schedule(fee_fen=2500))
    async with clinic.database.begin() as session:
        assert held.order_no
        await booking.confirm_paid(session, held.order_no, clinic.now)
    await arrive(clinic, f" {held.order_no.lower()} ")
    free = await clinic.book(who, await clinic.schedule())
    await arrive(clinic, free.id.hex)  # as the code that is sent has it
    for wrong in ("GH20261122NONE", who.patient_id.hex):
        with pytest.raises(UnknownVisit):
            await arrive(clinic, wrong)


async def test_nobody_has_missed_or_kept_what_is_still_to_come(clinic: Clinic) -> None:
    code = await visit(clinic, await clinic.booker())
    with pytest.raises(UnknownVisit):
        await miss(clinic, code, clinic.now)
    with pytest.raises(UnknownVisit):
        await arrive(clinic, code, clinic.now)
    await arrive(clinic, code)
    with pytest.raises(UnknownVisit):
        await miss(clinic, code)  # who was there has not missed it
    assert await told(clinic) == 0


async def test_without_checkin_everybody_came(clinic: Clinic) -> None:
    for _ in range(2):
        await visit(clinic, await clinic.booker())
    await visit(clinic, await clinic.booker(), day=clinic.wednesday + timedelta(days=1))
    assert await settle(clinic, count_noshows=False) == 2
    assert await statuses(clinic) == ["fulfilled", "fulfilled", "booked"]
    assert await told(clinic) == 0


async def test_where_everybody_is_checked_in_who_was_not_missed_it(clinic: Clinic) -> None:
    came, did_not = [await visit(clinic, await clinic.booker()) for _ in range(2)]
    await arrive(clinic, came)
    assert await settle(clinic, count_noshows=True, now=WEDNESDAY_NOON) == 0  # the day is not over
    assert await settle(clinic, count_noshows=True) == 2
    assert await settle(clinic, count_noshows=True) == 0
    assert await statuses(clinic) == ["fulfilled", "noshow"]
    assert await told(clinic) == 1
    await arrive(clinic, did_not, THURSDAY)
    assert await statuses(clinic) == ["fulfilled", "fulfilled"]
