"""What the hospital knows, seen and set up from its own side: for what a patient cannot bring about by chat
(an hour that passes, a full half day), and for registering many patients quickly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from integrations import cashier
from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database, utcnow
from integrations.hospital import accounts, booking, elder_mode, patients, ratings
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
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings
from tests.patients import Patient
from tests.stack import Stack

PERIODS = {"上午": "morning", "下午": "afternoon", "晚上": "evening"}


class NoSuchNumber(Exception):
    """A doctor does not work then, or the number is gone."""


def with_runtime[T](stack: Stack, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Something done with the running program's own services."""
    inside = {"database_url": stack.addresses["DATABASE_URL"], "redis_url": stack.addresses["REDIS_URL"]}

    async def run() -> T:
        async with open_runtime(stack.options.settings().model_copy(update=inside)) as rt:
            return await work(rt)

    return asyncio.run(run())


class Hospital:
    """The database of a running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._given: list[str] = []  # half days made by half_day(), each for one test
        self._giving = threading.Lock()

    @property
    def crypto(self) -> Crypto:
        """With the keys of now: a test rotates them."""
        settings = self.stack.options.settings()
        return Crypto(
            KeyRing.parse(settings.data_keys.get_secret_value()),
            KeyRing.parse(settings.index_keys.get_secret_value()),
        )

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.stack.rows(statement, *values)

    def one(self, statement: str, *values: Any) -> Any:
        [[value]] = self.rows(statement, *values)
        return value

    def register(self, people: Iterable[Patient]) -> None:
        """Consent and registration through the services, also of patients who have never been here."""

        async def effect(session: AsyncSession) -> None:
            for person in people:
                contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
                kinds = accounts.required_consents(person.channel)
                await accounts.give_consents(session, contact, kinds, utcnow(), None)
                await patients.register(
                    session,
                    self.crypto,
                    account_id=contact.account_id,
                    name=person.name,
                    id_number=person.id_number,
                    phone=person.phone,
                    outcome="match",
                    key=None,
                    now=utcnow(),
                )

        self._run(effect)

    def consent(self, person: Patient) -> None:
        """Every consent that the platform needs, of a patient who may never have been here."""

        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            kinds = accounts.required_consents(person.channel)
            await accounts.give_consents(session, contact, kinds, utcnow(), None)

        self._run(effect)

    def book(self, person: Patient, doctor: str, day: date, period: str) -> None:
        """The earliest number of a doctor's half day, for a registered patient."""

        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            patient = await patients.self_patient(session, contact.account_id)
            assert patient, "only who is registered has appointments"
            await booking.book(
                session,
                schedule_id=self._schedule(doctor, day, period),
                slot_id=None,
                patient_id=patient.id,
                contact_id=contact.id,
                key=None,
                now=utcnow(),
                hold=timedelta(minutes=15),
            )

        self._run(effect)

    def prescribe(self, person: Patient, medicine: str, packs: int, *, instead: str = "") -> None:
        """A prescription that a pharmacist has approved, for a registered patient; `instead`: the medicine that is
        proposed in the place of this one. Names as the demo hospital's shelf has them."""
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        codes = dict(self.rows("SELECT name, code FROM medicines"))
        staff_no = self.one("SELECT min(staff_no) FROM practitioners WHERE active")
        lines = [Prescribed(codes[medicine], "每次1片", "每天1次", 28, packs)]

        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            owner = await patients.self_patient(session, contact.account_id)
            assert owner, "only who is registered is prescribed for"
            made = await issuing.issue(
                session, lines, patient_id=owner.id, staff_no=staff_no, terms=Terms.of(settings),
                actor="staff:test", now=utcnow(), days=2,  # not over at midnight
            )  # fmt: skip
            await reviews.approve(session, made, pharmacist="staff:test", now=utcnow())
            if instead:
                await substitutions.propose(
                    session, self.crypto, made, old_code=codes[medicine], code=codes[instead], quantity=packs,
                    dose="每次1片", pharmacist="staff:test", agreed_by=staff_no, reason="电话问过，无过敏史",
                    now=utcnow(),
                )  # fmt: skip

        self._run(effect)

    def consults(self, staff_no: str, fee_fen: int) -> UUID:
        """From now on the doctor with this number consults online at any hour, for so much. Gives the doctor."""
        doctor: UUID = self.one("SELECT id FROM practitioners WHERE staff_no = %s", staff_no)
        self.rows(
            "INSERT INTO consultation_offers (practitioner_id, fee_fen, weekdays, opens, closes, places)"
            " VALUES (%s, %s, '{1,2,3,4,5,6,7}', '00:00', '23:59:59', 50) ON CONFLICT (practitioner_id) DO UPDATE"
            " SET fee_fen = excluded.fee_fen, opens = excluded.opens, closes = excluded.closes, places = 50",
            doctor,
            fee_fen,
        )
        return doctor

    def ask_online(self, person: Patient, doctor: UUID) -> UUID:
        """A consultation of a registered patient, with a record to show, paid where it costs something."""
        contact = self.contact(person)
        [(account, patient)] = self.rows(
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

        made = with_runtime(self.stack, ask)
        for (order_no,) in self.rows(
            "SELECT order_no FROM orders JOIN consultations c ON c.order_id = orders.id WHERE c.id = %s", made
        ):
            self.pay(order_no)
        return made

    def pay(self, order_no: str) -> None:
        """As by the code on the page, with WeChat Pay."""
        with_runtime(self.stack, lambda rt: cashier.prepare(rt, order_no, Platform.WECHATPAY, Way.NATIVE))
        self.stack.sandbox.post("/pay", json={"out_trade_no": order_no}).raise_for_status()

    def pay_open(self, person: Patient) -> None:
        """The patient's youngest bill that is not paid."""
        found = self.rows(
            "SELECT order_no FROM orders WHERE contact_id = %s AND status = 'unpaid' ORDER BY id DESC LIMIT 1",
            self.contact(person),
        )
        if not found:
            raise NoSuchNumber("没有要付的单")
        self.pay(found[0][0])

    def bill(self, person: Patient, item: str, amount_fen: int) -> None:
        """Staff make it; the patient is told."""

        async def effect(session: AsyncSession) -> None:
            owner = await self._owner(session, person)
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

        self._run(effect)

    def staff_no(self, doctor: str) -> str:
        """Of the first with this name."""
        found: str | None = self.one(
            "SELECT min(staff_no) FROM practitioners WHERE name = %s AND active", doctor
        )
        if found is None:
            raise NoSuchNumber(f"没有叫{doctor}的医生")
        return found

    def elder_mode(self, person: Patient) -> None:
        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            await elder_mode.want(session, contact.id, wanted=True)

        self._run(effect)

    def ask_rating(self, person: Patient, kind: str) -> None:
        """The hospital asks now how a thing of this kind was; that of the latest consultation or talk where there was
        one."""
        contact, long_ago = self.contact(person), timedelta(minutes=20)
        self.let_pass(
            person, int(long_ago.total_seconds())
        )  # the question waits until the conversation rests

        async def effect(session: AsyncSession) -> None:
            found = await accounts.contact(session, contact)
            assert found
            visits = self.rows("SELECT id FROM appointments WHERE contact_id = %s", contact)
            subject = visits[0][0] if kind == "visit" and visits else uuid4()
            await ratings.ask(session, SubjectKind(kind), subject, found.account_id, contact, utcnow())

        asked = "SELECT id FROM ratings WHERE contact_id = %s AND subject_kind = %s"
        if not self.rows(asked, contact, kind):
            self._run(effect)
        self.rows(
            "UPDATE reminders SET due_at = now() WHERE subject_id IN"
            " (SELECT id FROM ratings WHERE contact_id = %s AND subject_kind = %s)",
            contact,
            kind,
        )

    def ship(self, person: Patient) -> None:
        """The pharmacy gives the paid medicine to the courier."""
        [(prescription,)] = self.rows(
            "SELECT d.prescription_id FROM deliveries d JOIN orders o USING (prescription_id) WHERE o.contact_id = %s",
            self.contact(person),
        )

        async def effect(session: AsyncSession) -> None:
            waybill = f"EM{uuid4().int % 10**10:010}"
            await shipping.ship(session, prescription, "ems", waybill, actor="staff:test", now=utcnow())

        self._run(effect)

    async def _owner(self, session: AsyncSession, person: Patient) -> UUID:
        contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
        owner = await patients.self_patient(session, contact.account_id)
        assert owner, "not registered"
        return owner.id

    def follow_up(self, person: Patient, plan_id: str) -> UUID:
        """Puts a registered patient on a plan, whose first asking is due now. Gives its task."""
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        found: list[UUID] = []

        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            owner = await patients.self_patient(session, contact.account_id)
            assert owner, "only who is registered is asked"
            plan = plans(settings).by_id[plan_id]
            made = await enrolment.start_by_staff(
                session, settings, plan, owner.id, actor="staff:test", now=utcnow()
            )
            assert made
            found.append(made)

        self._run(effect)
        task: UUID = self.one(
            "UPDATE follow_up_tasks SET due_at = now() WHERE enrolment_id = %s AND number = 1 RETURNING id",
            *found,
        )
        self.rows("UPDATE reminders SET due_at = now() WHERE subject_id = %s", task)
        return task

    def take_away(self, doctor: str, day: date, period: str, *, time: str = "") -> None:
        """Somebody else takes the number at a time ("9:30"), or all that are left of the half day; the
        assistant's clock shows the afternoon as 1:30. Raises NoSuchNumber."""
        schedule = self._schedule(doctor, day, period)
        taken = self.rows(
            "UPDATE slots SET status = 'busy' WHERE schedule_id = %s AND status = 'free'"
            " AND (%s::text = '' OR time IN (CAST(nullif(%s::text, '') AS time),"
            "      CAST(nullif(%s::text, '') AS time) + interval '12 hours')) RETURNING id",
            schedule,
            time,
            time,
            time,
        )
        if not taken:
            raise NoSuchNumber(f"{doctor} {day} {period} {time} 没有这个号")

    def let_pass(self, person: Patient, seconds: int) -> None:
        """As if the patient's last message, alarm, code and hold were so much older."""
        past = timedelta(seconds=seconds)
        contact = self.contact(person)
        for statement in (
            "UPDATE inbound SET received_at = received_at - %s, sent_at = sent_at - %s WHERE conversation_id = %s",
            "UPDATE alarms SET raised_at = raised_at - %s, page_at = page_at - %s WHERE conversation_id = %s",
            "UPDATE one_time_codes SET issued_at = issued_at - %s, expires_at = expires_at - %s WHERE contact_id = %s",
        ):
            self.rows(statement, past, past, contact)
        self.rows(
            "UPDATE rasa_tracker SET updated_at = updated_at - %s WHERE sender_id = %s", past, contact.hex
        )
        self.rows(
            "UPDATE appointments SET hold_expires_at = hold_expires_at - %s WHERE contact_id = %s",
            past,
            contact,
        )

    def calm_duty_phones(self) -> None:
        """As if the last hour's pages had been sent before it: what others told takes none of its places, of which an
        hour has twenty and half a minute one."""
        self.rows("UPDATE page_slips SET sent_at = sent_at - interval '1 hour'")

    def today(self) -> date:
        return datetime.now(self.stack.options.settings().zone).date()

    def _schedule(self, doctor: str, day: date, period: str) -> UUID:
        found = self.rows(
            "SELECT schedules.id FROM schedules JOIN practitioners ON practitioners.id = practitioner_id"
            " WHERE practitioners.name = %s AND date = %s AND period = %s",
            doctor,
            day,
            PERIODS[period],
        )
        if not found:
            raise NoSuchNumber(f"{doctor} {day} {period} 不出诊")
        return UUID(str(found[0][0]))

    def contact(self, person: Patient) -> UUID:
        """The contact, which is also the conversation."""
        found = self.one(
            "SELECT id FROM contacts WHERE channel = %s AND platform_id = %s",
            person.channel,
            person.platform_id,
        )
        assert isinstance(found, UUID)
        return found

    def appointments(self, person: Patient) -> list[tuple[Any, ...]]:
        """(status, fee in fen, hold_expires_at, order status or None), the oldest first."""
        return self.rows(
            """
            SELECT appointments.status, fee_fen, hold_expires_at, orders.status
            FROM appointments LEFT JOIN orders ON orders.appointment_id = appointments.id
            WHERE appointments.contact_id = %s ORDER BY appointments.created_at
            """,
            self.contact(person),
        )

    def half_day(self, doctor: str, *, slots: int, period: str = "") -> tuple[str, str]:
        """Makes a doctor's half day two days from now or later have exactly so many free slots, two minutes
        apart. Gives its id, and its day and half day as a patient says them ("11月25日上午"). No two tests get one."""
        with self._giving:
            found = self.rows(
                """
                SELECT schedules.id, date, period FROM schedules
                JOIN practitioners ON practitioners.id = practitioner_id
                WHERE practitioners.name = %s AND date >= current_date + 2 AND period <> 'evening'
                  AND NOT EXISTS (SELECT 1 FROM appointments WHERE schedule_id = schedules.id)
                  AND NOT schedules.id = ANY(%s::uuid[]) AND period = ANY(%s)
                ORDER BY date, period DESC LIMIT 1
                """,
                doctor,
                self._given,
                [PERIODS[period]] if period else list(PERIODS.values()),
            )
            if not found:
                raise NoSuchNumber(f"{doctor} 没有空着的半天了，换一位医生")
            [(schedule, day, period)] = found
            self._given.append(str(schedule))
        self.rows("UPDATE schedules SET capacity = %s WHERE id = %s", slots, schedule)
        self.rows("DELETE FROM slots WHERE schedule_id = %s", schedule)
        start = "08:30" if period == "morning" else "13:30"
        self.rows(
            """
            INSERT INTO slots (schedule_id, number, date, time, starts_at)
            SELECT id, number, date, clock, (date + clock) AT TIME ZONE 'Asia/Shanghai'
            FROM schedules, generate_series(1, %s) AS number,
                 LATERAL (SELECT CAST(%s AS time) + (number - 1) * interval '2 minutes' AS clock) AS clocks
            WHERE id = %s
            """,
            slots,
            start,
            schedule,
        )
        return str(schedule), f"{day.month}月{day.day}日{'上午' if period == 'morning' else '下午'}"

    def _run(self, effect: Callable[[AsyncSession], Awaitable[None]]) -> None:
        async def work() -> None:
            database = Database(self.stack.addresses["DATABASE_URL"], pools=Pools(1, 2))
            try:
                async with database.begin() as session:
                    await effect(session)
            finally:
                await database.close()

        asyncio.run(work())
