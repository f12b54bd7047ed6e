"""What else happens in a conversation while a doctor is awaited, or talks there."""

from __future__ import annotations

import asyncio
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bot import sweep
from bot.consulting import work
from bot.consulting.work import WithColleague
from bot.handoff import alarmed, control, queue, talking
from bot.handoff.models import Skill, Talk, TalkStatus
from bot.handoff.states import NotYours, OfConsultation
from integrations.hospital.consultations import asking, views
from integrations.hospital.consultations.terms import UnknownConsultation
from integrations.hospital.models import ConsultationStatus, ReturnReason, Role
from tests.bot.blocking import waits_for
from tests.bot.consulting.test_consulting import _chatting, _doctor, _said, _talk, online
from tests.consultation_rows import MINUTE, NOW, Asker, Online
from tests.staff_rows import member

__all__ = ["online"]


@pytest.fixture
def act(rt: Any) -> Any:
    async def do(service: Any, *values: Any, **more: Any) -> Any:
        async with rt.database.begin() as session:
            return await service(session, rt, *values, **more)

    return do


async def _waits(rt: Any, online: Online) -> tuple[Asker, Any]:
    who = await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    await _said(rt)
    return who, made


async def _member(rt: Any, role: Role, login: str) -> Any:
    async with rt.database.begin() as session:
        return await member(session, role, login)


async def test_a_person_asked_for_is_one_of_the_service_and_the_doctor_is_asked_again_afterwards(
    rt: Any, online: Online, act: Any
) -> None:
    doctor, agent = await _doctor(rt, online), await _member(rt, Role.AGENT, "he")
    who, made = await _waits(rt, online)
    await act(queue.ask, who.contact_id)
    talk = await _talk(rt)
    assert (talk.skill, talk.consultation_id, talk.wanted_staff_id) == (Skill.SERVICE, None, None)
    with pytest.raises(NotYours):
        await act(talking.accept, talk.id, doctor, NOW + MINUTE)
    await act(talking.accept, talk.id, agent, NOW + MINUTE)
    await sweep.talks(rt)  # nobody breaks in
    assert (await _talk(rt)).staff_id == agent.id
    await act(talking.close, talk.id, agent, NOW + MINUTE)
    await sweep.talks(rt)
    again = await _talk(rt)
    assert again.id != talk.id
    assert (again.consultation_id, again.wanted_staff_id, again.status) == (
        made, doctor.id, TalkStatus.UNANSWERED,
    )  # fmt: skip


async def _message(rt: Any, clock: Any, who: Asker) -> Any:
    """The patient left one at night. Gives its talk."""
    clock.time = NOW.replace(hour=14)  # 22:00
    async with rt.database.begin() as session:
        place = await queue.ask(session, rt, who.contact_id)
        await queue.keep_message(session, who.contact_id, rt.now())
    assert place.opens_at
    return place


async def test_at_night_a_message_that_was_left_makes_room_for_the_doctor_and_comes_back(
    rt: Any, online: Online, act: Any, clock: Any
) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    await online.open(practitioner=online.doctor, closes=time(23))  # longer than the service
    message = await _message(rt, clock, who)
    made = await online.ask(who, clock.time)
    await online.pay(made, clock.time)
    await _said(rt)
    talk = await _talk(rt)
    assert (talk.consultation_id, talk.wanted_staff_id) == (made, doctor.id)
    await sweep.talks(rt)
    await act(work.accept, made, doctor, rt.now())
    await sweep.talks(rt)  # nobody breaks in
    assert (await _talk(rt)).consultation_id == made
    clock.forward(days=3)  # a consultation may last
    await act(work.finish, made, "一月后复查", None, doctor, rt.now())
    for _ in range(2):  # once
        await sweep.talks(rt)
    async with rt.database.begin() as session:
        first, consulted, again = await session.scalars(select(Talk).order_by(Talk.id))
    assert (first.id, first.status, consulted.status) == (message.talk_id, TalkStatus.LEFT, TalkStatus.CLOSED)
    assert (again.skill, again.status, again.opens_at) == (
        Skill.SERVICE, TalkStatus.UNANSWERED, message.opens_at + timedelta(days=3),
    )  # fmt: skip
    assert (again.requested_at, again.message_at) == (first.requested_at, first.message_at)


