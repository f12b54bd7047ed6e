"""Who waits for a number where none is left (候补), and what is offered to whom until when."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page
from bot.desk.work import waits
from bot.desk.work.people import name_and_phone
from bot.desk.work.reasons import REASON, moment
from integrations.hospital import waitlist as service
from integrations.hospital.staff.permissions import Right
from integrations.hospital.waitlist import EntryView
from integrations.money import yuan

COLUMNS = (
    Column("department", "queue.department", "1.2fr"),
    Column("doctor", "queue.doctor", "1fr"),
    Column("days", "waitlist.days", "1.4fr"),
    Column("patient", "queue.patient", "5rem"),
    Column("status", "queue.status", "9rem", badge=True),
)


@desk_page("/waitlist", title="waitlist", right=Right.BOOKINGS_ACT, icon="hourglass_top", group="hospital")
async def waitlist(desk: Desk) -> None:
    await Waitlist(desk).queue.show()


class Waitlist:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.queue = Queue(
            desk,
            "waitlist",
            COLUMNS,
            (View("all", "waitlist.all", self._all), View("offered", "waitlist.offered", self._offered)),
            describe=self._describe,
            actions=(
                Action("phone", Right.PATIENTS_REVEAL, self._phone, asks=(REASON,), icon="call", key="p"),
            ),
            due="waitlist.left",
        )

    async def _all(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await service.everybody(session, most)).each(self._row)

    async def _offered(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await service.everybody(session, most, offered=True)).each(self._row)

    def _row(self, one: EntryView) -> Row:
        words = self._desk.words
        cells = {
            "department": self._desk.named(one.department),
            "doctor": self._desk.named(one.practitioner)
            if one.practitioner
            else words("waitlist.any_doctor"),
            "days": waits.days(self._desk, one),
            "patient": one.patient,
            "status": waits.state(self._desk, one),
        }
        return Row(str(one.id), cells, one.since, one.offered_until, "warn" if one.offered_until else "", one)

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one: EntryView = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("queue.department", row.cells["department"]),
            Fact("queue.doctor", row.cells["doctor"]),
            Fact("waitlist.days", row.cells["days"]),
            Fact("queue.since", moment(self._desk, one.since)),
            Fact("queue.status", row.cells["status"], row.tone),
        ]
        if one.offered_until:
            facts += [
                Fact("waitlist.offer", _offer(self._desk, one)),
                Fact("waitlist.until", moment(self._desk, one.offered_until)),
            ]
        hint = self._desk.words("waitlist.hint", minutes=self._desk.rt.settings.waitlist_minutes)
        return Detail(one.patient, facts, hint=hint)

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        return await name_and_phone(
            self._desk, session, row.data.patient_id, why=f"waitlist:{row.key}", reason=answers["reason"]
        )


def _offer(desk: Desk, one: EntryView) -> str:
    when = f"{one.offer_day:%m-%d} {one.offer_time:%H:%M}"
    return f"{when} · {yuan(one.offer_fee_fen)}" if one.offer_fee_fen else when
