"""Visitors of these tests, where there are two: each is told what is theirs."""

from __future__ import annotations

from nicegui import ui

from integrations.hospital.models import Role


async def test_what_a_page_says_is_told_to_its_own_visitor(desks):
    """Whichever page did something last, by itself or not."""
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR)
    for visitor in (boss, agent):
        await visitor.user.open("/account")
    with boss.user:
        await agent.user.should_see("账号")
        ui.notify("已保存")
    assert (boss.user.notify.messages, agent.user.notify.messages) == (["已保存"], [])
