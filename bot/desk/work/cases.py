"""Complaints, and what the hospital found by itself about somebody's parcel or refund: owner, deadline, words among
staff and to the patient, the last word. Differences of money have a page of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts, people
from bot.desk.work.case_media import Pass
from bot.desk.work.reasons import REASON, moment, who
from integrations.hospital.cases import handling
from integrations.hospital.cases.handling import Line, Revealed
from integrations.hospital.cases.refusals import AlreadyClosed, CaseError, NotOpen, UnknownCase
from integrations.hospital.models import Adverse, CaseStatus
from integrations.hospital.models.cases import FOUND, PROBLEMS, STANDING, TOLD, WAITING
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("number", "cases.number", "10.5rem", mono=True),
    Column("category", "cases.category", "1.2fr"),
    Column("status", "queue.status", "8rem", badge=True),
    Column("owner", "cases.owner", "1fr", spare=True),
    Column("patient", "queue.patient", "6rem", spare=True),
    Column("deadline", "cases.deadline", "7rem", spare=True),
)
WORDS = Ask("words", "cases.words", kind="words")
refusals(
    {
        UnknownCase: "cases.unknown",
        AlreadyClosed: "cases.already_closed",
        NotOpen: "cases.not_open",
        CaseError: "cases.not_now",
    }
)


@desk_page(
    "/cases", title="cases", right=Right.CASES_WORK, icon="assignment_late", badge=counts.badge("cases")
)
async def cases(desk: Desk) -> None:
    await Cases(desk).queue.show()


_BOTH = (*TOLD, *PROBLEMS)  # all but differences of money, which have a list of their own


class Cases:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.CASES_WORK
        self.queue = Queue(
            desk,
            "cases",
            COLUMNS,
            (
                View("waiting", "cases.waiting", self._waiting),
                View("mine", "cases.mine", self._mine),
                View("late", "cases.late", self._late),
                View("harm", "cases.harm", self._harm),
                View("found", "cases.found", self._found),
                View("all", "cases.all", self._all),
            ),
            describe=self._describe,
            actions=(
                Action("read", right, self._read, asks=(REASON,), icon="visibility", key="r"),
                Action("take", right, self._take, fits=self._not_mine, icon="person_add", key="t"),
                Action(
                    "answer", right, self._answer, asks=(WORDS,), fits=_stands, primary=True, icon="reply"
                ),
                Action(
                    "phone",
                    Right.PATIENTS_REVEAL,
                    self._phone,
                    asks=(REASON,),
                    fits=_may_be_called,
                    icon="call",
                    key="p",
                ),
                Action("note", right, self._note, asks=(WORDS,), icon="sticky_note_2", key="n"),
                Action("assign", right, self._assign, then=(self._owners,), fits=_stands, icon="group"),
                Action("mark", right, self._mark, asks=(self._harm_choice(),), icon="report"),
                Action(
                    "close", right, self._close, asks=(WORDS,), fits=_stands, danger=True, icon="done_all"
                ),
            ),
            due="cases.left",
        )

    async def _waiting(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await handling.listed(session, limit=most)).each(self._row)

    async def _mine(self, session: AsyncSession, most: int) -> Part[Row]:
        mine = await handling.listed(session, owner=self._desk.actor, kinds=_BOTH, limit=most)
        return mine.each(self._row)

    async def _late(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await handling.listed(session, escalated=True, limit=most)).each(self._row)

    async def _harm(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await handling.listed(session, standing=False, adverse=True, limit=most)).each(self._row)

    async def _found(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await handling.listed(session, kinds=PROBLEMS, limit=most)).each(self._row)

    async def _all(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await handling.listed(session, standing=False, kinds=_BOTH, limit=most)).each(self._row)

    def _row(self, one: Line) -> Row:
        words = self._desk.words
        waits = one.status in WAITING
        cells = {
            "number": one.number,
            "category": words(f"cases.kind_{one.kind}") + " · " + words(f"cases.category_{one.category}"),
            "status": words(f"cases.status_{one.status}"),
            "owner": who(one.owner),
            "patient": one.patient,
            "deadline": f"{one.deadline:%m-%d}",
        }
        tone = "bad" if one.escalated_at and waits else "warn" if one.warned_at and waits else ""
        return Row(one.number, cells, one.created_at, self._midnight(one) if waits else None, tone, one)  # type: ignore[arg-type]

    def _midnight(self, one: Line) -> datetime:
        return datetime.combine(one.deadline + timedelta(days=1), time(), self._desk.rt.zone)

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one: Line = row.data
        words = self._desk.words
        facts = [
            Fact("cases.category", row.cells["category"]),
            Fact("queue.status", row.cells["status"], row.tone),
            Fact("cases.owner", row.cells["owner"]),
            Fact("queue.patient", one.patient),
            Fact("cases.deadline", f"{one.deadline}", row.tone),
            Fact("cases.told", moment(self._desk, one.created_at)),
            Fact("cases.adverse", words(f"cases.adverse_{one.adverse}"), _harm_tone(one.adverse)),
        ]
        return Detail(one.number, facts, hint=words(f"cases.{hint}") if (hint := _hint(one)) else "")

    def _not_mine(self, row: Row) -> bool:
        return _stands(row) and row.data.owner != self._desk.actor

    def _harm_choice(self) -> Ask:
        options = {one.value: self._desk.words(f"cases.adverse_{one}") for one in Adverse}
        return Ask("adverse", "cases.adverse", kind="choice", options=options, value=Adverse.CONFIRMED.value)

    async def _owners(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        options = await people.who_may(session, Right.CASES_WORK)
        return (
            Ask("owner", "cases.owner", kind="choice", options=options, value=row.data.owner),
            Ask("across", "cases.across", kind="check", required=False, hint="cases.across_hint"),
        )

    async def _read(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        told = await handling.reveal(
            session, desk.rt.crypto, row.key, actor=desk.actor, reason=answers["reason"]
        )
        lines = [(desk.words("cases.patient_said"), told.words)]
        lines += [
            (
                f"{desk.words(f'cases.note_{one.kind}')} · {who(one.author)} · {moment(desk, one.at)}",
                one.words,
            )
            for one in told.notes
        ]
        lines += [(desk.words("cases.closing"), told.closing)] if told.closing else []
        lines += [
            (desk.words("cases.medium"), desk.words(f"cases.medium_{one.status}"))
            for one in told.media
            if one.status != "stored"
        ]
        return Shown(
            lines,
            pictures=self._addresses(told, row.key, answers["reason"], pictures=True),
            files=self._addresses(told, row.key, answers["reason"], pictures=False),
        )

    def _addresses(self, told: Revealed, number: str, reason: str, *, pictures: bool) -> list[str]:
        desk = self._desk
        return [
            Pass(number, one.id, desk.member.id, reason, desk.now()).address(desk.rt.crypto)
            for one in told.media
            if one.status == "stored" and one.mime.startswith("image/") is pictures
        ]

    async def _take(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await self._give(session, row, self._desk.actor, across=False)

    async def _assign(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        await self._give(session, row, answers["owner"], across=bool(answers["across"]))
        return {"owner": who(answers["owner"])}

    async def _give(self, session: AsyncSession, row: Row, owner: str, *, across: bool) -> None:
        now = self._desk.now()
        await handling.assign(session, row.key, owner, across=across, actor=self._desk.actor, now=now)

    async def _note(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await handling.note(session, *self._words(row, answers), **self._by())

    async def _answer(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await handling.answer(session, *self._words(row, answers), **self._by())

    async def _close(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await handling.close(session, *self._words(row, answers), **self._by())

    async def _mark(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await handling.mark_adverse(session, row.key, Adverse(answers["adverse"]), actor=self._desk.actor)

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        who_told = row.data.patient_id
        return await people.name_and_phone(
            self._desk, session, who_told, why=f"case:{row.key}", reason=answers["reason"]
        )

    def _words(self, row: Row, answers: Answers) -> tuple[Any, str, str]:
        return self._desk.rt.crypto, row.key, answers["words"].strip()

    def _by(self) -> dict[str, Any]:
        return {"actor": self._desk.actor, "now": self._desk.now()}


def _stands(row: Row) -> bool:
    return CaseStatus(row.data.status) in STANDING


def _may_be_called(row: Row) -> bool:
    return row.data.patient_id is not None


def _hint(one: Line) -> str:
    """What to do next, where it does not show: the key of its words, or ""."""
    return "late_hint" if one.status in WAITING and one.escalated_at and one.kind not in FOUND else ""


def _harm_tone(adverse: Adverse) -> Any:
    return {Adverse.SUSPECTED: "warn", Adverse.CONFIRMED: "bad"}.get(adverse, "")
