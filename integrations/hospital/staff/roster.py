"""The duty roster (值班): who is paged, drawn up by supervisors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import audit, revealing
from integrations.hospital.clock import hospital_zone
from integrations.hospital.models import DutyLevel, DutyShift, StaffMember
from integrations.hospital.reading import mask_phone, read_phone
from integrations.part import Part, counted

MOST_DAYS = 31  # are drawn up at once


class BadHours(ValueError):
    """No times of a day, or too many days."""


class UnknownShift(LookupError):
    """No shift of this id that is still to end."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A shift of `day` (local): what ends no later than it begins ends on the next day. `days`: so many days on
    end."""

    day: date
    begin: time
    end: time
    days: int = 1

    def spans(self) -> list[tuple[datetime, datetime]]:
        """Raises BadHours."""
        if not 1 <= self.days <= MOST_DAYS:
            raise BadHours
        return [self._span(self.day + timedelta(days=later)) for later in range(self.days)]

    def _span(self, day: date) -> tuple[datetime, datetime]:
        zone = hospital_zone()
        last = day if self.end > self.begin else day + timedelta(days=1)
        begin, end = datetime.combine(day, self.begin, zone), datetime.combine(last, self.end, zone)
        return begin.astimezone(UTC), end.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Shift:
    """`phone` is masked."""

    id: UUID
    level: DutyLevel
    login: str
    name: str
    phone: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is to be called, by which number."""

    name: str
    phone: str = field(repr=False)


def read_time(text: str) -> time:
    """ "8:00" or "08：00". Raises BadHours."""
    try:
        return datetime.strptime(text.strip().replace("：", ":"), "%H:%M").time()  # noqa: DTZ007 - a time of any day
    except ValueError:
        raise BadHours from None


async def add(
    session: AsyncSession,
    crypto: Crypto,
    level: DutyLevel,
    staff_id: UUID,
    phone: str,
    hours: Hours,
    *,
    actor: str,
) -> int:
    """Gives how many shifts that made; what stands there already stays. Raises BadHours, InvalidPhone."""
    sealed, spans = crypto.encrypt(read_phone(phone), "duty_shifts.phone"), hours.spans()
    rows = [
        {
            "level": level,
            "staff_id": staff_id,
            "phone": sealed,
            "starts_at": begin,
            "ends_at": end,
            "created_by": actor,
        }
        for begin, end in spans
    ]
    made = await session.scalars(
        insert(DutyShift).values(rows).on_conflict_do_nothing().returning(DutyShift.id)
    )
    count = len(made.all())
    member = await session.get_one(StaffMember, staff_id)
    detail = {
        "level": level.value,
        "from": spans[0][0].isoformat(),
        "until": spans[-1][1].isoformat(),
        "shifts": count,
    }
    await audit.record(session, actor=actor, action="duty_added", subject=member.actor, detail=detail)
    return count


async def remove(session: AsyncSession, shift_id: UUID, *, actor: str, now: datetime) -> None:
    """Somebody else has it. Raises UnknownShift, of what is over too: who was on duty stays known."""
    shift = await session.get(DutyShift, shift_id, with_for_update=True, populate_existing=True)
    if shift is None or shift.ends_at <= now:
        raise UnknownShift
    member = await session.get_one(StaffMember, shift.staff_id)
    detail = {
        "level": shift.level.value,
        "from": shift.starts_at.isoformat(),
        "until": shift.ends_at.isoformat(),
    }
    await session.delete(shift)
    await audit.record(session, actor=actor, action="duty_removed", subject=member.actor, detail=detail)


async def listed(
    session: AsyncSession, crypto: Crypto, now: datetime, limit: int, *, over: bool = False
) -> Part[Shift]:
    """Those that are not over, the next first; or those that are (`over`), the latest first."""
    wanted = select(DutyShift, StaffMember, func.count().over().label("total")).join(
        StaffMember, StaffMember.id == DutyShift.staff_id
    )
    wanted = (
        wanted.where(DutyShift.ends_at <= now).order_by(DutyShift.starts_at.desc(), DutyShift.id)
        if over
        else wanted.where(DutyShift.ends_at > now).order_by(
            DutyShift.starts_at, DutyShift.level, DutyShift.id
        )
    )
    rows = (await session.execute(wanted.limit(limit))).all()
    return counted(rows, lambda row: _shift(crypto, row.DutyShift, row.StaffMember))


def _shift(crypto: Crypto, one: DutyShift, member: StaffMember) -> Shift:
    phone = mask_phone(crypto.decrypt(one.phone, "duty_shifts.phone"))
    return Shift(one.id, one.level, member.login, member.name, phone, one.starts_at, one.ends_at)


async def on_duty(session: AsyncSession, crypto: Crypto, level: DutyLevel, now: datetime) -> list[OnDuty]:
    """Who is, now; whoever left the hospital is not."""
    wanted = (
        select(DutyShift.phone, StaffMember.name)
        .join(StaffMember, StaffMember.id == DutyShift.staff_id)
        .where(
            DutyShift.level == level, DutyShift.starts_at <= now, DutyShift.ends_at > now, StaffMember.active
        )
        .order_by(DutyShift.starts_at, DutyShift.id)
    )
    rows = await session.execute(wanted)
    return [OnDuty(row.name, crypto.decrypt(row.phone, "duty_shifts.phone")) for row in rows]


async def reveal(session: AsyncSession, crypto: Crypto, shift_id: UUID, *, actor: str, reason: str) -> OnDuty:
    """Name and number, to call a colleague. The audit log keeps who looked, and why. Raises UnknownShift, NoReason."""
    shift = await session.get(DutyShift, shift_id)
    if shift is None:
        raise UnknownShift
    member = await session.get_one(StaffMember, shift.staff_id)
    await revealing.record(
        session, actor=actor, action="duty_phone_revealed", subject=member.actor, reason=reason
    )
    return OnDuty(member.name, crypto.decrypt(shift.phone, "duty_shifts.phone"))