async def test_a_message_does_not_come_back_in_the_place_of_another_doctor_who_is_asked_just_then(
    rt: Any, online: Online, act: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    other = await Online(rt.database, rt.crypto).open(closes=time(23))
    await online.open(practitioner=online.doctor, closes=time(23))
    await _message(rt, clock, who)
    made, another = await online.ask(who, clock.time), await other.ask(who, clock.time)
    await online.pay(made, clock.time)
    await _said(rt)
    await act(work.accept, made, doctor, rt.now())
    await act(work.finish, made, "一月后复查", None, doctor, rt.now())
    hold = control.hold

    async def when_the_other_is_paid(*about: Any) -> Any:
        monkeypatch.setattr(control, "hold", hold)
        await other.pay(another, clock.time)
        await sweep.news.tell(rt, 10)
        return await hold(*about)

    monkeypatch.setattr(control, "hold", when_the_other_is_paid)
    assert await act(queue.messages_again) == []
    assert (await _talk(rt)).consultation_id == another


async def test_a_message_is_not_lost_with_the_consultation_whose_doctor_came_first(
    rt: Any, online: Online, act: Any, clock: Any
) -> None:
    """By day, before anybody of the service did."""
    doctor, who = await _doctor(rt, online), await _chatting(rt, online)
    message = await _message(rt, clock, who)
    clock.time = message.opens_at
    made = await online.ask(who, clock.time)
    await online.pay(made, clock.time)
    await _said(rt)
    assert (await _talk(rt)).id == message.talk_id
    await act(work.accept, made, doctor, rt.now())
    assert (await _talk(rt)).consultation_id == made
    await act(work.finish, made, "一月后复查", None, doctor, rt.now())
    await sweep.talks(rt)
    again = await _talk(rt)
    assert (again.skill, again.status, again.opens_at) == (Skill.SERVICE, TalkStatus.UNANSWERED, None)
    agent = await _member(rt, Role.AGENT, "he")
    await act(talking.accept, again.id, agent, rt.now())
    await act(talking.close, again.id, agent, rt.now())
    await sweep.talks(rt)
    assert (await _talk(rt)).id == again.id


async def test_a_red_flag_is_not_left_to_a_doctor_who_has_not_come(rt: Any, online: Online) -> None:
    await _doctor(rt, online)
    who, _ = await _waits(rt, online)
    async with rt.database.begin() as session:
        await alarmed.to_the_front(session, who.contact_id, NOW)
    talk = await _talk(rt)
    assert (talk.skill, talk.reason, talk.consultation_id, talk.staff_id) == ("service", "alarm", None, None)
    assert talk.priority > 0


async def test_the_doctor_to_whom_it_was_handed_accepts_the_consultation_with_it(
    rt: Any, online: Online, act: Any
) -> None:
    doctor, agent = await _doctor(rt, online), await _member(rt, Role.AGENT, "he")
    who, made = await _waits(rt, online)
    await act(queue.ask, who.contact_id)
    talk = await _talk(rt)
    await act(talking.accept, talk.id, agent, NOW + MINUTE)
    await act(talking.transfer, talk.id, agent, NOW + MINUTE, to=doctor)
    await act(work.take_up, made, doctor, NOW + MINUTE)
    talk = await _talk(rt)
    assert (talk.staff_id, talk.consultation_id, talk.status) == (doctor.id, made, TalkStatus.ACTIVE)
    assert (await online.see(made)).status is ConsultationStatus.ACTIVE


async def test_a_talk_of_a_consultation_begins_and_ends_with_it_alone(
    rt: Any, online: Online, act: Any
) -> None:
    doctor, boss = await _doctor(rt, online), await _member(rt, Role.SUPERVISOR, "gu")
    who, made = await _waits(rt, online)
    waiting = await _talk(rt)
    for ends in (talking.accept, talking.close):
        with pytest.raises(OfConsultation):
            await act(ends, waiting.id, doctor, NOW + MINUTE)
    await act(work.accept, made, doctor, NOW + MINUTE)
    for ends in (talking.close, talking.hand_back):
        with pytest.raises(OfConsultation):
            await act(ends, waiting.id, doctor, NOW + MINUTE)
    with pytest.raises(OfConsultation):
        await act(talking.transfer, waiting.id, doctor, NOW + MINUTE, skill=Skill.SERVICE)
    with pytest.raises(NotYours):
        await act(talking.take_over, who.contact_id, boss, NOW + MINUTE)
    await act(work.finish, made, "一月后复查", None, doctor, NOW + 2 * MINUTE)
    assert (await _talk(rt)).status == TalkStatus.CLOSED


async def test_a_second_doctor_waits_until_the_first_is_done(rt: Any, online: Online, act: Any) -> None:
    first, other = await _doctor(rt, online), await Online(rt.database, rt.crypto).open()
    second = await _doctor(rt, other, "zhang")
    who, made = await _waits(rt, online)
    await act(work.accept, made, first, NOW + MINUTE)
    another = await other.ask(who)
    await other.pay(another)
    await _said(rt)
    with pytest.raises(WithColleague):
        await act(work.take_up, another, second, NOW + MINUTE)
    for service, words in ((work.go_on, ()), (work.finish, ("小结", None))):
        with pytest.raises(UnknownConsultation):
            await act(service, made, *words, second, NOW + MINUTE)
    assert (await other.see(another)).status is ConsultationStatus.WAITING
    await act(work.finish, made, "好了", None, first, NOW + 2 * MINUTE)
    await act(work.take_up, another, second, NOW + 3 * MINUTE)
    assert (await _talk(rt)).staff_id == second.id


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (work.finish, ("一月后复查", None)),
        (work.give_back, (ReturnReason.MUST_BE_SEEN, "要听诊")),
        (work.go_on, ()),
    ],
)
async def test_what_the_doctor_is_just_saying_is_said_before_the_consultation_goes_on_or_ends(
    rt: Any, online: Online, act: Any, service: Any, words: tuple[Any, ...]
) -> None:
    doctor = await _doctor(rt, online)
    who, made = await _waits(rt, online)
    await act(work.accept, made, doctor, NOW + MINUTE)
    async with rt.database.begin() as session:
        talk = await talking.open_talk(session, who.contact_id)
        another = asyncio.create_task(act(service, made, *words, doctor, NOW + 2 * MINUTE))
        await waits_for(session, another)
        await talking.say(session, rt, talk.id, doctor, "多喝水", now=NOW + 2 * MINUTE)
    await another
    assert (await online.see(made)).answered_at == NOW + 2 * MINUTE
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbound WHERE staff_id IS NOT NULL")) == 1


