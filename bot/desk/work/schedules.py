"""停诊, 替诊, 加号, and the patients whom the news has not reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import affected
from bot.affected import Affected
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, Shown, View, whole
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.reasons import REASON
from bot.desk.work.refused import BOOKING
from integrations.hospital import callers, directory, half_days, stops
from integrations.hospital.callers import CallerError, Unreadable
from integrations.hospital.half_days import HalfDay
from integrations.hospital.models import Schedule, ScheduleStatus
from integrations.hospital.staff.permissions import Right
from integrations.hospital.stops import HalfDayStopped, StopError

COLUMNS = (
    Column("time", "schedules.time", "6.5rem"),
    Column("doctor", "queue.doctor", "1.6fr"),
    Column("department", "queue.department", "1.2fr", spare=True),
    Column("taken", "schedules.taken", "6.5rem"),
    Column("waiting", "schedules.waiting", "4.5rem", spare=True),
    Column("status", "queue.status", "7rem", badge=True),
    Column("patient", "queue.patient", "4.5rem"),
)
ALL = "all"


class NoColleague(StopError):
    """Nobody of the department is free then."""


class Nobody(CallerError):
    """Nobody has this number on file."""


refusals(
    {
        HalfDayStopped: "schedules.stopped_already",
        NoColleague: "schedules.no_colleague",
        stops.NoHalfDay: "schedules.no_half_day",
        stops.NotInDepartment: "schedules.not_in_department",
        stops.HasOwnPatients: "schedules.has_own_patients",
        stops.DayFull: "schedules.day_full",
        stops.NotDisturbed: "schedules.not_disturbed",
        StopError: "queue.refused",
        Nobody: "callers.nobody",
        Unreadable: "callers.unreadable",
        CallerError: "queue.refused",
    }
    | BOOKING
)


@desk_page(
    "/schedules",
    title="schedules",
    right=Right.SCHEDULES_CHANGE,
    icon="event_busy",
    group="hospital",
    badge=counts.badge("schedules"),
)
async def schedules(desk: Desk) -> None:
    await Schedules(desk).queue.show()


class Schedules:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._day: date = desk.now().astimezone(desk.rt.zone).date()
        self._department = ALL
        right = Right.SCHEDULES_CHANGE
        count = Ask("count", "schedules.count", kind="number", value=1)
        who = Ask("patient", "schedules.patient", hint="schedules.patient_hint")
        self.queue = Queue(
            desk,
            "schedules",
            COLUMNS,
            (
                View("day", "schedules.day", whole(self._half_days)),
                View("affected", "schedules.affected", whole(self._affected)),
            ),
            describe=self._describe,
            actions=(
                Action("stop", right, self._stop, asks=(REASON,), fits=_runs, danger=True, icon="event_busy"),
                Action(
                    "substitute", right, self._substitute, then=(self._colleagues,), fits=_runs, icon="swap_horiz"
                ),
                Action("add_slots", right, self._add_slots, asks=(count,), fits=_runs, icon="add"),
                Action(
                    "add_number", right, self._add_number, asks=(who, REASON), then=(self._which,), fits=_runs,
                    icon="person_add",
                ),
                Action("phone", Right.PATIENTS_REVEAL, self._phone, asks=(REASON,), fits=_untold, icon="call", key="p"),
                Action("reached", right, self._reached, fits=_untold, primary=True, icon="check"),
            ),
            general=(Action("choose", right, self._choose, then=(self._days,), icon="calendar_month"),),
            age="",
        )  # fmt: skip

    async def _half_days(self, session: AsyncSession) -> Sequence[Row]:
        found = await half_days.on(session, self._day)
        mine = [one for one in found if self._department in (ALL, str(one.department_id))]
        return [self._row(one) for one in mine]

    def _row(self, one: HalfDay) -> Row:
        words = self._desk.words
        cells = {
            "time": f"{one.date:%m-%d} {words(f'schedules.{one.period}')}",
            "doctor": self._desk.named(f"{one.practitioner} {one.title}"),
            "department": self._desk.named(one.department),
            "taken": f"{one.taken} / {one.capacity}",
            "waiting": str(one.waiting or ""),
            "status": words(f"schedules.status_{one.status}"),
        }
        stopped = one.status is ScheduleStatus.STOPPED
        return Row(str(one.schedule_id), cells, tone="warn" if stopped else "", data=one)

    async def _affected(self, session: AsyncSession) -> Sequence[Row]:
        words = self._desk.words
        return [
            Row(
                str(one.appointment_id),
                {
                    "time": f"{one.date:%m-%d} {one.time:%H:%M}",
                    "doctor": self._desk.named(one.practitioner),
                    "department": "",
                    "taken": "",
                    "waiting": "",
                    "status": words(f"schedules.visit_{one.what}"),
                    "patient": one.patient,
                },
                tone="bad",
                data=one,
            )
            for one in await affected.affected(session, self._desk.now())
        ]

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        words, one = self._desk.words, row.data
        facts = [Fact("schedules.time", row.cells["time"]), Fact("queue.doctor", row.cells["doctor"])]
        if isinstance(one, Affected):
            facts += [
                Fact("queue.patient", one.patient),
                Fact("queue.status", row.cells["status"], "bad"),
                Fact("schedules.told", words(f"schedules.told_{one.told}")),
            ]
            return Detail(one.patient, facts, hint=words("schedules.affected_hint"))
        facts += [
            Fact("queue.department", row.cells["department"]),
            Fact("schedules.taken", row.cells["taken"]),
            Fact("schedules.waiting", str(one.waiting)),
            Fact("queue.status", row.cells["status"], row.tone),
        ]
        hint = words("schedules.stopped_hint") if one.status is ScheduleStatus.STOPPED else ""
        return Detail(f"{self._desk.named(one.practitioner)} · {row.cells['time']}", facts, hint=hint)

    async def _days(self, session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Ask]:
        options = {ALL: self._desk.words("schedules.all")}
        options |= {str(one.id): self._desk.named(one.name) for one in await directory.departments(session)}
        return (
            Ask("day", "schedules.which_day", kind="date", value=f"{self._day}"),
            Ask("department", "queue.department", kind="choice", options=options, value=self._department),
        )

    async def _choose(self, _session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        self._day, self._department = date.fromisoformat(answers["day"]), answers["department"]
        return {"day": f"{self._day}"}

    async def _schedule(self, session: AsyncSession, row: Row) -> Schedule:
        """Held until the transaction ends."""
        return await session.get_one(
            Schedule, row.data.schedule_id, with_for_update={"key_share": True}, populate_existing=True
        )

    async def _stop(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        schedule = await self._schedule(session, row)
        if schedule.status is ScheduleStatus.STOPPED:
            raise HalfDayStopped
        count = await stops.stop(
            session, schedule, reason=answers["reason"], actor=self._desk.actor, now=self._desk.now()
        )
        return {"count": count}

    async def _colleagues(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        options = await half_days.free_colleagues(session, row.data.schedule_id)
        if not options:
            raise NoColleague
        named = {number: self._desk.named(name) for number, name in options.items()}
        return (Ask("by", "schedules.by", kind="choice", options=named), REASON)

    async def _substitute(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        schedule = await self._schedule(session, row)
        now, reason = self._desk.now(), answers["reason"]
        count = await stops.substitute(
            session, schedule, answers["by"], reason=reason, actor=self._desk.actor, now=now
        )
        return {"count": count}

    async def _add_slots(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        schedule = await self._schedule(session, row)
        many = min(50, int(answers["count"]))
        return {"count": await stops.add_slots(session, schedule, many, actor=self._desk.actor)}

    async def _which(self, session: AsyncSession, _row: Row, answers: Answers) -> Sequence[Ask]:
        desk = self._desk
        found = await callers.find(
            session,
            desk.rt.crypto,
            answers["patient"],
            actor=desk.actor,
            reason=answers["reason"],
            now=desk.now(),
        )
        if not found:
            raise Nobody
        options = {str(one.id): f"{one.name} · {one.birth_date}" for one in found}
        only = next(iter(options)) if len(options) == 1 else None
        return (Ask("file", "queue.patient", kind="choice", options=options, value=only),)

    async def _add_number(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        made = await callers.add_number(
            session,
            await self._schedule(session, row),
            patient_id=UUID(answers["file"]),
            reason=answers["reason"],
            actor=desk.actor,
            now=desk.now(),
        )
        return {"time": f"{made.time:%H:%M}", "number": made.number}

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        found = await stops.reveal(
            session, desk.rt.crypto, row.data.appointment_id, actor=desk.actor, reason=answers["reason"]
        )
        phone = found.phone.removeprefix("+86")
        return Shown([(desk.words("queue.name"), found.name), (desk.words("queue.phone"), phone)])

    async def _reached(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await stops.reached(session, row.data.appointment_id, actor=desk.actor, now=desk.now())


def _runs(row: Row) -> bool:
    return isinstance(row.data, HalfDay) and row.data.status is ScheduleStatus.OPEN


def _untold(row: Row) -> bool:
    return isinstance(row.data, Affected)
