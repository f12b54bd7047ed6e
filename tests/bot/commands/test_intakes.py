"""`daozhen intakes` as staff run it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import uuid4

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import Story
from integrations.hospital.models import Sex
from integrations.hospital.operations import OperationKey
from tests.bot.commands.conftest import Desk
from tests.clinic_rows import known_patient

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)


async def _tell(session: AsyncSession, crypto: Crypto) -> str:
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    patient = known_patient("*明", date(1990, 3, 7), Sex.MALE)
    session.add(patient)
    await session.flush()
    story = Story().told("头疼三天了", date(2026, 11, 22)).answered("allergies", "没有", date(2026, 11, 22))
    made = await keeping.record(
        session, crypto, story, "主诉：头疼三天了",
        account_id=contact.account_id, contact_id=contact.id, patient_id=patient.id, appointment_id=None,
        key=OperationKey(uuid4().hex, "test", "store"), now=NOW,
    )  # fmt: skip
    return str(made)


def test_staff_read_what_was_told(desk: Desk) -> None:
    intake = desk.before(_tell)
    listed = desk.run("intakes", "list")
    assert listed.exit_code == 0, listed.output
    assert f"{intake}  2026-11-22 01:00 UTC  *明  no visit yet" in listed.output
    assert "头疼" not in listed.output
    assert intake not in desk.run("intakes", "list", "--day", "2026-11-25").output
    assert desk.run("intakes", "list", "--day", "soon").exit_code != 0
    assert desk.run("intakes", "show", intake, "--reason", " ").exit_code != 0
    assert "主诉：头疼三天了" in desk.run("intakes", "show", intake, "--reason", "接诊").output
    bundle = json.loads(desk.run("intakes", "show", intake, "--reason", "接诊", "--fhir").output)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds == ["Condition", "AllergyIntolerance"]
    assert desk.run("intakes", "show", str(uuid4()), "--reason", "接诊").exit_code == 1
    with psycopg.connect(desk.url) as connection:
        audited = connection.execute("SELECT action FROM audit_events ORDER BY id").fetchall()
    assert audited == [("intake_revealed",), ("intake_revealed",)]
