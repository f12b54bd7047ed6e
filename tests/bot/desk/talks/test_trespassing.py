"""IDOR: what is not a member's to see is not reached by its address, nor by what a browser may be made to send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from bot.desk.talks import hub as hubs
from bot.desk.talks.elements import Composer, ConversationList, Transcript
from bot.handoff import talking
from bot.handoff.models import Skill
from bot.handoff.states import NotYours
from integrations.hospital.models import Department, Practitioner, Role
from tests.bot.desk.conftest import Visitor
from tests.bot.desk.talks.test_page import enter, one, tell
from tests.clinic_rows import doctor, ward
from tests.waiting import until

SECRET = "只有外科知道的话"


@pytest.fixture
async def surgery(rt) -> Department:
    async with rt.database.begin() as session:
        return await ward(session, "普外科")


@pytest.fixture
async def cardiologist(rt) -> Practitioner:
    async with rt.database.begin() as session:
        return await doctor(session, "王建国", (await ward(session, "心血管内科")).id)


@pytest.fixture
def of_surgery(desks, wait_for, surgery) -> Callable[..., Awaitable[UUID]]:
    """A patient who waits for a surgeon, of whom the desk has heard."""

    async def ask(**more) -> UUID:
        conversation = await wait_for(words=SECRET, skill=Skill.DOCTOR, department_id=surgery.id, **more)
        hubs.of(desks.rt).touch([conversation])
        await until(lambda: conversation in hubs.of(desks.rt).rows)
        return conversation

    return ask


async def _tries(visitor: Visitor, conversation: UUID) -> None:
    """All that a browser could be made to send."""
    for note in (False, True):
        sent = {"id": str(conversation), "note": note, "text": "hm", "token": f"t{note}"}
        tell(visitor, Composer, "send", sent)
    tell(visitor, ConversationList, "choose", str(conversation))
    for key in ("accept", "take_over", "transfer", "close"):
        tell(visitor, ConversationList, "key", key)
    tell(visitor, Transcript, "older", 4_000_000_000_000)
    tell(visitor, Transcript, "seen", str(conversation))
    await visitor.told("不能看这个会话")
    await asyncio.sleep(0.3)


async def test_a_doctor_reaches_no_talk_of_another_department(desks, rt, of_surgery, cardiologist):
    conversation = await of_surgery()
    stranger = await desks.enter(Role.DOCTOR, doctor=cardiologist)
    await stranger.user.open(f"/talks?open={conversation}")
    await stranger.told("不能看这个会话")
    assert not one(stranger, ConversationList).shown
    await _tries(stranger, conversation)
    assert not one(stranger, Transcript).said
    await stranger.user.should_not_see(SECRET)
    async with rt.database.begin() as session:
        counted = text(
            "SELECT (SELECT count(*) FROM talk_notes) + (SELECT count(*) FROM outbound WHERE staff_id IS NOT NULL)"
        )
        assert await session.scalar(counted) == 0
        assert await session.scalar(text("SELECT status FROM talks")) == "waiting"
        opened = text("SELECT count(*) FROM audit_events WHERE action = 'talk.opened'")
        assert await session.scalar(opened) == 0
        talk = await talking.open_talk(session, conversation)
        with pytest.raises(NotYours):  # the service itself asks again
            await talking.accept(session, rt, talk.id, stranger.member, rt.now())


async def test_a_surgeon_sees_it_but_not_a_colleagues_consultation(desks, rt, of_surgery, surgery):
    conversation = await of_surgery()
    async with rt.database.begin() as session:
        own, colleague = [await doctor(session, name, surgery.id) for name in ("陈静", "周平")]
    surgeon = await desks.enter(Role.DOCTOR, doctor=own)
    await enter(surgeon)
    await until(lambda: str(conversation) in one(surgeon, ConversationList).shown)
    theirs = await desks.enter(Role.DOCTOR, doctor=colleague)
    async with rt.database.begin() as session:
        await session.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # no consultation is needed
        asked = text("UPDATE talks SET consultation_id = :id, wanted_staff_id = :doctor")
        await session.execute(asked, {"id": uuid4(), "doctor": theirs.member.id})
    hubs.of(desks.rt).touch([conversation])
    await until(lambda: hubs.of(desks.rt).rows[conversation].consultation_id)
    await until(lambda: str(conversation) not in one(surgeon, ConversationList).shown)
    await _tries(surgeon, conversation)
    assert not one(surgeon, Transcript).said


async def test_pictures_are_shown_to_whom_the_talk_is(desks, rt, of_surgery, surgery, cardiologist):
    conversation = await of_surgery()
    async with rt.database.begin() as session:
        sealed = rt.crypto.data.seal(b"\x89PNG\r\n\x1a\n", "media.content")
        kept = text("""
            INSERT INTO media (conversation_id, status, content, mime, size, sha256, stored_at)
            VALUES (:id, 'stored', :content, 'image/png', 8, :content, now()) RETURNING id
        """)
        medium = await session.scalar(kept, {"id": conversation, "content": sealed})
        own = await doctor(session, "陈静", surgery.id)
    at = f"/talks/media/{conversation}/{medium}"
    surgeon, stranger = (
        await desks.enter(Role.DOCTOR, doctor=own),
        await desks.enter(Role.DOCTOR, doctor=cardiologist),
    )
    nobody, admin = desks.browser(), await desks.enter(Role.ADMINISTRATOR)
    assert (await surgeon.http.get(at)).status_code == 200
    for browser in (stranger.http, nobody, admin.http):
        assert (await browser.get(at)).status_code == 404
    elsewhere = await surgeon.http.get(f"/talks/media/{uuid4()}/{medium}")
    assert elsewhere.status_code == 404
