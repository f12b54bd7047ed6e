"""Prescriptions that a pharmacist sent back and whose doctor did not amend them in time, for supervisors."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page
from bot.desk.work import counts
from bot.desk.work.people import name_and_phone
from bot.desk.work.reasons import REASON, moment, who
from integrations.hospital.models import PrescriptionStatus
from integrations.hospital.pharmacy import amending, views
from integrations.hospital.pharmacy.views import PrescriptionView
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("number", "prescriptions.number", "11rem", mono=True),
    Column("patient", "queue.patient", "6rem", spare=True),
    Column("doctor", "queue.doctor", "1.2fr"),
    Column("reason", "amendments.reason", "2fr", spare=True),
    Column("status", "queue.status", "8rem", badge=True),
)


@desk_page(
    "/amendments",
    title="amendments",
    right=Right.PRESCRIPTIONS_WATCH,
    icon="assignment_return",
    badge=counts.badge("amendments"),
)
async def amendments(desk: Desk) -> None:
    await Amendments(desk).queue.show()


class Amendments:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.PRESCRIPTIONS_WATCH
        self.queue = Queue(
            desk,
            "amendments",
            COLUMNS,
            (View("waiting", "amendments.waiting", self._waiting),),
            describe=self._describe,
            actions=(
                Action("phone", Right.PATIENTS_REVEAL, self._phone, asks=(REASON,), icon="call", key="p"),
                Action("settle", right, self._settle, asks=(REASON,), primary=True, icon="done", key="s"),
            ),
            age="amendments.since",
        )

    async def _waiting(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await views.left_by_doctors(session, most)).each(self._row)

    def _row(self, one: PrescriptionView) -> Row:
        cells = {
            "number": one.number,
            "patient": one.patient,
            "doctor": self._desk.named(f"{one.practitioner} · {one.department}"),
            "reason": one.rejection or "",
            "status": self._desk.words(f"amendments.status_{one.status}"),
        }
        ended = one.status is PrescriptionStatus.EXPIRED
        return Row(str(one.id), cells, one.amend_by, tone="quiet" if ended else "bad", data=one)

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        desk, one = self._desk, await views.prescription(session, row.data.id)
        facts = [
            Fact("queue.patient", one.patient),
            Fact("queue.doctor", desk.named(f"{one.practitioner} {one.title} · {one.department}")),
            Fact("queue.status", row.cells["status"]),
            Fact("amendments.reason", one.rejection or "", "bad"),
            Fact("prescriptions.pharmacist", who(one.pharmacist)),
            Fact("amendments.sent_back", moment(desk, one.decided_at)),
            Fact("amendments.amend_by", moment(desk, one.amend_by)),
            Fact("prescriptions.valid", moment(desk, one.valid_until)),
        ]
        return Detail(one.number, facts, hint=desk.words("amendments.hint"))

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        one: PrescriptionView = row.data
        return await name_and_phone(
            self._desk, session, one.patient_id, why="amendment", reason=answers["reason"]
        )

    async def _settle(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        await amending.settle(
            session, row.data.id, actor=desk.actor, reason=answers["reason"], now=desk.now()
        )
