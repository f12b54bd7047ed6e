"""A consultation and the talks around it, in whatever order things happen: who speaks, whose talk it is and where the
money is agree at every step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot import sweep
from bot.consulting import work
from bot.handoff import alarmed, queue, talking
from bot.handoff.models import TalkStatus
from bot.handoff.states import SPEAKS, TalkRefusal
from bot.models import ControlState
from integrations.hospital.consultations import asking
from integrations.hospital.consultations.terms import ConsultationError
from integrations.hospital.models import ConsultationStatus, ReturnReason, Role, StaffMember
from tests.bot.consulting.test_consulting import _chatting, _doctor, online
from tests.consultation_rows import NOW, Asker, Online
from tests.staff_rows import member

__all__ = ["online"]
_UNDONE = {ConsultationStatus.RETURNED, ConsultationStatus.EXPIRED, ConsultationStatus.CANCELLED}
Step = Callable[["Way"], Awaitable[Any]]


class Way:
    """One patient's consultation, paid and waiting, and the two who may speak."""

    def __init__(self, rt: Any, clock: Any, online: Online, doctor: StaffMember, agent: StaffMember) -> None:
        self.rt, self.clock, self.online, self.doctor, self.agent = rt, clock, online, doctor, agent
        self.who = Asker(UUID(int=0), UUID(int=0), UUID(int=0))
        self.made = UUID(int=0)

    async def begin(self) -> None:
        self.clock.time = NOW
        self.who = await _chatting(self.rt, self.online)
        self.made = await self.online.ask(self.who)
        await self.online.pay(self.made)
        await sweep.hospital(self.rt)

    async def act(self, service: Any, *values: Any, **more: Any) -> None:
        try:
            async with self.rt.database.begin() as session:
                await service(session, self.rt, *values, **more)
        except (TalkRefusal, ConsultationError):
            return  # as it stands this cannot be done, and nothing was

    async def look(self, statement: str) -> list[Any]:
        async with self.rt.database.begin() as session:
            values = {"id": self.who.contact_id}
            return list((await session.execute(text(statement), values)).all())

    async def talk(self) -> Any:
        found = await self.look("SELECT * FROM talks WHERE conversation_id = :id AND ended_at IS NULL")
        assert len(found) < 2
        return found[0] if found else None

    async def of_talk(self, service: Any, *values: Any, **more: Any) -> None:
        if found := await self.talk():
            await self.act(service, found.id, *values, **more)

    async def cancel(self) -> None:
        async def stop(session: Any, _rt: Any) -> None:
            await asking.cancel(
                session, self.made, account_id=self.who.account_id, key=None, now=self.clock()
            )

        await self.act(stop)

    async def alarm(self) -> None:
        async with self.rt.database.begin() as session:
            await alarmed.to_the_front(session, self.who.contact_id, self.clock())

    async def later(self) -> None:
        self.clock.time += timedelta(minutes=31)

    async def leave(self) -> None:
        async with self.rt.database.begin() as session:
            await queue.leave(session, self.who.contact_id, self.clock())

    async def agree(self) -> None:
        await sweep.hospital(self.rt)  # its news ends talks
        await sweep.talks(self.rt)
        found, one = await self.talk(), await self.online.see(self.made)
        [(state,)] = await self.look("SELECT state FROM controls WHERE conversation_id = :id")
        assert state == (SPEAKS[TalkStatus(found.status)] if found else ControlState.BOT)
        if one.status is ConsultationStatus.ACTIVE:
            assert (found.status, found.staff_id, found.consultation_id) == (
                TalkStatus.ACTIVE, self.doctor.id, self.made,
            )  # fmt: skip
        elif found:
            assert found.consultation_id is None or one.status is ConsultationStatus.WAITING
            assert found.consultation_id is None or found.status == TalkStatus.UNANSWERED
        assert found or one.status is not ConsultationStatus.WAITING
        back = await self.look(
            "SELECT r.amount_fen FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN orders o"
            " ON o.id = p.order_id WHERE o.contact_id = :id"
        )
        assert back == ([(one.fee_fen,)] if one.status in _UNDONE else [])


STEPS: dict[str, Step] = {
    "asks for a person": lambda way: way.act(queue.ask, way.who.contact_id),
    "leaves the queue": Way.leave,
    "agent accepts": lambda way: way.of_talk(talking.accept, way.agent, way.clock()),
    "agent hands over": lambda way: way.of_talk(talking.transfer, way.agent, way.clock(), to=way.doctor),
    "agent closes": lambda way: way.of_talk(talking.close, way.agent, way.clock()),
    "doctor comes": lambda way: way.act(work.take_up, way.made, way.doctor, way.clock()),
    "doctor speaks": lambda way: way.of_talk(talking.say, way.doctor, "您好", now=way.clock()),
    "doctor closes": lambda way: way.of_talk(talking.close, way.doctor, way.clock()),
    "doctor finishes": lambda way: way.act(work.finish, way.made, "小结", None, way.doctor, way.clock()),
    "doctor gives back": lambda way: way.act(
        work.give_back, way.made, ReturnReason.CHANGED, "请来院", way.doctor, way.clock()
    ),
    "patient cancels": Way.cancel,
    "a red flag": Way.alarm,
    "time passes": Way.later,
}


async def test_whatever_happens_in_whatever_order(rt: Any, online: Online, clock: Any) -> None:
    doctor = await _doctor(rt, online)
    async with rt.database.begin() as session:
        agent = await member(session, Role.AGENT, "he")
    loop = asyncio.get_running_loop()

    def wait(work_: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work_, loop).result(60)

    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(sorted(STEPS)), min_size=3, max_size=9))
    def play(steps: list[str]) -> None:
        way = Way(rt, clock, online, doctor, agent)
        wait(_play(way, steps))

    await asyncio.to_thread(play)


async def _play(way: Way, steps: list[str]) -> None:
    await way.begin()
    await way.agree()
    for step in steps:
        await STEPS[step](way)
        await way.agree()
    async with way.rt.database.begin() as session:  # the next one finds the doctor free
        await session.execute(
            text("DELETE FROM talks WHERE conversation_id = :id"), {"id": way.who.contact_id}
        )
        await session.execute(text("UPDATE consultation_offers SET places = places + 1"))
