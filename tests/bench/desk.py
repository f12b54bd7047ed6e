"""python -m tests.bench.desk: 50 agents with 500 live talks, and 1,500 patients more in the queue. How long from a
patient's message until it is on the agent's screen, and from an agent's reply until the platform has it.

The screen is the browser's socket (tests.bench.screens): drawing is the browser's own. Goals: p95 0.3 s each.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from uuid import UUID

import aiohttp
import psutil
from sqlalchemy import text

from bot import inbox, outbox
from bot.handoff import queue, talking
from integrations.hospital.models import PresenceState, Role, StaffMember
from integrations.hospital.staff import login, presence
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime
from tests.bench import latest, people, system
from tests.bench.burst import at
from tests.bench.door import Door, Patient
from tests.bench.journeys import registered_patient
from tests.bench.screens import Screen
from tests.bench.system import System

AGENTS, TALKS, WAITING = 50, 500, 1_500
SECONDS, MESSAGES_A_SECOND, REPLIES_A_SECOND = 60, 10, 5
GOAL = 0.3
_LATE = 30.0  # seconds after which what has not come counts as never
_CONVERSATION = text("SELECT id FROM contacts WHERE channel = :channel AND platform_id = :person")
_MEET = text("INSERT INTO conversations (id) VALUES (:id) ON CONFLICT DO NOTHING")
_MEET_CONTROL = text("INSERT INTO controls (conversation_id) VALUES (:id) ON CONFLICT DO NOTHING")
_WROTE = text("""
    INSERT INTO inbound (conversation_id, channel, external_id, kind, content, status, sent_at, received_at, done_at)
    VALUES (:id, 'wechat', :external_id, 'text', :content, 'done', :now, :now, :now)
