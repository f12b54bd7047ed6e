"""A consultation and its talk go together, and the patient is told of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from bot import inbox
from bot.consulting import work
from bot.handoff import queue, talking, timers
from bot.handoff.models import Reason, Talk, TalkStatus
from bot.handoff.states import NotYours
from bot.models import ControlState
from integrations.hospital import reminders
from integrations.hospital.consultations import asking, limits
from integrations.hospital.consultations.terms import NotNow, Terms, UnknownConsultation
from integrations.hospital.models import ConsultationStatus, Practitioner, ReturnReason, Role
from integrations.messages import Kind, MessageIn
from tests.bot.neutral_words import read_aloud
from tests.bot.said import news
from tests.clinic_rows import talks
from tests.consultation_rows import MINUTE, NOW, TERMS, Asker, Online
from tests.staff_rows import member


@pytest.fixture
async def online(rt: Any, clock: Any) -> Online:
    clock.time = NOW
    return await Online(rt.database, rt.crypto).open()


async def _chatting(rt: Any, online: Online) -> Asker:
    who = await online.asker()
    async with rt.database.begin() as session:
        await talks(session, who.contact_id)
    return who


async def _doctor(rt: Any, online: Online, login: str = "lijing") -> Any:
    async with rt.database.begin() as session:
        doctor = await session.get_one(Practitioner, online.doctor)
        return await member(session, Role.DOCTOR, login, doctor=doctor)


async def _said(rt: Any) -> list[str]:
    return [reply.text for reply in await news(rt)]


async def _control(rt: Any, who: Asker) -> ControlState:
    async with rt.database.begin() as session:
        state = text("SELECT state FROM controls WHERE conversation_id = :id")
        return ControlState(await session.scalar(state, {"id": who.contact_id}))


async def _talk(rt: Any) -> Talk:
    async with rt.database.begin() as session:
        return (await session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1))).one()


async def test_paid_it_waits_for_its_doctor_while_the_bot_goes_on(rt: Any, online: Online) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    said = await _said(rt)
    assert "09:30 前有人接手" in said[0]
    assert not any(name in said[0] for name in ("李静", "高血压"))
    assert read_aloud(said[0]) is None
    talk = await _talk(rt)
    assert (talk.consultation_id, talk.wanted_staff_id) == (made, doctor.id)
    assert await _control(rt, who) is ControlState.BOT


async def test_a_person_whom_nobody_asked_for_makes_room_for_the_doctor(rt: Any, online: Online) -> None:
    """Who was not understood, and then found the way alone; who asked for a person waits for them first."""
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    async with rt.database.begin() as session:
        await member(session, Role.AGENT)
        brought = await queue.ask(session, rt, who.contact_id, reason=Reason.FAILED, bot_goes_on=True)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    talk = await _talk(rt)
    assert (talk.consultation_id, talk.wanted_staff_id, talk.status) == (
        made,
        doctor.id,
        TalkStatus.UNANSWERED,
    )
    async with rt.database.begin() as session:
        left = await session.get_one(Talk, brought.talk_id)
    assert (left.status, left.ended_by) == (TalkStatus.LEFT, "consultation")


async def test_who_asked_for_a_person_after_one_was_brought_keeps_their_place(
    rt: Any, online: Online, clock: Any
) -> None:
    await _doctor(rt, online)
    who = await _chatting(rt, online)
    async with rt.database.begin() as session:
        await member(session, Role.AGENT)
        await queue.ask(session, rt, who.contact_id, reason=Reason.ANGER, bot_goes_on=True)
        asked = await queue.ask(session, rt, who.contact_id)
    clock.forward(minutes=16)
    await timers.keep(rt)  # nobody comes, the bot goes on
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    talk = await _talk(rt)
    assert (talk.id, talk.consultation_id, talk.status) == (asked.talk_id, None, TalkStatus.UNANSWERED)


async def test_accepted_talked_counted_and_finished_in_one(rt: Any, online: Online, clock: Any) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    async with rt.database.begin() as session:
        talk = await work.accept(session, rt, made, doctor, NOW + MINUTE)
    assert await _control(rt, who) is ControlState.AGENT
    assert any("已经接手" in words for words in await _said(rt))
    async with rt.database.begin() as session:
        contact = text("SELECT platform_id FROM contacts WHERE id = :id")
        sender = await session.scalar(contact, {"id": who.contact_id})
    clock.time = NOW + 2 * MINUTE
    for number in range(2):
        words = MessageIn(
            channel="wechat", external_id=f"t{number}", sender=sender, kind=Kind.TEXT, text="头晕好些了",
            sent_at=clock(),
        )  # fmt: skip
        await inbox.accept(rt, rt.channels["wechat"], words, passive_until=None)
        await inbox.accept(
            rt, rt.channels["wechat"], words, passive_until=None
        )  # delivered again: counted once
    assert (await online.see(made)).turns_used == 2
    async with rt.database.begin() as session:
        await talking.say(session, rt, talk.id, doctor, "继续吃药", now=NOW + 2 * MINUTE)
    assert (await online.see(made)).answered_at == NOW + 2 * MINUTE
    await _said(rt)
    async with rt.database.begin() as session:
        assert not await work.finish(session, rt, made, "一月后复查", None, doctor, NOW + 3 * MINUTE)
    assert (await online.see(made)).status is ConsultationStatus.FINISHED
    assert await _control(rt, who) is ControlState.BOT
    said = await _said(rt)
    assert any("看小结" in words for words in said)
    assert not any("复查" in words for words in said)
    async with rt.database.begin() as session:
        asked = text("SELECT subject_kind FROM ratings")
        assert list(await session.scalars(asked)) == ["consultation"]  # its own question, and no second one


async def test_near_and_at_the_limit_the_patient_is_told_in_the_talk_and_nothing_is_held_back(
    rt: Any, online: Online, clock: Any
) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    async with rt.database.begin() as session:
        await work.accept(session, rt, made, doctor, NOW + MINUTE)
        contact = text("SELECT platform_id FROM contacts WHERE id = :id")
        sender = await session.scalar(contact, {"id": who.contact_id})
    assert any("可发 5 条消息，到 11:01 为止" in words for words in await _said(rt))
    clock.time = NOW + 2 * MINUTE
    heard = []
    for number in range(TERMS.turns + 1):
        words = MessageIn(
            channel="wechat", external_id=f"t{number}", sender=sender, kind=Kind.TEXT, text="头晕好些了",
            sent_at=clock(),
        )  # fmt: skip
        await inbox.accept(rt, rt.channels["wechat"], words, passive_until=None)
        heard.append("".join(await _said(rt)))
    assert [bool(one) for one in heard] == [False, True, False, False, True, False]
    assert "还可以发 3 条消息" in heard[1]
    assert "消息条数用完了，您发的对方仍能看到" in heard[4]
    async with rt.database.begin() as session:
        stored = await session.scalar(text("SELECT count(*) FROM inbound WHERE kind = 'text'"))
        assert stored == TERMS.turns + 1
        own = {"practitioner_id": online.doctor, "actor": doctor.actor, "now": clock()}
        await limits.extend(session, made, turns=10, time=30 * MINUTE, **own)
    [more] = await _said(rt)
    assert "还可发 10 条消息，到 11:31 为止" in more


async def _begun(rt: Any, online: Online, terms: Terms = TERMS) -> tuple[Any, UUID]:
    """Its doctor, and the consultation, accepted at 9:01; what was said so far is gone."""
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    length = rt.settings.model_copy(update={"consultation_minutes": terms.length // MINUTE})
    async with rt.database.begin() as session:
        await work.accept(session, replace(rt, settings=length), made, doctor, NOW + MINUTE)
    await _said(rt)
    return doctor, made


async def _extend(rt: Any, made: UUID, doctor: Any, online: Online, now: datetime, minutes: int = 30) -> None:
    own = {"practitioner_id": online.doctor, "actor": doctor.actor, "now": now}
    async with rt.database.begin() as session:
        await limits.extend(session, made, turns=10, time=minutes * MINUTE, **own)


async def test_shortly_before_the_end_the_patient_is_told_in_the_talk_once_for_each_end(
    rt: Any, online: Online, clock: Any
) -> None:
    doctor, made = await _begun(rt, online)
    clock.time = NOW + 110 * MINUTE
    assert await _said(rt) == []
    clock.time = NOW + 111 * MINUTE
    [told] = await _said(rt)
    assert told.startswith("还有 10 分钟，到 11:01 ")
    assert "请对方加时间" in told
    assert "再开一次在线服务" in told
    assert await _said(rt) == []
    await _extend(rt, made, doctor, online, clock(), minutes=0)  # messages only: the end stands
    assert ["还可发" in words for words in await _said(rt)] == [True]
    await _extend(rt, made, doctor, online, clock())
    assert ["到 11:31 为止" in words for words in await _said(rt)] == [True]
    clock.time = NOW + 141 * MINUTE
    [again] = await _said(rt)
    assert again.startswith("还有 10 分钟，到 11:31 ")
    assert (await _talk(rt)).status == TalkStatus.ACTIVE


async def test_extended_before_it_was_told_only_the_new_end_is(rt: Any, online: Online, clock: Any) -> None:
    doctor, made = await _begun(rt, online)
    clock.time = NOW + 111 * MINUTE
    async with rt.database.begin() as session:
        assert await reminders.hand_out(session, clock(), 10) == 1  # and before it is told:
    await _extend(rt, made, doctor, online, clock())
    assert ["到 11:31 为止" in words for words in await _said(rt)] == [True]
    await _extend(rt, made, doctor, online, clock())
    await _said(rt)
    clock.time = NOW + 141 * MINUTE
    assert await _said(rt) == []
    clock.time = NOW + 175 * MINUTE  # nobody swept for four minutes
    assert [words[:8] for words in await _said(rt)] == ["还有 6 分钟，"]


@pytest.mark.parametrize(("minutes", "told"), [(15, 0), (16, 1)])
async def test_of_a_short_talk_the_end_was_told_just_now(
    rt: Any, online: Online, clock: Any, minutes: int, told: int
) -> None:
    await _begun(rt, online, replace(TERMS, length=minutes * MINUTE))
    clock.time = NOW + (minutes - 8) * MINUTE
    assert len(await _said(rt)) == told


async def test_of_one_that_ended_before_its_time_nothing_is_told(rt: Any, online: Online, clock: Any) -> None:
    doctor, made = await _begun(rt, online)
    async with rt.database.begin() as session:
        await work.finish(session, rt, made, "一月后复查", None, doctor, NOW + 3 * MINUTE)
        waiting = await session.scalars(text("SELECT kind FROM reminders"))
        assert "consultation_ends_soon" not in list(waiting)
    await _said(rt)
    clock.time = NOW + 111 * MINUTE
    assert not any(words.startswith("还有") for words in await _said(rt))


async def test_its_end_is_near_in_english_as_well(rt: Any, online: Online, clock: Any) -> None:
    await _begun(rt, online)
    async with rt.database.begin() as session:
        await session.execute(text("UPDATE conversations SET language = 'en'"))
    clock.time = NOW + 111 * MINUTE
    [told] = await _said(rt)
    assert told.startswith("10 min left: this ends at 11:01.")
    assert "new online service" in told


async def test_refused_by_the_consultation_the_talk_is_not_taken(rt: Any, online: Online) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    with pytest.raises(NotNow):
        async with rt.database.begin() as session:
            await work.accept(session, rt, made, doctor, NOW + TERMS.accept)
    assert await _control(rt, who) is ControlState.BOT
    stranger = await Online(rt.database, rt.crypto).open()
    other = await _doctor(rt, stranger, "zhang")
    with pytest.raises(UnknownConsultation):
        async with rt.database.begin() as session:
            await work.accept(session, rt, made, other, NOW + MINUTE)
    with pytest.raises(NotYours):  # not by the way of the talk either
        async with rt.database.begin() as session:
            await talking.accept(session, rt, (await _talk(rt)).id, other, NOW + MINUTE)


@pytest.mark.parametrize("how", ["given back", "time", "patient"])
async def test_however_it_ends_the_talk_ends_and_the_patient_hears_of_the_money(
    rt: Any, online: Online, clock: Any, how: str
) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    if how == "given back":
        async with rt.database.begin() as session:
            await work.accept(session, rt, made, doctor, NOW + MINUTE)
        async with rt.database.begin() as session:
            await work.give_back(session, rt, made, ReturnReason.MUST_BE_SEEN, "要听诊", doctor, NOW + MINUTE)
    elif how == "time":
        clock.time = NOW + TERMS.accept
    else:
        async with rt.database.begin() as session:
            await asking.cancel(session, made, account_id=who.account_id, key=None, now=NOW + MINUTE)
    said = await _said(rt)
    assert (await _talk(rt)).status == TalkStatus.CLOSED
    assert await _control(rt, who) is ControlState.BOT
    assert sum("全额退" in words for words in said) == (0 if how == "patient" else 1)  # who cancels was told
    assert not any("听诊" in words for words in said)


async def test_a_doctor_who_says_nothing_loses_the_fee_and_the_bot_is_back(
    rt: Any, online: Online, clock: Any
) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    async with rt.database.begin() as session:
        await work.accept(session, rt, made, doctor, NOW + MINUTE)
    clock.time = NOW + timedelta(hours=3)
    said = await _said(rt)
    assert (await online.see(made)).return_reason is ReturnReason.NOT_ANSWERED
    assert await _control(rt, who) is ControlState.BOT
    assert any("费用全额退" in words for words in said)
