"""What the hospital does for a patient without a word of theirs in the chat: a prescription, a bill, a parcel, a
follow-up, a consultation."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from integrations import cashier
from integrations.database import utcnow
from integrations.hospital import accounts, ratings
from integrations.hospital.billing import desk
from integrations.hospital.billing.orders import Item
from integrations.hospital.consultations import asking
from integrations.hospital.consultations.asking import Wish
from integrations.hospital.consultations.terms import Terms as ConsultationTerms
from integrations.hospital.delivery import shipping
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import OrderKind, SubjectKind
from integrations.hospital.pharmacy import issuing, reviews, substitutions
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import Terms
from integrations.money import Platform
from integrations.payment.interface import Way
from integrations.runtime import Runtime
from integrations.settings import Settings
from tests.conversations.hospital import Hospital, NoSuchNumber, with_runtime
from tests.conversations.passing import let_pass
from tests.patients import Patient


def prescribe(hospital: Hospital, person: Patient, medicine: str, packs: int, *, instead: str = "") -> None:
    """A prescription that a pharmacist has approved, for a registered patient; `instead`: the medicine that is
    proposed in the place of this one. Names as the demo hospital's shelf has them."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    codes = dict(hospital.rows("SELECT name, code FROM medicines"))
    staff_no = hospital.one("SELECT min(staff_no) FROM practitioners WHERE active")
    lines = [Prescribed(codes[medicine], "每次1片", "每天1次", 28, packs)]

    async def effect(session: AsyncSession) -> None:
        owner = await hospital.owner(session, person)
        made = await issuing.issue(
            session, lines, patient_id=owner, staff_no=staff_no, terms=Terms.of(settings),
            actor="staff:test", now=utcnow(), days=2,  # not over at midnight
        )  # fmt: skip
        await reviews.approve(session, made, pharmacist="staff:test", now=utcnow())
        if instead:
            await substitutions.propose(
                session, hospital.crypto, made, old_code=codes[medicine], code=codes[instead], quantity=packs,
                dose="每次1片", pharmacist="staff:test", agreed_by=staff_no, reason="电话问过，无过敏史",
                now=utcnow(),
            )  # fmt: skip

    hospital.run(effect)


def consults(hospital: Hospital, staff_no: str, fee_fen: int) -> UUID:
    """From now on the doctor with this number consults online at any hour, for so much. Gives the doctor."""
    doctor: UUID = hospital.one("SELECT id FROM practitioners WHERE staff_no = %s", staff_no)
    hospital.rows(
        "INSERT INTO consultation_offers (practitioner_id, fee_fen, weekdays, opens, closes, places)"
        " VALUES (%s, %s, '{1,2,3,4,5,6,7}', '00:00', '23:59:59', 50) ON CONFLICT (practitioner_id) DO UPDATE"
        " SET fee_fen = excluded.fee_fen, opens = excluded.opens, closes = excluded.closes, places = 50",
        doctor,
        fee_fen,
    )
    return doctor


def ask_online(hospital: Hospital, person: Patient, doctor: UUID) -> UUID:
    """A consultation of a registered patient, with a record to show, paid where it costs something."""
    contact = hospital.contact(person)
    [(account, patient)] = hospital.rows(
        "SELECT account_id, patient_id FROM contacts JOIN account_patients USING (account_id)"
        " WHERE contacts.id = %s",
        contact,
    )
    wish = Wish(patient, doctor, "高血压三年，在吃氨氯地平", "在线复诊", (str(uuid4()),))

    async def ask(rt: Runtime) -> UUID:
        async with rt.database.begin() as session:
            return await asking.ask(
                session, rt.crypto, wish, account_id=account, contact_id=contact,
                terms=ConsultationTerms.of(rt.settings), key=None, now=rt.now(),
            )  # fmt: skip

    made = with_runtime(hospital.stack, ask)
    for (order_no,) in hospital.rows(
        "SELECT order_no FROM orders JOIN consultations c ON c.order_id = orders.id WHERE c.id = %s", made
    ):
        pay(hospital, order_no)
    return made


