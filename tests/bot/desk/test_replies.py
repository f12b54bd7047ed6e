"""Supervisors keep the canned replies, and whoever answers talks has them."""

from __future__ import annotations

from uuid import UUID

from bot.desk.talks.elements import Composer
from bot.handoff import canned
from bot.handoff.models import CannedReply
from integrations.hospital.models import Role
from tests.bot.desk.clicking import audited, click, open_row, press, see
from tests.bot.desk.conftest import Desks, Visitor
from tests.bot.desk.talks.visiting import enter, one
from tests.waiting import until


async def _has(visitor: Visitor) -> dict[str, dict[str, str]]:
    """What the field offers, by shortcut."""
    await enter(visitor)
    return {reply["shortcut"]: reply for reply in one(visitor, Composer).props["canned"]}


async def test_a_supervisor_adds_changes_and_removes_them(desks: Desks) -> None:
    boss, agent = await desks.enter(Role.SUPERVISOR), await desks.enter(Role.AGENT)
    await boss.user.open("/replies")
    await see(boss, "还没有常用语。")
    new = {"shortcut": "/TK", "title": "退款多久到账", "words": "三天内到账", "words_en": "Within three days"}
    await press(boss, "add", **new, skill="service")
    await boss.told("已新增")
    found = (await _has(agent))["tk"]
    assert found["sounds"] == "tuikuanduojiudaozhang tkdjdz"
    assert (found["words"], found["words_en"]) == ("三天内到账", "Within three days")
    await press(boss, "add", **new)
    await boss.told("这个快捷码已经有了")
    await click(boss, f"row-{await _id(desks)}")
    await see(boss, "Within three days")
    await press(boss, "change", words="原路退回", skill="pharmacy")
    await boss.told("已修改")
    assert "tk" not in await _has(agent)
    pharmacist = await desks.enter(Role.PHARMACIST)
    assert (await _has(pharmacist))["tk"]["words"] == "原路退回"
    await open_row(boss, "/replies", await _id(desks))
    await press(boss, "remove")
    await click(boss, "queue-confirm")
    await boss.told("已删除")
    assert not await _has(pharmacist)
    actions = [await audited(desks, f"reply_{done}") for done in ("added", "changed", "removed")]
    assert [[actor for actor, _ in found] for found in actions] == [[boss.member.actor]] * 3  # type: ignore[union-attr]


async def test_a_page_that_is_open_has_them_without_being_loaded_anew(desks: Desks) -> None:
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    offered = one(agent, Composer).props
    async with desks.rt.database.begin() as session:
        await canned.add(session, canned.Written("tk", "退款", "三天内到账"), actor="staff:boss")
    await until(lambda: [reply["shortcut"] for reply in offered["canned"]] == ["tk"])
    async with desks.rt.database.begin() as session:
        await canned.remove(session, UUID(await _id(desks)), actor="staff:boss")
    await until(lambda: offered["canned"] == [])


async def test_nobody_else_keeps_them(desks: Desks) -> None:
    for role in (Role.AGENT, Role.PHARMACIST, Role.NURSE, Role.ADMINISTRATOR):
        assert (await (await desks.enter(role)).http.get("/replies")).status_code == 403


async def _id(desks: Desks) -> str:
    async with desks.rt.database.begin() as session:
        [found] = await canned.listed(session)
        assert isinstance(found, CannedReply)
        return str(found.id)
