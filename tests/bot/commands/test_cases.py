"""`daozhen cases` and `daozhen ratings` as staff run them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, cases, ratings
from integrations.hospital.models import CaseKind, Category, SubjectKind
from tests.bot.commands.conftest import Desk

WORDS = "护士打错针了，等了三个小时"
NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
DAYS = ("--from", "2026-11-22", "--to", "2026-11-22")


async def _complain(session: AsyncSession, crypto: Crypto) -> str:
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    return await cases.open_case(
        session, crypto, CaseKind.COMPLAINT, Category.CARE, WORDS,
        account_id=contact.account_id, contact_id=contact.id, now=NOW,
    )  # fmt: skip


async def _rate(session: AsyncSession, crypto: Crypto) -> None:
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    account = contact.account_id
    asked = await ratings.ask(session, SubjectKind.AGENT, uuid4(), account, contact.id, NOW)
    assert asked
    await ratings.rate(session, asked, account, 4, key=None, now=NOW)
    await ratings.add_words(session, crypto, asked, account, "很耐心", key=None, now=NOW)


def test_staff_work_on_a_case(desk: Desk) -> None:
    number = desk.before(_complain)
    listed = desk.run("cases", "list")
    assert listed.exit_code == 0, listed.output
    assert number in listed.output
    assert "due 2026-11-27" in listed.output
    assert "harm suspected" in listed.output
    assert WORDS not in listed.output
    assert desk.run("cases", "show", number, "--reason", " ").exit_code != 0
    assert desk.run("cases", "note", number, "--words", " ").exit_code != 0
    steps = (
        ("assign", number, "wang", "--across"),
        ("note", number, "--words", "问过科室"),
        ("answer", number, "--words", "正在核实"),
        ("mark-adverse", number),
        ("close", number.lower(), "--words", "已处理，向您道歉"),
    )
    for step in steps:
        done = desk.run("cases", *step)
        assert done.exit_code == 0, done.output
    shown = desk.run("cases", "show", number, "--reason", "处理投诉").output
    for words in (WORDS, "问过科室", "正在核实", "已处理，向您道歉"):
        assert words in shown
    assert number not in desk.run("cases", "list").output
    assert f"{number}  complaint" in desk.run("cases", "list", "--adverse").output
    again = desk.run("cases", "close", number, "--words", "再来一次")
    assert (again.exit_code, "closed already" in again.output) == (1, True)
    assert desk.run("cases", "assign", "TS-1", "wang").exit_code == 1
    report = desk.run("cases", "report", *DAYS).output
    assert "1 complaints, 0 visits" in report
    assert "confirmed 1" in report
    assert f"{number}  confirmed" in report
    assert desk.run("cases", "report", "--from", "yesterday").exit_code != 0
    with psycopg.connect(desk.url) as connection:
        audited = connection.execute("SELECT action FROM audit_events ORDER BY id").fetchall()
    assert [action for (action,) in audited] == [
        "case_assigned", "case_noted", "case_answered", "case_marked", "case_closed", "case_revealed",
    ]  # fmt: skip


def test_the_report_of_ratings(desk: Desk) -> None:
    desk.before(_rate)
    plain = desk.run("ratings", "report", *DAYS)
    assert plain.exit_code == 0, plain.output
    assert "stars 4.00" in plain.output
    assert "很耐心" not in plain.output
    assert "很耐心" not in desk.run("ratings", "report", *DAYS, "--words").output
    assert "很耐心" in desk.run("ratings", "report", *DAYS, "--words", "--reason", "the month").output
    with psycopg.connect(desk.url) as connection:
        assert connection.execute("SELECT action FROM audit_events").fetchall() == [("rating_words_read",)]
