"""A talk's life as a machine of states: whatever is done in whatever order, table, control and epoch agree."""

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import text

from bot import claims, outbox
from bot.handoff import alarmed, control, queue, talking, timers
from bot.handoff.models import TalkStatus
from bot.handoff.states import OPEN, QUEUED, SPEAKS, TRANSITIONS, Over, TalkRefusal, WrongStep, check
from bot.models import ControlState
from bot.outbox import Reply
from tests.bot.handoff.conftest import rows


@pytest.mark.parametrize("before", list(TalkStatus))
def test_only_the_table_s_steps_are_taken_and_control_can_follow_each(before):
    for after in TalkStatus:
        if after in TRANSITIONS[before]:
            check(before, after)
            if SPEAKS[before] != SPEAKS[after]:
                assert SPEAKS[after] in control.TRANSITIONS[SPEAKS[before]]
        else:
            with pytest.raises(WrongStep if before in OPEN else Over):
                check(before, after)


def test_what_has_ended_stays_so_and_everything_can_end():
    assert {one for one in TalkStatus if not TRANSITIONS[one]} == set(TalkStatus) - OPEN
    for one in OPEN:
        assert TRANSITIONS[one] & (set(TalkStatus) - OPEN)


_ELSEWHERE = text("""
    SELECT count(*) FROM outbound JOIN talks ON talks.id = outbound.talk_id
    WHERE outbound.status = 'queued' AND outbound.staff_id IS NOT NULL AND talks.ended_at IS NULL
      AND talks.staff_id IS DISTINCT FROM outbound.staff_id
""")


_LEFT = text("SELECT inbound_id, talk_id, staff_id, epoch FROM outbound WHERE id = ANY(:ids)")


