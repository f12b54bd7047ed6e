"""What the hospital knows, seen and set up from its own side: for what a patient cannot bring about by chat
(an hour that passes, a full half day), and for registering many patients quickly."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Database, utcnow
from integrations.hospital import accounts, booking, elder_mode, patients
from integrations.runtime import Runtime, open_runtime
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

        self.run(effect)

    def consent(self, person: Patient) -> None:
        """Every consent that the platform needs, of a patient who may never have been here."""

        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            kinds = accounts.required_consents(person.channel)
            await accounts.give_consents(session, contact, kinds, utcnow(), None)

        self.run(effect)

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

        self.run(effect)

    def elder_mode(self, person: Patient) -> None:
        async def effect(session: AsyncSession) -> None:
            contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
            await elder_mode.want(session, contact.id, wanted=True)

        self.run(effect)

    async def owner(self, session: AsyncSession, person: Patient) -> UUID:
        contact = await accounts.ensure_contact(session, person.channel, person.platform_id)
        owner = await patients.self_patient(session, contact.account_id)
        assert owner, "not registered"
        return owner.id

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

    def run(self, effect: Callable[[AsyncSession], Awaitable[None]]) -> None:
        async def work() -> None:
            database = Database(self.stack.addresses["DATABASE_URL"], pools=Pools(1, 2))
            try:
                async with database.begin() as session:
                    await effect(session)
            finally:
                await database.close()

        asyncio.run(work())
