"""`daozhen follow-up` as staff run it."""

from __future__ import annotations

import getpass
import re
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.follow_up import alerts, measuring
from integrations.hospital.follow_up.alerts import Duty
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import FOLDER
from integrations.hospital.models import Method
from integrations.language.measurements import MeasurementKind
from tests.bot.commands.conftest import Desk
from tests.people_rows import registered

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HERE = f"shell:{getpass.getuser()}@{socket.gethostname()}"
ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b")


async def _patient(session: AsyncSession, crypto: Crypto) -> None:
    await registered(session, crypto, NOW, agreed=True)


async def _missed_and_alarming(session: AsyncSession, crypto: Crypto) -> None:
    await session.execute(
        text(
            "UPDATE follow_up_tasks SET due_at = now() - interval '3 days', status = 'missed', ended_at = now()"
            " WHERE number = 1"
        )
    )
    patient = await session.scalar(text("SELECT id FROM patients"))
    taken = Taken(MeasurementKind.BLOOD_PRESSURE, {"systolic": 190.0, "diastolic": 120.0}, "mmHg", NOW)
    made = await measuring.note(session, crypto, patient, taken, method=Method.CHAT, now=NOW)
    await alerts.raise_for_measurement(session, patient, made, Duty("随访护士", timedelta()), NOW)


def test_a_patient_comes_on_a_plan_and_leaves_it(desk: Desk) -> None:
    desk.before(_patient)
    found = desk.run("follow-up", "find", typed="138 1234 5678\nasked for it\n")
    assert "*明" in found.output
    [patient] = ID.findall(found.output)
    assert desk.run("follow-up", "start", patient, "--diagnosis", "Z99").exit_code == 1
    started = desk.run("follow-up", "start", patient, "--diagnosis", "I10.x02")
    assert "hypertension: started." in started.output, started.output
    assert "on it already" in desk.run("follow-up", "start", patient, "--plan", "hypertension").output
    listed = desk.run("follow-up", "list")
    assert "hypertension" in listed.output
    assert "answered 0 of 0" in listed.output
    assert "1 ended." in desk.run("follow-up", "stop", patient, "--reason", "asked").output
    refused = desk.run("follow-up", "start", patient, "--event", "surgery")
    assert refused.exit_code == 1
    assert "--again" in refused.output
    again = desk.run("follow-up", "start", patient, "--event", "surgery", "--again")
    assert "after_surgery: started." in again.output


def test_who_was_taken_for_dead_by_mistake(desk: Desk) -> None:
    desk.before(_patient)
    [patient] = ID.findall(desk.run("follow-up", "find", typed="13812345678\nasked for it\n").output)
    not_dead, boss = ("follow-up", "not-dead", patient, "--reason"), ("--by", "boss")
    assert "Nobody said" in desk.run(*not_dead, "called", *boss).output
    desk.run("follow-up", "stop", patient, "--reason", "died")
    refused = desk.run("follow-up", "start", patient, "--plan", "hypertension", "--again")
    assert "died" in refused.output
    assert desk.run(*not_dead, " ", *boss).exit_code != 0
    assert "go out again" in desk.run(*not_dead, "she called", *boss).output
    assert "started." in desk.run("follow-up", "start", patient, "--plan", "hypertension").output
    with psycopg.connect(desk.url) as connection:
        kept = connection.execute(
            "SELECT action, actor, detail FROM audit_events WHERE action LIKE 'patient%deceased' ORDER BY id"
        ).fetchall()
    died, lives = kept
    assert died[0] == "patient_deceased"
    assert lives == ("patient_not_deceased", "staff:boss", {"address": HERE, "reason": "she called"})


