"""A doctor's online consultations: accept by the clock, read what was told, prescribe, give back, sum up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from nicegui import ui
from sqlalchemy.ext.asyncio import AsyncSession

from bot.consulting import work
from bot.consulting.work import WithColleague
from bot.desk.consultations import writing
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View, whole
from bot.desk.queue.kinds import Tone
from bot.desk.registry import REFUSALS, desk_page, refusals
from bot.desk.talks import acts
from bot.desk.work.reasons import moment
from integrations.catalogue import CHINESE
from integrations.database import utcnow
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import accepting, limits, prescribing, views
from integrations.hospital.consultations.prescribing import Accompanied, NotConfirmed, SentBack
from integrations.hospital.consultations.terms import ConsultationError, NotNow, SayWhy, UnknownConsultation
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.enrolment import NobodyToAsk, Refused
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import NONE
from integrations.hospital.models import ConsultationStatus, PrescriptionStatus, ReturnReason, StaffMember
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.reading import age_on
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "6rem"),
    Column("status", "queue.status", "9rem", badge=True),
    Column("turns", "consultations.turns", "6rem"),
    Column("about", "consultations.about", "1fr", spare=True),
)
_STYLE = Path(__file__).with_name("consultations.css")
_MORE_TURNS, _MORE_TIME = 10, timedelta(minutes=30)
_REASONS = (
    ReturnReason.MUST_BE_SEEN,
    ReturnReason.NO_DIAGNOSIS,
    ReturnReason.CHANGED,
    ReturnReason.NOT_MY_FIELD,
)
refusals(
    {
        NotNow: "queue.gone",
        UnknownConsultation: "queue.gone",
        NotConfirmed: "consultations.confirm_first",
        Accompanied: "consultations.accompanied_first",
        WithColleague: "consultations.with_colleague",
        SayWhy: "consultations.words_missing",
        Refused: "consultations.no_plan_refused",
        NobodyToAsk: "consultations.no_plan_nobody",
        ConsultationError: "queue.refused",
    }
)


async def _waiting(session: AsyncSession, member: StaffMember) -> int:
    """What the doctor has to accept, and what the pharmacist sent back to them."""
    if member.practitioner_id is None:
        return 0
    found = await views.of_doctor(session, member.practitioner_id)
    back = await prescribing.sent_back(session, member.practitioner_id, utcnow())
    return sum(one.status is ConsultationStatus.WAITING for one in found) + len(back)


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
    ui.add_css(_STYLE.read_text(encoding="utf-8"))
    page = Consultations(desk)
    await page.queue.show()
    if asked := desk.query.get("open"):
        await page.queue.open_key(asked)


class Consultations:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sent_back: dict[UUID, SentBack] = {}
        self._conversation: UUID | None = None  # of the last act
        right, write, words = Right.CONSULTATIONS_WORK, Right.PRESCRIPTIONS_WRITE, desk.words
        reasons = {one.value: words(f"consultations.reason_{one}") for one in _REASONS}
        back = (
            Ask("reason", "consultations.reason", kind="choice", options=reasons),
            Ask("words", "consultations.words", kind="words"),
        )
        act = partial(Action, right=right, after=self._tell)
        into_talk = partial(act, run=self._take_up, primary=True, after=self._go)
        self.queue = Queue(
            desk,
            "consultations",
            COLUMNS,
            (View("mine", "consultations.mine", whole(self._mine)),),
            describe=self._describe,
            actions=(
                into_talk("accept", fits=_waits, icon="check", key="a"),
                into_talk("talk", fits=_active, icon="forum", key="t"),
                act("confirm", run=self._confirm, fits=_unconfirmed, icon="fact_check", key="c"),
                Action("amend", write, opens=self._amend, fits=self._may_amend, icon="edit_note", key="m"),
                Action("prescribe", write, opens=self._prescribe, fits=_active, icon="medication", key="p"),
                act("extend", run=self._extend, fits=_active, icon="more_time"),
                act(
                    "finish", run=self._finish, then=(self._ending,), fits=_open_end, icon="task_alt", key="e"
                ),
                act("give_back", run=self._give_back, asks=back, fits=_going, danger=True, icon="undo"),
            ),
            due="consultations.due",
        )

    async def _mine(self, session: AsyncSession) -> Sequence[Row]:
        own = self._desk.member.practitioner_id
        if own is None:
            return []
        self._sent_back = await prescribing.sent_back(session, own, self._desk.now())
        rows = [self._row(one) for one in await views.of_doctor(session, own)]
        return sorted(rows, key=lambda row: (row.due is None, row.due or row.since, row.key))

    def _row(self, one: ConsultationView) -> Row:
        words, back = self._desk.words, self._sent_back.get(one.id)
        status = "sent_back" if back else one.status
        evidence = words(f"consultations.evidence_{one.evidence}")
        cells = {
            "patient": one.patient,
            "status": words(f"consultations.status_{status}"),
            "turns": words("consultations.turns_used", used=one.turns_used, allowed=one.turns_allowed),
            "about": words("consultations.sent_back_because", reason=back.reason) if back else evidence,
        }
        finished = one.status is ConsultationStatus.FINISHED
        tone: Tone = "bad" if back else "quiet" if finished else ""
        return Row(str(one.id), cells, one.created_at, self._due(one), tone, one)

    def _due(self, one: ConsultationView) -> datetime | None:
        """When it is to be accepted, to be amended, or to end."""
        if one.status is ConsultationStatus.WAITING:
            return one.accept_by
        if back := self._sent_back.get(one.id):
            return back.amend_by
        return one.ends_at if one.status is ConsultationStatus.ACTIVE else None

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        desk, one = self._desk, row.data
        told, media = await views.revealed(
            session, desk.rt.crypto, one.id, actor=desk.actor, reason="consultation"
        )
        age = age_on(one.birth_date, local_date(desk.now()))
        allergies = await keeping.known_allergies(session, desk.rt.crypto, one.patient_id)
        taken = await keeping.known_medicines(session, desk.rt.crypto, one.patient_id)
        facts = [
            Fact("queue.patient", f"{one.patient} · {desk.words(f'prescriptions.sex_{one.sex}')} · {age}"),
            Fact("consultations.condition", told.condition),
            Fact("consultations.evidence", self._evidence(one), "" if one.evidence_confirmed_at else "warn"),
            Fact("consultations.allergies", self._known(allergies), "" if allergies else "warn"),
            Fact("consultations.medicines", self._known(taken)),
            Fact("consultations.consent", self._consent(one)),
        ]
        lists = [("consultations.prescriptions", await self._prescriptions(session, one))]
        if one.intake_id:
            intake = await keeping.reveal(
                session, desk.rt.crypto, one.intake_id, actor=desk.actor, reason="consultation"
            )
            lists.append(("consultations.intake", [(line, "") for line in intake.summary.splitlines()]))
        return Detail(
            one.patient,
            facts,
            [(title, lines) for title, lines in lists if lines],
            pictures=[f"/talks/media/{one.contact_id}/{medium}" for medium in media],
        )

    def _evidence(self, one: ConsultationView) -> str:
        words = self._desk.words
        confirmed = words(f"consultations.{'confirmed' if one.evidence_confirmed_at else 'unconfirmed'}")
        return f"{words(f'consultations.evidence_{one.evidence}')} · {confirmed}"

    def _consent(self, one: ConsultationView) -> str:
        at = moment(self._desk, one.created_at)
        return self._desk.words("consultations.consented", version=one.consent_version, at=at)

    def _known(self, told: str) -> str:
        """What the patient told, in their words."""
        return (
            self._desk.words("consultations.none")
            if told == NONE
            else told or self._desk.words("consultations.not_known")
        )

    async def _prescriptions(self, session: AsyncSession, one: ConsultationView) -> list[tuple[str, Tone]]:
        found: list[tuple[str, Tone]] = []
        for made in await prescribing.of_consultation(session, one.id):
            it = await prescriptions.prescription(session, made)
            rejected = it.status is PrescriptionStatus.REJECTED
            lines = "\n".join(
                f"{line.name} {line.strength} × {line.quantity}{line.unit}：{line.dose}，{line.frequency}，"
                + self._desk.words("consultations.for_days", count=line.days)
                for line in it.lines
            )
            said = f"{it.number} · {self._desk.words(f'prescriptions.status_{it.status}')}\n{lines}"
            open_one = it.awaits_doctor(self._desk.now())
            found.append((said, "quiet" if rejected and not open_one else ""))
            if rejected:
                why = self._desk.words("consultations.sent_back_because", reason=it.rejection or "")
                found.append((why, "bad" if open_one else "quiet"))
        return found

    # What the doctor does

    async def _take_up(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await work.take_up(session, desk.rt, row.data.id, desk.member, desk.now())
        self._conversation = row.data.contact_id

    async def _confirm(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk, one = self._desk, row.data
        await accepting.confirm_diagnosis(
            session, one.id, practitioner_id=one.practitioner_id, actor=desk.actor, now=desk.now()
        )

    async def _extend(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk, one = self._desk, row.data
        own = {"practitioner_id": one.practitioner_id, "actor": desk.actor, "now": desk.now()}
        await limits.extend(session, one.id, turns=_MORE_TURNS, time=_MORE_TIME, **own)
        self._conversation = one.contact_id

    async def _give_back(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, reason = self._desk, ReturnReason(answers["reason"])
        await work.give_back(
            session, desk.rt, row.data.id, reason, str(answers["words"]), desk.member, desk.now()
        )
        self._conversation = row.data.contact_id

    async def _ending(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        words = self._desk.words
        known, why_none = await self._plans(session, row.data.patient_id)
        with_pharmacist = [
            made
            for made in await prescribing.of_consultation(session, row.data.id)
            if (await prescriptions.prescription(session, made)).status
            in (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW)
        ]
        still = words("consultations.still_reviewed") if with_pharmacist else ""
        notes = "\n".join(filter(None, (why_none, still)))
        summary = Ask("summary", "consultations.summary", kind="words", above=notes)
        plan = Ask("plan", "consultations.plan", kind="choice", required=False, options=known)
        return (summary, plan) if known else (summary,)

    async def _plans(self, session: AsyncSession, patient_id: UUID) -> tuple[dict[str, str], str]:
        """Those that may begin, by name; or why none may, before the summary is written and not after."""
        words = self._desk.words
        try:
            await enrolment.to_be_asked(session, patient_id)
        except (Refused, NobodyToAsk) as error:
            return {}, words(REFUSALS[type(error)])
        speech = "en" if words.language == "en" else CHINESE
        known = plans(self._desk.rt.settings).by_id
        return {key: plan.names.text(speech) for key, plan in known.items()}, ""

    async def _finish(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, wanted = self._desk, answers.get("plan")
        plan = plans(desk.rt.settings).get(str(wanted)) if wanted else None
        await work.finish(
            session, desk.rt, row.data.id, str(answers["summary"]), plan, desk.member, desk.now()
        )
        self._conversation = row.data.contact_id

    async def _prescribe(self, row: Row, before: writing.Before | None = None) -> None:
        desk = self._desk
        async with desk.reading() as session:
            one = await views.consultation(session, row.data.id)
            allergies = await keeping.known_allergies(session, desk.rt.crypto, one.patient_id)
        if one.evidence_confirmed_at is None:
            desk.notice("consultations.confirm_first", "warning")
            return
        told = self._known(allergies) if allergies else ""
        await writing.write(desk, one, told, before, partial(self.queue.again, row))

    async def _amend(self, row: Row) -> None:
        await self._prescribe(row, await writing.sent_back(self._desk, self._sent_back[row.data.id].id))

    def _may_amend(self, row: Row) -> bool:
        return row.data.id in self._sent_back

    async def _tell(self) -> None:
        """What the act said to the patient leaves, and whoever looks at the talk sees it."""
        if self._conversation:
            await acts.tell(self._desk, self._conversation)

    async def _go(self) -> None:
        await self._tell()
        ui.navigate.to(f"/talks?open={self._conversation}")


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
