"""Accounts of staff, and the audit log, as pages."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from bot.desk.parts import Written
from bot.desk.words import catalogue
from integrations.hospital import audit, callers, revealing
from integrations.hospital.models import AuditEvent, RequestStatus, Role
from integrations.hospital.models.medicine import SubstitutionStatus
from integrations.hospital.staff import accounts
from integrations.settings import ROOT
from tests import staff_rows
from tests.bot.desk.clicking import patient_of
from tests.bot.desk.conftest import Desks, Visitor


def _set(visitor: Visitor, marker: str, value: Any) -> None:
    next(iter(visitor.user.find(marker=marker).elements)).set_value(value)


async def test_an_administrator_adds_somebody_and_hands_over_a_password_once(desks: Desks) -> None:
    admin = await desks.enter(Role.ADMINISTRATOR)
    await admin.user.open("/staff")
    admin.user.find(marker="add-member").click()
    await admin.user.should_see(marker="new-login")
    for marker, value in (("new-login", "Li.Na"), ("new-name", "李娜"), ("new-role", "nurse")):
        _set(admin, marker, value)
    admin.user.find(marker="save-member").click()
    await admin.user.should_see(marker="password-once")
    password = next(iter(admin.user.find(marker="password-once").elements)).text
    async with desks.rt.database.begin() as session:
        member = await accounts.find(session, "li.na")
        assert (member.role, member.must_change_password) == (Role.NURSE, True)
        events = list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "staff_added")))
        assert [(one.actor, one.subject) for one in events] == [(admin.member.actor, "staff:li.na")]
        assert password not in str([one.detail for one in events])
        assert events[0].detail["address"]


async def test_a_refusal_is_said_and_nothing_changes(desks: Desks) -> None:
    admin = await desks.enter(Role.ADMINISTRATOR, login="root")
    await admin.user.open("/staff")
    admin.user.find(marker="disable-root").click()
    await admin.user.should_see(marker="go")
    admin.user.find(marker="go").click()
    await admin.told("至少要留一位管理员")
    async with desks.rt.database.begin() as session:
        assert (await accounts.find(session, "root")).active


async def test_supervisors_search_the_log_and_that_is_kept(desks: Desks) -> None:
    boss = await desks.enter(Role.SUPERVISOR)
    async with desks.rt.database.begin() as session:
        reason = {"reason": "<b>核对</b>"}
        await audit.record(
            session, actor="staff:li.na", action="case_revealed", subject="case:1", detail=reason
        )
        await audit.record(session, actor="staff:else", action="noted", subject="case:2")
    await boss.user.open("/audit")
    for day in ("since", "until"):
        _set(
            boss, f"audit-{day}", ""
        )  # the database's clock writes the log, the tests' clock stands elsewhere
    _set(boss, "audit-actor", "staff:li")
    boss.user.find(marker="audit-search").click()
    await boss.user.should_see("看投诉内容")
    await boss.user.should_see("原因: <b>核对</b>")
    await boss.user.should_not_see("noted")
    boss.user.find(marker="audit-verify").click()
    await boss.told("审计完整")
    await asyncio.sleep(0)
    async with desks.rt.database.begin() as session:
        looked = select(AuditEvent.detail).where(AuditEvent.action == "audit_searched")
        details = list(await session.scalars(looked.order_by(AuditEvent.at)))
    assert details[-1]["actor"] == "staff:li"


async def test_of_a_long_log_everything_can_be_reached(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.audit.MOST", 2)
    boss = await desks.enter(Role.SUPERVISOR)
    async with desks.rt.database.begin() as session:
        for at in range(5):
            await audit.record(session, actor="staff:li.na", action="noted", subject=f"case:{at}")
    await boss.user.open("/audit")
    for day in ("since", "until"):
        _set(boss, f"audit-{day}", "")
    _set(boss, "audit-actor", "staff:li.na")
    boss.user.find(marker="audit-search").click()
    await boss.user.should_see("还有 3 条")
    await boss.user.should_not_see("case:0")
    boss.user.find(marker="audit-more").click()
    await boss.user.should_see("还有 1 条")
    boss.user.find(marker="audit-more").click()
    await boss.user.should_see("case:0")
    await boss.user.should_not_see(marker="audit-more")


async def test_who_looked_at_a_patient_is_found_by_the_patients_phone(desks: Desks) -> None:
    """Who, what, to whom, when, from where and why stand in one line; the number that was typed stands nowhere."""
    boss = await desks.enter(Role.SUPERVISOR)
    _, _, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        session.info["address"] = "10.1.2.3"
        await staff_rows.member(session, Role.AGENT, "li.na", name="李娜")
        why: dict[str, Any] = {"actor": "staff:li.na", "reason": "回电"}
        await revealing.callee(session, desks.rt.crypto, patient, **why)
        await callers.find(session, desks.rt.crypto, "13812345678", now=desks.rt.now(), **why)
        await audit.record(
            session, actor="staff:li.na", action="phone_revealed", subject=f"patient:{uuid4()}"
        )
    await boss.user.open("/audit")
    for day in ("since", "until"):
        _set(boss, f"audit-{day}", "")
    _set(boss, "audit-subject", "138 1234 5678")
    boss.user.find(marker="audit-search").click()
    for words in (
        "李娜 · li.na",
        "10.1.2.3",
        "看姓名和电话",
        "按号码查患者",
        "原因: 回电",
        f"patient:{patient}",
    ):
        await boss.user.should_see(words)
    assert _lines(boss) == 3, "with the patient's own registration; and not what concerns somebody else"
    _set(boss, "audit-action", "phone_revealed")
    boss.user.find(marker="audit-search").click()
    await boss.user.should_not_see("按号码查患者", kind=Written)
    assert _lines(boss) == 1
    _set(boss, "audit-subject", "139 0000 0000")  # of nobody here
    boss.user.find(marker="audit-search").click()
    await boss.user.should_see("没有符合条件的记录")
    async with desks.rt.database.begin() as session:
        looked = (
            select(AuditEvent.detail).where(AuditEvent.action == "audit_searched").order_by(AuditEvent.id)
        )
        *_, second, last = await session.scalars(looked)
    assert (second["patients"], second["action"]) == ([str(patient)], "phone_revealed")
    assert last["patients"] == []
    assert "1390000" not in str(last)


async def test_the_log_is_searched_by_day(desks: Desks) -> None:
    boss = await desks.enter(Role.SUPERVISOR)
    async with desks.rt.database.begin() as session:
        await audit.record(session, actor="staff:x", action="case_noted", subject="case:1")
        written = (await session.execute(text("SELECT now()"))).scalar_one().astimezone(desks.rt.zone).date()
    await boss.user.open("/audit")
    for first, last, found in (
        (written, written, True),
        (written + timedelta(days=1), None, False),
        (None, written - timedelta(days=1), False),
    ):
        for day, value in (("since", first), ("until", last)):
            _set(boss, f"audit-{day}", value.isoformat() if value else "")
        _set(boss, "audit-subject", "case:1")
        boss.user.find(marker="audit-search").click()
        await boss.user.should_see("case:1" if found else "没有符合条件的记录")


def _lines(visitor: Visitor) -> int:
    return len([one for one in visitor.user.find(kind=Written).elements if "desk-number" in one.classes])


def test_whatever_is_kept_in_the_log_has_words() -> None:
    """Names that the services give to what they keep: as `action=`, or to a helper that passes one on."""
    known = {key.removeprefix("audited.") for key in catalogue() if key.startswith("audited.")}
    named = {name for file in _SOURCES for name in _kept_by(ast.parse(file.read_text("utf-8")))}
    assert {"phone_revealed", "schedule_stopped", "consultation_accepted", "duty_added"} <= named
    named |= {f"substitution_{one}" for one in SubstitutionStatus}
    named |= {
        f"request_{one}" for one in (RequestStatus.PROVEN, RequestStatus.APPROVED, RequestStatus.REJECTED)
    }
    assert named <= known, named - known


_SOURCES = [
    file
    for folder in ("bot", "integrations/hospital")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "audit" in (source := file.read_text("utf-8")) or "rows.record(" in source
]
_HELPERS = {"record", "_record", "_audit", "_audited", "_noted", "_log"}


def _kept_by(tree: ast.AST) -> Iterator[str]:
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        values = [one.value for one in call.keywords if one.arg == "action"]
        values += call.args if name in _HELPERS else []
        for value in values:
            if isinstance(value, ast.Constant) and re.fullmatch(r"[a-z]+[._][a-z_.]+", str(value.value)):
                yield str(value.value)