class Machine(RuleBasedStateMachine):
    """Steps at random on one conversation; refused ones change nothing."""

    world: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []
        self.statuses: dict[Any, str] = {}
        self.answers = 0
        self.run(self.clean())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.world.loop).result(30)

    async def clean(self) -> None:
        async with self.world.rt.database.begin() as session:
            await session.execute(text("DELETE FROM outbound"))
            await session.execute(text("DELETE FROM talks"))
            await session.execute(text("UPDATE controls SET state = 'bot', epoch = 0"))

    async def do(self, work: Any, *values: Any) -> bool:
        try:
            async with self.world.rt.database.begin() as session:
                await work(session, *values)
        except TalkRefusal:
            return False
        return True

    async def look(self) -> tuple[Any, Any]:
        async with self.world.rt.database.begin() as session:
            found = (await session.execute(text("SELECT * FROM talks WHERE ended_at IS NULL"))).first()
            who = (await session.execute(text("SELECT state, epoch FROM controls"))).one()
        return found, who

    async def waiting_elsewhere(self) -> int:
        async with self.world.rt.database.begin() as session:
            return int((await session.execute(_ELSEWHERE)).scalar_one())

    async def history(self) -> dict[Any, str]:
        async with self.world.rt.database.begin() as session:
            return {row.id: row.status for row in await session.execute(text("SELECT id, status FROM talks"))}

    async def bot_says(self, **more: Any) -> None:
        _, who = await self.look()
        async with self.world.rt.database.begin() as session:
            await outbox.queue(
                session, self.world.rt.crypto, self.world.patient, [Reply("机器人")], epoch=who.epoch, **more
            )

    async def send(self) -> list[Any]:
        """All that may leave now does; gives the rows."""
        left: list[Any] = []
        while claimed := await claims.claim(self.world.rt, self.world.patient):
            async with self.world.rt.database.begin() as session:
                left += await session.execute(_LEFT, {"ids": list(claimed.ids)})
            await claims.finish(self.world.rt, claimed, "sent")
        return left

    def talk(self) -> Any:
        return self.run(self.look())[0]

    @rule()
    def ask(self) -> None:
        self.run(self.do(lambda session: queue.ask(session, self.world.rt, self.world.patient)))

    @rule()
    def bring(self) -> None:
        """Nobody asked: the bot goes on."""

        async def brought(session: Any) -> None:
            await queue.ask(session, self.world.rt, self.world.patient, bot_goes_on=True)

        self.run(self.do(brought))

    @rule()
    def alarm(self) -> None:
        """A red flag brings the patient to the front."""

        async def seen(session: Any) -> None:
            await alarmed.to_the_front(session, self.world.patient, self.world.rt.now())

        self.run(self.do(seen))

    @rule()
    def message(self) -> None:
        self.run(
            self.do(lambda session: queue.keep_message(session, self.world.patient, self.world.rt.now()))
        )

    @rule()
    def withdraw(self) -> None:
        self.run(self.do(lambda session: queue.withdraw(session, self.world.patient, self.world.rt.now())))

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def lose(self) -> None:
        """The browser of whoever speaks is gone."""
        found = self.talk()

        async def gone(session: Any) -> None:
            one = await talking.talk(session, found.id)
            assert await timers.lost(session, self.world.rt, one, self.world.rt.now()) == (
                found.status == "active"
            )

        assert self.run(self.do(gone))

    @precondition(lambda self: self.run(self.look())[1].state == ControlState.BOT)
    @rule()
    def answer(self) -> None:
        """A turn of the bot's, which asks Rasa only while it speaks."""
        self.answers += 1
        self.run(self.bot_says(inbound_id=self.world.inbound, first=self.answers))

    @rule()
    def tell_news(self) -> None:
        self.run(self.bot_says())

    @rule()
    def deliver(self) -> None:
        """In the middle of a talk nothing of the bot's leaves, and no answer from before one ever does."""
        _, who = self.run(self.look())
        for row in self.run(self.send()):
            bots = row.staff_id is None and row.talk_id is None
            assert not bots or who.state == ControlState.BOT
            assert row.inbound_id is None or row.epoch == who.epoch

    @rule()
    def leave(self) -> None:
        self.run(self.do(lambda session: queue.leave(session, self.world.patient, self.world.rt.now())))

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def accept_both(self) -> None:
        found = self.talk()
        taken = [
            self.run(
                self.do(lambda s, m=one: talking.accept(s, self.world.rt, found.id, m, self.world.rt.now()))
            )
            for one in self.world.members.values()
        ]
        assert taken.count(True) == 1
        assert (
            not taken[0] or found.staff_id in (None, self.world.members["one"].id) or found.status != "active"
        )

    @rule()
    def take_over(self) -> None:
        assert self.run(
            self.do(
                lambda s: talking.take_over(
                    s, self.world.rt, self.world.patient, self.world.members["two"], self.world.rt.now()
                )
            )
        )
        assert self.talk().staff_id == self.world.members["two"].id

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def say(self) -> None:
        found = self.talk()
        said = [
            self.run(
                self.do(
                    lambda s, m=one: talking.say(
                        s, self.world.rt, found.id, m, "您好", now=self.world.rt.now()
                    )
                )
            )
            for one in self.world.members.values()
        ]
        assert said.count(True) == (found.status == "active")

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def transfer(self) -> None:
        found = self.talk()
        mine = {one.id: one for one in self.world.members.values()}.get(
            found.staff_id, self.world.members["one"]
        )
        moved = self.run(
            self.do(
                lambda s: talking.transfer(
                    s, self.world.rt, found.id, mine, self.world.rt.now(), to=self.world.members["two"]
                )
            )
        )
        assert moved == (found.status == "active")

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def close(self) -> None:
        found = self.talk()
        mine = {one.id: one for one in self.world.members.values()}.get(
            found.staff_id, self.world.members["one"]
        )
        assert self.run(
            self.do(lambda s: talking.close(s, self.world.rt, found.id, mine, self.world.rt.now()))
        )

    @precondition(lambda self: self.talk() is not None)
    @rule()
    def give_up(self) -> None:
        found = self.talk()

        async def move(session: Any) -> None:
            one = await talking.talk(session, found.id)
            await talking.move(session, one, TalkStatus.UNANSWERED, self.world.rt.now())

        assert self.run(self.do(move)) == (found.status == "waiting")

    @invariant()
    def agree(self) -> None:
        found, who = self.run(self.look())
        assert who.state == (SPEAKS[TalkStatus(found.status)] if found else ControlState.BOT)
        if found is not None and found.status in QUEUED:
            assert found.accepted_at is None
        self.epochs.append(who.epoch)
        assert all(before <= after for before, after in pairwise(self.epochs))

    @invariant()
    def only_the_table_s_steps_were_taken(self) -> None:
        found = self.run(self.history())
        for talk_id, status in found.items():
            before = self.statuses.get(talk_id, status)
            assert status == before or TalkStatus(status) in TRANSITIONS[TalkStatus(before)]
        self.statuses = found

    @invariant()
    def nobody_s_words_wait_in_another_s_talk(self) -> None:
        assert self.run(self.waiting_elsewhere()) == 0


async def test_any_order_of_steps(rt, patient, agent, other):
    members = {"one": agent, "two": other}
    loop = asyncio.get_running_loop()
    [inbound] = await rows(rt, "SELECT id FROM inbound")
    Machine.world = SimpleNamespace(rt=rt, patient=patient, members=members, loop=loop, inbound=inbound.id)
    quick = settings(
        max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(run_machine, Machine, settings=quick)
