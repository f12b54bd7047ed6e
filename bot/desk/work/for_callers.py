"""For somebody who calls: their file, their visits, bills and waits; book, cancel, end a wait, pay back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View, whole
from bot.desk.registry import desk_page, refusals
from bot.desk.work import waits
from bot.desk.work.reasons import REASON
from bot.desk.work.refused import BOOKING, MONEY
from integrations.hospital import appointments, availability, callers, directory, waitlist
from integrations.hospital.callers import CallerError, Found, Proof, ProofKind, Unreadable
from integrations.hospital.models import OrderStatus
from integrations.hospital.refusals import SessionFull
from integrations.hospital.staff.permissions import Right
from integrations.hospital.views import AppointmentView, SessionView
from integrations.money import yuan

COLUMNS = (
    Column("patient", "queue.patient", "1fr"),
    Column("born", "callers.born", "1fr"),
    Column("document", "callers.document", "1.4fr", spare=True),
    Column("status", "queue.status", "1fr", badge=True),
)
_AHEAD = timedelta(days=6)  # of half days are offered from the wanted day on
_MAY_GO_BACK = (OrderStatus.PAID, OrderStatus.UNPAID)
refusals({Unreadable: "callers.unreadable", CallerError: "queue.refused"} | BOOKING | MONEY)


class NothingToChoose(CallerError):
    """There is nothing of that kind."""


refusals({NothingToChoose: "callers.nothing"})


@desk_page("/callers", title="callers", right=Right.BOOKINGS_ACT, icon="support_agent")
async def for_callers(desk: Desk) -> None:
    await Callers(desk).queue.show()


class Callers:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._found: list[Found] = []
        self._accepted = callers.accepted_proofs(desk.rt.settings.caller_proofs)
        right = Right.BOOKINGS_ACT
        who = (Ask("who", "callers.who", hint="callers.who_hint"), REASON)
        self.queue = Queue(
            desk,
            "callers",
            COLUMNS,
            (View("found", "callers.found", whole(self._files), asked=True),),
            describe=self._describe,
            actions=(
                Action(
                    "book",
                    right,
                    self._book,
                    then=(self._where, self._half_days, self._numbers),
                    fits=_acted_for,
                    primary=True,
                    icon="event_available",
                ),
                Action(
                    "cancel",
                    right,
                    self._cancel,
                    then=(self._visits,),
                    fits=_acted_for,
                    danger=True,
                    icon="event_busy",
                ),
                Action(
                    "unwait",
                    right,
                    self._unwait,
                    then=(self._waits,),
                    fits=_acted_for,
                    danger=True,
                    icon="playlist_remove",
                ),
                Action(
                    "refund", Right.MONEY_REFUND, self._refund, then=(self._bills,), danger=True, icon="undo"
                ),
            ),
            general=(Action("find", right, self._find, asks=who, icon="search"),),
            age="",
        )

    async def _find(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        self._found = await callers.find(
            session,
            desk.rt.crypto,
            answers["who"],
            actor=desk.actor,
            reason=answers["reason"],
            now=desk.now(),
        )
        return {"count": len(self._found)}

    async def _files(self, _session: AsyncSession) -> Sequence[Row]:
        """What was found last; looking anew would be one more search."""
        words = self._desk.words
        return [
            Row(
                str(one.id),
                {
                    "patient": f"{one.name} · {words(f'prescriptions.sex_{one.sex}')}",
                    "born": f"{one.birth_date}",
                    "document": words(f"identities.document_{one.document}"),
                    "status": words(f"callers.status_{one.status}"),
                },
                data=one,
            )
            for one in self._found
        ]

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        words, one = self._desk.words, row.data
        visits = await appointments.of_patient(session, one.id, self._desk.now())
        bills = await callers.bills(session, one.id)
        waiting = await waitlist.of_patient(session, one.id)
        facts = [
            Fact("queue.patient", row.cells["patient"]),
            Fact("callers.born", row.cells["born"]),
            Fact("callers.document", row.cells["document"]),
            Fact("queue.status", row.cells["status"]),
        ]
        lists = [
            (
                "callers.visits",
                [(self._visit(visit), "") for visit in visits] or [(words("callers.none"), "quiet")],
            ),
            (
                "callers.waits",
                [(waits.said(self._desk, wait), "") for wait in waiting]
                or [(words("callers.none"), "quiet")],
            ),
            (
                "callers.bills",
                [(self._bill(bill), "") for bill in bills] or [(words("callers.none"), "quiet")],
            ),
        ]
        hint = words("callers.hint") if one.acted_for else words("callers.nobody_acts")
        return Detail(one.name, facts, lists, hint)  # type: ignore[arg-type]

    def _visit(self, one: AppointmentView) -> str:
        state = self._desk.words(f"callers.visit_{one.status}")
        fee = f" · {yuan(one.fee_fen)}" if one.fee_fen else ""
        whom = self._desk.named(f"{one.department} {one.practitioner}")
        return f"{one.date:%m-%d} {one.time:%H:%M} {whom}{fee} · {state}"

    def _bill(self, one: callers.Bill) -> str:
        words = self._desk.words
        kind, state = words(f"callers.kind_{one.kind}"), words(f"callers.order_{one.status}")
        return f"{one.order_no} · {kind} {yuan(one.amount_fen)} · {state}"

    def _proof(self) -> tuple[Ask, Ask]:
        options = {
            kind.value: self._desk.words(f"callers.proof_{kind}")
            for kind in ProofKind
            if kind in self._accepted
        }
        return (
            Ask("proof", "callers.proof", kind="choice", options=options),
            Ask("note", "callers.note", hint="queue.reason_hint"),
        )

    async def _where(self, session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Ask]:
        known = [one for one in await directory.departments(session) if one.bookable]
        today = self._desk.now().astimezone(self._desk.rt.zone).date()
        return (
            *self._proof(),
            Ask(
                "department",
                "queue.department",
                kind="choice",
                options={str(one.id): self._desk.named(one.name) for one in known},
            ),
            Ask("day", "callers.day", kind="date", value=f"{today + timedelta(days=1)}"),
        )

    async def _half_days(self, session: AsyncSession, _row: Row, answers: Answers) -> Sequence[Ask]:
        first = date.fromisoformat(answers["day"])
        found = await availability.sessions(
            session,
            department_id=UUID(answers["department"]),
            first=first,
            last=first + _AHEAD,
            now=self._desk.now(),
            limit=60,
        )
        if not found:
            raise SessionFull
        options = {str(one.schedule_id): self._half_day(one) for one in found}
        return (Ask("schedule", "callers.half_day", kind="choice", options=options),)

    def _half_day(self, one: SessionView) -> str:
        words = self._desk.words
        when, whom = words(f"schedules.{one.period}"), self._desk.named(f"{one.practitioner} {one.title}")
        free = words("callers.free", count=one.free)
        return f"{one.date:%m-%d} {when} {whom} · {yuan(one.fee_fen)} · {free}"

    async def _numbers(self, session: AsyncSession, _row: Row, answers: Answers) -> Sequence[Ask]:
        free = await availability.free_slots(session, UUID(answers["schedule"]), self._desk.now())
        if not free:
            raise SessionFull
        options = {str(one.id): f"{one.time:%H:%M} · {one.number}" for one in free}
        return (Ask("slot", "callers.slot", kind="choice", options=options, value=next(iter(options))),)

    async def _book(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        made = await callers.book(
            session,
            schedule_id=UUID(answers["schedule"]),
            slot_id=UUID(answers["slot"]),
            patient_id=row.data.id,
            proof=_given(answers),
            accepted=self._accepted,
            actor=desk.actor,
            now=desk.now(),
        )
        until = made.hold_expires_at
        more = (
            desk.words("callers.to_pay", until=f"{until.astimezone(desk.rt.zone):%m-%d %H:%M}")
            if until
            else ""
        )
        return {"visit": self._visit(made), "more": more}

    async def _visits(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        visits = await appointments.of_patient(session, row.data.id, self._desk.now())
        if not visits:
            raise NothingToChoose
        options = {str(one.id): self._visit(one) for one in visits}
        asks = [Ask("visit", "callers.which", kind="choice", options=options), *self._proof()]
        if self._desk.may(Right.MONEY_REFUND):
            asks.append(Ask("free", "callers.free_of_charge", kind="check", required=False))
        return asks

    async def _cancel(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        done = await callers.cancel(
            session,
            UUID(answers["visit"]),
            proof=_given(answers),
            accepted=self._accepted,
            free_of_charge=bool(answers.get("free")) and desk.may(Right.MONEY_REFUND),
            actor=desk.actor,
            now=desk.now(),
        )
        back = await _goes_back(session, done)
        return {"money": desk.words("callers.goes_back" if back else "callers.no_money")}

    async def _waits(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        found = await waitlist.of_patient(session, row.data.id)
        if not found:
            raise NothingToChoose
        options = {str(one.id): waits.said(self._desk, one) for one in found}
        return (Ask("entry", "callers.which", kind="choice", options=options), *self._proof())

    async def _unwait(self, session: AsyncSession, _row: Row, answers: Answers) -> None:
        desk = self._desk
        await callers.leave_waitlist(
            session,
            UUID(answers["entry"]),
            proof=_given(answers),
            accepted=self._accepted,
            actor=desk.actor,
            now=desk.now(),
        )

    async def _bills(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        bills = [one for one in await callers.bills(session, row.data.id) if one.status in _MAY_GO_BACK]
        if not bills:
            raise NothingToChoose
        options = {one.order_no: self._bill(one) for one in bills}
        return (Ask("order", "callers.which", kind="choice", options=options), *self._proof())

    async def _refund(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        desk = self._desk
        back = await callers.give_back(
            session,
            answers["order"],
            proof=_given(answers),
            accepted=self._accepted,
            actor=desk.actor,
            now=desk.now(),
        )
        words = desk.words
        return {"money": words("callers.back", amount=yuan(back)) if back else words("callers.closed")}


async def _goes_back(session: AsyncSession, done: AppointmentView) -> bool:
    orders = await callers.bills(session, done.patient_id)
    return any(one.appointment_id == done.id and one.status is OrderStatus.REFUND_DUE for one in orders)


def _given(answers: Answers) -> Proof:
    return Proof(ProofKind(answers["proof"]), str(answers["note"]))


def _acted_for(row: Row) -> bool:
    found: Found = row.data
    return found.acted_for
