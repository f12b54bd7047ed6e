"""The duty roster at the desk: drawn up by supervisors, read by all who look after patients."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from bot import inbox
from integrations.hospital.models import DutyShift, Role
from tests.bot.desk.clicking import WHY, audited, click, open_row, press, rows_of, see
from tests.bot.desk.conftest import Desks


async def test_a_supervisor_draws_up_a_week_and_takes_a_shift_off(desks: Desks) -> None:
    boss, nurse = await desks.enter(Role.SUPERVISOR), await desks.enter(Role.NURSE, name="王芳")
    assert nurse.member
    await boss.user.open("/roster")
    await see(boss, "没有排班")
    own: dict[str, Any] = {"who": str(nurse.member.id), "level": "oncall", "days": 7}
    await press(boss, "add", **own, phone="13900000007", begin="8 o'clock")
    await boss.told("时间写成")
    await press(boss, "add", **own, phone="8888 6666", begin="00:00", end="00:00")
    await boss.told("手机号")
    await press(boss, "add", **own, phone="139 0000 0007", begin="0:00", end="0:00")
    await boss.told("已排 7 班")
    first, *_ = shifts = await rows_of(desks, select(DutyShift.id).order_by(DutyShift.starts_at))
    assert len(shifts) == 7
    await open_row(boss, "/roster", first)
    await see(boss, "王芳", "在班", "139****0007")
    await press(boss, "remove")
    await click(boss, "queue-confirm")
    await boss.told("已取消")
    assert len(await rows_of(desks, select(DutyShift.id))) == 6
    assert boss.member
    assert [actor for actor, _ in await audited(desks, "duty_removed")] == [boss.member.actor]


async def test_whoever_looks_at_a_red_flag_sees_who_is_on_duty_and_can_call_them(
    desks: Desks, message: Any
) -> None:
    rt = desks.rt
    boss, nurse = await desks.enter(Role.SUPERVISOR), await desks.enter(Role.NURSE, name="王芳")
    assert nurse.member
    await boss.user.open("/roster")
    own = {"who": str(nurse.member.id), "level": "office", "phone": "13900000007"}
    await press(boss, "add", **own, begin="00:00", end="00:00")
    await boss.told("已排 1 班")
    await inbox.accept(rt, rt.channels["telegram"], message("孩子叫不醒了"), passive_until=None)
    [number] = await rows_of(desks, text("SELECT number FROM alarms"))
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/alarms", number)
    await see(agent, "总值班", "王芳")
    [shift] = await rows_of(desks, select(DutyShift.id))
    await open_row(agent, "/roster", shift)
    await agent.user.should_not_see("13900000007")
    await agent.user.should_not_see(marker="do-remove")
    await press(agent, "phone", reason=WHY)
    await see(agent, "13900000007")
    assert [detail["reason"] for _, detail in await audited(desks, "duty_phone_revealed")] == [WHY]
