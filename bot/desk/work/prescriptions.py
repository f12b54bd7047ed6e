"""The pharmacist's review (five minutes), and handing out at the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, View
from bot.desk.queue.kinds import Tone
from bot.desk.registry import desk_page, refusals
from bot.desk.words import Words
from bot.desk.work import counts
from bot.desk.work.reasons import moment, who
from integrations.hospital.clock import local_date
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import NONE, UNKNOWN
from integrations.hospital.models import (
    Medicine,
    Patient,
    Prescription,
    PrescriptionStatus,
    PrescriptionWarning,
)
from integrations.hospital.pharmacy import (
    checking,
    counter,
    medicines,
    reviews,
    signing,
    substitutions,
    terms,
    views,
)
from integrations.hospital.pharmacy.allergies import Warned, WarningKind
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.reviews import WithColleague
from integrations.hospital.pharmacy.signing import SignatureVoid
from integrations.hospital.pharmacy.substitutions import SendBack
from integrations.hospital.pharmacy.terms import NotNow, PharmacyError, UnknownPrescription
from integrations.hospital.pharmacy.views import LineView, PrescriptionView
from integrations.hospital.reading import age_on
from integrations.hospital.staff.permissions import Right
from integrations.money import yuan

COLUMNS = (
    Column("patient", "queue.patient", "5rem"),
    Column("medicines", "prescriptions.medicines", "2.4fr"),
    Column("number", "prescriptions.number", "10.5rem", mono=True, spare=True),
    Column("doctor", "queue.doctor", "1.3fr", spare=True),
    Column("status", "queue.status", "6.5rem", badge=True),
)
_REVIEW = (PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW)
_OPEN = (*_REVIEW, PrescriptionStatus.APPROVED)  # what is on it is not promised yet
_OTHERS = text("""
    SELECT DISTINCT m.name, m.name_en, m.strength FROM prescriptions p
    JOIN prescription_lines l ON l.prescription_id = p.id JOIN medicines m ON m.id = l.medicine_id
    WHERE p.patient_id = :patient AND p.id <> :id AND p.issued_at > :since
      AND p.status IN ('approved', 'paid', 'dispensing', 'dispensed', 'shipped', 'delivered')
    ORDER BY m.name, m.strength
