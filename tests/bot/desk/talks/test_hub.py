"""One hub reads what changed once, and tells only those who look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from redis.exceptions import ConnectionError as RedisGone
from sqlalchemy import text

from bot import outbox
from bot.desk.talks import acts, rows, transcript
from bot.desk.talks.hub import Hub
from bot.desk.talks.readable import EVERYTHING, Readable
from bot.desk.talks.rows import Row
from bot.desk.talks.shapes import facts, item_shape
from bot.desk.words import Words
from bot.handoff import queue, talking
from bot.handoff.models import Skill
from bot.outbox import Reply
from bot.wake import tell_desk
from integrations.messages import Kind, Location, Media

PATIENCE = 90  # seconds: only a hub that tells nothing takes so long


@dataclass(eq=False)
class Page:
    """A page that keeps what it is told."""

    member: UUID
    shown: UUID | None = None
    rows: list[Row] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def owns(self, row: Row) -> bool:
        return row.staff_id == self.member

    def readable(self, row: Row) -> Readable:
        return EVERYTHING

    def changed(self, changed) -> None:
        self.rows += changed
        self.told.set()

    def said(self, row: Row, items) -> None:
        self.items = [item.text for item in items]
        self.told.set()

    def replies_changed(self) -> None:
        self.told.set()

    async def sees(self, wanted: Callable[[Row], bool]) -> None:
        """Until it was told of such a row."""
        async with asyncio.timeout(PATIENCE):
            while not any(wanted(row) for row in self.rows):
                self.told.clear()
                await self.told.wait()

    async def hears(self, words: str = "") -> None:
        """Until it was told of a row, and the transcript ends with these words."""
        async with asyncio.timeout(PATIENCE):
            while not self.rows or (words and self.items[-1:] != [words]):
                self.told.clear()
                await self.told.wait()


async def read(rt, conversation: UUID) -> Row:
    async with rt.database.transaction() as session:
        [found] = await rows.read(session, rt.crypto, [conversation], now=rt.now(), limited=["wechat"])
    return found


async def test_a_row_says_who_waits_since_when_and_what_may_be_sent(
    rt, clock, wait_for, accept, agent, arrive
):
    conversation = await wait_for(words="我的手机13812345678")
    row = await read(rt, conversation)
    assert (row.status, row.skill, row.unread, row.last) == ("waiting", "service", 1, "我的手机*********78")
    assert (row.unanswered_since, row.left) == (rt.now(), 2)
    assert row.closes_at == rt.now() + timedelta(hours=48)
    talk_id = await accept(conversation, agent)
    clock.forward(seconds=30)
    async with rt.database.begin() as session:
        await talking.say(session, rt, talk_id, agent, "您好", now=rt.now())
        await acts.seen(session, conversation, agent.id, rt.now())
        await session.execute(
            text("UPDATE outbound SET created_at = :now - (staff_id IS NULL)::int * interval '9 seconds'"),
            {"now": rt.now()},
        )
    row = await read(rt, conversation)
    assert (row.status, row.agent, row.unread, row.unanswered_since) == ("active", "沈一鸣", 0, None)
    assert row.last_by == "staff"
    assert row.last == "您好"
    clock.forward(seconds=5)
    await arrive(words="在吗")
    row = await read(rt, conversation)
    assert (row.unread, row.unanswered_since, row.last_by) == (1, rt.now(), "patient")


async def test_of_whoever_waits_the_list_says_what_they_want(rt, wait_for, accept, agent):
    """Not that the bot is sorry, nor that somebody has come."""
    conversation = await wait_for(words="退款什么时候到")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, conversation, [Reply("抱歉，现在没人腾得出手")], epoch=0)
    waits = await read(rt, conversation)
    assert (waits.last, waits.last_by, waits.last_at) == ("退款什么时候到", "patient", rt.now())
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM outbound"))
    await accept(conversation, agent)
    assert (await read(rt, conversation)).last == "退款什么时候到"


async def test_the_transcript_holds_all_sides_in_order(rt, clock, wait_for, accept, agent, arrive):
    conversation = await wait_for(words="身份证110101199003074514")
    talk_id = await accept(conversation, agent)
    clock.forward(seconds=1)
    await arrive(words="胸口剧烈疼痛喘不上气")
    async with rt.database.begin() as session:
        await talking.note(session, rt, talk_id, agent, "已查订单", rt.now())
    async with rt.database.transaction() as session:
        items = await transcript.read(
            session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST, waiting=True
        )
        last = await transcript.read(
            session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST, limit=2
        )
    said = {(item.by, item.event) for item in items}
    assert said >= {
        ("patient", ""),
        ("bot", ""),
        ("note", ""),
        ("event", "asked"),
        ("event", "accepted"),
        ("event", "alarm"),
    }
    assert [item.at for item in items] == sorted(item.at for item in items)
    assert len(last) == 2
    words = " ".join(item.text for item in items)
    assert "110101199003074514" not in words
    assert "已查订单" in words
    assert {item.state for item in items if item.by == "bot"} == {"held"}


async def test_each_change_is_read_once_and_told_to_those_whose_it_is(
    rt, clock, wait_for, accept, agent, other, arrive, monkeypatch
):
    conversation = await wait_for()
    await accept(conversation, agent)
    async with rt.database.begin() as session:  # the database's own clock dates it
        await session.execute(text("UPDATE outbound SET created_at = :now"), {"now": rt.now()})
    clock.forward(seconds=1)
    mine, theirs = Page(agent.id, shown=conversation), Page(other.id)
    async with Hub(rt).at_work() as hub:
        assert set(hub.rows) == {conversation}
        await _hears(hub)
        hub.add(mine)
        hub.add(theirs)
        reading, count = rows.read, []

        async def counted(session, crypto, conversations, **more):
            count.append(len(conversations))
            return await reading(session, crypto, conversations, **more)

        monkeypatch.setattr(rows, "read", counted)
        await arrive(words="还在吗")
        for _ in range(3):
            await tell_desk(rt.redis, [conversation])
        await mine.hears("还在吗")
        assert mine.rows[-1].last == "还在吗"
        assert count == [1]
        assert not theirs.rows, "others' talks are told once a second"
        await theirs.hears()
        assert [row.last for row in theirs.rows] == ["还在吗"]


async def test_no_reading_overtakes_another(rt, wait_for, monkeypatch):
    await wait_for()
    reading, hub, at_once = rows.read, Hub(rt), []

    async def slowly(*about, **more):
        at_once.append(1 + (at_once[-1] if at_once else 0))
        for _ in range(100):  # turns of the loop, in which another may begin
            await asyncio.sleep(0)
        found = await reading(*about, **more)
        at_once.append(at_once[-1] - 1)
        return found

    monkeypatch.setattr(rows, "read", slowly)
    await asyncio.gather(*(hub.look() for _ in range(3)))
    assert at_once == [1, 0] * 3


async def test_a_milder_red_flag_stands_in_the_list_and_on_the_message_of_who_speaks(
    rt, wait_for, accept, agent, arrive
):
    conversation = await wait_for()
    await accept(conversation, agent)
    page = Page(agent.id)
    async with Hub(rt).at_work() as hub:
        await _hears(hub)
        hub.add(page)
        await arrive(words="胸口有点疼")
        await page.sees(lambda row: row.id == conversation and row.alarm == "check")
    async with rt.database.transaction() as session:
        items = await transcript.read(session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST)
    assert [item.text for item in items if item.by == "patient" and item.alarm] == ["胸口有点疼"]
    assert [item.alarm for item in items if item.event == "alarm"] == ["check"]


async def test_postgres_itself_tells_of_talks_alarms_and_pictures(rt, clock, wait_for, agent, arrive):
    """Nobody says a word on Redis, whoever changed something: a sweep, a command, another door."""
    page = Page(agent.id)
    async with Hub(rt).at_work() as hub:
        await _hears(hub)
        hub.add(page)
        conversation = await wait_for(sender="p1")
        await page.sees(lambda row: (row.id, row.status) == (conversation, "waiting"))
        flagged = await arrive(sender="p2", words="孩子叫不醒了")  # the bot goes on speaking there
        await page.sees(lambda row: row.id == flagged and row.alarm == "emergency")
        async with rt.database.begin() as session:
            seen = text("UPDATE alarms SET acknowledged_at = :now, acknowledged_by = 'staff:x'")
            await session.execute(seen, {"now": rt.now()})
        await page.sees(lambda row: row.id == flagged and row.alarm is None)
        page.shown = conversation
        clock.forward(seconds=1)  # the picture came last
        await arrive(sender="p1", kind=Kind.IMAGE, words="", media=Media("file-1"))
        async with rt.database.begin() as session:
            await session.execute(text("UPDATE media SET status = 'failed', error = 'gone'"))
        await page.sees(lambda row: row.id == conversation and row.last_kind == "image")


async def _hears(hub: Hub) -> None:
    async with asyncio.timeout(PATIENCE):
        while not hub.hears:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


async def test_a_page_that_fails_keeps_nobody_else_from_being_told(rt, clock, wait_for, agent, arrive):
    broken, page = Page(agent.id), Page(agent.id)
    broken.changed = broken.said = lambda *_: {}["gone"]
    async with Hub(rt).at_work() as hub:
        hub._watchers = dict.fromkeys((broken, page))  # the broken one first
        conversation = await wait_for()
        broken.shown = page.shown = conversation
        hub.touch([conversation])
        await page.hears()
        clock.forward(seconds=1)
        await arrive(words="还在吗")
        hub.touch([conversation])
        await page.hears("还在吗")


async def test_without_redis_the_hub_looks_by_itself(rt, wait_for, agent, monkeypatch):
    def gone(**_):
        raise RedisGone

    monkeypatch.setattr(rt.redis, "pubsub", gone)
    monkeypatch.setattr("bot.listening._PAUSE", 0.05)
    page = Page(agent.id)
    async with Hub(rt).at_work() as hub:
        hub.add(page)
        conversation = await wait_for()
        await page.hears()
        assert not hub.hears
        assert [row.id for row in page.rows] == [conversation]


async def test_a_talk_that_ends_is_told_and_forgotten(rt, wait_for, accept, agent):
    conversation = await wait_for()
    talk_id = await accept(conversation, agent)
    page = Page(agent.id, shown=conversation)
    async with Hub(rt).at_work() as hub:
        hub.add(page)
        async with rt.database.begin() as session:
            await talking.hand_back(session, rt, talk_id, agent, rt.now())
        hub.touch([conversation])
        await page.hears()
        assert not page.rows[-1].open
        assert not hub.rows


async def test_pictures_are_items_with_what_became_of_them(rt, arrive):
    conversation = await arrive(kind=Kind.IMAGE, words="", media=Media("file-1"))
    async with rt.database.transaction() as session:
        [item] = await transcript.read(session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST)
    assert (item.kind, item.medium_state) == ("image", "waiting")
    assert item.medium


async def test_a_place_is_told_as_it_can_be_read_out(rt, arrive):
    """To whoever sends help there."""
    conversation = await arrive(kind=Kind.LOCATION, words="", location=Location(39.9087, 116.3975, ""))
    async with rt.database.transaction() as session:
        [item] = await transcript.read(session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST)
    assert item_shape(item, "*明", Words("zh"))["label"] == "位置 · 39.90870, 116.39750"


async def test_of_the_bots_conversations_the_latest_come_first(rt, clock, arrive, wait_for):
    first = await arrive("p1")
    clock.forward(seconds=1)
    second = await arrive("p2")
    clock.forward(seconds=1)
    await wait_for("p3")

    async def listed(**more):
        async with rt.database.transaction() as session:
            return await rows.with_bot(session, rt.now(), **more)

    assert await listed() == [second, first]
    clock.forward(seconds=1)
    await arrive("p1", "还有")
    assert await listed() == [first, second]
    assert await listed(limit=1) == [first]
    clock.forward(days=3)
    assert await listed() == []


async def test_what_came_in_one_moment_stays_in_its_order(rt, arrive):
    for words in ("一", "二", "三"):
        conversation = await arrive(words=words)
    async with rt.database.transaction() as session:
        items = await transcript.read(session, rt.crypto, conversation, EVERYTHING, before=transcript.LATEST)
    assert [item.text for item in items] == ["一", "二", "三"]
    assert (await read(rt, conversation)).last == "三"


async def test_who_takes_a_message_that_was_left_reads_that_it_is_one(rt, clock, arrive, wait_for):
    """Nobody sits there and waits."""
    clock.forward(hours=11)  # 21:00
    left, asked = await wait_for(), await wait_for("p2")
    async with rt.database.begin() as session:
        await queue.keep_message(session, left, rt.now())
    chips = {one: facts(await read(rt, one), Words("zh"))["chips"] for one in (left, asked)}
    assert chips == {left: ["患者要求", "患者的留言"], asked: ["患者要求"]}


async def test_a_message_that_waits_again_stands_there_although_it_was_asked_before_what_has_ended(
    rt, clock, arrive
):
    """It made room for a consultation, and is back in its old place."""
    conversation = await arrive()
    async with rt.database.begin() as session:
        message = await queue.ask(session, rt, conversation)
        await queue.keep_message(session, conversation, rt.now())
        await queue.leave(session, conversation, rt.now())
        await session.execute(
            text("UPDATE talks SET status = 'left', ended_by = 'consultation', ended_at = :now"),
            {"now": rt.now()},
        )
        clock.forward(minutes=5)
        await queue.ask(session, rt, conversation, Skill.DOCTOR, consultation_id=uuid4())
        await session.execute(
            text("UPDATE talks SET status = 'closed', ended_at = :now WHERE ended_at IS NULL"),
            {"now": rt.now()},
        )
        assert await queue.messages_again(session, rt) == [conversation]
    row = await read(rt, conversation)
    assert (row.status, row.skill, row.open) == ("unanswered", "service", True)
    assert row.talk_id != message.talk_id
