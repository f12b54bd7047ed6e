"""The waitlist at the desk: who waits where, what is offered to whom, and the end of a wait for whoever calls."""

from __future__ import annotations

from integrations.hospital import half_days
from integrations.hospital.models import Role, WaitlistStatus
from integrations.hospital.waitlist import EntryView
from tests.bot.desk.clicking import WHY, audited, click, open_row, patient_of, press, see
from tests.bot.desk.conftest import Desks
from tests.integrations.hospital.conftest import LATER, Booker, Clinic, Line, full


async def _line(desks: Desks) -> tuple[Line, EntryView, EntryView]:
    """A full half day of which 张明 waits for a number, and somebody behind him."""
    clinic = Clinic(desks.rt.database)
    clinic.now = desks.rt.now()
    line = await full(clinic)
    mine = await line.join(Booker(*await patient_of(desks)))
    return line, mine, await line.join(await clinic.booker(), doctor=True)


async def test_who_waits_and_who_is_asked_is_seen_and_can_be_called(desks: Desks) -> None:
    line, first, second = await _line(desks)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/waitlist", second.id)
    await see(agent, "第 1 位", "第 2 位", "不限医生", f"{line.schedule.date:%m-%d}")
    await click(agent, "view-offered")
    await see(agent, "现在没有人候补")
    await line.cancel()
    await line.sweep()
    await agent.user.open("/waitlist")
    await click(agent, "view-offered")
    await agent.user.should_not_see(marker=f"row-{second.id}")
    await click(agent, f"row-{first.id}")
    until = (desks.rt.now() + LATER).astimezone(desks.rt.zone)
    await see(agent, "正在问", "剩 20:00", f"{until:%Y-%m-%d %H:%M}", f"{line.schedule.date:%m-%d} 08:30")
    await agent.user.should_not_see("13812345678")
    await press(agent, "phone", reason=".")
    await agent.told("请写明原因")
    await press(agent, "phone", reason=WHY)
    await see(agent, "张明", "13812345678")
    [(_, about)] = await audited(desks, "phone_revealed")
    assert (about["for"], about["reason"]) == (f"waitlist:{first.id}", WHY)


async def test_a_callers_wait_is_ended_and_the_number_goes_to_the_next(desks: Desks) -> None:
    line, first, second = await _line(desks)
    await line.cancel()
    await line.sweep()
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/callers")
    await press(agent, "find", who="138 1234 5678", reason=WHY)
    await click(agent, f"row-{first.patient_id}")
    await see(agent, f"{line.schedule.date:%m-%d} · 正在问")
    await press(agent, "unwait", entry=str(first.id), proof="called_back", note=" ")
    await see(agent, "请填写")
    assert await line.status(first) == [WaitlistStatus.OFFERED]
    await agent.user.open("/callers")
    await press(agent, "find", who="138 1234 5678", reason=WHY)
    await click(agent, f"row-{first.patient_id}")
    await press(agent, "unwait", entry=str(first.id), proof="called_back", note="rang back")
    await agent.told("已退出候补")
    assert await line.status(first, second) == [WaitlistStatus.CANCELLED, WaitlistStatus.WAITING]
    await line.sweep()
    assert await line.status(second) == [WaitlistStatus.OFFERED]
    [(actor, detail)] = await audited(desks, "waitlist_left_for_caller")
    assert agent.member
    assert (actor, detail["proof"], detail["entry"]) == (agent.member.actor, "called_back", str(first.id))
    await press(agent, "unwait")
    await agent.told("没有可以选的")


async def test_a_half_day_says_how_many_wait_for_it(desks: Desks) -> None:
    line, _, _ = await _line(desks)
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open("/schedules")
    await press(boss, "choose", day=f"{line.schedule.date}", department="all")
    await see(boss, "2 / 2")
    async with desks.rt.database.begin() as session:
        [one] = await half_days.on(session, line.schedule.date)
    assert one.waiting == 2, "also who waits for this doctor alone"