def pay(hospital: Hospital, order_no: str) -> None:
    """As by the code on the page, with WeChat Pay."""
    with_runtime(hospital.stack, lambda rt: cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.NATIVE))
    hospital.stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()


def pay_open(hospital: Hospital, person: Patient) -> None:
    """The patient's youngest bill that is not paid."""
    found = hospital.rows(
        "SELECT order_no FROM orders WHERE contact_id = %s AND status = 'unpaid' ORDER BY id DESC LIMIT 1",
        hospital.contact(person),
    )
    if not found:
        raise NoSuchNumber("没有要付的单")
    pay(hospital, found[0][0])


def bill(hospital: Hospital, person: Patient, item: str, amount_fen: int) -> None:
    """Staff make it; the patient is told."""

    async def effect(session: AsyncSession) -> None:
        owner = await hospital.owner(session, person)
        now = utcnow()
        await desk.add_bill(
            session,
            OrderKind.TEST,
            [Item(item, amount_fen)],
            patient_id=owner,
            expires_at=now + timedelta(days=7),
            actor="staff:test",
            now=now,
        )

    hospital.run(effect)


def staff_no(hospital: Hospital, doctor: str) -> str:
    """Of the first with this name."""
    found: str | None = hospital.one(
        "SELECT min(staff_no) FROM practitioners WHERE name = %s AND active", doctor
    )
    if found is None:
        raise NoSuchNumber(f"没有叫{doctor}的医生")
    return found


def ask_rating(hospital: Hospital, person: Patient, kind: str) -> None:
    """The hospital asks now how a thing of this kind was; that of the latest consultation or talk where there was
    one."""
    contact, long_ago = hospital.contact(person), timedelta(minutes=20)
    let_pass(
        hospital, person, int(long_ago.total_seconds())
    )  # the question waits until the conversation rests

    async def effect(session: AsyncSession) -> None:
        found = await accounts.contact(session, contact)
        assert found
        visits = hospital.rows("SELECT id FROM appointments WHERE contact_id = %s", contact)
        subject = visits[0][0] if kind == "visit" and visits else uuid4()
        await ratings.ask(session, SubjectKind(kind), subject, found.account_id, contact, utcnow())

    asked = "SELECT id FROM ratings WHERE contact_id = %s AND subject_kind = %s"
    if not hospital.rows(asked, contact, kind):
        hospital.run(effect)
    hospital.rows(
        "UPDATE reminders SET due_at = now() WHERE subject_id IN"
        " (SELECT id FROM ratings WHERE contact_id = %s AND subject_kind = %s)",
        contact,
        kind,
    )


def ship(hospital: Hospital, person: Patient) -> None:
    """The pharmacy gives the paid medicine to the courier."""
    [(prescription,)] = hospital.rows(
        "SELECT d.prescription_id FROM deliveries d JOIN orders o USING (prescription_id) WHERE o.contact_id = %s",
        hospital.contact(person),
    )

    async def effect(session: AsyncSession) -> None:
        waybill = f"EM{uuid4().int % 10**10:010}"
        await shipping.ship(session, prescription, "ems", waybill, actor="staff:test", now=utcnow())

    hospital.run(effect)


def follow_up(hospital: Hospital, person: Patient, plan_id: str) -> UUID:
    """Puts a registered patient on a plan, whose first asking is due now. Gives its task."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    found: list[UUID] = []

    async def effect(session: AsyncSession) -> None:
        owner = await hospital.owner(session, person)
        plan = plans(settings).by_id[plan_id]
        made = await enrolment.start_by_staff(
            session, settings, plan, owner, actor="staff:test", now=utcnow()
        )
        assert made
        found.append(made)

    hospital.run(effect)
    task: UUID = hospital.one(
        "UPDATE follow_up_tasks SET due_at = now() WHERE enrolment_id = %s AND number = 1 RETURNING id",
        *found,
    )
    hospital.rows("UPDATE reminders SET due_at = now() WHERE subject_id = %s", task)
    return task
