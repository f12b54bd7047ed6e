"""IDOR between roles: every role at every page, and at every action of every list, whatever handler it reached."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk import registry
from bot.desk.queue.kinds import Action, Answers, Row, Shown
from bot.desk.queue.listing import Queue
from integrations.hospital.models import Role
from tests.bot.desk.conftest import Desks, Visitor, made
from tests.clinic_rows import doctor, ward

AGENT, DOCTOR, PHARMACIST, NURSE, SUPERVISOR, ADMINISTRATOR = (
    Role.AGENT, Role.DOCTOR, Role.PHARMACIST, Role.NURSE, Role.SUPERVISOR, Role.ADMINISTRATOR,
)  # fmt: skip
EVERYBODY = frozenset(Role)
WITH_PATIENTS = EVERYBODY - {ADMINISTRATOR}
TALKING = WITH_PATIENTS - {NURSE}
DESK, CALLING, BOSS = {AGENT, SUPERVISOR}, {NURSE, SUPERVISOR}, {SUPERVISOR}
PARCELS = {AGENT, PHARMACIST, SUPERVISOR}

PAGES: Mapping[str, Collection[Role]] = {
    "/talks": TALKING,
    "/start": EVERYBODY,
    "/consultations": {DOCTOR},
    "/alarms": WITH_PATIENTS,
    "/prescriptions": {PHARMACIST},
    "/amendments": BOSS,
    "/alerts": CALLING,
    "/calls": CALLING,
    "/cases": DESK,
    "/callers": DESK,
    "/parcels": PARCELS,
    "/refunds": BOSS,
    "/differences": BOSS,
    "/unknown": TALKING,
    "/questions": DESK,
    "/replies": BOSS,
    "/schedules": BOSS,
    "/waitlist": DESK,
    "/roster": WITH_PATIENTS,
    "/identities": BOSS,
    "/agreements": BOSS,
    "/staff": {ADMINISTRATOR},
    "/audit": BOSS,
    "/account": EVERYBODY,
}


def _each(actions: str, roles: Collection[Role]) -> Mapping[str, Collection[Role]]:
    return dict.fromkeys(actions.split(), roles)


# What may be done on a page, by whom of those who see it.
ACTIONS: Mapping[str, Mapping[str, Collection[Role]]] = {
    "/consultations": _each("accept talk confirm extend finish give_back amend prescribe", {DOCTOR}),
    "/alarms": {"phone": WITH_PATIENTS, "ack": WITH_PATIENTS, "read": WITH_PATIENTS, "talk": TALKING},
    "/prescriptions": _each("take approve reject substitute dispense hand_over", {PHARMACIST}),
    "/amendments": {"phone": BOSS, "settle": BOSS},
    "/alerts": _each("ack read phone close", CALLING),
    "/calls": _each("phone answers outcome", CALLING),
    "/cases": _each("read take answer phone note assign mark close", DESK),
    "/callers": {"find": DESK, "book": DESK, "cancel": DESK, "unwait": DESK, "refund": BOSS},
    "/parcels": {"address": PARCELS, "again": PARCELS, "refund": BOSS},
    "/refunds": {"retry": BOSS, "settle": BOSS},
    "/differences": {"take": BOSS, "settle": BOSS},
    "/unknown": _each("read again phone retry let_be", TALKING),
    "/questions": _each("add write dismiss", DESK),
    "/replies": _each("change remove add", BOSS),
    "/schedules": _each("stop substitute add_slots add_number phone reached choose", BOSS),
    "/waitlist": {"phone": DESK},
    "/roster": {"phone": WITH_PATIENTS, "remove": BOSS, "add": BOSS},
    "/identities": _each("reveal verify reject approve refuse", BOSS),
    "/agreements": {"end": BOSS, "find": BOSS},
}  # fmt: skip
# Everybody's who sees patients: from whom a page is kept, the page itself keeps it.
REVEALS = frozenset({"phone", "read", "address"})


@pytest.fixture
async def people(desks: Desks) -> Mapping[Role, Visitor]:
    async with desks.rt.database.begin() as session:
        one = await doctor(session, "王建国", (await ward(session, "心血管内科")).id)
    return {role: await desks.enter(role, **({"doctor": one} if role is DOCTOR else {})) for role in Role}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Queue]:
    """The lists of the pages that are opened."""
    lists: list[Queue] = []
    show = Queue.show

    async def kept(self: Queue) -> None:
        lists.append(self)
        await show(self)

    monkeypatch.setattr(Queue, "show", kept)
    return lists


def test_every_page_stands_in_the_table() -> None:
    made()
    assert set(registry.PAGES) == set(PAGES)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_its_roles_alone(
    people: Mapping[Role, Visitor], drawn: list[Queue], path: str
) -> None:
    """For all others it reads nothing."""
    for role, visitor in people.items():
        drawn.clear()
        answer = await visitor.http.get(path)
        assert answer.status_code == (200 if role in PAGES[path] else 403), role
        assert bool(drawn) == (role in PAGES[path] and path in ACTIONS), role


@pytest.mark.parametrize("path", ACTIONS)
async def test_an_action_is_its_roles_alone(
    people: Mapping[Role, Visitor], drawn: list[Queue], path: str
) -> None:
    """Its handler, called in the session of each role: nothing is asked, opened or done for whom it is not. What a
    page does not show has no handler; this holds though somebody had found one."""
    await people[next(iter(PAGES[path]))].user.open(path)
    [queue] = drawn
    known = {action.name: action for action in (*queue._actions, *queue._general)}
    assert set(known) == set(ACTIONS[path])
    for name, action in known.items():
        for role, visitor in people.items():
            if name in REVEALS and role not in PAGES[path] and role is not ADMINISTRATOR:
                continue
            reached = await _reached(queue, action, visitor)
            assert reached == (_ALL_OF_IT if role in ACTIONS[path][name] else []), (name, role)


@pytest.mark.parametrize("path", ACTIONS)
async def test_whatever_shows_personal_values_asks_why(
    people: Mapping[Role, Visitor], drawn: list[Queue], path: str
) -> None:
    """By its own dialog; a handler that shows some is known by what it gives. Of a red flag the reason is written
    already (test_work_done)."""
    await people[next(iter(PAGES[path]))].user.open(path)
    [queue] = drawn
    for action in (*queue._actions, *queue._general):
        shows = action.run is not None and "Shown" in str(inspect.signature(action.run).return_annotation)
        asks = [ask.name for ask in action.asks if ask.required]
        assert not shows or "reason" in asks or (path, action.name) == ("/alarms", "phone"), action.name
        assert shows or action.name not in REVEALS, action.name


_ALL_OF_IT = ["asked", "done"]


async def _reached(queue: Queue, action: Action, visitor: Visitor) -> list[str]:
    """What is reached of the action's own handlers in the visitor's session."""
    reached: list[str] = []

    async def ask(_session: AsyncSession, _row: Row, _answers: Answers) -> Sequence[Any]:
        reached.append("asked")
        return ()

    async def run(_session: AsyncSession, _row: Row, _answers: Answers) -> Shown:
        reached.append("done")
        return Shown(())

    async def opens(_row: Row) -> None:
        reached.extend(_ALL_OF_IT)

    own = queue.desk.token
    forged = replace(
        action, asks=(), then=(ask,), run=run, danger=False, after=None, opens=action.opens and opens
    )
    with queue.desk.client:
        queue.desk.token = visitor.token
        try:
            await queue.act(forged, Row("forged", {}))
        finally:
            queue.desk.token = own
    return reached
