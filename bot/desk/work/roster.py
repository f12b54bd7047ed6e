"""The duty roster: who is paged for red flags and alarming answers, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work.reasons import REASON
from integrations.hospital.models import DutyLevel, StaffMember
from integrations.hospital.staff import roster as service
from integrations.hospital.staff.permissions import Right
from integrations.hospital.staff.roster import BadHours, Hours, Shift, UnknownShift

COLUMNS = (
    Column("name", "roster.name", "1.2fr"),
    Column("level", "roster.level", "8rem", badge=True),
    Column("begin", "roster.begin", "9rem"),
    Column("end", "roster.end", "9rem"),
    Column("phone", "queue.phone", "8rem", mono=True, spare=True),
    Column("status", "queue.status", "6rem", spare=True),
)
refusals({BadHours: "roster.bad_hours", UnknownShift: "queue.gone"})


@desk_page("/roster", title="roster", right=Right.ALARMS_ACKNOWLEDGE, icon="event_note", group="hospital")
async def roster(desk: Desk) -> None:
    await Roster(desk).queue.show()


class Roster:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        change, see = Right.ROSTER_CHANGE, Right.ALARMS_ACKNOWLEDGE
        self.queue = Queue(
            desk,
            "roster",
            COLUMNS,
            (View("coming", "roster.coming", self._coming), View("over", "roster.over", self._over)),
            describe=self._describe,
            actions=(
                Action("phone", see, self._phone, asks=(REASON,), primary=True, icon="call", key="p"),
                Action("remove", change, self._remove, fits=self._stands, danger=True, icon="event_busy"),
            ),
            general=(Action("add", change, self._add, then=(self._whom,), icon="add"),),
            age="",
        )

    async def _coming(self, session: AsyncSession, most: int) -> Part[Row]:
        desk = self._desk
        return (await service.listed(session, desk.rt.crypto, desk.now(), most)).each(self._row)

    async def _over(self, session: AsyncSession, most: int) -> Part[Row]:
        desk = self._desk
        found = await service.listed(session, desk.rt.crypto, desk.now(), most, over=True)
        return found.each(self._row)

    def _row(self, one: Shift) -> Row:
        words = self._desk.words
        now = one.starts_at <= self._desk.now() < one.ends_at
        cells = {
            "name": one.name,
            "level": words(f"roster.level_{one.level}"),
            "begin": self._moment(one.starts_at),
            "end": self._moment(one.ends_at),
            "phone": one.phone,
            "status": words("roster.now") if now else "",
        }
        return Row(str(one.id), cells, tone="good" if now else "", data=one)

    def _moment(self, when: datetime) -> str:
        local = when.astimezone(self._desk.rt.zone)
        return f"{local:%m-%d} {self._desk.words(f'roster.day_{local.isoweekday()}')} {local:%H:%M}"

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        names = (
            ("name", "roster.name"),
            ("level", "roster.level"),
            ("begin", "roster.begin"),
            ("end", "roster.end"),
        )
        facts = [Fact(title, row.cells[name]) for name, title in names]
        facts.append(Fact("queue.phone", row.cells["phone"]))
        return Detail(row.cells["name"], facts, hint=self._desk.words("roster.hint"))

    async def _whom(self, session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Ask]:
        words = self._desk.words
        known = select(StaffMember).where(StaffMember.active).order_by(StaffMember.name, StaffMember.login)
        staff = {
            str(one.id): f"{one.name} · {words(f'shell.role_{one.role}')} ({one.login})"
            for one in await session.scalars(known)
        }
        levels = {one.value: words(f"roster.level_{one}") for one in DutyLevel}
        today = self._desk.now().astimezone(self._desk.rt.zone).date()
        return (
            Ask("who", "roster.name", kind="choice", options=staff),
            Ask("level", "roster.level", kind="choice", options=levels, value=DutyLevel.ONCALL.value),
            Ask("phone", "queue.phone", hint="roster.phone_hint"),
            Ask("day", "roster.from_day", kind="date", value=f"{today}"),
            Ask("begin", "roster.begin", value="08:00"),
            Ask("end", "roster.end", value="08:00", hint="roster.end_hint"),
            Ask("days", "roster.days", kind="number", value=1),
        )

    async def _add(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        begin, end = service.read_time(answers["begin"]), service.read_time(answers["end"])
        hours = Hours(date.fromisoformat(answers["day"]), begin, end, int(answers["days"]))
        level, who = DutyLevel(answers["level"]), UUID(answers["who"])
        made = await service.add(
            session, desk.rt.crypto, level, who, answers["phone"], hours, actor=desk.actor
        )
        return {"count": made}

    async def _remove(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await service.remove(session, row.data.id, actor=self._desk.actor, now=self._desk.now())

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        found = await service.reveal(
            session, desk.rt.crypto, row.data.id, actor=desk.actor, reason=answers["reason"]
        )
        phone = found.phone.removeprefix("+86")
        return Shown([(desk.words("queue.name"), found.name), (desk.words("queue.phone"), phone)])

    def _stands(self, row: Row) -> bool:
        return bool(row.data.ends_at > self._desk.now())
