"""What the tests of accounts do beside the chat: files from before, requests that staff decide, codes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from integrations.hospital import accounts, events, patients, requests
from integrations.hospital.models import (
    Patient,
    PatientStatus,
)
from integrations.hospital.on_file import on_file
from integrations.runtime import Runtime

from .conftest import ID_NUMBERS, NOW, Chat, Outside, Said

NUMBER = ID_NUMBERS[0]


OLD, NEW = "13812345678", "13987654321"


async def code(chat: Chat, outside: Outside, at: int = -1) -> Said:
    return await chat.say("inform", ("sms_code", outside.sent[at][1]))


async def owner(runtime: Runtime, chat: Chat) -> patients.PatientView | None:
    async with runtime.database.begin() as session:
        contact = await accounts.contact(session, chat.contact.id)
        assert contact
        return await patients.self_patient(session, contact.account_id)


async def phone_on_file(runtime: Runtime) -> str:
    async with runtime.database.begin() as session:
        patient = (await session.scalars(select(Patient.id))).one()
        return (await on_file(session, runtime.crypto, patient)).phone


async def waiting(runtime: Runtime) -> list[requests.RequestView]:
    async with runtime.database.begin() as session:
        return await requests.open_requests(session)


async def decide(runtime: Runtime, *, approve: bool) -> None:
    [request] = await waiting(runtime)
    async with runtime.database.begin() as session:
        await requests.decide(
            session, runtime.crypto, request.id, approve=approve, staff="staff:li", now=runtime.now()
        )


async def told(runtime: Runtime) -> list[Any]:
    async with runtime.database.begin() as session:
        return await events.claim(session, 50, runtime.now())


async def imported(runtime: Runtime, phone: str = OLD) -> None:
    """A file from before: nobody's account."""
    async with runtime.database.begin() as session:
        crypto = runtime.crypto
        number = patients.read_id_number(NUMBER, NOW.date())
        session.add(
            Patient(
                name=crypto.encrypt("张明", "patients.name"),
                masked_name="*明",
                id_number=crypto.encrypt(NUMBER, "patients.id_number"),
                id_number_index=crypto.blind(NUMBER, "patients.id_number"),
                phone=crypto.encrypt(f"+86{phone}", "patients.phone"),
                phone_index=crypto.blind(f"+86{phone}", "patients.phone"),
                birth_date=number.birth_date,
                sex=number.sex,
                status=PatientStatus.VERIFIED,
                verified_at=NOW,
            )
        )


async def registers(chat: Chat, outside: Outside, phone: str) -> Said:
    """Up to what comes after the confirmation."""
    await chat.say("register")
    await chat.tell(person_name="张明", id_number=NUMBER, phone=phone)
    await code(chat, outside)
    return await chat.say("affirm")
