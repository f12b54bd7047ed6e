"""The page, as its member uses it: without a browser, for what lives there is told what to show."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import pytest
from nicegui import ui
from PIL import Image
from sqlalchemy import text

from bot import outbox
from bot.desk.registry import PAGES
from bot.desk.talks import hub as hubs
from bot.desk.talks import transcript
from bot.desk.talks.elements import Composer, ConversationList, Transcript
from bot.desk.talks.readable import EVERYTHING
from bot.desk.talks.shapes import facts
from bot.desk.words import Words
from bot.handoff import talking, timers
from bot.handoff.models import Skill
from bot.outbox import Reply
from integrations.hospital import revealing
from integrations.hospital.models import (
    AccountPatient,
    Patient,
    PatientStatus,
    PresenceState,
    Relation,
    Role,
    Sex,
)
from integrations.hospital.staff import presence
from tests.bot.desk.conftest import Visitor
from tests.waiting import until


def one[E: ui.element](visitor: Visitor, kind: type[E]) -> E:
    return next(iter(visitor.user.find(kind=kind).elements))


def tell(visitor: Visitor, kind: type[ui.element], event: str, args: object) -> None:
    visitor.user.find(kind=kind).trigger(event, args)


async def enter(visitor: Visitor) -> None:
    await visitor.user.open("/talks")
    await visitor.user.should_see(kind=Composer)


async def sees(visitor: Visitor, *texts: str) -> None:
    """Waits longer than `should_see` for what services have to do first."""

    def there(words: str) -> bool:
        try:
            return bool(visitor.user.find(words).elements)
        except AssertionError:
            return False

    for words in texts:
        await until(lambda words=words: there(words))


@pytest.fixture
def queued(desks, wait_for) -> Callable[..., Awaitable[UUID]]:
    """A patient in the queue, of whom the desk has heard."""

    async def ask(**more) -> UUID:
        conversation = await wait_for(**more)
        hub = hubs.of(desks.rt)
        hub.touch([conversation])
        await until(lambda: conversation in hub.rows)
        return conversation

    return ask


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
        audited = list(await session.scalars(text("SELECT action FROM audit_events ORDER BY at")))
    assert state == "bot"
    assert [one for one in audited if one.startswith("talk.")] == [
        "talk.opened",
        "talk.accept",
        "talk.handed_back",
    ]


async def test_supervisors_see_whom_nobody_takes_and_whom_nobody_answers(
    desks, rt, queued, accept, agent, arrive, clock
):
    """A list of their own with its count, a chip in both languages, and the count in the navigation."""
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
    hubs.of(desks.rt).touch([unanswered, untaken])
    tell(boss, ConversationList, "filter", "late")
    listed = one(boss, ConversationList)
    late = {str(unanswered): "silent", str(untaken): "nobody"}
    await until(lambda: {key: row["late"] for key, row in listed.shown.items()} == late)
    chips = facts(hubs.of(desks.rt).rows[unanswered], Words("en"))["chips"]
    assert "No answer" in chips
    async with rt.database.begin() as session:
        counted = PAGES["/talks"].badge
        assert counted
        assert await counted(session, boss.member) == 2
        assert await counted(session, agent) == 1
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


async def test_only_pictures_leave_and_nothing_that_hides_in_them(desks, rt, queued, accept):
    """Uploads go by the browser's own way; a file's name and type are believed by nobody."""
    conversation = await queued()
    agent = await desks.enter(Role.AGENT)
    await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "您接待中")
    at = one(agent, ui.upload).props["url"]
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(drawn, "PNG")
    script = b"<script>alert(1)</script>"

    async def send(content: bytes) -> None:
        answer = await agent.http.post(at, files={"file": ("lunch.png", content, "image/png")})
        assert answer.status_code == 200

    for content in (script, b"\x89PNG\r\n\x1a\n" + script):
        await send(content)
        await agent.told("只能发 JPG、PNG、GIF 图片")
        agent.user.notify.messages.clear()
    await send(drawn.getvalue() + script)
    said = one(agent, Transcript)
    await until(lambda: any(item["by"] == "staff" and item["medium"] for item in said.said))
    async with rt.database.begin() as session:
        [(medium, mime)] = (await session.execute(text("SELECT id, mime FROM media"))).all()
    shown = await agent.http.get(f"/talks/media/{conversation}/{medium}")
    assert (shown.headers["content-type"], mime) == ("image/png", "image/png")
    assert script not in shown.content
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_a_picture_goes_to_the_talk_that_it_was_chosen_for(desks, rt, queued, accept):
    """It takes a while to come; another talk is shown by then."""
    first, second = await queued(sender="p1"), await queued(sender="p2")
    agent = await desks.enter(Role.AGENT)
    for conversation in (first, second):
        await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(first))
    await sees(agent, "您接待中")
    at = one(agent, ui.upload).props["url"]
    tell(agent, ConversationList, "choose", str(second))
    await until(lambda: one(agent, ui.upload).props["url"] != at)
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(drawn, "PNG")
    answer = await agent.http.post(at, files={"file": ("report.png", drawn.getvalue(), "image/png")})
    assert answer.status_code == 200
    hub = hubs.of(desks.rt)
    [row] = await hub.read([first])
    async with asyncio.timeout(30):
        while not any(item.kind == "image" for item in await hub.items(row, EVERYTHING)):  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.02)
    async with rt.database.begin() as session:
        kept = list(await session.scalars(text("SELECT conversation_id FROM media")))
    assert kept == [first]


async def test_what_is_pressed_is_about_what_was_asked_for_last(desks, queued, accept, monkeypatch):
    """The first of two talks takes longer to read than the second."""
    first = await queued(sender="p1", words="我是第一位")
    second = await queued(sender="p2", words="我是第二位")
    agent = await desks.enter(Role.AGENT)
    for conversation in (first, second):
        await accept(conversation, agent.member)
    await enter(agent)
    hub, read = hubs.of(desks.rt), asyncio.Event()
    plain = hub.items

    async def slowly(row, readable, **more):
        items = await plain(row, readable, **more)
        if row.id == first and not more:
            await read.wait()
        return items

    monkeypatch.setattr(hub, "items", slowly)
    shown = one(agent, Transcript)
    tell(agent, ConversationList, "choose", str(first))
    await asyncio.sleep(0.5)  # it is being read
    tell(agent, ConversationList, "choose", str(second))
    await until(lambda: any(item["text"] == "我是第二位" for item in shown.said))
    read.set()
    await asyncio.sleep(0.3)
    assert not any(item["text"] == "我是第一位" for item in shown.said)


async def test_what_is_revealed_is_never_shown_on_another_card(desks, rt, queued, monkeypatch):
    first, second = await queued(sender="p1"), await queued(sender="p2")
    async with rt.database.begin() as session:
        accounts = dict((await session.execute(text("SELECT id, account_id FROM contacts"))).all())
        await _register(session, rt.crypto, accounts[first])
        await _register(session, rt.crypto, accounts[second], "110101198001010010", "+8613712348765")
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    looked_up, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args, **more):
        found = await revealing.reveal(*args, **more)
        looked_up.set()
        await go_on.wait()
        return found

    monkeypatch.setattr("bot.desk.card.panel.reveal", slowly)
    tell(agent, ConversationList, "choose", str(first))
    await sees(agent, "138****5678")
    agent.user.find(marker="reveal").click()
    await sees(agent, "为什么需要")
    next(iter(agent.user.find(marker="reveal-reason").elements)).set_value("核对")
    agent.user.find(marker="reveal-show").click()
    await looked_up.wait()
    tell(agent, ConversationList, "choose", str(second))
    await sees(agent, "137****8765")
    go_on.set()
    await asyncio.sleep(0.3)
    await agent.user.should_not_see("13812345678")


async def test_personal_data_is_shown_for_a_reason_and_hides_again(desks, rt, queued, monkeypatch):
    monkeypatch.setattr("bot.desk.card.panel.SHOWN_SECONDS", 0.5)
    conversation = await queued()
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        await _register(session, rt.crypto, account)
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "138****5678", "110*************14")
    agent.user.find(marker="reveal").click()
    await sees(agent, "为什么需要")
    agent.user.find(marker="reveal-show").click()
    await agent.told("请先写明原因")
    await agent.user.should_not_see("13812345678")
    next(iter(agent.user.find(marker="reveal-reason").elements)).set_value("核对 13912345678")
    agent.user.find(marker="reveal-show").click()
    await sees(agent, "13812345678", "110101199003074514", "张明")
    await sees(agent, "138****5678")
    async with rt.database.begin() as session:
        detail = await session.scalar(
            text("SELECT detail FROM audit_events WHERE action = 'patient_revealed'")
        )
    assert detail["values"] == ["id_number", "name", "phone"]
    assert detail["reason"] == "核对 [phone]"


async def _register(
    session, crypto, account, number: str = "110101199003074514", phone: str = "+8613812345678"
) -> None:
    made = Patient(
        name=crypto.encrypt("张明", "patients.name"),
        masked_name="*明",
        id_number=crypto.encrypt(number, "patients.id_number"),
        id_number_index=crypto.blind(number, "patients.id_number"),
        phone=crypto.encrypt(phone, "patients.phone"),
        phone_index=crypto.blind(phone, "patients.phone"),
        birth_date=date(1990, 3, 7),
        sex=Sex.FEMALE,
        status=PatientStatus.VERIFIED,
    )
    session.add(made)
    await session.flush()
    session.add(AccountPatient(account_id=account, patient_id=made.id, relation=Relation.SELF))