def test_alerts_calls_and_the_report(desk: Desk) -> None:
    desk.before(_patient)
    [patient] = ID.findall(desk.run("follow-up", "find", typed="13812345678\nasked for it\n").output)
    desk.run("follow-up", "start", patient, "--plan", "diabetes")
    desk.before(_missed_and_alarming)
    shown = desk.run("follow-up", "alerts")
    assert "open" in shown.output
    assert "血压" in shown.output
    assert "190" not in shown.output
    [alert] = ID.findall(shown.output)
    for why in ([], ["--reason", "."]):
        refused = desk.run("follow-up", "alerts", "--read", alert, *why)
        assert (refused.exit_code, "190" in refused.output) == (1, False)
    told = desk.run("follow-up", "alerts", "--read", alert, "--reason", "on call").output
    assert "血压 190/120" in told
    assert "systolic" not in told
    with psycopg.connect(desk.url) as connection:
        read = connection.execute(
            "SELECT actor, subject, detail FROM audit_events WHERE action = 'follow_up_alert_read'"
        ).fetchall()
    assert [(actor.startswith("staff:"), *kept) for actor, *kept in read] == [
        (True, f"follow_up_alert:{alert}", {"address": HERE, "reason": "on call"})
    ]
    assert "acknowledged by staff:" in desk.run("follow-up", "alerts", "--acknowledge", alert).output
    closing = ("follow-up", "alerts", "--close", alert)
    for nothing in ([], ["--done", "."]):
        unsaid = desk.run(*closing, *nothing)
        assert (unsaid.exit_code, "what was done" in unsaid.output) == (1, True)
    assert alert not in desk.run(*closing, "--done", "reached by phone").output
    assert desk.run(*closing, "--done", "once more").exit_code == 1
    listed = desk.run("follow-up", "calls")
    assert "138****5678" in listed.output
    [task] = ID.findall(listed.output)
    for why in ([], ["--reason", " a "]):
        refused = desk.run("follow-up", "calls", "--reveal", task, *why)
        assert (refused.exit_code, "1381234" in refused.output) == (1, False)
    revealed = desk.run("follow-up", "calls", "--reveal", task, "--reason", "did not answer")
    assert "+8613812345678" in revealed.output
    with psycopg.connect(desk.url) as connection:
        kept = connection.execute(
            "SELECT detail->>'reason' FROM audit_events WHERE action = 'phone_revealed'"
        ).fetchall()
    assert kept == [("did not answer",)]
    assert task not in desk.run("follow-up", "calls", "--called", task, "--outcome", "no_answer").output
    report = desk.run("follow-up", "report")
    assert re.search(r"diabetes +1 +0 +1 +0 +0  0% \(below 90%\)", report.output), report.output


async def _paged(session: AsyncSession, crypto: Crypto) -> None:
    await _missed_and_alarming(session, crypto)
    await session.execute(
        text("UPDATE follow_up_alerts SET paged_at = now() - interval '3 minutes', number = 107")
    )


def test_an_alert_is_acknowledged_by_the_number_of_its_page(desk: Desk) -> None:
    desk.before(_patient)
    desk.before(_paged)
    listed = desk.run("alarms", "list").output
    assert "107  follow-up 随访护士" in listed
    assert "190" not in listed
    assert "107 " in desk.run("follow-up", "alerts").output
    assert desk.run("alarms", "show", "107", "--reason", "paged").exit_code == 1  # no red flag
    assert "Acknowledged, 18" in desk.run("alarms", "ack", "107").output
    assert desk.run("alarms", "ack", "107").exit_code == 1
    assert "acknowledged by staff:" in desk.run("follow-up", "alerts").output
    assert "107" not in desk.run("alarms", "list").output
    assert "1 alarms, 1 acknowledged" in desk.run("alarms", "report").output


def test_the_files_are_checked(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk.run("follow-up", "check").exit_code == 0
    own = Path(shutil.copytree(FOLDER, tmp_path / "plans"))
    (own / "diabetes.yml").write_text("id: diabetes\nhour: early\n")
    monkeypatch.setenv("FOLLOW_UP_PLANS", str(own))
    checked = desk.run("follow-up", "check")
    assert checked.exit_code == 1
    assert "diabetes.yml, line 2: hour" in checked.output
