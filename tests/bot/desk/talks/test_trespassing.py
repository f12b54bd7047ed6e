"""IDOR: what is not a member's to see is not reached by its address, nor by what a browser may be made to send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from bot.desk import heartbeat
from bot.desk.heartbeat import Heartbeat
from bot.desk.talks import hub as hubs
from bot.desk.talks.elements import Composer, ConversationList, Transcript
from bot.handoff import talking
from bot.handoff.models import Skill
from bot.handoff.states import NotYours
from integrations.hospital.models import Department, Practitioner, Role, StaffMember
from integrations.hospital.staff import accounts
from integrations.messages import Kind, Media
from tests.bot.desk.clicking import audited
from tests.bot.desk.conftest import Visitor
from tests.bot.desk.talks.visiting import enter, one, tell
from tests.clinic_rows import doctor, ward
from tests.waiting import until

SECRET, ADVICE, NOTE = "只有外科知道的话", "药先停三天", "家属也要问"


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


@pytest.fixture
def consulted(rt, clock, wait_for, arrive, surgery) -> Callable[..., Awaitable[tuple[UUID, UUID]]]:
    """A talk with this surgeon that is over, in which a picture came; gives the conversation and the picture."""

    async def talk(surgeon: StaffMember, *, consultation: bool) -> tuple[UUID, UUID]:
        conversation = await wait_for(words="你好", skill=Skill.DOCTOR, department_id=surgery.id)
        clock.forward(minutes=1)
        async with rt.database.begin() as session:
            found = await talking.open_talk(session, conversation)
            await talking.accept(session, rt, found.id, surgeon, rt.now())
        clock.forward(minutes=1)
        await arrive(words=SECRET)
        await arrive(kind=Kind.IMAGE, words="", media=Media("file-1"))
        async with rt.database.begin() as session:
            sealed = rt.crypto.data.seal(b"\x89PNG\r\n\x1a\n", "media.content")
            kept = text(
                "UPDATE media SET status = 'stored', content = :content, mime = 'image/png' RETURNING id"
            )
            medium = await session.scalar(kept, {"content": sealed})
            await talking.say(session, rt, found.id, surgeon, ADVICE, now=rt.now())
            await talking.note(session, rt, found.id, surgeon, NOTE, rt.now())
            await talking.hand_back(session, rt, found.id, surgeon, rt.now())
        async with rt.database.begin() as session:
            if consultation:  # of which no row is needed
                await session.execute(text("SET LOCAL session_replication_role = replica"))
                await session.execute(text("UPDATE talks SET consultation_id = :id"), {"id": uuid4()})
            await session.execute(text("UPDATE outbound SET created_at = :now"), {"now": rt.now()})
        clock.forward(minutes=1)
        return conversation, medium

    return talk


async def _said(visitor: Visitor, conversation: UUID, words: str) -> str:
    """Everything in the transcript, older pages too, once these words stand there."""
    await enter(visitor)
    tell(visitor, ConversationList, "choose", str(conversation))
    shown = one(visitor, Transcript)
    await until(lambda: any(words in item["text"] for item in shown.said))
    tell(visitor, Transcript, "older", shown.said[-1]["at"])
    tell(visitor, Transcript, "older", 4_000_000_000_000)
    await asyncio.sleep(0.3)
    return " ".join(item["text"] for item in shown.said)


@pytest.mark.parametrize("consultation", [True, False])
async def test_what_was_said_with_a_doctor_is_not_read_by_whom_the_patient_asks_next(
    desks, rt, consulted, wait_for, surgery, cardiologist, consultation
):
    async with rt.database.begin() as session:
        own = await doctor(session, "陈静", surgery.id)
    surgeon = await desks.enter(Role.DOCTOR, doctor=own)
    conversation, medium = await consulted(surgeon.member, consultation=consultation)
    await wait_for(words="转人工")
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR)
    said = await _said(agent, conversation, "转人工")
    assert "你好" in said  # to the bot, before
    assert ("一次在线复诊，内容不显示" if consultation else "与医生的对话，内容不显示") in said
    assert not [words for words in (SECRET, ADVICE, NOTE) if words in said]
    at = f"/talks/media/{conversation}/{medium}"
    assert (await agent.http.get(at)).status_code == 404
    assert (await boss.http.get(at)).status_code == 200
    watched = await _said(boss, conversation, "转人工")
    assert all(words in watched for words in (SECRET, ADVICE, NOTE))
    assert "内容不显示" not in watched
    async with rt.database.begin() as session:  # handed on to another department
        asked = text("UPDATE talks SET skill = 'doctor', department_id = :id WHERE ended_at IS NULL")
        await session.execute(asked, {"id": cardiologist.department_id})
    stranger = await desks.enter(Role.DOCTOR, doctor=cardiologist)
    said = await _said(stranger, conversation, "转人工")
    assert not [words for words in (SECRET, ADVICE, NOTE) if words in said]
    assert (await stranger.http.get(at)).status_code == 404


async def test_what_the_service_said_before_it_handed_the_talk_to_a_doctor_stays_readable(
    desks, rt, clock, wait_for, accept, surgery
):
    async with rt.database.begin() as session:
        own = await doctor(session, "陈静", surgery.id)
    surgeon, agent = await desks.enter(Role.DOCTOR, doctor=own), await desks.enter(Role.AGENT)
    conversation = await wait_for(words="转人工")
    talk_id = await accept(conversation, agent.member)
    said = ((agent.member, "我帮您转医生", "已核对订单"), (surgeon.member, ADVICE, NOTE))
    for speaker, words, note in said:
        clock.forward(minutes=1)
        async with rt.database.begin() as session:
            if speaker is not agent.member:
                more = {"skill": Skill.DOCTOR, "department_id": surgery.id}
                await talking.transfer(session, rt, talk_id, agent.member, rt.now(), **more)
                await talking.accept(session, rt, talk_id, speaker, rt.now())
            await talking.say(session, rt, talk_id, speaker, words, now=rt.now())
            await talking.note(session, rt, talk_id, speaker, note, rt.now())
            dated = text("UPDATE outbound SET created_at = :now WHERE created_at > :now")
            await session.execute(dated, {"now": rt.now()})
    async with rt.database.begin() as session:
        await talking.hand_back(session, rt, talk_id, surgeon.member, rt.now())
    clock.forward(minutes=1)
    await wait_for(words="再转人工")
    read = await _said(agent, conversation, "再转人工")
    assert "我帮您转医生" in read
    assert "已核对订单" in read
    assert ADVICE not in read
    assert NOTE not in read


async def test_whose_talk_has_ended_does_not_hear_what_the_patient_tells_the_bot(
    desks, rt, clock, wait_for, accept, arrive
):
    conversation = await wait_for(words="转人工")
    agent = await desks.enter(Role.AGENT)
    talk_id = await accept(conversation, agent.member)
    clock.forward(minutes=1)
    async with rt.database.begin() as session:
        await talking.hand_back(session, rt, talk_id, agent.member, rt.now())
    clock.forward(minutes=1)
    await arrive(words=SECRET)
    said = await _said(agent, conversation, "转人工")
    assert "结束了对话" in said
    assert SECRET not in said
    await arrive(words=ADVICE)  # while it is shown
    hub = hubs.of(desks.rt)
    hub.touch([conversation])
    await asyncio.sleep(0.5)
    assert ADVICE not in str(one(agent, Transcript).said)
    tell(agent, ConversationList, "filter", "closed")
    shown = one(agent, ConversationList)
    await until(lambda: str(conversation) in shown.shown)
    row = shown.shown[str(conversation)]
    assert (row["last"], row["lastKind"]) == ("", "hidden")


@pytest.fixture
async def disabled(desks, rt, wait_for, accept) -> tuple[Visitor, UUID]:
    """Somebody whose account was disabled while they answer, and the conversation on their open page."""
    conversation = await wait_for(words="转人工")
    agent = await desks.enter(Role.AGENT, login="shen")
    await accept(conversation, agent.member)
    await _said(agent, conversation, "转人工")
    async with rt.database.begin() as session:
        await accounts.set_active(session, "shen", False, by="staff:root")
    return agent, conversation


async def test_the_open_page_of_somebody_disabled_hears_nothing_more(desks, clock, arrive, disabled):
    agent, conversation = disabled
    await Heartbeat(desks.rt).once()
    clock.forward(seconds=1)
    await arrive(words=SECRET)
    hubs.of(desks.rt).touch([conversation])
    await asyncio.sleep(0.5)
    assert SECRET not in str(one(agent, Transcript).said)
    assert SECRET not in str(one(agent, ConversationList).shown)


@pytest.mark.parametrize(
    ("kind", "event", "args"),
    [
        (Transcript, "older", 4_000_000_000_000),
        (ConversationList, "filter", "all"),
        (ConversationList, "filter", "closed"),
        (ConversationList, "search", "13812345678"),
    ],
)
async def test_whose_session_is_over_is_shown_nothing_for_the_asking(
    disabled, monkeypatch, kind, event, args
):
    """In the seconds until the clock sends the browser away."""
    agent, _ = disabled
    asked = []
    for shows in ("earlier", "replace", "show"):
        monkeypatch.setattr(kind, shows, lambda *_, **__: asked.append(event), raising=False)
    [desk] = [desk for desk in heartbeat._open if desk.token == agent.token]
    tell(agent, kind, event, args)
    await until(lambda: desk.over)
    assert asked == []


async def test_pictures_are_shown_to_whom_the_talk_is(desks, rt, of_surgery, wait_for, surgery, cardiologist):
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
    more = {"skill": Skill.DOCTOR, "department_id": cardiologist.department_id}
    own_talk = await wait_for(sender="p2", **more)  # the picture's number below an address that is theirs
    for browser, named in ((surgeon.http, uuid4()), (stranger.http, own_talk)):
        assert (await browser.get(f"/talks/media/{named}/{medium}")).status_code == 404
    [(actor, kept)] = await audited(desks, "talk.medium_opened")  # what was refused opened nothing
    assert surgeon.member
    assert (actor, kept["medium"]) == (surgeon.member.actor, str(medium))
    assert kept["address"]
