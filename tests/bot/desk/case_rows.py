"""A complaint that waits at the desk."""

from __future__ import annotations

from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.models import (
    CaseKind,
    Category,
)
from tests.bot.desk.clicking import patient_of
from tests.bot.desk.conftest import Desks


async def complaint(desks: Desks, words: str = "等了两个小时") -> str:
    account, contact, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        return await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, words,
            account_id=account, contact_id=contact, patient_id=patient, about=About(), now=desks.rt.now(),
        )  # fmt: skip
