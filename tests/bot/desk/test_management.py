"""Accounts of staff, and the audit log, as pages."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from integrations.hospital import audit
from integrations.hospital.models import AuditEvent, Role
from integrations.hospital.staff import accounts
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
    await boss.user.should_see("case_revealed")
    await boss.user.should_see("reason: <b>核对</b>")
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
