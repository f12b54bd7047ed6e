"""Who works at the hospital and talks with a patient: a doctor who consults online, and an agent. They do what the
pages of the desk do."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.consulting import work
from bot.handoff import talking
from bot.wake import wake
from integrations.hospital.models import (
    DutyLevel,
    Practitioner,
    PresenceState,
    ReturnReason,
    Role,
    StaffMember,
)
from integrations.hospital.staff import presence, roster
from integrations.hospital.staff.roster import Hours
from integrations.runtime import Runtime
from tests.conversations import acts
from tests.conversations.hospital import Hospital, with_runtime
from tests.patients import Patient

AGENT, AGENT_LOGIN = "客服小李", "test-xiaoli"
_making = threading.Lock()  # of an account: conversations run side by side


async def _made(session: AsyncSession, rt: Runtime, login: str, **about: Any) -> StaffMember:
    """The member with this login, made when there is none."""
    found = await session.scalar(select(StaffMember).where(StaffMember.login == login))
    if found is None:
        found = StaffMember(login=login, password_hash="-", password_changed_at=rt.now(), **about)
        session.add(found)
        await session.flush()
    return found


def put_on_duty(hospital: Hospital, login: str, phone: str) -> None:
    """Whoever of the demo hospital's staff has this login is on call from yesterday to tomorrow, by this phone."""
    member = hospital.one("SELECT id FROM staff WHERE login = %s", login)
    hours = Hours(hospital.today() - timedelta(days=1), time(), time(), days=3)

    async def effect(session: AsyncSession) -> None:
        await roster.add(session, hospital.crypto, DutyLevel.ONCALL, member, phone, hours, actor="staff:test")

    hospital.run(effect)


class Agent:
    """Customer service, there and with room for everybody."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        with _making:
            with_runtime(hospital.stack, self._arrives)

    async def _arrives(self, rt: Runtime) -> None:
        async with rt.database.begin() as session:
            found = await _made(session, rt, AGENT_LOGIN, name=AGENT, role=Role.AGENT)
            await presence.set_state(session, found.id, PresenceState.ONLINE, rt.now(), capacity=50)

    def accepts(self, patient: Patient) -> None:
        self._does(patient, talking.accept)

    def says(self, patient: Patient, words: str) -> None:
        self._does(patient, talking.say, words)

    def closes(self, patient: Patient) -> None:
        self._does(patient, talking.close)

    def _does(self, patient: Patient, act: Callable[..., Awaitable[Any]], *words: str) -> None:
        """On the patient's open talk; what it said leaves."""
        conversation = self.hospital.contact(patient)

        async def run(rt: Runtime) -> None:
            async with rt.database.begin() as session:
                member = await _made(session, rt, AGENT_LOGIN, name=AGENT, role=Role.AGENT)
                found = await talking.open_talk(session, conversation)
                assert found, "nobody asked for a person"
                await act(session, rt, found.id, member, *words, now=rt.now())
            await wake(rt.redis, [conversation])

        with_runtime(self.hospital.stack, run)


class Doctor:
    """Consults online, at any hour and for so much."""

    def __init__(self, hospital: Hospital, staff_no: str, fee_fen: int) -> None:
        self.hospital = hospital
        self.login = f"test-online-{staff_no.lower()}"
        self.id = acts.consults(hospital, staff_no, fee_fen)
        self.name = hospital.one("SELECT name FROM practitioners WHERE id = %s", self.id)
        with _making:
            with_runtime(hospital.stack, self._arrives)

    async def _arrives(self, rt: Runtime) -> None:
        async with rt.database.begin() as session:
            await self._member(session, rt)

    def does(self, patient: Patient, act: Callable[..., Awaitable[Any]], *words: Any) -> Any:
        """One act of `work` on the patient's latest consultation, and what it said leaves."""
        consultation, conversation = self.consultation(patient)

        async def run(rt: Runtime) -> Any:
            async with rt.database.begin() as session:
                member = await self._member(session, rt)
                done = await act(session, rt, consultation, *words, member, rt.now())
            await wake(rt.redis, [conversation])
            return done

        return with_runtime(self.hospital.stack, run)

    def accepts(self, patient: Patient) -> None:
        self.does(patient, work.accept)

    def says(self, patient: Patient, words: str) -> None:
        async def say(session: AsyncSession, rt: Runtime, _one: UUID, member: StaffMember, now: Any) -> None:
            await talking.say(session, rt, self.talk(patient), member, words, now=now)

        self.does(patient, say)

    def finishes(self, patient: Patient, summary: str) -> None:
        self.does(patient, work.finish, summary, None)

    def gives_back(self, patient: Patient, words: str) -> None:
        """The patient has to be seen."""
        self.does(patient, work.give_back, ReturnReason.MUST_BE_SEEN, words)

    def does_not_come(self, patient: Patient) -> None:
        """The time to accept is over."""
        consultation, _ = self.consultation(patient)
        self.hospital.rows("UPDATE consultations SET accept_by = now() WHERE id = %s", consultation)

    def consultation(self, patient: Patient) -> tuple[UUID, UUID]:
        """The patient's latest, and the conversation."""
        conversation = self.hospital.contact(patient)
        rows = self.hospital.rows(
            "SELECT id FROM consultations WHERE contact_id = %s ORDER BY id DESC LIMIT 1", conversation
        )
        return rows[0][0], conversation

    def talk(self, patient: Patient) -> UUID:
        """The one that is going on."""
        found: UUID = self.hospital.one(
            "SELECT id FROM talks WHERE conversation_id = %s AND status = 'active'",
            self.hospital.contact(patient),
        )
        return found

    async def _member(self, session: AsyncSession, rt: Runtime) -> StaffMember:
        found = await session.scalar(select(StaffMember).where(StaffMember.practitioner_id == self.id))
        if found:
            return found
        doctor = await session.get_one(Practitioner, self.id)
        about = {"name": doctor.name, "practitioner_id": doctor.id, "department_id": doctor.department_id}
        return await _made(session, rt, self.login, role=Role.DOCTOR, **about)
