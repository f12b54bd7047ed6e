"""A doctor's online consultations: accept by the clock, read what was told, prescribe, give back, sum up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.consulting import work
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View
from bot.desk.registry import desk_page, refusals
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import accepting, limits, prescribing, views
from integrations.hospital.consultations.prescribing import Accompanied, NotConfirmed, Signed, Unacknowledged
from integrations.hospital.consultations.terms import (
    SMALL_CHILD,
    ConsultationError,
    NotNow,
    UnknownConsultation,
)
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.intake import keeping
from integrations.hospital.models import ConsultationStatus, ReturnReason, StaffMember
from integrations.hospital.pharmacy import medicines
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import Terms
from integrations.hospital.reading import age_on
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "6rem"),
    Column("status", "queue.status", "8rem", badge=True),
    Column("turns", "consultations.turns", "6rem"),
    Column("evidence", "consultations.evidence", "1fr", spare=True),
)
_MORE_TURNS, _MORE_TIME = 10, timedelta(minutes=30)
refusals(
    {
        NotNow: "queue.gone",
        UnknownConsultation: "queue.gone",
        NotConfirmed: "consultations.confirm_first",
        Accompanied: "consultations.accompanied_first",
        Unacknowledged: "consultations.say_why",
        ConsultationError: "queue.refused",
    }
)


async def _waiting(session: AsyncSession, member: StaffMember) -> int:
    if member.practitioner_id is None:
        return 0
    found = await views.of_doctor(session, member.practitioner_id)
    return sum(one.status is ConsultationStatus.WAITING for one in found)


@desk_page(
    "/consultations",
    title="consultations",
    right=Right.CONSULTATIONS_WORK,
    icon="medical_services",
    group="talks",
    badge=_waiting,
    own_badge=True,
)
async def consultations(desk: Desk) -> None:
    await Consultations(desk).queue.show()


class Consultations:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right, words = Right.CONSULTATIONS_WORK, desk.words
        reasons = {one.value: words(f"consultations.reason_{one}") for one in _REASONS}
        back = (
            Ask("reason", "consultations.reason", kind="choice", options=reasons),
            Ask("words", "consultations.words", kind="words"),
        )
        self.queue = Queue(
            desk,
            "consultations",
            COLUMNS,
            (View("mine", "consultations.mine", self._mine),),
            describe=self._describe,
            actions=(
                Action("accept", right, self._accept, fits=_waits, primary=True, icon="check", key="a"),
                Action("talk", right, self._talk, fits=_active, icon="forum", key="t"),
                Action("confirm", right, self._confirm, fits=_unconfirmed, icon="fact_check"),
                Action(
                    "prescribe", Right.PRESCRIPTIONS_WRITE, self._prescribe, then=(self._line, self._reasons),
                    fits=_active, icon="medication", key="p",
                ),
                Action("extend", right, self._extend, fits=_active, icon="more_time"),
                Action("finish", right, self._finish, then=(self._ending,), fits=_open_end, icon="task_alt"),
                Action("give_back", right, self._give_back, asks=back, fits=_going, danger=True, icon="undo"),
            ),
            due="consultations.due",
        )  # fmt: skip

    async def _mine(self, session: AsyncSession) -> Sequence[Row]:
        own = self._desk.member.practitioner_id
        found = await views.of_doctor(session, own) if own else []
        words = self._desk.words
        return [
            Row(
                str(one.id),
                {
                    "patient": one.patient,
                    "status": words(f"consultations.status_{one.status}"),
                    "turns": f"{one.turns_used}/{one.turns_allowed}",
                    "evidence": words(f"consultations.evidence_{one.evidence}"),
                },
                one.created_at,
                one.accept_by if one.status is ConsultationStatus.WAITING else one.ends_at,
                "" if one.status is not ConsultationStatus.FINISHED else "quiet",
                one,
            )
            for one in found
        ]

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        desk, one = self._desk, row.data
        told, media = await views.revealed(
            session, desk.rt.crypto, one.id, actor=desk.actor, reason="consultation"
        )
        age = age_on(one.birth_date, local_date(desk.now()))
        evidence = desk.words(f"consultations.evidence_{one.evidence}")
        allergies = await keeping.known_allergies(session, desk.rt.crypto, one.patient_id)
        facts = [
            Fact("queue.patient", f"{one.patient} · {desk.words(f'prescriptions.sex_{one.sex}')} · {age}"),
            Fact("consultations.condition", told.condition),
            Fact("consultations.evidence", f"{evidence} · {len(media)}" if media else evidence),
            Fact("consultations.allergies", allergies or "-", "" if allergies else "warn"),
            Fact("consultations.consent", desk.words("consultations.consented")),
        ]
        lists = []
        if one.intake_id:
            intake = await keeping.reveal(
                session, desk.rt.crypto, one.intake_id, actor=desk.actor, reason="consultation"
            )
            lists = [("consultations.intake", [(line, "") for line in intake.summary.splitlines()])]
        return Detail(one.patient, facts, lists)  # type: ignore[arg-type]

    async def _accept(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await work.accept(session, desk.rt, row.data.id, desk.member, desk.now())

    async def _talk(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await work.go_on(session, desk.rt, row.data.id, desk.member, desk.now())

    async def _confirm(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk, one = self._desk, row.data
        await accepting.confirm_diagnosis(
            session, one.id, practitioner_id=one.practitioner_id, actor=desk.actor, now=desk.now()
        )

    async def _extend(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk, one = self._desk, row.data
        own = {"practitioner_id": one.practitioner_id, "actor": desk.actor, "now": desk.now()}
        await limits.extend(session, one.id, turns=_MORE_TURNS, time=_MORE_TIME, **own)

    async def _give_back(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, reason = self._desk, ReturnReason(answers["reason"])
        await work.give_back(
            session, desk.rt, row.data.id, reason, str(answers["words"]), desk.member, desk.now()
        )

    async def _ending(self, _session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Ask]:
        known = {name: name for name in plans(self._desk.rt.settings).by_id}
        return (
            Ask("summary", "consultations.summary", kind="words"),
            Ask("plan", "consultations.plan", kind="choice", required=False, options=known),
        )

    async def _finish(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, wanted = self._desk, answers.get("plan")
        plan = plans(desk.rt.settings).get(str(wanted)) if wanted else None
        await work.finish(
            session, desk.rt, row.data.id, str(answers["summary"]), plan, desk.member, desk.now()
        )

    async def _line(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        """One medicine of the hospital's own list: nothing is filled in beforehand."""
        shelf = {
            one.code: f"{one.name} {one.strength}"
            for one in await medicines.all_medicines(session)
            if medicines.may_be_prescribed_online(one.kind)
        }
        asks = [
            Ask("code", "consultations.medicine", kind="choice", options=shelf),
            Ask("dose", "consultations.dose"),
            Ask("frequency", "consultations.frequency"),
            Ask("days", "consultations.days", kind="number"),
            Ask("packs", "consultations.packs", kind="number"),
        ]
        if age_on(row.data.birth_date, local_date(self._desk.now())) < SMALL_CHILD:
            asks.append(Ask("accompanied", "consultations.accompanied", kind="check"))
        return asks

    async def _reasons(self, session: AsyncSession, row: Row, answers: Answers) -> Sequence[Ask]:
        crypto = self._desk.rt.crypto
        warned = await prescribing.warnings(session, crypto, row.data.patient_id, [_prescribed(answers)])
        return [
            Ask(
                "why", "consultations.why", kind="words",
                above=self._desk.words(f"consultations.warned_{one.kind}", told=one.allergy),
            )
            for one in warned
        ]  # fmt: skip

    async def _prescribe(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, one = self._desk, row.data
        signed = Signed(
            [_prescribed(answers)], {1: str(answers.get("why") or "")}, bool(answers.get("accompanied"))
        )
        await prescribing.write(
            session, desk.rt.crypto, one.id, signed, practitioner_id=one.practitioner_id, actor=desk.actor,
            terms=Terms.of(desk.rt.settings), now=desk.now(),
        )  # fmt: skip


_REASONS = (
    ReturnReason.MUST_BE_SEEN,
    ReturnReason.NO_DIAGNOSIS,
    ReturnReason.CHANGED,
    ReturnReason.NOT_MY_FIELD,
)


def _prescribed(answers: Answers) -> Prescribed:
    return Prescribed(
        str(answers["code"]), str(answers["dose"]), str(answers["frequency"]), int(answers["days"]),
        int(answers["packs"]),
    )  # fmt: skip


def _waits(row: Row) -> bool:
    return row.data.status is ConsultationStatus.WAITING


def _active(row: Row) -> bool:
    return row.data.status is ConsultationStatus.ACTIVE


def _going(row: Row) -> bool:
    return _waits(row) or _active(row)


def _unconfirmed(row: Row) -> bool:
    return _active(row) and row.data.evidence_confirmed_at is None


def _open_end(row: Row) -> bool:
    return _active(row) or (row.data.status is ConsultationStatus.FINISHED and not row.data.summed_up)