""")
refusals(
    {
        WithColleague: "prescriptions.with_colleague",
        NotNow: "queue.gone",
        UnknownPrescription: "prescriptions.unknown",
        terms.UnknownMedicine: "prescriptions.unknown_medicine",
        terms.BadPrescription: "prescriptions.bad",
        terms.TooLate: "prescriptions.too_late",
        terms.OutOfStock: "prescriptions.out_of_stock",
        terms.NotToBeSent: "prescriptions.not_to_be_sent",
        terms.AnswerFirst: "prescriptions.answer_first",
        SignatureVoid: "prescriptions.signature_void",
        SendBack: "prescriptions.send_back_first",
        Unacknowledged: "consultations.say_why",
        PharmacyError: "queue.refused",
    }
)


@desk_page(
    "/prescriptions",
    title="prescriptions",
    right=Right.PRESCRIPTIONS_REVIEW,
    icon="medication",
    badge=counts.badge("prescriptions"),
)
async def prescriptions(desk: Desk) -> None:
    await Prescriptions(desk).queue.show()


class Prescriptions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right, counter_right = Right.PRESCRIPTIONS_REVIEW, Right.MEDICINES_CHANGE
        why = (Ask("reason", "prescriptions.why", kind="words"),)
        checked = (Ask("checked", "prescriptions.checked", kind="check"),)
        code = (Ask("code", "prescriptions.code", hint="prescriptions.code_hint"),)
        self.queue = Queue(
            desk,
            "prescriptions",
            COLUMNS,
            (
                View("review", "prescriptions.review", self._review),
                View("unpaid", "prescriptions.unpaid", self._unpaid),
                View("paid", "prescriptions.paid", self._paid),
                View("recent", "prescriptions.recent", self._recent),
            ),
            describe=self._describe,
            actions=(
                Action("take", right, self._take, fits=self._may_take, icon="pan_tool", key="t"),
                Action(
                    "approve",
                    right,
                    self._approve,
                    asks=checked,
                    fits=_waits,
                    primary=True,
                    icon="check",
                    key="a",
                ),
                Action(
                    "reject", right, self._reject, asks=why, fits=_waits, danger=True, icon="undo", key="x"
                ),
                Action(
                    "substitute",
                    counter_right,
                    self._substitute,
                    then=(self._which, self._despite),
                    fits=_is_approved,
                    icon="swap_horiz",
                    key="s",
                ),
                Action(
                    "dispense", counter_right, self._dispense, fits=_is_paid, primary=True, icon="inventory_2"
                ),
            ),
            general=(Action("hand_over", counter_right, self._hand_over, asks=code, icon="pin"),),
            due="prescriptions.due",
        )

    async def _review(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await views.review_queue(session, most)).each(self._row)

    async def _unpaid(self, session: AsyncSession, most: int) -> Part[Row]:
        approved = await views.for_staff(session, status=PrescriptionStatus.APPROVED, limit=most)
        return approved.each(self._row)

    async def _paid(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await views.to_hand_out(session, most)).each(self._row)

    async def _recent(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await views.for_staff(session, limit=most)).each(self._row)

    def _row(self, one: PrescriptionView) -> Row:
        waits = one.status in _REVIEW
        cells = {
            "number": one.number,
            "patient": one.patient,
            "medicines": "、".join(f"{_name(self._desk.words, line)} ×{line.quantity}" for line in one.lines),
            "doctor": self._desk.named(f"{one.practitioner} · {one.department}"),
            "status": self._desk.words(f"prescriptions.status_{one.status}"),
        }
        tone: Tone = "bad" if waits and self._desk.now() > one.due_at else "quiet" if not waits else ""
        return Row(str(one.id), cells, one.issued_at, one.due_at if waits else None, tone, one)

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        one = await views.prescription(session, row.data.id)
        person = await session.get_one(Patient, one.patient_id)
        words = self._desk.words
        years = age_on(person.birth_date, local_date(self._desk.now()))
        facts = [
            Fact("queue.patient", f"{one.patient} · {words(f'prescriptions.sex_{person.sex}')} · {years}"),
            Fact("queue.doctor", self._desk.named(f"{one.practitioner} {one.title} · {one.department}")),
            Fact("queue.status", words(f"prescriptions.status_{one.status}")),
            Fact("prescriptions.issued", moment(self._desk, one.issued_at)),
            Fact("prescriptions.valid", moment(self._desk, one.valid_until)),
        ]
        facts += await self._signed(session, one)
        facts += [Fact("prescriptions.pharmacist", who(one.pharmacist))] if one.pharmacist else []
        if one.amends_because:
            facts.append(Fact("prescriptions.amends", one.amends_because, "warn"))
        facts += [Fact("prescriptions.rejection", one.rejection, "bad")] if one.rejection else []
        facts += (
            [Fact("prescriptions.handing", words(f"prescriptions.handing_{one.handing}"))]
            if one.handing
            else []
        )
        if one.asked:
            asked = await substitutions.substitution(session, one.asked)
            old, new = (
                words.medicine(asked.old_name, asked.old_name_en),
                words.medicine(asked.name, asked.name_en),
            )
            instead = words("prescriptions.instead", old=old, new=new, dose=asked.dose)
            facts.append(Fact("prescriptions.asked", instead, "warn"))
        lists = [
            ("prescriptions.warnings", await self._warnings(session, one)),
            ("prescriptions.lines", _lines(words, one)),
            ("prescriptions.others", await self._others(session, one)),
        ]
        return Detail(one.number, facts, [(title, lines) for title, lines in lists if lines])

    async def _signed(self, session: AsyncSession, one: PrescriptionView) -> list[Fact]:
        """By whom and when; until the review also whether it is still what was signed. Afterwards it may be another,
        with a medicine that the patient agreed to."""
        row = await session.get_one(Prescription, one.id)
        if row.signed_hash is None:
            return []
        by = f"{who(row.signed_by)} · {moment(self._desk, row.signed_at)}"
        if one.status not in _REVIEW:
            return [Fact("prescriptions.signed", by)]
        holds = await signing.holds(session, row)
        said = self._desk.words(f"prescriptions.signature_{'holds' if holds else 'void'}")
        return [Fact("prescriptions.signed", f"{by} · {said}", "" if holds else "bad")]

    async def _warnings(self, session: AsyncSession, one: PrescriptionView) -> list[tuple[str, Tone]]:
        """What is known of allergies and of what is taken already, held against each line; what the patient told of
        allergies; and what the doctor said to it."""
        words, crypto = self._desk.words, self._desk.rt.crypto
        packs = [await session.get_one(Medicine, line.medicine_id) for line in one.lines]
        warned = await checking.warnings(
            session, crypto, one.patient_id, packs, self._desk.now(), besides=one.id
        )
        names = {place: _name(words, line) for place, line in enumerate(one.lines, 1)}
        found = _warned(words, warned, names)
        if told := await keeping.known_allergies(session, crypto, one.patient_id):
            found.append(_told_of_allergies(words, told))
        said = select(PrescriptionWarning).where(PrescriptionWarning.prescription_id == one.id)
        for said_to in await session.scalars(said.order_by(PrescriptionWarning.position)):
            reason = crypto.decrypt(said_to.reason, "prescription_warnings.reason")
            found.append((words("prescriptions.doctor_said", position=said_to.position, reason=reason), ""))
        for reason in await substitutions.reasons(session, crypto, one.id):
            found.append((words("prescriptions.pharmacist_said", reason=reason), ""))
        return found

    async def _others(self, session: AsyncSession, one: PrescriptionView) -> list[tuple[str, Tone]]:
        """What else was prescribed within three months: whether it goes together is the pharmacist's to say."""
        since = self._desk.now() - timedelta(days=90)
        values = {"patient": one.patient_id, "id": one.id, "since": since}
        named = self._desk.words.medicine
        found = await session.execute(_OTHERS, values)
        return [(f"{named(row.name, row.name_en)} {row.strength}", "") for row in found]

    def _may_take(self, row: Row) -> bool:
        return _waits(row) and row.data.pharmacist != self._desk.actor

    async def _take(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await reviews.take(session, row.data.id, pharmacist=desk.actor, now=desk.now())

    async def _approve(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await reviews.approve(session, row.data.id, pharmacist=desk.actor, now=desk.now())

    async def _reject(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        await reviews.reject(
            session,
            row.data.id,
            pharmacist=desk.actor,
            reason=answers["reason"],
            terms=terms.Terms.of(desk.rt.settings),
            now=desk.now(),
        )

    async def _which(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        """What is not to be had, and what there is. The dose is the doctor's word: nothing is filled in."""
        words, one = self._desk.words, await views.prescription(session, row.data.id)
        none = words("consultations.no_stock")
        standing = {line.code: f"{_name(words, line)} {line.strength}" for line in one.lines}
        shelf = {
            it.code: f"{_name(words, it)} {it.strength}" + ("" if it.stock else none)
            for it in await medicines.all_medicines(session)
            if it.code not in standing and medicines.may_be_prescribed_online(it.kind)
        }
        short = [line.code for line in one.lines if line.stock < line.quantity]
        agreed = words("prescriptions.agreed", doctor=self._desk.named(one.practitioner))
        return (
            Ask("old", "prescriptions.old", kind="choice", options=standing, value=next(iter(short), None)),
            Ask("code", "prescriptions.new", kind="choice", options=shelf),
            Ask("packs", "consultations.packs", kind="number"),
            Ask("dose", "consultations.dose"),
            Ask("agreed", agreed, kind="check", literal=True),
        )

    async def _despite(self, session: AsyncSession, row: Row, answers: Answers) -> Sequence[Ask]:
        """What the pharmacist is warned of has to be read, and answered, before the patient is asked."""
        warned = await substitutions.warnings(
            session,
            self._desk.rt.crypto,
            row.data.id,
            old_code=answers["old"],
            code=answers["code"],
            now=self._desk.now(),
        )
        if not warned:
            return ()
        new = await medicines.by_code(session, answers["code"])
        names = {this.position: _name(self._desk.words, new) for this in warned}
        said = [f"⚠ {line}" for line, _ in _warned(self._desk.words, warned, names)]
        return (Ask("reason", "prescriptions.despite", kind="words", above="\n".join(said)),)

    async def _substitute(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        await substitutions.propose(
            session,
            desk.rt.crypto,
            row.data.id,
            old_code=answers["old"],
            code=answers["code"],
            quantity=int(answers["packs"]),
            dose=answers["dose"],
            pharmacist=desk.actor,
            agreed_by=row.data.staff_no,
            reason=answers.get("reason", ""),
            now=desk.now(),
        )

    async def _dispense(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await counter.dispense(session, row.data.id, actor=self._desk.actor)

    async def _hand_over(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        code = "".join(answers["code"].split())
        done = await counter.hand_over(session, code, actor=self._desk.actor, now=self._desk.now())
        one = await views.prescription(session, done)
        return {"number": one.number, "patient": one.patient}


def _name(words: Words, line: LineView | Medicine) -> str:
    return words.medicine(line.name, line.name_en)


def _told_of_allergies(words: Words, told: str) -> tuple[str, Tone]:
    """The patient's own words: what no rule knows is the pharmacist's to judge."""
    if told in (NONE, UNKNOWN):
        return words(f"prescriptions.allergies_{told}"), "quiet"
    return words("prescriptions.allergies_told", told=told), "warn"


def _warned(words: Words, warned: Sequence[Warned], names: Mapping[int, str]) -> list[tuple[str, Tone]]:
    """`names`: of the medicines, by position."""
    found: list[tuple[str, Tone]] = []
    for one in warned:
        if one.kind is WarningKind.NOT_ASKED:
            continue
        name, why = names[one.position], one.why_en if words.language == "en" else one.why
        told = words(f"prescriptions.warned_{one.kind}", name=name, told=one.allergy, why=why)
        found.append((told, "bad"))
    if any(one.kind is WarningKind.NOT_ASKED for one in warned):  # of no medicine more than of another
        found.append((words("prescriptions.warned_not_asked"), "warn"))
    return found


def _lines(words: Words, one: PrescriptionView) -> list[tuple[str, Tone]]:
    found: list[tuple[str, Tone]] = []
    for line in one.lines:
        how = f"{line.dose}，{line.frequency}，{words('consultations.for_days', count=line.days)}"
        cold = f" · {words('prescriptions.cold')}" if line.cold_chain else ""
        name = _name(words, line)
        pack = f"{name} {line.strength} × {line.quantity}{line.unit} · {yuan(line.amount_fen)}"
        short = line.stock < line.quantity and one.order_no is None and one.status in _OPEN
        missing = f" · {words('prescriptions.stock', count=line.stock)}" if short else ""
        found.append((f"{pack}{cold}{missing}\n{how}", "warn" if short else ""))
    return found


def _waits(row: Row) -> bool:
    return row.data.status in _REVIEW


def _is_approved(row: Row) -> bool:
    return row.data.status is PrescriptionStatus.APPROVED


def _is_paid(row: Row) -> bool:
    return row.data.status is PrescriptionStatus.PAID
