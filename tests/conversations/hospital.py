"""What the hospital knows, seen and set up from its own side: for what a patient cannot bring about by chat
(an hour that passes, a full half day), and for registering many patients quickly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto, KeyRing
from integrations.database import Database, utcnow
from integrations.hospital import accounts, patients
from tests.patients import Patient
from tests.stack import Stack


class Hospital:
    """The database of a running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

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
            WHERE contact_id = %s ORDER BY appointments.created_at
            """,
            self.contact(person),
        )

    def half_day(self, doctor: str, *, slots: int) -> tuple[str, str]:
        """Makes a doctor's half day two days from now or later have exactly so many free slots, two minutes
        apart. Gives its id, and its day and half day as a patient says them ("11月25日上午")."""
        [(schedule, day, period)] = self.rows(
            """
            SELECT schedules.id, date, period FROM schedules JOIN practitioners ON practitioners.id = practitioner_id
            WHERE practitioners.name = %s AND date >= current_date + 2
              AND NOT EXISTS (SELECT 1 FROM appointments WHERE schedule_id = schedules.id)
            ORDER BY date, period DESC LIMIT 1
            """,
            doctor,
        )
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
            database = Database(self.stack.addresses["DATABASE_URL"], pool_size=1)
            try:
                async with database.begin() as session:
                    await effect(session)
            finally:
                await database.close()

        asyncio.run(work())
