"""A turn is done as a whole or not at all, and only once."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from components.engine import ActionFailed, Actions, ActionsUnreachable
from conversation import build_engine, message


def run(model, executor, *texts: str) -> tuple[Any, Any]:
    engine = build_engine(model, executor, compacts=True)

    async def talk() -> Any:
        for text in texts[:-1]:
            await engine.turn(message(text))
        return await engine.turn(message(texts[-1]))

    return engine, talk


def test_a_repeated_message_is_answered_as_before_and_nothing_runs(model, executor):
    engine = build_engine(model, executor, compacts=True)

    async def talk() -> None:
        for text in ("/book", '/inform{"department": "骨科"}', '/inform{"date": "2026-11-23"}'):
            await engine.turn(message(text))
        last = message("/affirm", message_id="a" * 32)
        first = await engine.turn(last)
        second = await engine.turn(message("/affirm", message_id="a" * 32))
        assert [said.text for said in first[0]] == ["第 1 次挂号"]
        assert (first[0], second[0]) == (second[0], first[0])
        assert (first[1], second[1]) == (False, True)
        tracker = await engine.tracker_store.retrieve("c")
        assert tracker.get_slot("visits") == 1

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("text", "code"),
    [("/crash", "RuntimeError"), ("/lost", "unknown follow-up"), ("/endless", "action_loop")],
)
def test_what_an_action_breaks_fails_the_turn_and_leaves_no_trace(model, executor, text, code):
    engine, talk = run(model, executor, "/greet", text)
    with pytest.raises(Exception, match=code if code != "RuntimeError" else "broken"):
        asyncio.run(talk())
    before = engine.tracker_store.rows["c"]
    with pytest.raises(Exception, match=r"."):
        asyncio.run(engine.turn(message(text)))
    assert engine.tracker_store.rows["c"] == before


def test_a_picture_has_an_intent_of_its_own(model, executor):
    _, talk = run(model, executor, "/book", "")
    assert asyncio.run(talk())[0][0].text == "收到"


def test_no_call_carries_the_domain(model, executor):
    engine, talk = run(model, executor, "/greet", "/book", '/inform{"department": "骨科"}')
    asyncio.run(talk())
    calls = engine.action_endpoint.calls
    assert any(call["next_action"].startswith("validate_") for call in calls)
    assert all(call.keys() == {"next_action", "sender_id", "tracker", "version"} for call in calls)


def test_entities_of_the_metadata_fill_slots(model, executor):
    engine = build_engine(model, executor, compacts=True)

    async def talk() -> None:
        one = message("挂张医生的号")
        one.metadata["entities"] = [{"entity": "department", "value": "骨科", "start": 1, "end": 3}]
        await engine.turn(message("/book"))
        await engine.turn(one)
        tracker = await engine.tracker_store.retrieve("c")
        assert tracker.get_slot("department") == "骨科"

    asyncio.run(talk())


class Answering:
    """An action server on loopback with one fixed answer."""

    def __init__(self, status: int, body: str) -> None:
        self.status, self.body = status, body

    async def __aenter__(self) -> Actions:
        app = web.Application()
        app.router.add_post("/webhook", self.answer)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        port = self.runner.addresses[0][1]
        self.actions = Actions(f"http://127.0.0.1:{port}/webhook")
        return self.actions

    async def __aexit__(self, *_: Any) -> None:
        await self.actions.close()
        await self.runner.cleanup()

    async def answer(self, request: web.Request) -> web.Response:
        return web.Response(status=self.status, text=self.body)


async def _call(status: int, body: str) -> Any:
    async with Answering(status, body) as actions:
        return await actions.request(json={"next_action": "action_x"})


def test_a_sound_answer_is_given_back():
    body = '{"events": [{"event": "slot", "name": "a", "value": 1}], "responses": []}'
    assert asyncio.run(_call(200, body))["events"][0]["value"] == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "{}"),
        (404, "{}"),
        (400, "{}"),
        (204, ""),
        (200, "no json"),
        (200, "[]"),
        (200, '{"events": {}}'),
        (200, '{"events": [1]}'),
        (200, '{"events": [{"name": "a"}]}'),
        (200, '{"events": [], "responses": [1]}'),
    ],
)
def test_any_other_answer_is_a_failure(status, body):
    with pytest.raises(ActionFailed):
        asyncio.run(_call(status, body))


def test_a_declared_rejection_is_handed_to_rasa():
    with pytest.raises(aiohttp.ClientError) as raised:
        asyncio.run(_call(400, '{"action_name": "action_x", "error": "no"}'))
    assert raised.value.status == 400


def test_a_refused_connection_is_worth_waiting_for():
    async def call() -> None:
        actions = Actions("http://127.0.0.1:1/webhook")
        try:
            await actions.request(json={"next_action": "action_x"})
        finally:
            await actions.close()

    with pytest.raises(ActionsUnreachable):
        asyncio.run(call())


def test_another_version_of_rasa_is_refused(monkeypatch):
    import rasa
    from components import patches

    monkeypatch.setattr(rasa, "__version__", "3.6.22")
    with pytest.raises(patches.WrongVersion):
        patches.apply()