""")
_SAID = text("SELECT content, sent_at FROM outbound WHERE staff_id IS NOT NULL AND created_at >= :since")


@dataclass
class Talk:
    patient: Patient
    conversation_id: UUID
    screen: Screen


async def measure(folder: Path) -> dict[str, float]:
    async with system.running(folder) as ours, people.sandbox(ours) as http:
        print(f"{TALKS} patients arrive, {WAITING} wait …", flush=True)
        crowd = await people.arrive(ours, http, TALKS, 20_000)
        await _fill_the_queue(ours.runtime)
        async with aiohttp.ClientSession() as browsers:
            talks, opened, reading = await _agents(ours, browsers, crowd)
            print(
                f"{AGENTS} desks open in {at(opened, 0.5):.2f} s each, p95 {at(opened, 0.95):.2f} s …",
                flush=True,
            )
            desk = ours.processes()["desk"]
            cpu, began = sum(desk.cpu_times()[:2]), time.time()
            shown, left = await asyncio.gather(_patients_write(ours, talks), _agents_reply(ours, talks))
            share = (sum(desk.cpu_times()[:2]) - cpu) / (time.time() - began)
            resident = _resident_mb(desk)
            for task in reading:
                task.cancel()
    print(
        f"shown: p50 {at(shown, 0.5):.3f} s; replies: p50 {at(left, 0.5):.3f} s; the desk takes {share:.2f} of a core"
    )
    return {
        "desk_shown_p95_s": at(shown, 0.95),
        "desk_reply_p95_s": at(left, 0.95),
        "desk_open_p95_s": at(opened, 0.95),
        "desk_mb": resident,
    }


async def _fill_the_queue(rt: Runtime) -> None:
    """Patients who wrote and asked for a person; no phone stands behind them."""
    for number in range(WAITING):
        conversation = UUID(await registered_patient(rt, 30_000 + number))
        now = rt.now()
        said = MessageIn(
            "wechat", f"waits-{number}", f"bench-{30_000 + number}", Kind.TEXT, now, text="有人吗"
        )
        async with rt.database.begin() as session:
            await session.execute(_MEET, {"id": conversation})
            await session.execute(_MEET_CONTROL, {"id": conversation})
            row = {
                "id": conversation,
                "external_id": said.external_id,
                "content": inbox.seal(rt.crypto, said),
            }
            await session.execute(_WROTE, row | {"now": now})
            await queue.ask(session, rt, conversation)


async def _agents(
    ours: System, http: aiohttp.ClientSession, crowd: list[Patient]
) -> tuple[list[Talk], list[float], list[asyncio.Task[None]]]:
    """Their talks, how long each page took to open, and who reads what comes."""
    talks, opened, reading = [], [], []
    for number in range(AGENTS):
        member, token = await _hired(ours.runtime, number)
        own = [await _accepted(ours.runtime, member, one) for one in crowd[number::AGENTS]]
        began = time.time()
        screen = await Screen.open(
            http, ours.settings, token
        )  # it shows the member's own talks, if there are any
        opened.append(time.time() - began)
        reading.append(asyncio.create_task(screen.read()))
        talks += [Talk(patient, conversation, screen) for patient, conversation in own]
        await screen.choose(own[0][1])
    return talks, sorted(opened), reading


async def _hired(rt: Runtime, number: int) -> tuple[StaffMember, str]:
    """An agent who is online, and the token of their session."""
    async with rt.database.begin() as session:
        member = StaffMember(
            login=f"agent-{number}",
            name=f"客服{number}",
            role=Role.AGENT,
            password_hash="-",
            password_changed_at=rt.now(),
        )
        session.add(member)
        await session.flush()
        await presence.set_state(session, member.id, PresenceState.ONLINE, rt.now(), capacity=TALKS // AGENTS)
        token = await login.open_session(session, member, "127.0.0.1", rt.now())
        session.expunge(member)
    return member, token


async def _accepted(rt: Runtime, member: StaffMember, patient: Patient) -> tuple[Patient, UUID]:
    async with rt.database.begin() as session:
        row = {"channel": patient.channel, "person": patient.platform_id}
        conversation = await session.scalar(_CONVERSATION, row)
        await talking.take_over(session, rt, conversation, member, rt.now())
    return patient, conversation


async def _patients_write(ours: System, talks: list[Talk]) -> list[float]:
    """Seconds from each message's request to its words on the agent's socket."""
    door, begin, waits = Door(ours.settings), time.time(), []

    async def write(talk: Talk, words: str) -> float:
        shown = talk.screen.awaited(words)
        brought = await door.bring(talk.patient, f"请问 {words}")
        try:
            return await asyncio.wait_for(shown, _LATE) - brought.asked_at
        except TimeoutError:
            return float("inf")

    for number, talk in zip(range(SECONDS * MESSAGES_A_SECOND), cycle(talks), strict=False):
        await asyncio.sleep(begin + number / MESSAGES_A_SECOND - time.time())
        waits.append(asyncio.create_task(write(talk, _word("ask", number))))
    return sorted(await asyncio.gather(*waits))


async def _agents_reply(ours: System, talks: list[Talk]) -> list[float]:
    """Seconds from each reply's leaving the browser until the platform took it."""
    rt, begin, said = ours.runtime, time.time(), {}
    for number, talk in zip(range(SECONDS * REPLIES_A_SECOND), cycle(reversed(talks)), strict=False):
        await asyncio.sleep(begin + number / REPLIES_A_SECOND - time.time())
        said[_word("reply", number)] = time.time()
        await talk.screen.say(talk.conversation_id, _word("reply", number))
    await asyncio.sleep(_LATE / 3)
    async with rt.database.transaction() as session:
        rows = (await session.execute(_SAID, {"since": datetime.fromtimestamp(begin, UTC)})).all()
    sent = {outbox.unseal(rt.crypto, row.content).text: row.sent_at for row in rows if row.sent_at}
    return sorted(
        sent[words].timestamp() - asked_at if words in sent else float("inf")
        for words, asked_at in said.items()
    )


def _word(what: str, number: int) -> str:
    """A word of its own; the desk masks digits."""
    return what + "".join(chr(ord("a") + int(digit)) for digit in f"{number:05d}")


def _resident_mb(desk: psutil.Process) -> float:
    return float(sum(one.memory_info().rss for one in (desk, *desk.children(recursive=True))) / 2**20)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder) / "var"))
    latest.keep(figures)
    for name, value in figures.items():
        print(f"{name}: {value:.3f}")
    return 0 if max(figures["desk_shown_p95_s"], figures["desk_reply_p95_s"]) <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
