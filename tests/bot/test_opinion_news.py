"""News of complaints, and questions for ratings: neutral, and put only while the patient is not busy."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from bot import inbox, sweep
from bot.handoff.control import change_control
from bot.models import ControlState
from bot.outbox import unseal
from integrations.hospital import accounts, cases, ratings
from integrations.hospital.cases import handling
from integrations.hospital.models import CaseKind, Category, Contact, SubjectKind
from tests.bot.neutral_words import read_aloud
from tests.clinic_rows import talks

STAFF = "staff:lin"


@pytest.fixture
async def who(rt) -> Contact:
    async with rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "patient-1")
        await talks(session, contact.id)
    return contact


async def said(rt) -> list[str]:
    """What was queued besides answers to messages."""
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        contents = await session.scalars(
            text("SELECT content FROM outbound WHERE inbound_id IS NULL ORDER BY seq")
        )
        replies = [unseal(rt.crypto, content) for content in contents]
    for reply in replies:
        assert read_aloud(reply.text) is None
        assert reply.notice
        assert read_aloud(reply.notice.words) is None
        assert len(reply.notice.words) <= 20
    return [reply.text for reply in replies]


async def open_case(rt, who: Contact) -> str:
    async with rt.database.begin() as session:
        return await cases.open_case(
            session, rt.crypto, CaseKind.COMPLAINT, Category.CARE, "李静医生开错了药",
            account_id=who.account_id, contact_id=who.id, now=rt.now(),
        )  # fmt: skip


async def ask(rt, who: Contact, kind: SubjectKind = SubjectKind.DELIVERY) -> UUID | None:
    async with rt.database.begin() as session:
        return await ratings.ask(session, kind, uuid4(), who.account_id, who.id, rt.now())


async def test_answer_and_result_are_news_that_say_nothing_of_the_matter(rt, who):
    number = await open_case(rt, who)
    async with rt.database.begin() as session:
        await handling.assign(session, number, "lin", across=True, actor=STAFF, now=rt.now())
        await handling.answer(session, rt.crypto, number, "李静医生的处方已经核对", actor=STAFF, now=rt.now())
    told = await said(rt)
    assert len(told) == 2
    assert "12月4日" in told[0]
    assert "处理进度" in told[1]
    async with rt.database.begin() as session:
        await handling.close(session, rt.crypto, number, "药已更换", actor=STAFF, now=rt.now())
    assert "满不满意" in (await said(rt))[2]
    assert number in (await said(rt))[2]


async def test_what_was_answered_and_left_so_is_closed_and_says_how_to_go_on(rt, who, clock):
    number = await open_case(rt, who)
    async with rt.database.begin() as session:
        await handling.answer(session, rt.crypto, number, "已核实。", actor=STAFF, now=rt.now())
    assert len(await said(rt)) == 1
    clock.forward(days=6, hours=23)
    await sweep.cases(rt)
    assert len(await said(rt)) == 1
    clock.forward(hours=1)
    await sweep.cases(rt)
    await sweep.cases(rt)
    [_, closed] = await said(rt)
    assert f"编号 {number}" in closed
    assert "答复后 7 天" in closed
    assert "重新处理" in closed


async def test_an_answer_that_was_overtaken_is_no_news(rt, who):
    number = await open_case(rt, who)
    async with rt.database.begin() as session:
        await handling.answer(session, rt.crypto, number, "在看", actor=STAFF, now=rt.now())
        await handling.close(session, rt.crypto, number, "好了", actor=STAFF, now=rt.now())
    assert len(await said(rt)) == 1


async def test_late_the_ways_outside_are_named_and_staff_see_it(rt, who, clock, caplog):
    number = await open_case(rt, who)
    clock.time = datetime(2026, 11, 26, 2, tzinfo=UTC)
    await sweep.cases(rt)
    near = REGISTRY.get_sample_value("daozhen_cases_escalated_total", {"stage": "near"})
    assert near
    clock.time = datetime(2026, 11, 28, 2, tzinfo=UTC)
    await sweep.cases(rt)
    [words] = await said(rt)
    for outside in ("12345", "12320", "人民调解委员会", number, "11月27日"):
        assert outside in words


# A visit's day comes from its appointment: tests/integrations/hospital/test_ratings.py
@pytest.mark.parametrize("kind", [kind for kind in SubjectKind if kind is not SubjectKind.VISIT])
async def test_a_rating_is_asked_for_with_a_way_to_answer_and_to_be_left_alone(rt, who, kind, database):
    await ask(rt, who, kind)
    [words] = await said(rt)
    assert "评价5" in words
    assert "不用再问评价" in words


async def test_the_stars_are_buttons_where_the_platform_has_some(rt, who):
    rating_id = await ask(rt, who)
    await said(rt)
    async with rt.database.begin() as session:
        content = await session.scalar(text("SELECT content FROM outbound"))
        [kept] = await session.scalars(text("SELECT options FROM news_choices"))
    assert [one.title for one in unseal(rt.crypto, content).options] == ["★" * stars for stars in range(1, 6)]
    assert [json.loads(one["payload"].removeprefix("/rate")) for one in kept] == [
        {"rating": str(rating_id), "stars": stars} for stars in range(1, 6)
    ]


async def test_nobody_is_asked_while_a_person_has_the_talk(rt, who, clock):
    async def hand(to: ControlState) -> None:
        async with rt.database.begin() as session:
            await change_control(session, who.id, to, rt.now())

    await hand(ControlState.WAITING)
    await ask(rt, who)
    assert await said(rt) == []
    await hand(ControlState.BOT)
    clock.forward(minutes=21)
    assert len(await said(rt)) == 1


async def test_nobody_is_asked_in_the_middle_of_a_talk(rt, who, clock, message, telegram):
    await inbox.accept(rt, telegram, message("挂号"), passive_until=None)
    await ask(rt, who)
    assert await said(rt) == []
    clock.forward(minutes=10)
    await inbox.accept(rt, telegram, message("心内科"), passive_until=None)
    clock.forward(minutes=11)
    assert await said(rt) == []
    clock.forward(minutes=20)
    assert len(await said(rt)) == 1
    clock.forward(days=1)
    assert len(await said(rt)) == 1


async def test_nobody_is_asked_after_an_alarm(rt, who, clock, message, telegram):
    accepted = await inbox.accept(rt, telegram, message("我胸口剧痛喘不上气"), passive_until=None)
    assert accepted.alarm
    await ask(rt, who)
    for _ in range(6):
        clock.forward(hours=4)
        assert await said(rt) == []
    await inbox.accept(rt, telegram, message("没事了，谢谢"), passive_until=None)
    clock.forward(hours=4)
    assert len(await said(rt)) == 1


async def test_what_nobody_could_ask_in_three_days_is_not_asked(rt, who, clock, message, telegram):
    await inbox.accept(rt, telegram, message("我胸口剧痛喘不上气"), passive_until=None)
    await ask(rt, who)
    for _ in range(20):
        clock.forward(hours=4)
        await said(rt)
    await inbox.accept(rt, telegram, message("没事了"), passive_until=None)
    clock.forward(hours=1)
    assert await said(rt) == []


async def test_the_question_keeps_quiet_hours(rt, who, clock):
    clock.time = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00
    await ask(rt, who)
    await said(rt)
    async with rt.database.begin() as session:
        not_before = await session.scalar(text("SELECT not_before FROM outbound"))
    assert not_before == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


async def test_the_survey_can_be_switched_off(rt, who, monkeypatch):
    asked = []

    async def note(session, now, limit):
        asked.append(now)
        return 0

    monkeypatch.setattr(ratings, "start_surveys", note)
    await sweep.opinions(rt)
    assert len(asked) == 1
    object.__setattr__(rt.settings, "surveys", False)
    await sweep.opinions(rt)
    assert len(asked) == 1