@pytest.mark.parametrize("by", ["news", "sweep"])
async def test_nobody_is_asked_to_take_what_its_patient_cancels_just_then(
    rt: Any, online: Online, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Between the look at the consultation and the question to its doctor all of the cancellation is told."""
    await _doctor(rt, online)
    who = await _chatting(rt, online)
    made = await online.ask(who)
    await online.pay(made)
    if by == "sweep":
        await _said(rt)
        async with rt.database.begin() as session:
            await session.execute(text("DELETE FROM talks"))
    look = views.consultation

    async def cancelled_behind_it(*about: Any) -> Any:
        monkeypatch.setattr(views, "consultation", look)
        seen = await look(*about)
        async with rt.database.begin() as session:
            await asking.cancel(session, made, account_id=who.account_id, key=None, now=NOW)
        await sweep.news.tell(rt, 10)
        return seen

    monkeypatch.setattr(views, "consultation", cancelled_behind_it)
    await (sweep.talks(rt) if by == "sweep" else sweep.news.tell(rt, 10))
    assert (await online.see(made)).status is ConsultationStatus.CANCELLED
    async with rt.database.begin() as session:
        open_ones = text("SELECT count(*) FROM talks WHERE status IN ('waiting', 'unanswered', 'active')")
        assert await session.scalar(open_ones) == 0
