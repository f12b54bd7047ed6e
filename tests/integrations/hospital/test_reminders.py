from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from integrations.hospital import events, merging, reminders
from integrations.hospital.events import EventKind
from integrations.hospital.models import Reminder

HOUR = timedelta(hours=1)


async def _plan(clinic: Any, who: Any, subject: Any, due_at: datetime, **more: Any) -> None:
    async with clinic.database.begin() as session:
        await reminders.plan(
            session,
            EventKind.APPOINTMENT_BOOKED,
            subject,
            due_at=due_at,
            account_id=who.account_id,
            contact_id=who.contact_id,
            payload={"appointment_id": str(subject)},
            **more,
        )


async def _hand_out(clinic: Any, now: datetime, limit: int = 100) -> int:
    async with clinic.database.begin() as session:
        return await reminders.hand_out(session, now, limit)


async def _told(clinic: Any) -> list[str]:
    async with clinic.database.begin() as session:
        found = await events.claim(session, 500, clinic.now)
        return [event.payload["appointment_id"] for event in found]


async def test_it_becomes_an_event_when_its_time_comes(clinic: Any) -> None:
    who, first, second = await clinic.booker(), uuid4(), uuid4()
    await _plan(clinic, who, second, clinic.now + 2 * HOUR)
    await _plan(clinic, who, first, clinic.now + HOUR)
    assert await _hand_out(clinic, clinic.now) == 0
    assert await _hand_out(clinic, clinic.now + 2 * HOUR) == 2
    assert await _hand_out(clinic, clinic.now + 2 * HOUR) == 0
    assert await _told(clinic) == [str(first), str(second)]


async def test_it_does_not_wait_for_accounts_that_merge(clinic: Any) -> None:
    """It would hold the reminder that the merge wants, and want the account that the merge holds."""
    who, other, mine, theirs = await clinic.booker(), await clinic.booker(), uuid4(), uuid4()
    await _plan(clinic, who, mine, clinic.now)
    await _plan(clinic, other, theirs, clinic.now)
    async with clinic.database.begin() as session, asyncio.timeout(90):
        await merging.lock_accounts(session, who.account_id)
        assert await _hand_out(clinic, clinic.now) == 1
    assert await _hand_out(clinic, clinic.now) == 1
    assert await _told(clinic) == [str(theirs), str(mine)]


async def test_planned_again_it_moves(clinic: Any) -> None:
    who, subject = await clinic.booker(), uuid4()
    await _plan(clinic, who, subject, clinic.now)
    await _plan(clinic, who, subject, clinic.now + HOUR)
    assert await _hand_out(clinic, clinic.now) == 0
    assert await _hand_out(clinic, clinic.now + HOUR) == 1
    assert await _told(clinic) == [str(subject)]


async def test_too_late_it_is_not_told(clinic: Any) -> None:
    who, subject = await clinic.booker(), uuid4()
    await _plan(clinic, who, subject, clinic.now, useless_at=clinic.now + HOUR)
    assert await _hand_out(clinic, clinic.now + HOUR) == 1
    assert await _told(clinic) == []


async def test_dropped_it_is_not_told(clinic: Any) -> None:
    who, subject = await clinic.booker(), uuid4()
    for kinds in ((), (EventKind.APPOINTMENT_BOOKED,)):
        await _plan(clinic, who, subject, clinic.now)
        async with clinic.database.begin() as session:
            await reminders.drop(session, subject, EventKind.HOLD_EXPIRED)
            assert await session.scalar(select(func.count(Reminder.id))) == 1
            await reminders.drop(session, subject, *kinds)
        assert await _hand_out(clinic, clinic.now) == 0


async def test_several_at_once_share_the_work(clinic: Any) -> None:
    who = await clinic.booker()
    async with clinic.database.begin() as session:
        for _ in range(60):
            subject = uuid4()
            await reminders.plan(
                session,
                EventKind.APPOINTMENT_BOOKED,
                subject,
                due_at=clinic.now,
                account_id=who.account_id,
                contact_id=who.contact_id,
                payload={"appointment_id": str(subject)},
            )
    counts = await asyncio.gather(*(_hand_out(clinic, clinic.now, limit=20) for _ in range(4)))
    counts.append(await _hand_out(clinic, clinic.now))
    told = await _told(clinic)
    assert (sum(counts), len(told), len(set(told))) == (60, 60, 60)
