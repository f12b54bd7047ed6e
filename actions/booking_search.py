"""Which half days fit a wish; and when none does, what comes nearest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions.booking_draft import Wish
from integrations.hospital import booking
from integrations.hospital.booking import SessionView
from integrations.hospital.models import Period, Schedule

OFFERED = 6  # more choices than that nobody reads on a phone
_LOOKED_AT = 60
_NEAREST = 3
_PERIODS = list(Period)


@dataclass(frozen=True, slots=True)
class Found:
    """`exact`: they are what was wished for; otherwise the nearest. `full`: the wished ones exist, without a free
    number."""

    sessions: list[SessionView]
    exact: bool = True
    full: bool = False


async def search(session: AsyncSession, wish: Wish, *, now: datetime, today: date, last: date) -> Found:
    """Half days of the wish's doctors or departments with a free number, the earliest first."""
    days = wish.days
    first_day, last_day = (days.first, days.last) if days else (today, last)
    exact = _meant(wish, await _find(session, wish, first_day, last_day, wish.period, now))
    if exact:
        return Found(_worth_showing(wish, exact))
    full = bool(
        _meant(wish, await _find(session, wish, first_day, last_day, wish.period, now, with_full=True))
    )
    return Found(
        await _nearest(session, wish, first_day, last_day, now=now, today=today, last=last), False, full
    )


async def chosen(session: AsyncSession, schedule_id: str, now: datetime) -> SessionView | None:
    """The half day that was picked, or None when it can no longer be booked."""
    schedule = await session.get(Schedule, UUID(schedule_id))
    if schedule is None:
        return None
    same_day = await booking.sessions(
        session,
        practitioner_id=schedule.practitioner_id,
        first=schedule.date,
        last=schedule.date,
        period=schedule.period,
        now=now,
    )
    return same_day[0] if same_day else None


async def _nearest(
    session: AsyncSession,
    wish: Wish,
    first_day: date,
    last_day: date,
    *,
    now: datetime,
    today: date,
    last: date,
) -> list[SessionView]:
    """The same doctors nearest in time, then others of the department in the wished half day."""
    own = await _find(session, wish, today, last, "", now)
    own.sort(key=lambda found: _distance(found, wish, first_day, last_day))
    if not wish.practitioners:
        return sorted(_one_per_doctor(own)[:OFFERED], key=_by_time)
    colleagues = [
        found
        for department in wish.departments
        for found in await _of(session, first_day, last_day, wish.period, now, department=UUID(department))
        if _costs(found, wish)
    ]
    return sorted(own[:_NEAREST], key=_by_time) + _one_per_doctor(colleagues)[:_NEAREST]


async def _find(
    session: AsyncSession,
    wish: Wish,
    first: date,
    last: date,
    period: str,
    now: datetime,
    *,
    with_full: bool = False,
) -> list[SessionView]:
    found: list[SessionView] = []
    if wish.practitioners:
        for practitioner in wish.practitioners:
            found += await _of(
                session, first, last, period, now, practitioner=UUID(practitioner), with_full=with_full
            )
    else:
        for department in wish.departments:
            found += await _of(
                session, first, last, period, now, department=UUID(department), with_full=with_full
            )
    return sorted((one for one in found if _costs(one, wish)), key=_by_time)


def _meant(wish: Wish, found: list[SessionView]) -> list[SessionView]:
    """Of several separate days, those on one of them."""
    return [one for one in found if not wish.among or one.date.isoformat() in wish.among]


def _costs(found: SessionView, wish: Wish) -> bool:
    return not wish.fee or str(found.fee_fen) == wish.fee


async def _of(
    session: AsyncSession,
    first: date,
    last: date,
    period: str,
    now: datetime,
    *,
    department: UUID | None = None,
    practitioner: UUID | None = None,
    with_full: bool = False,
) -> list[SessionView]:
    return await booking.sessions(
        session,
        department_id=department,
        practitioner_id=practitioner,
        first=first,
        last=last,
        period=period or None,
        now=now,
        limit=_LOOKED_AT,
        with_full=with_full,
    )


def _worth_showing(wish: Wish, found: list[SessionView]) -> list[SessionView]:
    """All when it is about one doctor or one half day; otherwise the earliest of each doctor."""
    if (
        len({one.practitioner_id for one in found}) == 1
        or len({(one.date, one.period) for one in found}) == 1
    ):
        return found[:OFFERED]
    if wish.days and wish.days.first == wish.days.last and len(found) <= OFFERED:
        return found
    return _one_per_doctor(found)[:OFFERED]


def _one_per_doctor(found: list[SessionView]) -> list[SessionView]:
    earliest: dict[UUID, SessionView] = {}
    for one in found:
        earliest.setdefault(one.practitioner_id, one)
    return list(earliest.values())


def _by_time(found: SessionView) -> tuple[date, int]:
    return found.date, _PERIODS.index(found.period)


def _distance(found: SessionView, wish: Wish, first: date, last: date) -> tuple[timedelta, bool, date]:
    """How far from the wished days, and whether the half day differs."""
    away = max(first - found.date, found.date - last, timedelta())
    return away, bool(wish.period) and found.period != wish.period, found.date
