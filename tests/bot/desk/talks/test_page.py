"""The page, as its member uses it: without a browser, for what lives there is told what to show."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from bot import outbox
from bot.desk import frame
from bot.desk.heartbeat import Heartbeat
from bot.desk.registry import PAGES
from bot.desk.talks import hub as hubs
from bot.desk.talks import transcript
from bot.desk.talks.elements import Composer, ConversationList, Transcript
from bot.desk.talks.shapes import facts
from bot.desk.words import Words
from bot.handoff import queue, talking, timers
from bot.handoff.models import Skill
from bot.outbox import Reply
from integrations.hospital.models import (
    PresenceState,
    Role,
)
from integrations.hospital.staff import presence
from tests.bot.desk.clicking import patient_of
from tests.bot.desk.talks.visiting import enter, one, sees, tell
from tests.clinic_rows import talks
from tests.people_rows import PHONE
from tests.waiting import until


async def test_from_the_queue_to_the_end(desks, rt, queued, arrive):
    conversation = await queued(words="退款什么时候到？<b>x</b>")
    agent = await desks.enter(Role.AGENT, name="沈一鸣")
    await enter(agent)
    rows = one(agent, ConversationList)
    assert [row["status"] for row in rows.shown.values()] == ["waiting"]
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "等待接待")
    said = one(agent, Transcript)
    await until(lambda: any(item["text"] == "退款什么时候到？<b>x</b>" for item in said.said))
    agent.user.find(marker="act-accept").click()
    await sees(agent, "您接待中")
    tell(agent, Composer, "send", {"id": str(conversation), "note": False, "text": "1 到 3 天", "token": "1"})
    await until(lambda: any(item["by"] == "staff" and item["text"] == "1 到 3 天" for item in said.said))
    tell(agent, Composer, "send", {"id": str(conversation), "note": True, "text": "等财务", "token": "2"})
    await until(lambda: any(item["by"] == "note" for item in said.said))
    await arrive(words="好的谢谢")
    await rt.redis.publish("desk", str(conversation))
    await until(
        lambda: said.said[-1]["text"] == "好的谢谢" or any(i["text"] == "好的谢谢" for i in said.said)
    )
    agent.user.find(marker="act-hand_back").click()
    await agent.told("已交还机器人")
    await until(lambda: any("沈一鸣结束了对话" in item["text"] for item in said.said))
    async with rt.database.begin() as session:
        state = await session.scalar(text("SELECT state FROM controls"))
        audited = list(await session.scalars(text("SELECT action FROM audit_events ORDER BY id")))
    assert state == "bot"
    assert [one for one in audited if one.startswith("talk.")] == [
        "talk.opened",
        "talk.accept",
        "talk.handed_back",
    ]


async def test_a_talk_is_closed_by_whoever_is_sure(desks, rt, queued, accept):
    conversation = await queued()
    agent = await desks.enter(Role.AGENT)
    await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "您接待中")
    agent.user.find(marker="act-close").click()
    await sees(agent, "患者会收到结束语和评价邀请")
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT status FROM talks")) == "active"
    agent.user.find(marker="sure").click()
    await agent.told("已结束")
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT status FROM talks")) == "closed"
        assert await session.scalar(text("SELECT state FROM controls")) == "bot"


async def test_whoever_is_asked_to_take_a_talk_hears_it(desks, rt, queued, clock, monkeypatch):
    """Also of a patient whom the page has listed before, and while the bot goes on."""
    waits, goes_on = await queued(sender="p1"), await queued(sender="p2", bot_goes_on=True)
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    rung, elsewhere = [], []
    monkeypatch.setattr(frame, "ring", lambda desk, page, newest: elsewhere.append((page.path, newest)))
    shown = one(agent, ConversationList)
    monkeypatch.setattr(shown, "patch", lambda rows, gone, counts, ring: rung.append(ring))
    async with rt.database.begin() as session:
        await presence.set_state(session, agent.member.id, PresenceState.ONLINE, clock())
    for _ in range(2):
        await timers.keep(rt)
    hubs.of(desks.rt).touch([waits, goes_on])
    await until(lambda: any(rung))
    assert {ring["title"] for ring in rung if ring} == {"有患者分配给您"}
    await Heartbeat(desks.rt).once()
    assert dict(elsewhere)["/talks"] == {"": clock().timestamp()}  # in whichever page they are
    said = len([ring for ring in rung if ring])
    hubs.of(desks.rt).touch([waits, goes_on])
    await asyncio.sleep(0.2)
    assert len([ring for ring in rung if ring]) == said  # once


async def test_supervisors_see_whom_nobody_takes_and_whom_nobody_answers(
    desks, rt, queued, accept, agent, arrive, clock, monkeypatch
):
    """A list of their own with its count, a chip in both languages, the count in the navigation, and a sound."""
    unanswered, untaken = await queued(sender="p1"), await queued(sender="p2", words="有人吗我急")
    boss = await desks.enter(Role.SUPERVISOR, language="en")
    await enter(boss)
    await accept(unanswered, agent)
    async with rt.database.begin() as session:
        await presence.set_state(session, agent.id, PresenceState.ONLINE, clock())
    await arrive("p1", "在吗")
    clock.forward(minutes=4)
    async with rt.database.begin() as session:
        await presence.seen(session, agent.id, clock())
    await timers.keep(rt)
    listed, rung = one(boss, ConversationList), []
    patch = listed.patch
    monkeypatch.setattr(listed, "patch", lambda *args: (rung.append(args[3]), patch(*args)))
    hubs.of(desks.rt).touch([unanswered, untaken])
    tell(boss, ConversationList, "filter", "late")
    late = {str(unanswered): "silent", str(untaken): "nobody"}
    await until(lambda: {key: row["late"] for key, row in listed.shown.items()} == late)
    heard = {"A patient waits and nobody came", "A patient waits for an answer for too long"}
    await until(lambda: any(rung))
    assert {ring["title"] for ring in rung if ring} <= heard
    chips = facts(hubs.of(desks.rt).rows[unanswered], Words("en"))["chips"]
    assert "No answer" in chips
    async with rt.database.begin() as session:
        counted = PAGES["/talks"].badge
        assert counted
        assert await counted(session, boss.member) == 2
        assert await counted(session, agent) == 1
        heard = PAGES["/talks"].newest
        assert heard
        assert await heard(session, clock(), boss.member) == {"": clock().timestamp()}
    async with rt.database.begin() as session:
        talk = await talking.open_talk(session, unanswered)
        await talking.say(session, rt, talk.id, agent, "在的")
    await until(lambda: set(listed.shown) == {str(untaken)})


async def test_only_those_who_watch_have_the_list_of_the_late(desks, queued):
    await queued()
    for role, has in ((Role.AGENT, False), (Role.SUPERVISOR, True)):
        visitor = await desks.enter(role)
        await enter(visitor)
        filters = [each["name"] for each in one(visitor, ConversationList).props["filters"]]
        assert ("late" in filters) is has


async def test_a_red_flag_in_the_middle_of_a_talk_stands_on_the_card(desks, rt, queued, arrive, accept):
    conversation = await queued()
    agent = await desks.enter(Role.AGENT, name="沈一鸣")
    await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "您接待中")
    await arrive(words="胸口剧烈疼痛喘不上气")
    hubs.of(desks.rt).touch([conversation])
    await sees(agent, "红旗 (1)")


async def test_what_was_said_in_one_moment_is_read_back_whole(desks, rt, queued):
    conversation = await queued()
    agent = await desks.enter(Role.AGENT)
    replies = [Reply(f"words {at}") for at in range(transcript.PAGE + 2)]
    for together in (replies[:4], replies[4:]):  # the page begins in the midst of the first four
        async with rt.database.begin() as session:
            await outbox.queue(session, rt.crypto, conversation, together, epoch=0)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    said = one(agent, Transcript)
    await until(lambda: len(said.said) == transcript.PAGE)
    tell(agent, Transcript, "older", said.said[0]["at"])
    await until(lambda: said.said[0]["by"] != "bot")
    texts = [item["text"] for item in said.said if item["by"] == "bot"]
    assert texts == [reply.text for reply in replies]


async def test_who_is_looked_up_by_phone_is_found_masked_by_whom_they_wait_for(desks, rt):
    """It reveals nothing, so nobody asks why; that somebody looked is kept, and not for which phone."""
    _, contact, _ = await patient_of(desks)
    async with rt.database.begin() as session:
        await talks(session, contact)
        await queue.ask(session, rt, contact)
    agent, stranger = await desks.enter(Role.AGENT), await desks.enter(Role.PHARMACIST)
    for visitor, found in ((agent, [str(contact)]), (stranger, [])):
        await enter(visitor)
        listed, told = one(visitor, ConversationList), []
        replace = listed.replace
        listed.replace = lambda *args, told=told, replace=replace, **more: (
            told.append(more),
            replace(*args, **more),
        )
        tell(visitor, ConversationList, "search", PHONE)
        await until(lambda told=told: any(more.get("searched") for more in told))
        assert list(listed.shown) == found
        await visitor.user.should_not_see(PHONE)
    async with rt.database.begin() as session:
        kept = text("SELECT detail - 'address' FROM audit_events WHERE action = 'talk.searched'")
        assert list(await session.scalars(kept)) == [{"by": "person"}] * 2


async def test_a_page_is_sent_in_the_patients_language(desks, rt, queued, accept):
    conversation = await queued()
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE conversations SET language = 'en'"))
    agent = await desks.enter(Role.AGENT)
    await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "您接待中")
    tell(agent, Composer, "page", {})
    await sees(agent, "Bills")
    agent.user.find(marker="send-page").click()
    said = one(agent, Transcript)
    await until(lambda: any(item["text"].startswith("Bills\nhttp") for item in said.said))


async def test_who_lost_a_talk_is_told_and_cannot_write(desks, rt, queued):
    conversation = await queued()
    agent, boss = (
        await desks.enter(Role.AGENT, name="沈一鸣"),
        await desks.enter(Role.SUPERVISOR, name="方主任"),
    )
    for visitor in (agent, boss):
        await enter(visitor)
        tell(visitor, ConversationList, "choose", str(conversation))
    await sees(agent, "等待接待")
    agent.user.find(marker="act-accept").click()
    await sees(boss, "沈一鸣接待中")
    boss.user.find(marker="act-take_over").click()
    await sees(boss, "接管沈一鸣的对话？")
    boss.user.find(marker="sure").click()
    await sees(agent, "方主任已接管这个对话")
    tell(agent, Composer, "send", {"id": str(conversation), "note": False, "text": "我来", "token": "1"})
    await asyncio.sleep(0.3)
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbound WHERE staff_id IS NOT NULL")) == 0


async def test_nobody_opens_what_is_not_theirs(desks, rt, queued):
    conversation = await queued(skill=Skill.PHARMACY)
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    assert not one(agent, ConversationList).shown
    tell(agent, ConversationList, "choose", str(conversation))
    await agent.told("不能看这个会话")
    assert not one(agent, Transcript).said
    for asked in (f"/talks/media/{conversation}/{conversation}", "/talks/media/x/y"):
        assert (await agent.http.get(asked)).status_code in (404, 422)
    tell(agent, Composer, "send", {"id": str(conversation), "note": True, "text": "hm", "token": "1"})
    await asyncio.sleep(0.3)
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM talk_notes")) == 0
