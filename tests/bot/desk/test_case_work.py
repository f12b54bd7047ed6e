"""Complaints and praise at the desk: read, answered, closed, with their pictures."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from nicegui import ui
from sqlalchemy import select, text

from bot import media
from bot.desk.work.case_media import Pass
from bot.models import Conversation
from integrations.hospital.cases import handling
from integrations.hospital.models import (
    Case,
    CaseStatus,
    Role,
)
from integrations.hospital.models.cases import CaseMedium
from integrations.messages import Picture
from integrations.runtime import Runtime
from tests.bot.desk.case_rows import complaint
from tests.bot.desk.clicking import audited, fill, open_row, press, see
from tests.bot.desk.conftest import Desks

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


async def test_a_case_from_reading_to_closing(desks: Desks) -> None:
    number = await complaint(desks)
    agent = await desks.enter(Role.AGENT, login="zhou")
    await open_row(agent, "/cases", number)
    await agent.user.should_not_see("等了两个小时")
    await press(agent, "read", reason="to answer it")
    await see(agent, "等了两个小时")
    [(actor, detail)] = await audited(desks, "case_revealed")
    assert (actor, detail["reason"]) == ("staff:zhou", "to answer it")
    await press(agent, "take")
    await agent.told("由您负责")
    await press(agent, "close", words="   ")
    await see(agent, "请填写：内容")
    await fill(agent, words="已向您道歉。")
    await agent.told("已结案")
    async with desks.rt.database.begin() as session:
        [line] = await handling.listed(session, standing=False)
    assert (line.status, line.owner) == (CaseStatus.CLOSED, "staff:zhou")


async def test_who_complains_of_nobodys_visit_in_particular_is_known_and_can_be_called(desks: Desks) -> None:
    """The account's owner."""
    number = await complaint(desks)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE cases SET patient_id = NULL"))
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", number)
    await see(agent, "*明")
    await press(agent, "phone", reason="to apologise")
    await see(agent, "张明", "13812345678")
    [(_, detail)] = await audited(desks, "phone_revealed")
    assert (detail["for"], detail["reason"]) == (f"case:{number}", "to apologise")


async def test_pictures_of_a_case_are_opened_by_who_read_it(desks: Desks, clock: Any) -> None:
    """Once the conversation is the bot's nobody else's right reaches them."""
    rt = desks.rt
    number = await complaint(desks)
    medium = await _picture_of(rt, number)
    agent, other = await desks.enter(Role.AGENT, login="zhou"), await desks.enter(Role.AGENT)
    nurse = await desks.enter(Role.NURSE)
    await open_row(agent, "/cases", number)
    await press(agent, "read", reason="to answer it")
    await see(agent, "等了两个小时")
    [link] = [one for one in agent.user.find(kind=ui.link).elements if "/cases/media/" in one.props["href"]]
    at = link.props["href"]
    shown = await agent.http.get(at)
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, _PNG, "image/png")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert [one[1]["medium"] for one in await audited(desks, "case_medium_opened")] == [str(medium)]
    [(actor, detail)] = await audited(desks, "case_medium_opened")
    assert (actor, detail["reason"]) == ("staff:zhou", "to answer it")
    forged = Pass(number, uuid4(), agent.member.id, "x", rt.now()).address(rt.crypto)  # type: ignore[union-attr]
    for browser, address in (
        (other.http, at), (nurse.http, at), (desks.browser(), at), (agent.http, forged),
        (agent.http, f"{at[:-8]}AAAAAAA="), (agent.http, "/cases/media/x"),
    ):  # fmt: skip
        assert (await browser.get(address)).status_code == 404, address
    for role, status in (("nurse", 404), ("agent", 200)):
        async with rt.database.begin() as session:
            await session.execute(text("UPDATE staff SET role = :role WHERE login = 'zhou'"), {"role": role})
        assert (await agent.http.get(at)).status_code == status
    clock.forward(minutes=6)
    assert (await agent.http.get(at)).status_code == 404
    assert len(await audited(desks, "case_medium_opened")) == 2


async def _picture_of(rt: Runtime, number: str) -> UUID:
    """A stored one, of a message that the case was opened with."""
    async with rt.database.begin() as session:
        case, contact = (await session.execute(select(Case.id, Case.contact_id))).one()
        session.add(Conversation(id=contact))
        await session.flush()
        message = await session.scalar(
            text("""
                INSERT INTO inbound (conversation_id, channel, external_id, kind, content, sent_at, received_at,
                                     status)
                VALUES (:id, 'telegram', '1', 'image', :content, :now, :now, 'done') RETURNING id"""),
            {"id": contact, "content": b"-", "now": rt.now()},
        )
        session.add(CaseMedium(case_id=case, message_id=message))
        kept: UUID = await media.keep(session, rt.crypto, contact, Picture(_PNG, "image/png"), rt.now())
        await session.execute(text("UPDATE media SET inbound_id = :id"), {"id": message})
    return kept
